/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder that ask the database. */
#pragma once

#include <sqlite3.h>

#include "builder/history/history.h"

struct history {
	sqlite3 *db;
	sqlite3_stmt *add_state; /* made on first use: a build adds hundreds */
	char *path;
};

/* Put what the database says into words: -EIO, or -ENOSPC. `what` is a verb. */
int history_failed(const struct history *history, const char *what, struct error *err);
int history_prepare(struct history *history, const char *sql, sqlite3_stmt **ret,
		    struct error *err);
/* Carry out a statement that gives no rows, and finalize it. */
int history_finish(struct history *history, sqlite3_stmt *statement, struct error *err);
void history_bind_id(sqlite3_stmt *statement, int index, const struct object_id *id);
/* The zero id for what is none. */
struct object_id history_column_id(sqlite3_stmt *statement, int index);
