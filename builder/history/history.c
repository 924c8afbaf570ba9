/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/history/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "builder/history/history_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

#define SCHEMA_VERSION 1
#define BUSY_MS        5000

static const char schema[] =
	"CREATE TABLE build (id TEXT PRIMARY KEY, status INTEGER, started INTEGER, ended INTEGER,"
	" context TEXT, dockerfile TEXT, target TEXT, tags TEXT, error TEXT) WITHOUT ROWID;"
	"CREATE INDEX build_started ON build (started);"
	"CREATE TABLE state (build TEXT, stage INTEGER, step INTEGER, stage_label TEXT, name TEXT,"
	" snapshot BLOB, parent BLOB, status INTEGER, started INTEGER, duration INTEGER,"
	" PRIMARY KEY (build, stage, step)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

int history_failed(const struct history *history, const char *what, struct error *err)
{
	int code = sqlite3_errcode(history->db);

	return error_set(err, code == SQLITE_FULL ? -ENOSPC : -EIO, "cannot %s '%s': %s", what,
			 history->path, sqlite3_errmsg(history->db));
}

/* ---- opening ---- */

static int user_version(struct history *history)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(history->db, "PRAGMA user_version", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static int execute(struct history *history, const char *sql)
{
	return sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* Whoever comes first makes the tables; the others find them made. */
static int make_tables(struct history *history)
{
	int r = execute(history, "BEGIN IMMEDIATE");

	if (r == 0 && user_version(history) == 0)
		r = execute(history, schema);
	if (execute(history, r == 0 ? "COMMIT" : "ROLLBACK") < 0)
		r = -EIO;
	return r;
}

static int open_file(struct history *history)
{
	int version;

	if (sqlite3_open_v2(history->path, &history->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return -EIO;
	sqlite3_busy_timeout(history->db, BUSY_MS);
	(void)execute(history, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
	version = user_version(history);
	if (version == 0)
		return make_tables(history);
	return version == SCHEMA_VERSION ? 0 : -EPROTONOSUPPORT;
}

/* What cannot be read is put aside, so that the next build can begin a new one. */
static void put_aside(struct history *history)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	sqlite3_close(history->db);
	history->db = NULL;
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		cleanup_free char *old = xasprintf("%s%s", history->path, suffixes[i]);
		cleanup_free char *aside = xasprintf("%s.damaged%s", history->path, suffixes[i]);

		(void)rename(old, aside);
	}
}

int history_open(struct store *store, struct history **ret, struct error *err)
{
	cleanup_with(history_close) struct history *history = xcalloc(1, sizeof *history);
	int r;

	history->path = xasprintf("%s/history.db", store_path(store));
	r = open_file(history);
	if (r == -EPROTONOSUPPORT)
		return error_set(err, r, "'%s' was written by a newer varve", history->path);
	if (r < 0 && history->db && sqlite3_errcode(history->db) == SQLITE_NOTADB) {
		put_aside(history);
		r = open_file(history);
	}
	if (r < 0)
		return history_failed(history, "open", err);
	*ret = take_ptr(&history);
	return 0;
}

void history_close(struct history *history)
{
	if (!history)
		return;
	sqlite3_finalize(history->add_state);
	sqlite3_close(history->db);
	free(history->path);
	free(history);
}

void history_make_id(char ret[HISTORY_BUILD_ID_SIZE])
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint8_t random[HISTORY_BUILD_ID_SIZE - 1];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		abort();
	for (size_t i = 0; i < sizeof random; i++)
		ret[i] = letters[random[i] % 36];
	/* Not to be taken for the beginning of a snapshot's id. */
	ret[0] = letters[16 + random[0] % 20];
	ret[sizeof random] = '\0';
}

/* ---- writing ---- */

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text ? text : "", -1, SQLITE_TRANSIENT);
}

void history_bind_id(sqlite3_stmt *statement, int index, const struct object_id *id)
{
	sqlite3_bind_blob(statement, index, id->bytes, OBJECT_ID_SIZE, SQLITE_TRANSIENT);
}

