/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/build/build.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "tools/access.h"
#include "tools/build_call.h"
#include "tools/build_flags.h"
#include "tools/environment.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress/progress.h"
#include "tools/table.h"

/* All outputs of a build. */
struct outputs {
	struct output *items;
	size_t count;
};

static void outputs_release(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++)
		output_release(&outputs->items[i]);
	free(outputs->items);
}
DEFINE_CLEANUP_VALUE(struct outputs, outputs_release);

/* ---- from flags to options ---- */

static int read_layering(const struct build_flags *flags, struct layering *ret, struct error *err)
{
	int r = layering_parse(flags->squash ? "squash" : flags->layers, ret, err);

	return r < 0 ? error_prefix(err, r, "--layers") : 0;
}

static int read_outputs(const struct build_flags *flags, const struct layering *layering,
			struct outputs *ret, struct error *err)
{
	ret->items = xcalloc(flags->outputs.count + 1, sizeof *ret->items);
	for (size_t i = 0; i < flags->outputs.count; i++) {
		int r = output_parse(flags->outputs.items[i], &ret->items[ret->count++], err);

		if (r < 0)
			return r;
	}
	if (flags->push) {
		int r = output_parse("type=registry", &ret->items[ret->count++], err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ret->count; i++) {
		if (!ret->items[i].layering_set)
			ret->items[i].layering = *layering;
		for (size_t j = 0; j < flags->annotations.count; j++) {
			int r = output_annotate(&ret->items[i], flags->annotations.items[j], err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static bool names_argument(const struct strings *list, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < list->count; i++) {
		const char *item = list->items[i];

		if (strncmp(item, name, length) == 0 && (!item[length] || item[length] == '='))
			return true;
	}
	return false;
}

/* "NAME" alone takes the value of the environment, and is nothing where that has none. */
static void fill_build_args(const struct strings *from, struct strings *ret)
{
	for (size_t i = 0; i < from->count; i++) {
		const char *item = from->items[i], *value;

		if (strchr(item, '=')) {
			strings_add(ret, item);
			continue;
		}
		value = getenv(item);
		if (value)
			strings_add_format(ret, "%s=%s", item, value);
	}
	/* A time that holds for all that is made here; docker buildx takes it over, too. */
	if (!names_argument(from, "SOURCE_DATE_EPOCH")) {
		const char *epoch = getenv("SOURCE_DATE_EPOCH");

		if (epoch && *epoch)
			strings_add_format(ret, "SOURCE_DATE_EPOCH=%s", epoch);
	}
}

static int read_call(const struct build_flags *flags, struct call *ret, struct error *err)
{
	int r = call_parse(flags->call, ret, err);

	if (r == 0 && flags->check && ret->what == CALL_BUILD)
		ret->what = CALL_CHECK;
	return r;
}

int build_jobserver_read(const char *text, unsigned *ret, struct error *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t jobs = 0;

	if (text && strcmp(text, "auto") == 0)
		jobs = processors > 0 ? (uint32_t)processors : 1;
	else if (text && strcmp(text, "off") != 0 &&
		 (parse_u32(text, &jobs) < 0 || jobs == 0 || jobs > UINT16_MAX))
		return error_set(err, -EINVAL,
				 "--jobserver '%s': it is a number from 1 to 65535, auto or off",
				 text);
	*ret = jobs;
	return 0;
}

static int read_reserve(const char *text, uint64_t *ret, struct error *err)
{
	*ret = STEP_MEMORY_RESERVE_USUAL;
	if (text && parse_size(text, ret) < 0)
		return error_set(err, -EINVAL, "--memory-reserve '%s': it is a size such as 512m",
				 text);
	return 0;
}

static void set_options(const struct invocation *call, const struct outputs *outputs,
			struct build_options *ret)
{
	const struct build_flags *flags = call->options;

	ret->context = call->operands[0];
	ret->file = flags->file;
	ret->stdin_fd = STDIN_FILENO;
	strings_add_all(&ret->targets, &flags->targets);
	ret->all_stages = flags->all_stages;
	ret->keep_going = flags->keep_going;
	ret->replay = flags->replay;
	ret->for_one = flags->iidfile         ? "--iidfile"
		       : flags->metadata_file ? "--metadata-file"
					      : NULL;
	ret->platform = flags->platform;
	strings_add_all(&ret->build_contexts, &flags->build_contexts);
	fill_build_args(&flags->build_args, &ret->build_args);
	strings_add_all(&ret->cache_from, &flags->cache_from);
	strings_add_all(&ret->cache_to, &flags->cache_to);
	strings_add_all(&ret->labels, &flags->labels);
	strings_add_all(&ret->tags, &flags->tags);
	strings_add_all(&ret->secrets, &flags->secrets);
	strings_add_all(&ret->ssh, &flags->ssh);
	strings_add_all(&ret->extra_hosts, &flags->add_hosts);
	strings_add_all(&ret->ulimits, &flags->ulimits);
	strings_add_all(&ret->resources, &flags->resources);
	strings_add_all(&ret->allow, &flags->allow);
	strings_add_all(&ret->no_cache_stages, &flags->no_cache_stages);
	ret->no_cache = flags->no_cache;
	ret->pull = flags->pull;
	ret->network_none = strcmp(flags->network, "none") == 0;
	ret->network_host = strcmp(flags->network, "host") == 0;
	ret->shm_size = flags->shm_size;
	ret->open_files = fd_limit_raise();
	ret->cache_commit = strcmp(flags->cache_commit, "always") == 0 ? CACHE_COMMIT_ALWAYS
								       : CACHE_COMMIT_SUCCESS;
	ret->jobserver_fifo = strcmp(flags->jobserver_style, "fifo") == 0;
	ret->precise = flags->precise;
	ret->jobs = flags->jobs > UINT16_MAX ? UINT16_MAX : (unsigned)flags->jobs;
	ret->outputs = outputs->items;
	ret->output_count = outputs->count;
}

/* ---- what is written after the build ---- */

static int write_file(const char *path, const struct buf *text, struct error *err)
{
	int r = file_replace(AT_FDCWD, path, buf_string(text), text->length, 0644, false);

	return r < 0 ? error_errno(err, r, "cannot write '%s'", path) : 0;
}

static void add_digest(struct buf *text, const char *key, const struct object_id *id)
{
	cleanup_free char *value = xasprintf("sha256:%s", object_id_hex(id).text);

	json_add_field(text, key, value);
}

/* Where the image is, for those who go on with it. */
static void add_descriptor(struct buf *text, const struct descriptor *descriptor)
{
	cleanup_with(buf_release) struct buf value = { 0 };

	buf_add_char(&value, '{');
	json_add_field(&value, "mediaType", descriptor->media_type);
	add_digest(&value, "digest", &descriptor->digest);
	buf_add_format(&value, ",\"size\":%" PRIu64 "}", descriptor->size);
	json_add_key(text, "containerimage.descriptor");
	buf_append(text, value.data, value.length);
}

/* The keys are those of docker build, and one of our own. */
void build_add_metadata(struct buf *text, const struct build_result *result)
{
	const struct export_result *exported = &result->exported;
	cleanup_free char *names = strings_join(&exported->names, ",");

	buf_add_char(text, '{');
	json_add_field(text, "varve.build", result->id);
	add_digest(text, "varve.state", &result->snapshot);
	if (exported->has_digests) {
		if (!exported->has_index)
			add_digest(text, "containerimage.config.digest", &exported->config_digest);
		add_descriptor(text, &exported->descriptor);
		add_digest(text, "containerimage.digest", &exported->descriptor.digest);
	}
	if (exported->names.count)
		json_add_field(text, "image.name", names);
	buf_add_char(text, '}');
}

static int write_metadata(const char *path, const struct build_result *result, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	build_add_metadata(&text, result);
	buf_add_char(&text, '\n');
	return write_file(path, &text, err);
}

/* Those of all images; of several platforms the one of their index, if an output has written it. */
static void add_ids(const struct build_result *result, struct buf *ret)
{
	const struct export_result *exported = &result->exported;
	cleanup_free char *joined = strings_join(&result->images, "\n");

	if (exported->has_index)
		buf_add_format(ret, "sha256:%s", object_id_hex(&exported->descriptor.digest).text);
	else
		buf_add_string(ret, joined);
}

static int write_results(const struct build_flags *flags, const struct build_result *result,
			 struct error *err)
{
	cleanup_with(buf_release) struct buf ids = { 0 };
	int r = 0;

	add_ids(result, &ids);
	if (flags->iidfile)
		r = write_file(flags->iidfile, &ids, err);
	if (r == 0 && flags->metadata_file)
		r = write_metadata(flags->metadata_file, result, err);
	if (r == 0 && flags->quiet) {
		buf_add_char(&ids, '\n');
		r = output_write(&ids, err);
	}
	return r;
}

/* What became of each stage, when several were asked for. */
static void add_targets(const struct build_result *result, enum progress_mode mode, int r,
			struct buf *ret)
{
	static const struct table_column columns[] = {
		{ "STAGE", "stage" }, { "RESULT", "result" }, { "FAILED STEP", "step" }, { 0 }
	};
	static const char *const words[] = {
		[HISTORY_RUNNING] = "running",   [HISTORY_DONE] = "done",
		[HISTORY_CACHED] = "cached",     [HISTORY_FAILED] = "failed",
		[HISTORY_CANCELED] = "not done",
	};
	/* That one stage was built for each platform needs no words. */
	bool several = result->target_count > (r == 0 ? result->platform_count : 1);
	cleanup_with(table_free) struct table *table = table_new(columns);

	if (!several || result->target_count < 2 ||
	    (mode != PROGRESS_TTY && mode != PROGRESS_PLAIN))
		return;
	for (size_t i = 0; i < result->target_count; i++) {
		table_add_text(table, result->targets[i].label);
		table_add_text(table, words[result->targets[i].status]);
		table_add_text(table, result->targets[i].reason);
	}
	buf_add_char(ret, '\n');
	table_write(table, OUTPUT_TABLE, isatty(STDERR_FILENO), ret);
}

/* What is to be said below what the progress display has left. */
static void report(const struct build_result *result, enum progress_mode mode, int r,
		   const struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	if (r < 0 && r != -ECANCELED)
		buf_append(&text, result->excerpt.data, result->excerpt.length);
	add_targets(result, mode, r, &text);
	if (r < 0 && r != -ECANCELED)
		buf_add_format(&text, "ERROR: failed to build: %s\n",
			       err->text[0] ? err->text : error_words(err->code));
	if (text.length)
		(void)output_write_fd(STDERR_FILENO, text.data, text.length);
}

/* ---- the verb ---- */

static int open_progress(const struct invocation *call, struct progress **ret, struct error *err)
{
	const struct build_flags *flags = call->options;
	struct progress_options how = { .fd = STDERR_FILENO };
	int r = progress_mode_choose(flags->progress, call->environment, &how.mode, err);

	if (r < 0)
		return r;
	if (flags->quiet)
		how.mode = PROGRESS_QUIET;
	how.expand_warnings = call->environment->debug;
	return progress_open(&how, ret, err);
}

static int build(const struct invocation *call, struct build_options *options, struct error *err)
{
	cleanup_with(build_result_release) struct build_result result = { 0 };
	cleanup_with(progress_free) struct progress *progress = NULL;
	struct error failure = { 0 };
	int r = open_progress(call, &progress, err);

	if (r < 0)
		return r;
	options->sink = progress_sink(progress);
	r = build_run(options, &result, &failure);
	progress_finish(progress);
	if (result.answer.length && r != -ECANCELED)
		(void)output_write(&result.answer, NULL);
	report(&result, progress_mode(progress), r, &failure);
	if (r < 0)
		return r == -ECANCELED ? r : EXIT_BUILD_FAILED;
	if (options->call.what != CALL_BUILD)
		return result.status ? EXIT_BUILD_FAILED : EXIT_OK;
	return write_results(call->options, &result, err);
}

static void options_free(struct build_options *options)
{
	struct strings *lists[] = { &options->targets,
				    &options->build_contexts,
				    &options->build_args,
				    &options->labels,
				    &options->tags,
				    &options->secrets,
				    &options->ssh,
				    &options->extra_hosts,
				    &options->ulimits,
				    &options->allow,
				    &options->no_cache_stages,
				    &options->resources,
				    &options->insecure_registries,
				    &options->cache_from,
				    &options->cache_to };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		strings_release(lists[i]);
}

/* The values that say more than they hold; set_options() has all others. */
static int read_values(const struct build_flags *flags, struct build_options *ret,
		       struct outputs *outputs, struct error *err)
{
	int r = read_call(flags, &ret->call, err);

	if (r == 0)
		r = read_layering(flags, &ret->layering, err);
	if (r == 0)
		r = read_reserve(flags->memory_reserve, &ret->memory_reserve, err);
	if (r == 0)
		r = build_jobserver_read(flags->jobserver, &ret->jobserver_jobs, err);
	if (r == 0)
		r = read_outputs(flags, &ret->layering, outputs, err);
	return r;
}

int build_call(const struct build_flags *flags, const char *context,
	       const struct build_surroundings *in, struct build_result *ret, struct error *err)
{
	cleanup_with(outputs_release) struct outputs outputs = { 0 };
	cleanup_free char *operand = xstrdup(context);
	char *const operands[] = { operand, NULL };
	const struct invocation call = { .options = flags, .operands = operands };
	struct build_options options = { .store = in->store,
					 .sink = in->sink,
					 .cancel_fd = in->cancel_fd };
	int r = read_values(flags, &options, &outputs, err);

	if (r < 0)
		return r;
	set_options(&call, &outputs, &options);
	options.stdin_fd = in->stdin_fd;
	options.pool = in->pool;
	if (in->insecure_registries)
		strings_add_all(&options.insecure_registries, in->insecure_registries);
	r = build_run(&options, ret, err);
	options_free(&options);
	return r;
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(outputs_release) struct outputs outputs = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	struct build_options options = { 0 };
	int r = read_values(call->options, &options, &outputs, err);

	if (r == 0)
		r = interrupt_catch(&options.cancel_fd, err);
	if (r == 0)
		r = access_store(call, STORE_CREATE, &store, err);
	if (r == 0)
		r = environment_insecure_registries(call->environment, &options.insecure_registries,
						    err);
	if (r < 0)
		return r;
	set_options(call, &outputs, &options);
	options.store = store;
	r = build(call, &options, err);
	options_free(&options);
	return r;
}

const struct verb verb_build = {
	.name = "build",
	.summary = "Build an image from a Dockerfile",
	.operands = "PATH | URL | -",
	.description =
		"PATH is the directory that COPY and ADD take files from. URL is an archive, a git\n"
		"repository, or a Dockerfile; with '-' standard input is an archive or a Dockerfile.\n"
		"\n"
		"Every step leaves a state that can be looked at later, a RUN that failed as well:\n"
		"'varve states last' lists them, 'varve mount' shows their files.\n"
		"\n"
		"Exits with 1 when the build fails.",
	.group = "Building",
	.options = build_flag_specs,
	.values_size = sizeof(struct build_flags),
	.min_operands = 1,
	.max_operands = 1,
	.operand_completion = COMPLETE_DIRECTORY,
	.run = run,
};
