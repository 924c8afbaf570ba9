/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of steps as a reader sees it: table and log together, kept up with what other
 * processes append and put together meanwhile. Safe in threads.
 */
#pragma once

#include "fs/store/steps.h"

struct step_index;

/* Reads nothing yet. `dir_fd` is the store's, not kept open by this. */
struct step_index *step_index_new(int dir_fd);
void step_index_free(struct step_index *index);

/* As store_step_find() and store_step_list(). */
int step_index_find(struct step_index *index, const struct object_id *key, struct step_record *ret,
		    struct error *err);

/* Read both files as they are now, without any cache: every sound record. `ret_problems` (or NULL)
 * gets a line for each damage. */
struct strings;
int step_files_read(int dir_fd, struct step_list *ret, struct strings *ret_problems,
		    struct error *err);
/* Put this settled list in the place of both files, durably. By the holder of the exclusive lock. */
int step_files_replace(int dir_fd, const struct step_list *list, struct error *err);
