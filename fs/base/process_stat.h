/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of a process or thread in one line: proc(5), /proc/PID/stat. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define PROCESS_STAT_START     22 /* when it was started, in ticks since boot */
#define PROCESS_STAT_PROCESSOR 39 /* the CPU that it runs on, or ran on last */

/* Field number `field`, from 4 on, which is a number that is not negative. -ENOENT, -ESRCH: there is
 * no such process; -EPROTO, -EINVAL, -ERANGE: no such field, or no such number. */
int process_stat_field(pid_t pid, unsigned field, uint64_t *ret);
