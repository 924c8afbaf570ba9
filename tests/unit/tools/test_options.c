/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/strings.h"
#include "tests/lib/unit.h"
#include "tools/options.h"

struct given {
	bool quiet, pull;
	const char *file, *progress, *link;
	struct strings tags, platforms;
	uint64_t memory, jobs;
	int64_t keep;
};

static const char *const kinds[] = { "auto", "plain", "tty", NULL };

static const struct option_spec specs[] = {
	{ .name = "quiet", .letter = 'q', OPTION_AT(struct given, quiet), .help = "" },
	{ .name = "pull", OPTION_AT(struct given, pull), .help = "" },
	{ .name = "file", .letter = 'f', OPTION_AT(struct given, file), .help = "" },
	{ .name = "progress",
	  OPTION_AT(struct given, progress),
	  .initial = "auto",
	  .choices = kinds,
	  .help = "" },
	{ .name = "link", OPTION_AT(struct given, link), .implied = "true", .help = "" },
	{ .name = "tag", .letter = 't', OPTION_AT(struct given, tags), .help = "" },
	{ .name = "platform",
	  .flags = OPTION_COMMAS,
	  OPTION_AT(struct given, platforms),
	  .help = "" },
	{ .name = "memory-limit",
	  .letter = 'm',
	  .flags = OPTION_BYTES,
	  OPTION_AT(struct given, memory),
	  .help = "" },
	{ .name = "jobs",
	  .letter = 'j',
	  OPTION_AT(struct given, jobs),
	  .initial = "4",
	  .help = "" },
	{ .name = "keep", OPTION_AT(struct given, keep), .help = "" },
	{ .name = "compress",
	  .flags = OPTION_NO_EFFECT,
	  .kind = OPTION_BOOL,
	  .help = "it is done anyway" },
	{ .name = "isolation", .flags = OPTION_NO_EFFECT, .kind = OPTION_STRING },
	{ 0 },
};

struct fixture {
	struct given given;
	struct strings operands, warnings;
	struct error err;
	size_t at;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	options_init(specs, &f->given);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	options_release(specs, &f->given);
	strings_release(&f->operands);
	strings_release(&f->warnings);
	free(f);
	return 0;
}

/* Arguments end in NULL. */
static int parse(struct fixture *f, bool stop, const char *const *argv)
{
	struct option_scope scope = { specs, &f->given, false };
	struct option_reading reading = { &scope, 1, stop, &f->operands, &f->warnings };

	f->at = 0;
	return options_parse(&reading, argv, &f->at, &f->err);
}

#define PARSE(f, ...) parse(f, false, (const char *const[]){ __VA_ARGS__, NULL })

static void test_values_may_follow_in_every_form_docker_takes(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "-t", "a", "-tb", "-t=c", "--tag", "d", "--tag=e", "--tag="), f->err);
	assert_int_equal(f->given.tags.count, 6);
	assert_string_equal(f->given.tags.items[1], "b");
	assert_string_equal(f->given.tags.items[2], "c");
	assert_string_equal(f->given.tags.items[4], "e");
	assert_string_equal(f->given.tags.items[5], "");
}

static void test_operands_and_options_mix_until_two_dashes(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, ".", "-q", "-", "--", "--pull", "-x"), f->err);
	assert_true(f->given.quiet);
	assert_false(f->given.pull);
	assert_int_equal(f->operands.count, 4);
	assert_string_equal(f->operands.items[1], "-");
	assert_string_equal(f->operands.items[2], "--pull");
}

static void test_reading_can_stop_at_the_first_operand(void **state)
{
	struct fixture *f = *state;
	const char *const argv[] = { "-q", "build", "--pull", NULL };

	assert_ok(parse(f, true, argv), f->err);
	assert_int_equal(f->at, 1);
	assert_true(f->given.quiet);
	assert_false(f->given.pull);
	assert_int_equal(f->operands.count, 0);
}

static void test_switches_stand_together_before_a_value(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "-qffile"), f->err);
	assert_true(f->given.quiet);
	assert_string_equal(f->given.file, "file");
}

static void test_switches_take_truth_values(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "--quiet", "--pull=1", "--quiet=false"), f->err);
	assert_false(f->given.quiet);
	assert_true(f->given.pull);
	assert_int_equal(PARSE(f, "--pull=maybe"), -EINVAL);
	assert_string_equal(f->err.text, "'--pull' takes true or false, not 'maybe'");
}

static void test_an_optional_value_must_be_tied_on(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "--link", "x"), f->err);
	assert_string_equal(f->given.link, "true");
	assert_string_equal(f->operands.items[0], "x");
	assert_ok(PARSE(f, "--link=false"), f->err);
	assert_string_equal(f->given.link, "false");
}

