/* SPDX-License-Identifier: Apache-2.0 */
/* Adding to the index of steps. */
#pragma once

#include <stdbool.h>

#include "fs/store/steps.h"

/* Append records. By a holder of the shared lock. */
int step_log_append(struct store *store, const struct step_record *records, size_t count,
		    struct error *err);

/* Put the log into the table when it has grown long and nobody is in the way. */
void step_log_tidy(struct store *store);

/* Put the log into the table, without the records that `drop` says yes to (NULL: all stay).
 * By the holder of the exclusive lock. */
typedef bool (*step_drop_fn)(void *context, const struct step_record *record);
int step_log_merge(struct store *store, step_drop_fn drop, void *context, struct error *err);
