/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "builder/image/descriptor.h"
#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* Members of the document that are read here. */
static const char *const known[] = {
	"architecture", "author", "config", "created", "history", "os", "os.version", "rootfs",
	"variant",
	/* These tell of the making of one image and would be lies in another. */
	"container", "container_config", "docker_version", "id", "parent", "parent_id", "throwaway",
	"checksum", "Size", "moby.buildkit.cache.v0", "moby.buildkit.buildinfo.v1",
	CONFIG_STEPS_MEMBER, NULL
};

static const char *const known_inner[] = {
	"User",   "ExposedPorts", "Env",         "Entrypoint",  "Cmd",     "Volumes", "WorkingDir",
	"Labels", "StopSignal",   "ArgsEscaped", "Healthcheck", "OnBuild", "Shell",   NULL
};

/* ---- reading ---- */

static int read_string(const struct json_value *object, const char *key, char **ret,
		       struct error *err)
{
	const char *s;
	int r = json_get_string(object, key, &s, err);

	if (r > 0 && *s)
		*ret = xstrdup(s);
	return r < 0 ? r : 0;
}

static int read_platform_word(const struct json_value *object, const char *key, char field[],
			      unsigned long size, struct error *err)
{
	const char *s;
	int r = json_get_string(object, key, &s, err);

	if (r > 0 && platform_set(field, size, s, NULL) < 0)
		return json_complain(object, err, "no image configuration: bad '%s'", key);
	return r < 0 ? r : 0;
}

static int read_platform(const struct json_value *root, struct platform *ret, struct error *err)
{
	int r = read_platform_word(root, "os", ret->os, sizeof ret->os, err);

	if (r == 0)
		r = read_platform_word(root, "architecture", ret->architecture,
				       sizeof ret->architecture, err);
	if (r == 0)
		r = read_platform_word(root, "variant", ret->variant, sizeof ret->variant, err);
	if (r == 0)
		r = read_platform_word(root, "os.version", ret->os_version, sizeof ret->os_version,
				       err);
	return r;
}

static int read_healthcheck(const struct json_value *inner, struct config *ret, struct error *err)
{
	struct healthcheck *check = &ret->healthcheck;
	struct json_value object;
	int r = json_get_object(inner, "Healthcheck", &object, err);

	if (r <= 0)
		return r;
	ret->has_healthcheck = true;
	r = json_get_strings(&object, "Test", &check->test, err);
	if (r >= 0)
		r = json_get_i64(&object, "Interval", &check->interval, err);
	if (r >= 0)
		r = json_get_i64(&object, "Timeout", &check->timeout, err);
	if (r >= 0)
		r = json_get_i64(&object, "StartPeriod", &check->start_period, err);
	if (r >= 0)
		r = json_get_i64(&object, "StartInterval", &check->start_interval, err);
	if (r >= 0)
		r = json_get_i64(&object, "Retries", &check->retries, err);
	return r < 0 ? r : 0;
}

/* Very old documents have a string where a list belongs. */
static int read_list(const struct json_value *object, const char *key, struct strings *ret,
		     struct error *err)
{
	const char *s;

	if (json_get_string(object, key, &s, NULL) > 0) {
		strings_add(ret, s);
		return 0;
	}
	return json_get_strings(object, key, ret, err);
}

static int read_inner(const struct json_value *root, struct config *ret, struct error *err)
{
	struct json_value inner;
	int r = json_get_object(root, "config", &inner, err);

	if (r <= 0)
		return r;
	r = read_string(&inner, "User", &ret->user, err);
	if (r >= 0)
		r = read_string(&inner, "WorkingDir", &ret->working_dir, err);
	if (r >= 0)
		r = read_string(&inner, "StopSignal", &ret->stop_signal, err);
	if (r >= 0)
		r = json_get_keys(&inner, "ExposedPorts", &ret->exposed_ports, err);
	if (r >= 0)
		r = json_get_keys(&inner, "Volumes", &ret->volumes, err);
	if (r >= 0)
		r = json_get_strings(&inner, "Env", &ret->env, err);
	if (r >= 0)
		r = read_list(&inner, "Entrypoint", &ret->entrypoint, err);
	if (r >= 0)
		r = read_list(&inner, "Cmd", &ret->cmd, err);
	if (r >= 0)
		r = json_get_strings(&inner, "OnBuild", &ret->onbuild, err);
	if (r >= 0)
		r = json_get_strings(&inner, "Shell", &ret->shell, err);
	if (r >= 0)
		r = json_get_map(&inner, "Labels", &ret->labels, err);
	if (r >= 0)
		r = json_get_bool(&inner, "ArgsEscaped", &ret->args_escaped, err);
	if (r >= 0)
		r = read_healthcheck(&inner, ret, err);
	if (r < 0)
		return r;
	ret->inner_others = json_others(&inner, known_inner);
	return 0;
}

