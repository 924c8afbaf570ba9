/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting packs all at once as far as anybody can tell: gc.doomed, a line with the name of each,
 * appears by a rename and is gone when all of them are. A collector that is killed in between
 * leaves gc.gen odd and the list, and the next who takes the shared lock finishes its work. So an
 * object that is found can be relied upon: all it refers to is there too.
 */
#pragma once

#include <stdbool.h>

struct error;
struct store;
struct strings;

/* Write the list durably as a file of `tmp_fd`, to be put in place by doom_carry_out(). */
int doom_prepare(struct store *store, int tmp_fd, const struct strings *names, struct error *err);
/* By the holder of the exclusive lock: the packs are moved out of sight into `tmp_fd`, to be removed at leisure. */
int doom_carry_out(struct store *store, int tmp_fd, const struct strings *names, struct error *err);

/* Whether a list lies there; a look without locks. */
bool doom_is_pending(const struct store *store);
/* Finish what a killed collector began, if there is anything. Takes the exclusive lock. */
int doom_finish(struct store *store, struct error *err);
