/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/help.h"
#include "tools/verb.h"

struct given {
	bool all;
	const char *mode, *link;
	struct strings names;
};

static const char *const modes[] = { "fast", "good", NULL };

static const struct option_spec options[] = {
	{ .name = "all", .letter = 'a', OPTION_AT(struct given, all), .help = "Take all of them" },
	{ .name = "link",
	  OPTION_AT(struct given, link),
	  .implied = "true",
	  .value = "bool",
	  .help = "Link" },
	{ .name = "mode",
	  OPTION_AT(struct given, mode),
	  .initial = "fast",
	  .choices = modes,
	  .help = "How it is done, in so many words that they do not fit on a single line" },
	{ .name = "secretly", .flags = OPTION_HIDDEN, OPTION_AT(struct given, all), .help = "" },
	{ .name = "old", .flags = OPTION_NO_EFFECT, .kind = OPTION_BOOL },
	{ 0 },
};

static const struct option_spec global_options[] = {
	{ .name = "names",
	  .letter = 'n',
	  .flags = OPTION_GLOBAL,
	  OPTION_AT(struct given, names),
	  .help = "Names" },
	{ .name = "version", OPTION_AT(struct given, all), .help = "Version" },
	{ 0 },
};

static const struct verb paint = {
	.name = "paint",
	.summary = "Paint a thing",
	.operands = "THING [COLOR]",
	.description =
		"A first paragraph that is long enough to be broken somewhere.\n\nA second one.",
	.options = options,
};
static const struct verb wash = { .name = "wash", .summary = "Wash it", .group = "Other Commands" };
static const struct verb dry = { .name = "dry", .summary = "Dry it" };
static const struct verb ghost = { .name = "ghost", .summary = "Unseen", .flags = VERB_HIDDEN };
static const struct verb *const verbs[] = { &paint, &wash, &ghost, &dry, NULL };
static const struct verb root = {
	.name = "thing",
	.summary = "Treat things",
	.options = global_options,
	.children = verbs,
};

static void test_a_verb_shows_usage_options_and_those_of_the_command(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	help_add(&text, &root, &paint, "thing paint", 60);
	assert_string_equal(buf_string(&text),
			    "Usage:  thing paint [OPTIONS] THING [COLOR]\n"
			    "\n"
			    "Paint a thing\n"
			    "\n"
			    "A first paragraph that is long enough to be broken\n"
			    "somewhere.\n"
			    "\n"
			    "A second one.\n"
			    "\n"
			    "Options:\n"
			    "  -a, --all           Take all of them\n"
			    "      --link[=bool]   Link\n"
			    "      --mode string   How it is done, in so many words that\n"
			    "                      they do not fit on a single line\n"
			    "                      (\"fast\", \"good\") (default \"fast\")\n"
			    "\n"
			    "Global Options:\n"
			    "  -n, --names list   Names\n");
}

static void test_the_command_shows_its_verbs_in_groups(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	help_add(&text, &root, &root, "thing", 80);
	assert_string_equal(buf_string(&text),
			    "Usage:  thing [OPTIONS] COMMAND\n"
			    "\n"
			    "Treat things\n"
			    "\n"
			    "Commands:\n"
			    "  paint   Paint a thing\n"
			    "  dry     Dry it\n"
			    "\n"
			    "Other Commands:\n"
			    "  wash    Wash it\n"
			    "\n"
			    "Options:\n"
			    "  -n, --names list   Names\n"
			    "      --version      Version\n"
			    "\n"
			    "Run 'thing COMMAND --help' for more information on a command.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_verb_shows_usage_options_and_those_of_the_command),
		cmocka_unit_test(test_the_command_shows_its_verbs_in_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
