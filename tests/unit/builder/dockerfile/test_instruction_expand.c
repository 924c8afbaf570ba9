/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/instruction_expand.h"
#include "fs/base/strings.h"
#include "tests/unit/builder/dockerfile/parsing.h"

static struct parsed p;
static struct arena arena;
static struct strings env;
static struct error err;

static struct instruction expand(const char *text)
{
	struct expander expander = { .escape = '\\', .env = expand_env_of(&env) };
	struct instruction expanded = { 0 };

	assert_ok(instruction_expand(parse_one(&p, text), &expander, &arena, &expanded, &err), err);
	return expanded;
}

static void test_V07_copy_and_add(void **state)
{
	struct instruction in =
		expand("COPY --from=s --chown=$v:$v --chmod=$m --exclude=$v \"$v\" b$v c/$v");

	(void)state;
	assert_words(&in.copy.sources, "value|bvalue");
	assert_string_equal(in.copy.destination, "c/value");
	assert_string_equal(in.copy.chown, "value:value");
	assert_string_equal(in.copy.chmod, "0755");
	assert_words(&in.copy.excludes, "$v");
	assert_null(in.copy.checksum);
	in = expand("ADD --checksum=sha256:$v https://x/$v /");
	assert_string_equal(in.copy.checksum, "sha256:value");
	assert_words(&in.copy.sources, "https://x/value");
}

static void test_H12_files_are_expanded_unless_their_name_is_quoted(void **state)
{
	struct instruction in = expand("COPY <<a <<'b' /$v/\n\"$v\" '$v' \\$v it's\na\n$v\nb\n");

	(void)state;
	assert_string_equal(in.copy.files[0].content, "\"value\" 'value' $v it's\n");
	assert_int_equal(in.copy.files[0].content_size, strlen(in.copy.files[0].content));
	assert_string_equal(in.copy.files[1].content, "$v\n");
}

static void test_V06_pairs_use_the_environment_in_front(void **state)
{
	struct instruction in = expand("ENV v=new w=$v $v=\"a $v\"");

	(void)state;
	assert_string_equal(in.pairs.items[0].value, "new");
	assert_string_equal(in.pairs.items[1].value, "value");
	assert_string_equal(in.pairs.items[2].key, "value");
	assert_string_equal(in.pairs.items[2].value, "a value");
	assert_string_equal(expand("LABEL a=$v").pairs.items[0].value, "value");
}

static void test_V07_words_and_lines(void **state)
{
	struct instruction in = expand("EXPOSE $ports 9$none $none");

	(void)state;
	assert_words(&in.words.words, "80|81/udp|9");
	in = expand("VOLUME /$v $ports");
	assert_words(&in.words.words, "/value|80 81/udp");
	assert_string_equal(expand("USER $v:\"$v\"").text.text, "value:value");
	assert_string_equal(expand("WORKDIR ${v%ue}").text.text, "val");
	assert_string_equal(expand("STOPSIGNAL $v").text.text, "value");
}

static void test_V08_what_is_not_expanded(void **state)
{
	(void)state;
	assert_string_equal(expand("RUN $v").run.command.args.items[0], "$v");
	assert_string_equal(expand("CMD $v").command.args.items[0], "$v");
	assert_string_equal(expand("SHELL [\"$v\"]").words.words.items[0], "$v");
	assert_string_equal(expand("HEALTHCHECK CMD $v").health.test.items[1], "$v");
	assert_string_equal(expand("MAINTAINER $v").text.text, "$v");
	assert_string_equal(expand("ARG a=$v").arg.items[0].value, "$v");
}

static void test_errors_leave_the_result_alone(void **state)
{
	struct expander expander = { .escape = '\\' };
	struct instruction expanded = { .keyword = KEYWORD_RUN };

	(void)state;
	assert_int_equal(instruction_expand(parse_one(&p, "WORKDIR ${x?gone}"), &expander, &arena,
					    &expanded, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "x: gone"));
	assert_int_equal(expanded.keyword, KEYWORD_RUN);
	assert_int_equal(instruction_expand(parse_one(&p, "COPY <<a /\n${x?gone}\na\n"), &expander,
					    &arena, &expanded, &err),
			 -EINVAL);
	assert_int_equal(instruction_expand(parse_one(&p, "EXPOSE ${x?gone}"), &expander, &arena,
					    &expanded, &err),
			 -EINVAL);
}

static void test_V08_from_of_copy_has_no_variables(void **state)
{
	(void)state;
	assert_int_equal(copy_check_from(&parse_one(&p, "COPY a b")->copy, '\\', &err), 0);
	assert_int_equal(copy_check_from(&parse_one(&p, "COPY --from=a$ a b")->copy, '\\', &err),
			 0);
	assert_int_equal(copy_check_from(&parse_one(&p, "COPY --from=$v a b")->copy, '\\', &err),
			 -EINVAL);
	assert_string_equal(err.text,
			    "variable expansion is not supported for --from, define a new stage "
			    "with FROM using ARG from global scope as a workaround");
}

static int set_up(void **state)
{
	(void)state;
	strings_add(&env, "v=value");
	strings_add(&env, "m=0755");
	strings_add(&env, "ports=80 81/udp");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	parsed_release(&p);
	arena_release(&arena);
	strings_release(&env);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_V07_copy_and_add),
		cmocka_unit_test(test_H12_files_are_expanded_unless_their_name_is_quoted),
		cmocka_unit_test(test_V06_pairs_use_the_environment_in_front),
		cmocka_unit_test(test_V07_words_and_lines),
		cmocka_unit_test(test_V08_what_is_not_expanded),
		cmocka_unit_test(test_errors_leave_the_result_alone),
		cmocka_unit_test(test_V08_from_of_copy_has_no_variables),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
