/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/dockerfile/instruction.h"
#include "builder/image/config.h"
#include "builder/plan/config_chain_internal.h"
#include "builder/plan/memory.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

/* Nobody reads documents of images that are as large as this; those of 16 MiB are refused. */
#define HISTORY_TEXT_MAX ((size_t)64 << 20)

#define COMMENT      "buildkit.dockerfile.v0"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct config_chain *config_chain_add(struct plan_memory *memory, const struct config_chain *before,
				      enum config_change change, const struct config_record *record)
{
	struct config_chain *link = plan_memory_array(memory, 1, sizeof *link);

	link->before = before;
	link->length = before ? before->length + 1 : 1;
	link->records = (before ? before->records : 0) + (record != NULL);
	link->change = change;
	if (record)
		link->record = *record;
	return link;
}

/* ---- changes ---- */

static void begin(struct config *config, const struct config_chain *link)
{
	strings_release(&config->onbuild);
	config_set_string(&config->created, link->text);
	if (link->flag && !strings_env_get(&config->env, "PATH"))
		strings_env_set(&config->env, "PATH", DEFAULT_PATH);
}

static void set_words(struct strings *list, const struct words *words)
{
	strings_release(list);
	for (size_t i = 0; i < words->count; i++)
		strings_add(list, words->items[i]);
}

static void add_words(struct strings *list, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		strings_add(list, words->items[i]);
}

static void set_env(struct config *config, const struct words *words)
{
	for (size_t i = 0; i + 1 < words->count; i += 2)
		strings_env_set(&config->env, words->items[i], words->items[i + 1]);
}

static void set_labels(struct config *config, const struct words *words)
{
	for (size_t i = 0; i + 1 < words->count; i += 2)
		string_map_set(&config->labels, words->items[i], words->items[i + 1]);
}

static void set_health(struct config *config, const struct health_instruction *health)
{
	struct healthcheck *check = &config->healthcheck;

	config->has_healthcheck = true;
	set_words(&check->test, &health->test);
	check->interval = health->interval_ns;
	check->timeout = health->timeout_ns;
	check->start_period = health->start_period_ns;
	check->start_interval = health->start_interval_ns;
	check->retries = health->retries;
}

/* A variant that the base has stays, where the machine is the same and nobody named another. */
static void set_platform(struct config *config, const struct platform *wanted)
{
	struct platform *platform = &config->platform;

	if (wanted) {
		bool same = strcmp(platform->os, wanted->os) == 0 &&
			    strcmp(platform->architecture, wanted->architecture) == 0;
		struct platform before = *platform;

		*platform = *wanted;
		if (same && !*wanted->variant)
			memcpy(platform->variant, before.variant, sizeof before.variant);
		if (same && !*wanted->os_version)
			memcpy(platform->os_version, before.os_version, sizeof before.os_version);
	}
	platform_normalize(platform);
}

static void change_command(struct config *config, const struct config_chain *link)
{
	if (link->change == CONFIG_CMD) {
		set_words(&config->cmd, &link->words);
		config->args_escaped = true; /* it says so for every system, as Docker does */
		return;
	}
	set_words(&config->entrypoint, &link->words);
	if (link->flag)
		strings_release(&config->cmd);
}

static void apply(struct config *config, const struct config_chain *link)
{
	switch (link->change) {
	case CONFIG_BASE:
		config_copy(config, link->base);
		break;
	case CONFIG_BEGIN:
		begin(config, link);
		break;
	case CONFIG_HISTORY:
		break;
	case CONFIG_ENV:
		set_env(config, &link->words);
		break;
	case CONFIG_LABEL:
		set_labels(config, &link->words);
		break;
	case CONFIG_CMD:
	case CONFIG_ENTRYPOINT:
		change_command(config, link);
		break;
	case CONFIG_EXPOSE:
		add_words(&config->exposed_ports, &link->words);
		break;
	case CONFIG_VOLUME:
		add_words(&config->volumes, &link->words);
		break;
	case CONFIG_SHELL:
		set_words(&config->shell, &link->words);
		break;
	case CONFIG_USER:
		config_set_string(&config->user, link->text);
		break;
	case CONFIG_WORKING_DIR:
		config_set_string(&config->working_dir, link->text);
		break;
	case CONFIG_STOP_SIGNAL:
		config_set_string(&config->stop_signal, link->text);
		break;
	case CONFIG_AUTHOR:
		config_set_string(&config->author, link->text);
		break;
	case CONFIG_ONBUILD:
		strings_add(&config->onbuild, link->text);
		break;
	case CONFIG_HEALTH:
		set_health(config, link->health);
		break;
	case CONFIG_PLATFORM:
		set_platform(config, link->platform);
		break;
	}
}

/* ---- history ---- */

static size_t record_size(const struct config_record *record)
{
	size_t size = record->created_by ? strlen(record->created_by) : 0;

	for (size_t i = 0; record->argv && i < record->argv->count; i++)
		size += strlen(record->argv->items[i]) + 1;
	return size;
}

static void add_record(struct config *config, const struct config_record *record)
{
	struct config_history *history = config_add_history(config);
	struct buf text = { 0 };

	buf_add_string(&text, record->created_by);
	for (size_t i = 0; record->argv && i < record->argv->count; i++) {
		if (i)
			buf_add_char(&text, ' ');
		buf_add_string(&text, record->argv->items[i]);
	}
	if (record->suffix)
		buf_add_string(&text, record->suffix);
	history->created_by = buf_take(&text);
	config_set_string(&history->created, record->created);
	history->comment = xstrdup(COMMENT);
	history->empty_layer = record->empty_layer;
}

/* ---- the whole ---- */

/* Sorted, each once, as the keys of a map in Go. */
static void make_set(struct strings *list)
{
	size_t kept = 0;

	strings_sort(list);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && strcmp(list->items[kept - 1], list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	if (list->items)
		list->items[kept] = NULL;
}

static int check_size(const struct config_chain *chain, struct error *err)
{
	size_t size = 0;

	for (const struct config_chain *link = chain; link; link = link->before) {
		size += record_size(&link->record);
		if (size > HISTORY_TEXT_MAX)
			return error_set(err, -E2BIG, "history of more than %zu MiB",
					 HISTORY_TEXT_MAX >> 20);
	}
	return 0;
}

int config_chain_make(const struct config_chain *chain, struct config *ret, struct error *err)
{
	cleanup_free const struct config_chain **links = NULL;
	size_t at;
	int r = check_size(chain, err);

	if (r < 0)
		return r;
	links = xcalloc(chain->length, sizeof *links);
	at = chain->length;
	for (const struct config_chain *link = chain; at > 0; link = link->before)
		links[--at] = link;
	*ret = (struct config){ 0 };
	for (; at < chain->length; at++) {
		apply(ret, links[at]);
		if (links[at]->record.created_by)
			add_record(ret, &links[at]->record);
	}
	make_set(&ret->exposed_ports);
	make_set(&ret->volumes);
	return 0;
}