static void test_initial_values_stand_until_replaced(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(f->given.progress, "auto");
	assert_int_equal(f->given.jobs, 4);
	assert_null(f->given.file);
	assert_ok(PARSE(f, "--progress", "tty", "--progress=plain", "-j8"), f->err);
	assert_string_equal(f->given.progress, "plain");
	assert_int_equal(f->given.jobs, 8);
}

static void test_choices_are_the_only_values(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "--progress=loud"), -EINVAL);
	assert_string_equal(f->err.text,
			    "'--progress' takes one of 'auto', 'plain', 'tty', not 'loud'");
}

static void test_numbers_sizes_and_times_are_understood(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "-m", "64m", "--keep=1h30m"), f->err);
	assert_int_equal(f->given.memory, 64 << 20);
	assert_true(f->given.keep == 5400LL * 1000000000);
	assert_int_equal(PARSE(f, "-j", "many"), -EINVAL);
	assert_string_equal(f->err.text, "'-j' takes a whole number, not 'many'");
	assert_int_equal(PARSE(f, "-m", "lots"), -EINVAL);
	assert_string_equal(f->err.text, "'-m' takes a size such as '64m', not 'lots'");
}

static void test_lists_may_be_separated_by_commas_where_the_table_says_so(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "--platform=linux/amd64,linux/arm64", "--platform", "a,,b", "-t", "x,y"),
		  f->err);
	assert_int_equal(f->given.platforms.count, 4);
	assert_string_equal(f->given.platforms.items[1], "linux/arm64");
	assert_int_equal(f->given.tags.count, 1);
}

static void test_options_without_effect_are_taken_with_a_warning(void **state)
{
	struct fixture *f = *state;

	assert_ok(PARSE(f, "--compress", "--isolation", "default", "."), f->err);
	assert_int_equal(f->operands.count, 1);
	assert_int_equal(f->warnings.count, 2);
	assert_string_equal(f->warnings.items[0], "--compress has no effect: it is done anyway");
	assert_string_equal(f->warnings.items[1], "--isolation has no effect");
}

static void test_a_mistyped_option_is_guessed_at(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "--plarform=x"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '--plarform'; did you mean '--platform'?");
	assert_int_equal(PARSE(f, "--zzzzzz"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '--zzzzzz'");
	/* Hidden ones are not proposed, beginnings are not taken for the whole. */
	assert_int_equal(PARSE(f, "--compres"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '--compres'");
	assert_int_equal(PARSE(f, "--qui"), -EINVAL);
	assert_int_equal(PARSE(f, "-qx"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '-x' in '-x'");
}

static void test_a_missing_value_is_an_error(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "--file"), -EINVAL);
	assert_string_equal(f->err.text, "'--file' needs a value");
	assert_int_equal(PARSE(f, "-qf"), -EINVAL);
	assert_string_equal(f->err.text, "'-f' needs a value");
}

static void test_scopes_are_searched_in_order_and_may_show_only_global_ones(void **state)
{
	static const struct option_spec above[] = {
		{ .name = "debug",
		  .letter = 'q',
		  .flags = OPTION_GLOBAL,
		  OPTION_AT(struct given, quiet),
		  .help = "" },
		{ .name = "version", OPTION_AT(struct given, pull), .help = "" },
		{ 0 },
	};
	struct fixture *f = *state;
	struct given root = { 0 };
	struct option_scope scopes[] = { { specs, &f->given, false }, { above, &root, true } };
	struct option_reading reading = { scopes, 2, false, &f->operands, &f->warnings };
	const char *const good[] = { "-q", "--debug", NULL };
	const char *const bad[] = { "--version", NULL };
	size_t at = 0;

	assert_ok(options_parse(&reading, good, &at, &f->err), f->err);
	assert_true(f->given.quiet);
	assert_true(root.quiet);
	at = 0;
	assert_int_equal(options_parse(&reading, bad, &at, &f->err), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values_may_follow_in_every_form_docker_takes),
		TEST(test_operands_and_options_mix_until_two_dashes),
		TEST(test_reading_can_stop_at_the_first_operand),
		TEST(test_switches_stand_together_before_a_value),
		TEST(test_switches_take_truth_values),
		TEST(test_an_optional_value_must_be_tied_on),
		TEST(test_initial_values_stand_until_replaced),
		TEST(test_choices_are_the_only_values),
		TEST(test_numbers_sizes_and_times_are_understood),
		TEST(test_lists_may_be_separated_by_commas_where_the_table_says_so),
		TEST(test_options_without_effect_are_taken_with_a_warning),
		TEST(test_a_mistyped_option_is_guessed_at),
		TEST(test_a_missing_value_is_an_error),
		TEST(test_scopes_are_searched_in_order_and_may_show_only_global_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
