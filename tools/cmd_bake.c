/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "tools/access.h"
#include "tools/bake/bake.h"
#include "tools/bake/job.h"
#include "tools/bake/run.h"
#include "tools/build_call.h"
#include "tools/environment.h"
#include "tools/interrupt.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress/progress.h"

#define FLAG(field) OPTION_AT(struct bake_flags, field)
#define IGNORED(word, reason)                                                                  \
	{                                                                                      \
		.name = word, .flags = OPTION_NO_EFFECT, .kind = OPTION_STRING, .help = reason \
	}

static const char *const lists[] = { "targets", "variables", NULL };

static const struct option_spec options[] = {
	{ .name = "allow",
	  .flags = OPTION_COMMAS,
	  FLAG(allow),
	  .value = "right",
	  .help = "Allow RUN what it asks for: network.host, security.insecure" },
	{ .name = "call",
	  FLAG(call),
	  .initial = "build",
	  .value = "method",
	  .help = "What to do with each Dockerfile: build, check, outline or targets" },
	{ .name = "check", FLAG(check), .help = "As --call=check" },
	{ .name = "file",
	  .letter = 'f',
	  FLAG(files),
	  .completion = COMPLETE_FILE,
	  .value = "path",
	  .help = "A bake or compose file, '-' for standard input; later ones go before earlier "
		  "ones" },
	{ .name = "jobs",
	  .letter = 'j',
	  FLAG(jobs),
	  .help = "How many steps of all targets may be under way at once" },
	{ .name = "jobserver",
	  FLAG(jobserver),
	  .initial = "off",
	  .value = "jobs",
	  .help = "Let make and its like run so many jobs in all RUNs together: a number, auto "
		  "or off" },
	{ .name = "jobserver-style",
	  FLAG(jobserver_style),
	  .initial = "pipe",
	  .choices = jobserver_styles,
	  .value = "style",
	  .help = "How it is called: pipe, or fifo for ninja and for make from 4.4 on" },
	{ .name = "keep-going",
	  .letter = 'k',
	  FLAG(keep_going),
	  .help = "When a step fails, go on with all that does not need it" },
	{ .name = "list",
	  FLAG(list),
	  .choices = lists,
	  .value = "what",
	  .help = "List the targets or the variables, and build nothing" },
	{ .name = "load", FLAG(load), .help = "Into the store; that is where images go anyway" },
	{ .name = "metadata-file",
	  FLAG(metadata_file),
	  .completion = COMPLETE_FILE,
	  .value = "path",
	  .help = "Write what is known of the results to a file, as JSON" },
	{ .name = "no-cache", FLAG(no_cache), .help = "Do every step anew" },
	{ .name = "print", FLAG(print), .help = "Show what would be built, as JSON" },
	{ .name = "progress",
	  FLAG(progress),
	  .choices = progress_modes,
	  .value = "kind",
	  .help = "How to show what is going on" },
	{ .name = "pull",
	  FLAG(pull),
	  .help = "Ask the registries also for images that the store has" },
	{ .name = "push", FLAG(push), .help = "As --set '*.output=type=registry'" },
	{ .name = "resource",
	  FLAG(resources),
	  .value = "name=value",
	  .help = "A limit of every RUN as a whole, such as memory=2g or cpu-quota=150000" },
	{ .name = "set",
	  FLAG(overrides),
	  .value = "target.key=value",
	  .help = "Give a target, or all that a pattern fits, another value" },
	{ .name = "var",
	  FLAG(values),
	  .value = "name=value",
	  .help = "Give a variable another value" },
	IGNORED("builder", "there is one builder"),
	IGNORED("provenance", "no attestations are made"),
	IGNORED("sbom", "no attestations are made"),
	{ 0 },
};

/* ---- showing ---- */

static int print(const json_t *document, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	char *dump = json_dumps(document, JSON_INDENT(2));

	if (!dump)
		return error_set(err, -EINVAL, "the result cannot be written as JSON");
	buf_add_string(&text, dump);
	buf_add_char(&text, '\n');
	free(dump);
	return output_write(&text, err);
}

