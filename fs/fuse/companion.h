/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping the kernel from moving a client away from its server.
 *
 * A client sleeps while its request is answered. When the answer wakes it up, the scheduler
 * prefers a CPU that is idle to the one that client and server have just shared; the way there
 * leads through an interrupt and out of a halt, and takes several times as long as the answer.
 * So while requests come thick and fast, the server stays where it is, and a thread of the lowest
 * priority keeps each other CPU from being idle; it gives way to whatever else wants to run there,
 * rests while a CPU has other work, and sleeps as soon as the requests become few. Now and then the
 * scheduler moves a client all the same, to spread the load; then the server goes after it. Clients
 * keep the CPUs they may use, so `nproc` and `make -j` see all of them. Machines with many CPUs are
 * left alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/base/cleanup.h"

struct companion;

/* NULL where there is nothing to gain. */
struct companion *companion_new(void);
void companion_free(struct companion *companion);
DEFINE_CLEANUP(struct companion *, companion_free);

/* A request of this thread (0: unknown) has been answered at this time of the monotonic clock. */
void companion_note(struct companion *companion, uint64_t now_ns, pid_t client_tid);
/* The client of the request that was noted last was on this CPU; now and then the server goes after it. */
void companion_follow(struct companion *companion, int cpu);
/* The server has slept until now. */
void companion_look(struct companion *companion, uint64_t now_ns);
/* Client and server are being kept together: do not spin. */
bool companion_active(const struct companion *companion);