static int read_diff_ids(const struct json_value *root, struct config *ret, struct error *err)
{
	struct json_value rootfs, list;
	int r = json_get_object(root, "rootfs", &rootfs, err);

	if (r > 0)
		r = json_get_array(&rootfs, "diff_ids", &list, err);
	if (r <= 0)
		return r;
	if (json_array_length(&list) > CONFIG_DIFF_IDS_MAX)
		return error_set(err, -E2BIG, "%s: more than %d layers", root->key,
				 CONFIG_DIFF_IDS_MAX);
	for (size_t i = 0; i < json_array_length(&list); i++) {
		struct object_id diff_id;
		struct json_value item;
		const char *text;

		json_array_item(&list, i, &item);
		r = json_string_of(&item, &text, err);
		if (r < 0)
			return r;
		r = digest_parse(text, &diff_id, err);
		if (r < 0)
			return json_prefix(&item, r, err);
		config_add_diff_id(ret, &diff_id);
	}
	return 0;
}

static int read_history(const struct json_value *root, struct config *ret, struct error *err)
{
	struct json_value list;
	int r = json_get_array(root, "history", &list, err);

	if (r <= 0)
		return r;
	if (json_array_length(&list) > CONFIG_HISTORY_MAX)
		return error_set(err, -E2BIG, "%s: more than %d records of history", root->key,
				 CONFIG_HISTORY_MAX);
	for (size_t i = 0; i < json_array_length(&list); i++) {
		struct config_history *record = config_add_history(ret);
		struct json_value item;

		json_array_item(&list, i, &item);
		r = read_string(&item, "created", &record->created, err);
		if (r == 0)
			r = read_string(&item, "created_by", &record->created_by, err);
		if (r == 0)
			r = read_string(&item, "author", &record->author, err);
		if (r == 0)
			r = read_string(&item, "comment", &record->comment, err);
		if (r == 0)
			r = json_get_bool(&item, "empty_layer", &record->empty_layer, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_document(const struct json_value *root, struct config *ret, struct error *err)
{
	int r = read_string(root, "created", &ret->created, err);

	if (r >= 0)
		r = read_string(root, "author", &ret->author, err);
	if (r >= 0)
		r = read_platform(root, &ret->platform, err);
	if (r >= 0)
		r = read_inner(root, ret, err);
	if (r >= 0)
		r = read_diff_ids(root, ret, err);
	if (r >= 0)
		r = read_history(root, ret, err);
	if (r < 0)
		return r;
	ret->others = json_others(root, known);
	return 0;
}

int config_parse(const void *data, size_t size, const char *name, struct config *ret,
		 struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	struct config config = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = read_document(&document.root, &config, err);
	if (r < 0) {
		config_release(&config);
		return r;
	}
	*ret = config;
	return 0;
}

/* ---- writing ---- */

/* Go leaves out empty strings, lists and maps. */
static void put_string(struct json_writer *writer, const char *key, const char *value)
{
	if (value && *value)
		json_put_string(writer, key, value);
}

static void put_strings(struct json_writer *writer, const char *key, const struct strings *list)
{
	if (list->count)
		json_put_strings(writer, key, list);
}

static void put_number(struct json_writer *writer, const char *key, int64_t value)
{
	if (value)
		json_put_i64(writer, key, value);
}

static void write_healthcheck(struct json_writer *writer, const struct healthcheck *check)
{
	json_begin(writer, "Healthcheck", '{');
	put_strings(writer, "Test", &check->test);
	put_number(writer, "Interval", check->interval);
	put_number(writer, "Timeout", check->timeout);
	put_number(writer, "StartPeriod", check->start_period);
	put_number(writer, "StartInterval", check->start_interval);
	put_number(writer, "Retries", check->retries);
	json_end(writer, '}');
}

static void write_inner(struct json_writer *writer, const struct config *config)
{
	json_begin(writer, "config", '{');
	put_string(writer, "User", config->user);
	if (config->exposed_ports.count)
		json_put_keys(writer, "ExposedPorts", &config->exposed_ports);
	put_strings(writer, "Env", &config->env);
	put_strings(writer, "Entrypoint", &config->entrypoint);
	put_strings(writer, "Cmd", &config->cmd);
	if (config->volumes.count)
		json_put_keys(writer, "Volumes", &config->volumes);
	put_string(writer, "WorkingDir", config->working_dir);
	if (config->labels.count)
		json_put_map(writer, "Labels", &config->labels);
	put_string(writer, "StopSignal", config->stop_signal);
	if (config->args_escaped)
		json_put_true(writer, "ArgsEscaped");
	if (config->has_healthcheck)
		write_healthcheck(writer, &config->healthcheck);
	put_strings(writer, "OnBuild", &config->onbuild);
	put_strings(writer, "Shell", &config->shell);
	json_put_others(writer, config->inner_others);
	json_end(writer, '}');
}

static void write_history(struct json_writer *writer, const struct config *config)
{
	json_begin(writer, "history", '[');
	for (size_t i = 0; i < config->history_count; i++) {
		const struct config_history *record = &config->history[i];

		json_begin(writer, NULL, '{');
		put_string(writer, "created", record->created);
		put_string(writer, "created_by", record->created_by);
		put_string(writer, "author", record->author);
		put_string(writer, "comment", record->comment);
		if (record->empty_layer)
			json_put_true(writer, "empty_layer");
		json_end(writer, '}');
	}
	json_end(writer, ']');
}

static void write_rootfs(struct json_writer *writer, const struct config *config)
{
	json_begin(writer, "rootfs", '{');
	json_put_string(writer, "type", "layers");
	json_begin(writer, "diff_ids", '[');
	for (size_t i = 0; i < config->diff_id_count; i++)
		json_put_string(writer, NULL, digest_text(&config->diff_ids[i]).text);
	json_end(writer, ']');
	json_end(writer, '}');
}

static void write_member(struct json_writer *writer, const struct config *config, const char *key)
{
	const struct platform *platform = &config->platform;

	if (strcmp(key, "architecture") == 0)
		json_put_string(writer, key, platform->architecture);
	else if (strcmp(key, "author") == 0)
		put_string(writer, key, config->author);
	else if (strcmp(key, "config") == 0)
		write_inner(writer, config);
	else if (strcmp(key, "created") == 0)
		put_string(writer, key, config->created);
	else if (strcmp(key, "history") == 0)
		write_history(writer, config);
	else if (strcmp(key, "os") == 0)
		json_put_string(writer, key, platform->os);
	else if (strcmp(key, "os.version") == 0)
		put_string(writer, key, platform->os_version);
	else if (strcmp(key, "rootfs") == 0)
		write_rootfs(writer, config);
	else if (strcmp(key, "variant") == 0)
		put_string(writer, key, platform->variant);
}

/* BuildKit keeps the outermost members in a map, so they come out sorted, unknown ones among
 * them; `known` begins with ours in order. */
void config_write(const struct config *config, struct buf *ret)
{
	struct json_writer writer = { .out = ret };
	const char *const *ours = known;
	cleanup_with(strings_release) struct strings keys = { 0 };
	const char *key = NULL;
	struct json_t *value;

	while (config->others && (key = json_others_next(config->others, key, &value)))
		strings_add(&keys, key);
	strings_sort(&keys);
	json_begin(&writer, NULL, '{');
	for (size_t i = 0; i <= keys.count; i++) {
		const char *other = i < keys.count ? keys.items[i] : NULL;

		while (strcmp(*ours, "container") != 0 && (!other || strcmp(*ours, other) < 0))
			write_member(&writer, config, *ours++);
		if (!other)
			break;
		json_put_other(&writer, other, json_others_get(config->others, other));
	}
	json_end(&writer, '}');
}