static int list_names(const struct bake *bake, const char *what, struct error *err)
{
	bool variables = strcmp(what, "variables") == 0;
	cleanup_with(buf_release) struct buf text = { 0 };
	json_t *names = variables ? bake->variables : bake->targets, *value;
	const char *name;

	json_object_foreach(names, name, value)
	{
		const char *more = json_string_value(
			variables ? value : json_object_get(value, "description"));

		buf_add_format(&text, "%s%s%s\n", name, more && *more ? "\t" : "",
			       more ? more : "");
	}
	return output_write(&text, err);
}

/* ---- building ---- */

/* All builds of a run. */
struct batch {
	struct bake_job *items;
	struct bake_outcome *outcomes;
	size_t count;
};

static void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		bake_job_release(&batch->items[i]);
		bake_outcome_release(&batch->outcomes[i]);
	}
	free(batch->items);
	free(batch->outcomes);
}
DEFINE_CLEANUP_VALUE(struct batch, batch_release);

static int make_jobs(const struct bake_flags *flags, const json_t *targets,
		     const struct strings *helpers, struct batch *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings warnings = { 0 };
	size_t count = json_object_size(targets);
	const char *name;
	json_t *target;
	int r = 0;

	ret->items = xcalloc(count + 1, sizeof *ret->items);
	ret->outcomes = xcalloc(count + 1, sizeof *ret->outcomes);
	json_object_foreach((json_t *)(uintptr_t)targets, name, target)
	{
		if (r == 0)
			r = bake_job_make(name, target, flags, strings_contain(helpers, name),
					  &ret->items[ret->count++], &warnings, err);
	}
	for (size_t i = 0; i < warnings.count; i++)
		output_warn("%s", warnings.items[i]);
	return r;
}

static int write_metadata(const struct batch *batch, const char *path, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r;

	buf_add_char(&text, '{');
	for (size_t i = 0; i < batch->count; i++) {
		buf_add_format(&text, "%s\"%s\":", i ? "," : "", batch->items[i].name);
		build_add_metadata(&text, &batch->outcomes[i].built);
	}
	buf_add_string(&text, "}\n");
	r = file_replace(AT_FDCWD, path, text.data, text.length, 0644, false);
	return r < 0 ? error_errno(err, r, "cannot write '%s'", path) : 0;
}

/* What --call asked for, and the status to exit with. */
static int write_answers(const struct batch *batch)
{
	int status = EXIT_OK;

	for (size_t i = 0; i < batch->count; i++) {
		const struct build_result *built = &batch->outcomes[i].built;
		cleanup_with(buf_release) struct buf title = { 0 };

		if (!built->answer.length)
			continue;
		if (batch->count > 1)
			buf_add_format(&title, "%s%s:\n", i ? "\n" : "", batch->items[i].name);
		(void)output_write(&title, NULL);
		(void)output_write(&built->answer, NULL);
		if (built->status)
			status = EXIT_BUILD_FAILED;
	}
	return status;
}

static void add_failure(const struct batch *batch, size_t index, struct buf *ret)
{
	const struct bake_outcome *outcome = &batch->outcomes[index];
	const struct buf *excerpt = &outcome->built.excerpt;
	const char *name = batch->items[index].name;

	buf_append(ret, excerpt->data, excerpt->length);
	if (outcome->blocked_by)
		buf_add_format(ret, "ERROR: target %s: not begun: it needs target %s\n", name,
			       outcome->blocked_by);
	else
		buf_add_format(ret, "ERROR: target %s: failed to build: %s\n", name,
			       outcome->error.text[0] ? outcome->error.text
						      : error_words(outcome->result));
}

