/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named points where a test makes a call fail or the process die, to prove what is left behind.
 * VARVE_FAULT holds a list such as "store.publish:exit,pack.write:ENOSPC@3": at the third pass of
 * pack.write the call fails with -ENOSPC; ":stall" waits for ever, as on a disk that is stuck.
 * Without the variable a point costs one comparison.
 */
#pragma once

#include <stdbool.h>

extern bool fault_enabled;

/* Read VARVE_FAULT; called once, before there are threads. */
void fault_init(void);
int fault_hit(const char *point);

/* 0, or the negative errno that the test asked for; does not come back from ":exit". */
static inline int fault(const char *point)
{
	return fault_enabled ? fault_hit(point) : 0;
}
