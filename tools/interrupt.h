/* SPDX-License-Identifier: Apache-2.0 */
/* ^C and the like, turned into something that can be waited for. */
#pragma once

struct error;

/*
 * From now on SIGINT, SIGTERM and SIGHUP make the eventfd in *ret readable; a second one ends the
 * program at once, with all that it started. The descriptor stays open.
 */
int interrupt_catch(int *ret, struct error *err);
