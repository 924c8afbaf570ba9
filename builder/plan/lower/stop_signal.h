/* SPDX-License-Identifier: Apache-2.0 */
/* The word behind STOPSIGNAL. */
#pragma once

struct error;

/* A number, or the name of a signal of Linux in letters of either case, with or without "SIG";
 * else -EINVAL. */
int stop_signal_check(const char *text, struct error *err);
