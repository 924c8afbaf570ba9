/* SPDX-License-Identifier: Apache-2.0 */
/* The command: finds the verb, reads its options, runs it, and turns errors into words. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/snapshot/keyed.h"
#include "fs/snapshot/server.h"
#include "tools/environment.h"
#include "tools/help.h"
#include "tools/mount_helper.h"
#include "tools/output.h"
#include "tools/suggest.h"
#include "tools/verb.h"
#include "tools/version.h"

/* tools/verbs.def is made by meson from its list of verbs: VERB(version) VERB(help) … */
#define VERB(name) extern const struct verb verb_##name;
#include "tools/verbs.def"
#undef VERB

#define VERB(name) &verb_##name,
static const struct verb *const verbs[] = {
#include "tools/verbs.def"
	NULL,
};
#undef VERB

struct global_options {
	bool help, version, debug;
	const char *store;
};

static const struct option_spec global_options[] = {
	{ .name = "debug",
	  .letter = 'D',
	  .flags = OPTION_GLOBAL,
	  OPTION_AT(struct global_options, debug),
	  .help = "Say more: codes of errors, details of warnings" },
	{ .name = "help",
	  .letter = 'h',
	  .flags = OPTION_GLOBAL,
	  OPTION_AT(struct global_options, help),
	  .help = "Show this text" },
	{ .name = "store",
	  .flags = OPTION_GLOBAL,
	  OPTION_AT(struct global_options, store),
	  .help = "Directory of the store, in place of $VARVE_STORE",
	  .value = "directory",
	  .completion = COMPLETE_DIRECTORY },
	{ .name = "version",
	  .letter = 'v',
	  OPTION_AT(struct global_options, version),
	  .help = "Print the version and quit" },
	{ 0 },
};

static const struct verb root_verb = {
	.name = "varve",
	.summary = "Build Dockerfiles without root, and keep every state of every build readable",
	.options = global_options,
	.children = verbs,
};

/* The way from the root to the verb that was asked for, and what was read on it. */
struct call {
	const char *const *argv;
	size_t at; /* the argument to read next */
	const struct verb *verb;
	struct buf path; /* "varve cache ls" */
	struct global_options global;
	void *values; /* of the verb's own options */
	struct strings operands, warnings;
	struct environment environment;
};

static void call_release(struct call *call)
{
	if (call->verb && call->verb != &root_verb)
		options_release(call->verb->options, call->values);
	free(call->values);
	buf_release(&call->path);
	strings_release(&call->operands);
	strings_release(&call->warnings);
	environment_release(&call->environment);
}
DEFINE_CLEANUP_VALUE(struct call, call_release);

static int refuse_verb(const struct call *call, const char *name, struct error *err)
{
	struct suggestion best;

	suggestion_begin(&best, name, strlen(name));
	for (const struct verb *const *child = call->verb->children; *child; child++) {
		if (!((*child)->flags & VERB_HIDDEN))
			suggestion_offer(&best, (*child)->name);
	}
	if (best.word)
		return error_set(err, -EINVAL, "'%s' is no command of %s; did you mean '%s'?", name,
				 buf_string(&call->path), best.word);
	return error_set(err, -EINVAL, "'%s' is no command of %s", name, buf_string(&call->path));
}

/* Step down to the child that the next argument names. */
static int enter_child(struct call *call, struct error *err)
{
	const char *name = call->argv[call->at];

	/* `alias docker=varve`: plug-ins there, nothing here. */
	if (call->verb == &root_verb && strcmp(name, "buildx") == 0 && call->argv[call->at + 1])
		name = call->argv[++call->at];
	for (const struct verb *const *child = call->verb->children; *child; child++) {
		if (strcmp((*child)->name, name) == 0) {
			call->verb = *child;
			call->at++;
			buf_add_format(&call->path, " %s", name);
			return 0;
		}
	}
	return refuse_verb(call, name, err);
}

/* Read the options of the verb the call stands at, and of the command itself. */
static int read_options(struct call *call, struct error *err)
{
	bool at_root = call->verb == &root_verb;
	struct option_scope scopes[] = {
		{ at_root ? NULL : call->verb->options, call->values, false },
		{ global_options, &call->global, !at_root },
	};
	struct option_reading reading = {
		.scopes = scopes,
		.scope_count = 2,
		.stop_at_operand = call->verb->children != NULL,
		.operands = &call->operands,
		.warnings = &call->warnings,
	};

	return options_parse(&reading, call->argv, &call->at, err);
}

