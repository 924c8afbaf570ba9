/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image's configuration: how to run it, what it was built by, and the digests of its layers.
 * Members that are not known here live on when the document is written again, but for those that
 * tell of the making of one particular image (the steps of its layers, Docker's container of a build).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/platform.h"
#include "builder/image/string_map.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "fs/object/id.h"

struct error;
struct json_t;

/* Things one configuration may hold at most. */
#define CONFIG_HISTORY_MAX  8192
#define CONFIG_DIFF_IDS_MAX 1024

/* Times are nanoseconds; 0 is "inherit". */
struct healthcheck {
	struct strings test; /* "NONE"; "CMD" and words; "CMD-SHELL" and a line */
	int64_t interval, timeout, start_period, start_interval;
	int64_t retries;
};

struct config_history {
	char *created; /* as the document has it; NULL and the like: absent */
	char *created_by, *author, *comment;
	bool empty_layer;
};

/* All zero is an empty configuration. */
struct config {
	struct platform platform;
	char *created, *author;

	char *user, *working_dir, *stop_signal;
	struct strings exposed_ports; /* "80/tcp" */
	struct strings env;           /* "NAME=value" */
	struct strings entrypoint, cmd, volumes, onbuild, shell;
	struct string_map labels;
	bool has_healthcheck;
	struct healthcheck healthcheck;
	bool args_escaped; /* of Windows images; Docker sets it for others too */

	struct object_id *diff_ids; /* lowest layer first */
	size_t diff_id_count, diff_id_capacity;
	struct config_history *history;
	size_t history_count, history_capacity;

	struct json_t *others;       /* unknown members of the document */
	struct json_t *inner_others; /* and of its "config" */
};

/* `name` is what messages call the document; `ret` is empty before. -EINVAL, -E2BIG. */
int config_parse(const void *data, size_t size, const char *name, struct config *ret,
		 struct error *err);
/* As BuildKit orders and omits. Reading it back gives the same configuration. */
void config_write(const struct config *config, struct buf *ret);
void config_copy(struct config *ret, const struct config *from);
void config_release(struct config *config);
DEFINE_CLEANUP_VALUE(struct config, config_release);

/* What an image from nothing has: the platform, PATH, and "/" as its working directory. */
void config_init_scratch(struct config *config, const struct platform *platform);
/* Replace a string of a configuration; NULL takes it away. */
void config_set_string(char **field, const char *value);
void config_add_diff_id(struct config *config, const struct object_id *diff_id);
/* A new record at the end, all zero, for the caller to fill. */
struct config_history *config_add_history(struct config *config);
/* Records that stand for a layer. */
size_t config_history_layers(const struct config *config);

/* A time as these documents write it: "2024-05-01T10:00:00.5Z"; the caller frees. */
char *config_time(int64_t ns);
/* -EINVAL for what config_time() and Go would not write. */
int config_time_parse(const char *text, int64_t *ret_ns);
