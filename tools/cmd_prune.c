/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "builder/image/config.h"
#include "builder/usage/prune.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "tools/access.h"
#include "tools/usage_list.h"

struct prune_flags {
	struct strings filters;
	const char *format;
	uint64_t reserved_space, keep_storage, max_used_space, min_free_space;
	bool all, dry_run, force, verbose;
};

#define FLAG(field) OPTION_AT(struct prune_flags, field)

static const struct option_spec options[] = {
	{ .name = "all",
	  .letter = 'a',
	  FLAG(all),
	  .help = "Also states that images share, and cache mounts" },
	{ .name = "dry-run", FLAG(dry_run), .help = "Only say what would go" },
	{ .name = "filter",
	  FLAG(filters),
	  .value = "key=value",
	  .help = "Only what fits: until=24h, type=state, id=PREFIX" },
	{ .name = "force", .letter = 'f', FLAG(force), .help = "Do not ask" },
	{ .name = "format",
	  FLAG(format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write what went" },
	{ .name = "keep-storage",
	  .flags = OPTION_BYTES,
	  FLAG(keep_storage),
	  .help = "The same as --reserved-space" },
	{ .name = "max-used-space",
	  .flags = OPTION_BYTES,
	  FLAG(max_used_space),
	  .help = "Stop when the store takes no more than this" },
	{ .name = "min-free-space",
	  .flags = OPTION_BYTES,
	  FLAG(min_free_space),
	  .help = "Stop when so much of the disk is free" },
	{ .name = "reserved-space",
	  .flags = OPTION_BYTES,
	  FLAG(reserved_space),
	  .help = "Never go below this" },
	{ .name = "verbose", FLAG(verbose), .help = "A paragraph on each that went" },
	{ 0 },
};

#define S_NS INT64_C(1000000000)

/* "24h" ago, or a time. */
static int set_until(const char *value, struct prune_options *ret, struct error *err)
{
	int64_t ns;

	if (parse_duration(value, &ns) == 0 && ns >= 0) {
		ret->until_s = (clock_realtime_ns() - ns) / S_NS;
		return 0;
	}
	if (config_time_parse(value, &ns) == 0) {
		ret->until_s = ns / S_NS;
		return 0;
	}
	return error_set(err, -EINVAL, "until=%s: neither a duration nor a time", value);
}

/* Our names, and those of docker buildx. */
static int add_type(const char *value, struct prune_options *ret, struct error *err)
{
	bool regular = strcmp(value, "regular") == 0;

	ret->types_given = true;
	if (regular || strcmp(value, "state") == 0)
		ret->types[USAGE_STATE] = true;
	if (regular || strcmp(value, "failed") == 0)
		ret->types[USAGE_FAILED] = true;
	if (strcmp(value, "cache") == 0 || strcmp(value, "exec.cachemount") == 0)
		ret->types[USAGE_CACHE] = true;
	if (strcmp(value, "layers") == 0)
		ret->types[USAGE_LAYERS] = true;
	if (strcmp(value, "dangling") == 0)
		ret->types[USAGE_DANGLING] = true;
	for (int i = 0; i < USAGE_TYPE_COUNT; i++) {
		if (ret->types[i])
			return 0;
	}
	return error_set(err, -EINVAL,
			 "type=%s: there are state, failed, cache, dangling and layers", value);
}

static int add_filter(const char *filter, struct prune_options *ret, struct error *err)
{
	const char *value = strchr(filter, '=');

	if (!value)
		return error_set(err, -EINVAL, "--filter %s: 'key=value' is wanted", filter);
	value += value[1] == '=' ? 2 : 1;
	if (strncmp(filter, "until=", 6) == 0)
		return set_until(value, ret, err);
	if (strncmp(filter, "type=", 5) == 0)
		return add_type(value, ret, err);
	if (strncmp(filter, "id=", 3) == 0) {
		ret->id_prefix = value;
		return 0;
	}
	return error_set(err, -EINVAL, "--filter %s: there are until, type and id", filter);
}

static int set_options(const struct prune_flags *given, struct prune_options *ret,
		       struct error *err)
{
	int r = 0;

	ret->all = given->all;
	ret->dry_run = given->dry_run;
	ret->reserved_space = given->reserved_space > given->keep_storage ? given->reserved_space
									  : given->keep_storage;
	ret->max_used_space = given->max_used_space;
	ret->min_free_space = given->min_free_space;
	for (size_t i = 0; i < given->filters.count && r == 0; i++)
		r = add_filter(given->filters.items[i], ret, err);
	return r;
}

/* 1 yes, 0 no. */
static int ask(const struct prune_flags *given, struct error *err)
{
	char answer[16] = { 0 };

	if (given->force || given->dry_run)
		return 1;
	if (!isatty(STDIN_FILENO))
		return error_set(err, -EINVAL,
				 "there is nobody to ask whether it may go: say --force");
	(void)dprintf(STDERR_FILENO,
		      "This removes states of steps%s that no image needs. Are you "
		      "sure? [y/N] ",
		      given->all ? ", and caches," : "");
	if (read(STDIN_FILENO, answer, sizeof answer - 1) <= 0)
		return 0;
	return answer[0] == 'y' || answer[0] == 'Y';
}

static int print_freed(uint64_t freed, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	usage_list_add_sum(&text, "Total:", freed);
	return output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct prune_flags *given = call->options;
	enum output_format format = output_format_of(given->format);
	cleanup_with(usage_report_release) struct usage_report gone = { 0 };
	cleanup_with(history_close) struct history *history = NULL;
	cleanup_with(store_close) struct store *store = NULL;
	struct prune_options how = { 0 };
	uint64_t freed;
	int r = set_options(given, &how, err);

	if (r == 0)
		r = access_store(call, 0, &store, err);
	if (r == 0)
		r = ask(given, err);
	if (r <= 0)
		return r < 0 ? r : EXIT_OK;
	history = access_history(store);
	r = prune_run(store, history, &how, &gone, &freed, err);
	if (r == 0 && (gone.count || format == OUTPUT_TABLE))
		r = usage_list_print(&gone, format, given->verbose, err);
	return r < 0 || format == OUTPUT_JSON || given->dry_run ? r : print_freed(freed, err);
}

const struct verb verb_prune = {
	.name = "prune",
	.summary = "Let go of states that were not used for long, and free their room",
	.description =
		"Without an option, all states of steps go that no image and no pin needs. With a size,\n"
		"only so many, those first that were used least recently. What running builds hold\n"
		"stays. Images go with 'varve rmi'.",
	.group = "Store",
	.options = options,
	.values_size = sizeof(struct prune_flags),
	.run = run,
};