/* Walk down to the verb that has no more below it, or for which the arguments end. */
static int read_command_line(struct call *call, struct error *err)
{
	int r;

	for (;;) {
		r = read_options(call, err);
		if (r < 0 || !call->verb->children || !call->argv[call->at])
			return r;
		r = enter_child(call, err);
		if (r < 0)
			return r;
		assert(!call->values); /* a verb with children has only global options */
		if (call->verb->options) {
			call->values = xcalloc(1, call->verb->values_size);
			options_init(call->verb->options, call->values);
		}
	}
}

static int check_operands(const struct call *call, struct error *err)
{
	const struct verb *verb = call->verb;
	size_t count = call->operands.count;

	if (count < verb->min_operands && verb->operands)
		return error_set(err, -EINVAL, "'%s' needs %s", buf_string(&call->path),
				 verb->operands);
	if (count > verb->max_operands && verb->max_operands == 0)
		return error_set(err, -EINVAL, "'%s' takes no arguments, but was given '%s'",
				 buf_string(&call->path), call->operands.items[0]);
	if (count > verb->max_operands)
		return error_set(err, -EINVAL, "one argument too many for '%s': '%s'",
				 buf_string(&call->path), call->operands.items[verb->max_operands]);
	return 0;
}

static int print_help(const struct call *call, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	help_add(&text, &root_verb, call->verb, buf_string(&call->path), output_width(1, 80));
	return output_write(&text, err);
}

static int print_version(struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	buf_add_string(&text, "varve version " VARVE_VERSION "\n");
	return output_write(&text, err);
}

static int run_verb(struct call *call, struct error *err)
{
	struct invocation invocation = {
		.verb = call->verb,
		.root = &root_verb,
		.path = buf_string(&call->path),
		.options = call->values,
		.operands = strings_argv(&call->operands),
		.operand_count = call->operands.count,
		.environment = &call->environment,
	};
	int r;

	r = check_operands(call, err);
	if (r < 0)
		return r;
	call->environment.store_option = call->global.store;
	call->environment.debug = call->global.debug;
	return call->verb->run(&invocation, err);
}

static int run_call(struct call *call, struct error *err)
{
	int r;

	r = read_command_line(call, err);
	for (size_t i = 0; i < call->warnings.count; i++)
		output_warn("%s", call->warnings.items[i]);
	if (r < 0)
		return r;
	if (call->global.version)
		return print_version(err);
	if (call->global.help || (call->verb->children && call->verb == &root_verb))
		return print_help(call, err);
	if (call->verb->children)
		return error_set(err, -EINVAL, "'%s' needs a command", buf_string(&call->path));
	return run_verb(call, err);
}

/* Say what went wrong; the exit status. */
static int report(const struct call *call, int code, const struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	if (code == -ECANCELED)
		return EXIT_INTERRUPTED;
	buf_add_format(&text, "varve: %s", err->text[0] ? err->text : error_words(code));
	if (call->global.debug && strerrorname_np(-code))
		buf_add_format(&text, " [%s]", strerrorname_np(-code));
	buf_add_char(&text, '\n');
	if (code == -EINVAL)
		buf_add_format(&text, "See '%s --help'.\n", buf_string(&call->path));
	(void)output_write_fd(STDERR_FILENO, text.data, text.length);
	return EXIT_TROUBLE;
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *const *verb = verbs; *verb; verb++) {
		if (strcmp((*verb)->name, name) == 0)
			return *verb;
	}
	return NULL;
}

static void say_waiting(const char *text)
{
	output_warn("waiting for %s", text);
}

int main(int argc, char **argv)
{
	cleanup_with(call_release) struct call call = { .argv = (const char *const *)argv,
							.verb = &root_verb };
	struct error err = { 0 };
	int status, r;

	/* Started anew to serve a filesystem: see fs/snapshot/server.h. */
	if (argc == 2 && strcmp(argv[1], SERVER_VERB) == 0)
		return server_main(SERVER_FD);
	fault_init();
	keyed_on_waiting(say_waiting);
	if (mount_helper_called(argc, argv, argc > 1 && find_verb(argv[1])))
		return mount_helper_main(argc, argv);
	buf_add_string(&call.path, root_verb.name);
	call.at = argc > 0 ? 1 : 0;
	status = run_call(&call, &err);
	if (status < 0)
		return report(&call, status, &err);
	r = output_finish(&err);
	return r < 0 ? report(&call, r, &err) : status;
}