int history_prepare(struct history *history, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	if (sqlite3_prepare_v2(history->db, sql, -1, ret, NULL) != SQLITE_OK)
		return history_failed(history, "use", err);
	return 0;
}

int history_finish(struct history *history, sqlite3_stmt *statement, struct error *err)
{
	int r = sqlite3_step(statement) == SQLITE_DONE ? 0 : history_failed(history, "write", err);

	sqlite3_finalize(statement);
	return r;
}

int history_begin(struct history *history, const struct history_build *build, struct error *err)
{
	sqlite3_stmt *statement;
	int r = history_prepare(
		history, "INSERT OR REPLACE INTO build VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		&statement, err);

	if (r < 0)
		return r;
	bind_text(statement, 1, build->id);
	sqlite3_bind_int(statement, 2, build->status);
	sqlite3_bind_int64(statement, 3, build->started_ms);
	sqlite3_bind_int64(statement, 4, build->ended_ms);
	bind_text(statement, 5, build->context);
	bind_text(statement, 6, build->dockerfile);
	bind_text(statement, 7, build->target);
	bind_text(statement, 8, build->tags);
	bind_text(statement, 9, build->error);
	return history_finish(history, statement, err);
}

int history_end(struct history *history, const struct history_build *build, struct error *err)
{
	sqlite3_stmt *statement;
	int r = history_prepare(
		history, "UPDATE build SET status = ?2, ended = ?3, error = ?4 WHERE id = ?1",
		&statement, err);

	if (r < 0)
		return r;
	bind_text(statement, 1, build->id);
	sqlite3_bind_int(statement, 2, build->status);
	sqlite3_bind_int64(statement, 3, build->ended_ms);
	bind_text(statement, 4, build->error);
	return history_finish(history, statement, err);
}

int history_add_state(struct history *history, const struct history_state *state, struct error *err)
{
	sqlite3_stmt *statement;
	int r = 0;

	if (!history->add_state)
		r = history_prepare(history,
				    "INSERT OR REPLACE INTO state VALUES"
				    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
				    &history->add_state, err);
	if (r < 0)
		return r;
	statement = history->add_state;
	bind_text(statement, 1, state->build);
	sqlite3_bind_int64(statement, 2, state->stage);
	sqlite3_bind_int64(statement, 3, state->step);
	bind_text(statement, 4, state->stage_label);
	bind_text(statement, 5, state->name);
	history_bind_id(statement, 6, &state->snapshot);
	history_bind_id(statement, 7, &state->parent);
	sqlite3_bind_int(statement, 8, state->status);
	sqlite3_bind_int64(statement, 9, state->started_ms);
	sqlite3_bind_int64(statement, 10, (int64_t)state->duration_ms);
	if (sqlite3_step(statement) != SQLITE_DONE)
		r = history_failed(history, "write", err);
	/* Only now is the file unlocked again; that the same failure comes back is no news. */
	(void)sqlite3_reset(statement);
	return r;
}

int history_forget(struct history *history, int64_t before_ms, struct error *err)
{
	static const char *const commands[] = {
		"DELETE FROM state WHERE build IN"
		" (SELECT id FROM build WHERE ended > 0 AND ended < ?1)",
		"DELETE FROM build WHERE ended > 0 AND ended < ?1",
	};
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		sqlite3_stmt *statement;

		r = history_prepare(history, commands[i], &statement, err);
		if (r < 0)
			break;
		sqlite3_bind_int64(statement, 1, before_ms);
		r = history_finish(history, statement, err);
	}
	return r;
}

/* ---- reading ---- */

static char *column_text(sqlite3_stmt *statement, int index)
{
	const unsigned char *text = sqlite3_column_text(statement, index);

	return xstrdup(text ? (const char *)text : "");
}

struct object_id history_column_id(sqlite3_stmt *statement, int index)
{
	struct object_id id = { 0 };
	const void *blob = sqlite3_column_blob(statement, index);

