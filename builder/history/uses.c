/* SPDX-License-Identifier: Apache-2.0 */
/* When states were used, and which of them are gone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/history/history_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

int history_uses(struct history *history, struct history_uses *ret, struct error *err)
{
	/* With max() the other columns are those of the row that has it. */
	static const char sql[] = "SELECT snapshot, max(started), count(*), name FROM state"
				  " GROUP BY snapshot ORDER BY snapshot";
	sqlite3_stmt *statement;
	int code, r = history_prepare(history, sql, &statement, err);

	if (r < 0)
		return r;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const unsigned char *name = sqlite3_column_text(statement, 3);

		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = (struct history_use){
			.snapshot = history_column_id(statement, 0),
			.used_ms = sqlite3_column_int64(statement, 1),
			.count = (uint64_t)sqlite3_column_int64(statement, 2),
			.name = xstrdup(name ? (const char *)name : ""),
		};
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : history_failed(history, "read", err);
}

static int compare(const void *key, const void *item)
{
	return object_id_compare(key, &((const struct history_use *)item)->snapshot);
}

const struct history_use *history_use_of(const struct history_uses *uses,
					 const struct object_id *snapshot)
{
	if (uses->count == 0)
		return NULL;
	return bsearch(snapshot, uses->items, uses->count, sizeof *uses->items, compare);
}

void history_uses_release(struct history_uses *uses)
{
	for (size_t i = 0; i < uses->count; i++)
		free(uses->items[i].name);
	free(uses->items);
	*uses = (struct history_uses){ 0 };
}

static int forget_state(struct history *history, const struct object_id *snapshot,
			struct error *err)
{
	sqlite3_stmt *statement;
	int r = history_prepare(history, "UPDATE state SET snapshot = NULL WHERE snapshot = ?1",
				&statement, err);

	if (r < 0)
		return r;
	history_bind_id(statement, 1, snapshot);
	return history_finish(history, statement, err);
}

/* Builds that have lost something, and have nothing left but what they began with. */
static int forget_empty(struct history *history, struct error *err)
{
	static const char *const commands[] = {
		"DELETE FROM build WHERE ended > 0"
		" AND id IN (SELECT build FROM state WHERE snapshot IS NULL)"
		" AND id NOT IN (SELECT build FROM state WHERE snapshot IS NOT NULL AND step > 1)",
		"DELETE FROM state WHERE build NOT IN (SELECT id FROM build)",
	};
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		sqlite3_stmt *statement;

		r = history_prepare(history, commands[i], &statement, err);
		if (r == 0)
			r = history_finish(history, statement, err);
	}
	return r;
}

static int forget_all(struct history *history, struct store *store, const struct history_uses *uses,
		      struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < uses->count && r >= 0; i++) {
		const struct object_id *id = &uses->items[i].snapshot;
		struct object_info info;

		if (object_id_is_zero(id))
			continue;
		r = store_stat(store, id, &info, err);
		if (r == 0)
			r = forget_state(history, id, err);
	}
	return r < 0 ? r : forget_empty(history, err);
}

int history_forget_lost(struct history *history, struct store *store, struct error *err)
{
	cleanup_with(history_uses_release) struct history_uses uses = { 0 };
	int r = history_uses(history, &uses, err);

	return r < 0 ? r : forget_all(history, store, &uses, err);
}