/* What the first failure cancelled needs no words; of those that keep going each has its own. */
static int report_failure(const struct batch *batch, size_t failed, bool keep_going)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	for (size_t i = 0; keep_going && i < batch->count; i++) {
		if (batch->outcomes[i].result < 0)
			add_failure(batch, i, &text);
	}
	if (!keep_going)
		add_failure(batch, failed, &text);
	(void)output_write_fd(STDERR_FILENO, text.data, text.length);
	return EXIT_BUILD_FAILED;
}

static int open_progress(const struct invocation *call, struct progress **ret, struct error *err)
{
	const struct bake_flags *flags = call->options;
	struct progress_options how = { .fd = STDERR_FILENO };
	int r = progress_mode_choose(flags->progress, call->environment, &how.mode, err);

	how.expand_warnings = call->environment->debug;
	return r < 0 ? r : progress_open(&how, ret, err);
}

static int build(const struct invocation *call, struct batch *batch, struct error *err)
{
	cleanup_with(progress_free) struct progress *progress = NULL;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(strings_release) struct strings insecure = { 0 };
	const struct bake_flags *flags = call->options;
	struct bake_run run = { .items = batch->items,
				.count = batch->count,
				.keep_going = flags->keep_going,
				.jobserver_fifo = strcmp(flags->jobserver_style, "fifo") == 0,
				.jobs = flags->jobs > UINT16_MAX ? UINT16_MAX
								 : (unsigned)flags->jobs };
	size_t failed;
	int r = build_jobserver_read(flags->jobserver, &run.jobserver_jobs, err);

	if (r == 0)
		r = interrupt_catch(&run.cancel_fd, err);
	if (r == 0)
		r = access_store(call, STORE_CREATE, &store, err);
	if (r == 0)
		r = environment_insecure_registries(call->environment, &insecure, err);
	if (r == 0)
		r = open_progress(call, &progress, err);
	if (r < 0)
		return r;
	run.store = store;
	run.insecure_registries = &insecure;
	run.sink = progress_sink(progress);
	r = bake_run(&run, batch->outcomes, &failed);
	progress_finish(progress);
	if (r == -ECANCELED)
		return r;
	if (r < 0) {
		(void)write_answers(batch);
		return report_failure(batch, failed, flags->keep_going);
	}
	if (flags->metadata_file)
		r = write_metadata(batch, flags->metadata_file, err);
	return r < 0 ? r : write_answers(batch);
}

static int build_all(const struct invocation *call, const json_t *document,
		     const struct strings *helpers, struct error *err)
{
	cleanup_with(batch_release) struct batch batch = { 0 };
	int r = make_jobs(call->options, json_object_get(document, "target"), helpers, &batch, err);

	if (r == 0 && batch.count == 0)
		return EXIT_OK;
	return r < 0 ? r : build(call, &batch, err);
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 }, helpers = { 0 };
	cleanup_with(bake_release) struct bake bake = { 0 };
	const struct bake_flags *flags = call->options;
	json_t *document = NULL;
	int r;

	bake_init(&bake);
	for (size_t i = 0; i < call->operand_count; i++)
		strings_add(&names, call->operands[i]);
	r = bake_read(&flags->files, &flags->values, &bake, err);
	if (r == 0 && flags->list)
		return list_names(&bake, flags->list, err);
	if (r == 0)
		r = bake_resolve(&bake, &names, &flags->overrides, &helpers, &document, err);
	if (r == 0 && flags->print)
		r = print(document, err);
	else if (r == 0)
		r = build_all(call, document, &helpers, err);
	json_decref(document);
	return r;
}

const struct verb verb_bake = {
	.name = "bake",
	.summary = "Build what a bake or compose file describes",
	.operands = "[TARGET...]",
	.description =
		"The file is docker-bake.json or compose.yaml of the working directory, or what --file\n"
		"names. Without a TARGET the group or target 'default' is built.\n"
		"\n"
		"All targets are built side by side, and a step that several have runs once.\n"
		"\n"
		"Exits with 1 when a build fails.",
	.group = "Building",
	.options = options,
	.values_size = sizeof(struct bake_flags),
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