	if (blob && sqlite3_column_bytes(statement, index) == OBJECT_ID_SIZE)
		memcpy(id.bytes, blob, OBJECT_ID_SIZE);
	return id;
}

/* All rows of a statement that selects every column of `build`. */
static int read_builds(struct history *history, sqlite3_stmt *statement, struct history_builds *ret,
		       struct error *err)
{
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] =
			(struct history_build){ .id = column_text(statement, 0),
						.status = sqlite3_column_int(statement, 1),
						.started_ms = sqlite3_column_int64(statement, 2),
						.ended_ms = sqlite3_column_int64(statement, 3),
						.context = column_text(statement, 4),
						.dockerfile = column_text(statement, 5),
						.target = column_text(statement, 6),
						.tags = column_text(statement, 7),
						.error = column_text(statement, 8) };
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : history_failed(history, "read", err);
}

int history_list(struct history *history, size_t limit, struct history_builds *ret,
		 struct error *err)
{
	sqlite3_stmt *statement;
	int r = history_prepare(history, "SELECT * FROM build ORDER BY started DESC, id LIMIT ?1",
				&statement, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(statement, 1, (int64_t)limit);
	return read_builds(history, statement, ret, err);
}

int history_find(struct history *history, const char *text, struct history_builds *ret,
		 struct error *err)
{
	static const char newest[] = "SELECT * FROM build ORDER BY started DESC LIMIT 1";
	static const char newest_failed[] =
		"SELECT * FROM build WHERE status = 3 ORDER BY started DESC LIMIT 1";
	static const char by_prefix[] =
		"SELECT * FROM build WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2";
	const char *sql = by_prefix;
	sqlite3_stmt *statement;
	int r;

	if (strcmp(text, "last") == 0)
		sql = newest;
	else if (strcmp(text, "last-failed") == 0)
		sql = newest_failed;
	r = history_prepare(history, sql, &statement, err);
	if (r < 0)
		return r;
	if (sql == by_prefix)
		bind_text(statement, 1, text);
	r = read_builds(history, statement, ret, err);
	if (r < 0)
		return r;
	if (ret->count > 1)
		return error_set(err, -EEXIST, "several builds have ids that begin with '%s'",
				 text);
	return ret->count > 0;
}

int history_states(struct history *history, const char *build, struct history_states *ret,
		   struct error *err)
{
	sqlite3_stmt *statement;
	int code, r = history_prepare(history,
				      "SELECT * FROM state WHERE build = ?1 ORDER BY stage, step",
				      &statement, err);

	if (r < 0)
		return r;
	bind_text(statement, 1, build);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = (struct history_state){
			.build = column_text(statement, 0),
			.stage = (unsigned)sqlite3_column_int64(statement, 1),
			.step = (unsigned)sqlite3_column_int64(statement, 2),
			.stage_label = column_text(statement, 3),
			.name = column_text(statement, 4),
			.snapshot = history_column_id(statement, 5),
			.parent = history_column_id(statement, 6),
			.status = sqlite3_column_int(statement, 7),
			.started_ms = sqlite3_column_int64(statement, 8),
			.duration_ms = (uint64_t)sqlite3_column_int64(statement, 9)
		};
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : history_failed(history, "read", err);
}

void history_builds_release(struct history_builds *builds)
{
	for (size_t i = 0; i < builds->count; i++) {
		struct history_build *build = &builds->items[i];

		free(build->id);
		free(build->context);
		free(build->dockerfile);
		free(build->target);
		free(build->tags);
		free(build->error);
	}
	free(builds->items);
	*builds = (struct history_builds){ 0 };
}

void history_states_release(struct history_states *states)
{
	for (size_t i = 0; i < states->count; i++) {
		free(states->items[i].build);
		free(states->items[i].stage_label);
		free(states->items[i].name);
	}
	free(states->items);
	*states = (struct history_states){ 0 };
}
