/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/dockerfile/parsing.h"

static struct parsed p;

static void test_L12_flags_that_are_wrong(void **state)
{
	(void)state;
	assert_string_equal(refuse_one(&p, "COPY --form=x a b"),
			    "unknown flag: --form (did you mean from?)");
	assert_string_equal(refuse_one(&p, "COPY --keep-git-dir a b"),
			    "unknown flag: --keep-git-dir");
	assert_string_equal(refuse_one(&p, "COPY --from=a --from=b a b"),
			    "duplicate flag specified: --from");
	assert_string_equal(refuse_one(&p, "COPY --from a b"), "missing a value on flag: --from");
	assert_string_equal(refuse_one(&p, "COPY --link= a b"), "missing a value on flag: --link");
	assert_string_equal(refuse_one(&p, "COPY --link=1 a b"),
			    "expecting boolean value for flag --link, not: 1");
	assert_string_equal(refuse_one(&p, "COPY --exclude a b"),
			    "missing a value on flag: --exclude");
	assert_string_equal(refuse_one(&p, "ENV --a b=c"), "unknown flag: --a");
}

static void test_L12_flags_that_are_right(void **state)
{
	const struct copy_instruction *copy =
		&parse_one(&p, "COPY --link=TRUE --parents=false --chown= a b")->copy;

	(void)state;
	assert_true(copy->link);
	assert_false(copy->parents);
	assert_string_equal(copy->chown, "");
	assert_null(copy->chmod);
	assert_null(copy->from);
}

static void test_I03_run(void **state)
{
	const struct run_instruction *run = &parse_one(&p, "RUN a  b")->run;

	(void)state;
	assert_false(run->command.exec_form);
	assert_words(&run->command.args, "a  b");
	assert_int_equal(run->mounts.count, 0);
	run = &parse_one(&p, "RUN --mount=a --mount=target=/x [\"a\", \"b\"]")->run;
	assert_true(run->command.exec_form);
	assert_words(&run->command.args, "a|b");
	assert_words(&run->mounts, "a|target=/x");
	run = &parse_one(&p, "RUN")->run;
	assert_int_equal(run->command.args.count, 0);
}

static void test_R10_R11_network_and_security(void **state)
{
	(void)state;
	assert_int_equal(parse_one(&p, "RUN --network=host a")->run.network, RUN_NETWORK_HOST);
	assert_int_equal(parse_one(&p, "RUN --network=none a")->run.network, RUN_NETWORK_NONE);
	assert_int_equal(parse_one(&p, "RUN --network=default a")->run.network,
			 RUN_NETWORK_DEFAULT);
	assert_int_equal(parse_one(&p, "RUN --security=insecure a")->run.security,
			 RUN_SECURITY_INSECURE);
	assert_int_equal(parse_one(&p, "RUN --security=sandbox a")->run.security,
			 RUN_SECURITY_SANDBOX);
	assert_string_equal(refuse_one(&p, "RUN --network=fake a"),
			    "invalid network mode \"fake\"");
	assert_string_equal(refuse_one(&p, "RUN --network= a"), "invalid network mode \"\"");
	assert_string_equal(refuse_one(&p, "RUN --security=x a"), "security \"x\" is not valid");
}

static void assert_device(const char *row, const char *name, bool required)
{
	cleanup_free char *text = NULL;
	const struct run_instruction *run;

	assert_true(asprintf(&text, "RUN --device=%s true", row) > 0);
	run = &parse_one(&p, text)->run;
	assert_int_equal(run->device_count, 1);
	assert_string_equal(run->devices[0].name, name);
	assert_int_equal(run->devices[0].required, required);
}

static void test_R12_devices(void **state)
{
	(void)state;
	assert_device("v.com/d=foo", "v.com/d=foo", false);
	assert_device("v.com/d", "v.com/d", false);
	assert_device("v.com/d=foo,required", "v.com/d=foo", true);
	assert_device("v.com/d=foo,Required=true", "v.com/d=foo", true);
	assert_device("required=false,name=v.com/d=foo", "v.com/d=foo", false);
	assert_device("required", "", true);
	assert_string_equal(refuse_one(&p, "RUN --device=a=b,name=c x"),
			    "device name already set to a=b");
	assert_string_equal(refuse_one(&p, "RUN --device=a=b,c x"),
			    "invalid field 'c' must be a key=value pair");
	assert_string_equal(refuse_one(&p, "RUN --device=a=b,requird=1 x"),
			    "unexpected key 'requird' in 'requird=1' (did you mean required?)");
	assert_string_equal(refuse_one(&p, "RUN --device=a,required=x x"),
			    "invalid value for required: x");
	assert_string_equal(refuse_one(&p, "RUN --device= x"), "failed to parse csv devices: EOF");
}

static void test_I10_copy_has_sources_and_a_destination(void **state)
{
	const struct copy_instruction *copy = &parse_one(&p, "COPY --from=x a b c/")->copy;

	(void)state;
	assert_words(&copy->sources, "a|b");
	assert_string_equal(copy->destination, "c/");
	assert_string_equal(copy->from, "x");
	assert_words(&parse_one(&p, "COPY [\"a b\", \"c\"]")->copy.sources, "a b");
	assert_string_equal(refuse_one(&p, "COPY a"),
			    "COPY requires at least two arguments, but only one was provided. "
			    "Destination could not be determined");
	assert_non_null(strstr(refuse_one(&p, "ADD"), "ADD requires at least two arguments"));
	assert_non_null(strstr(refuse_one(&p, "COPY\t\n\t\tquux \\\n      bar"),
			       "COPY requires at least two arguments"));
}

static void test_K_flags_of_copy_and_add(void **state)
{
	const struct copy_instruction *copy =
		&parse_one(&p,
			   "COPY --chown=a:b --chmod=755 --exclude=x --exclude=!y --link --parents "
			   "a b")
			 ->copy;

	(void)state;
	assert_string_equal(copy->chown, "a:b");
	assert_string_equal(copy->chmod, "755");
	assert_words(&copy->excludes, "x|!y");
	assert_true(copy->link && copy->parents);
	copy = &parse_one(&p, "ADD --checksum=sha256:x --unpack=false --keep-git-dir a b")->copy;
	assert_string_equal(copy->checksum, "sha256:x");
	assert_int_equal(copy->unpack, TRISTATE_NO);
	assert_int_equal(copy->keep_git_dir, TRISTATE_YES);
	assert_words(&copy->excludes, "");
	assert_int_equal(parse_one(&p, "ADD a b")->copy.unpack, TRISTATE_UNSET);
	assert_string_equal(refuse_one(&p, "ADD --from=x a b"), "unknown flag: --from");
	assert_string_equal(refuse_one(&p, "COPY --checksum=x a b"), "unknown flag: --checksum");
}

static void test_H11_copy_takes_heredocs_as_files(void **state)
{
	const struct copy_instruction *copy =
		&parse_one(&p, "COPY <<A x <<-'B' /d/\n$a\nA\n\tb\n\tB\n")->copy;

	(void)state;
	assert_words(&copy->sources, "x");
	assert_int_equal(copy->file_count, 2);
	assert_string_equal(copy->files[0].name, "A");
	assert_string_equal(copy->files[0].content, "$a\n");
	assert_true(copy->files[0].expand);
	assert_string_equal(copy->files[1].content, "b\n");
	assert_int_equal(copy->files[1].content_size, 2);
	assert_false(copy->files[1].expand);
	assert_string_equal(refuse_one(&p, "COPY a <<EOF\nEOF"),
			    "COPY cannot accept a heredoc as a destination");
	assert_string_equal(refuse_one(&p, "COPY <<EOF it's\n"),
			    "heredoc 'EOF' has no body: is a quote left open in this line?");
}

static void test_H01_json_has_no_heredocs(void **state)
{
	const struct copy_instruction *copy = &parse_one(&p, "COPY [\"<<E\", \"<<F\"]")->copy;

	(void)state;
	assert_int_equal(copy->file_count, 0);
	assert_words(&copy->sources, "<<E");
	assert_string_equal(copy->destination, "<<F");
}

static void test_I06_I08_pairs(void **state)
{
	const struct pairs_instruction *pairs = &parse_one(&p, "ENV a=b c=\"d e\"")->pairs;

	(void)state;
	assert_int_equal(pairs->count, 2);
	assert_string_equal(pairs->items[1].key, "c");
	assert_string_equal(pairs->items[1].value, "\"d e\"");
	assert_false(pairs->items[0].old_form);
	pairs = &parse_one(&p, "LABEL a b c")->pairs;
	assert_int_equal(pairs->count, 1);
	assert_string_equal(pairs->items[0].value, "b c");
	assert_true(pairs->items[0].old_form);
	assert_string_equal(refuse_one(&p, "ENV"), "ENV requires at least one argument");
	assert_string_equal(refuse_one(&p, "LABEL =a"), "LABEL names can not be blank");
}

static void test_V01_arg_names_several(void **state)
{
	const struct arg_instruction *arg =
		&parse_one(&p, "# a is documented\n# b as well\nARG a b=c d=")->arg;

	(void)state;
	assert_int_equal(arg->count, 3);
	assert_string_equal(arg->items[0].key, "a");
	assert_null(arg->items[0].value);
	assert_string_equal(arg->items[0].doc, "is documented");
	assert_string_equal(arg->items[1].value, "c");
	assert_string_equal(arg->items[1].doc, "as well");
	assert_string_equal(arg->items[2].value, "");
	assert_null(arg->items[2].doc);
	assert_string_equal(refuse_one(&p, "ARG"), "ARG requires at least one argument");
	assert_string_equal(refuse_one(&p, "ARG =a"), "ARG names can not be blank");
}

static void test_I04_I05_cmd_and_entrypoint(void **state)
{
	(void)state;
	assert_words(&parse_one(&p, "CMD a 'b'")->command.args, "a 'b'");
	assert_true(parse_one(&p, "ENTRYPOINT []")->command.exec_form);
	assert_int_equal(parse_one(&p, "ENTRYPOINT []")->command.args.count, 0);
	assert_string_equal(refuse_one(&p, "CMD --x y"), "unknown flag: --x");
	assert_string_equal(refuse_one(&p, "CMD [\"\\u0000\"]"),
			    "a NUL character (\\u0000) cannot be part of an argument");
}

static void test_I07_I11_I18_lists(void **state)
{
	(void)state;
	assert_words(&parse_one(&p, "EXPOSE 9 80/tcp $P")->words.words, "$P|80/tcp|9");
	assert_words(&parse_one(&p, "VOLUME /a /b")->words.words, "/a|/b");
	assert_words(&parse_one(&p, "VOLUME [\" /a b \"]")->words.words, "/a b");
	assert_words(&parse_one(&p, "SHELL [\"a\", \"-c\"]")->words.words, "a|-c");
	assert_string_equal(refuse_one(&p, "EXPOSE"), "EXPOSE requires at least one argument");
	assert_string_equal(refuse_one(&p, "VOLUME"), "VOLUME requires at least one argument");
	assert_string_equal(refuse_one(&p, "VOLUME [\" \"]"),
			    "VOLUME specified can not be an empty string");
	assert_string_equal(refuse_one(&p, "SHELL []"), "SHELL requires at least one argument");
	assert_string_equal(refuse_one(&p, "SHELL a"),
			    "SHELL requires the arguments to be in JSON form");
}

static void test_I12_I13_I16_I19_lines(void **state)
{
	static const char *const names[] = { "USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		cleanup_free char *with = NULL, *without = NULL;

		assert_true(asprintf(&with, "%s  a b ", names[i]) > 0);
		assert_true(asprintf(&without, "%s requires exactly one argument", names[i]) > 0);
		assert_string_equal(parse_one(&p, with)->text.text, "a b");
		assert_string_equal(refuse_one(&p, names[i]), without);
	}
	assert_string_equal(refuse_one(&p, "MAINTAINER --boo a"), "unknown flag: --boo");
	assert_string_equal(parse_one(&p, "STOPSIGNAL --boo 9")->text.text, "9");
}

static void test_I15_onbuild(void **state)
{
	(void)state;
	assert_string_equal(parse_one(&p, "onbuild  RUN  a \\\n b")->onbuild.expression,
			    "RUN  a  b");
	assert_string_equal(parse_one(&p, "ONBUILD RUN <<-A <<B\n\ta\nA\nb\nB")->onbuild.expression,
			    "RUN <<-A <<B\n\ta\nA\nb\nB");
	assert_string_equal(refuse_one(&p, "ONBUILD"), "ONBUILD requires at least one argument");
	assert_string_equal(refuse_one(&p, "ONBUILD ONBUILD RUN a"),
			    "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	assert_string_equal(refuse_one(&p, "ONBUILD from x"),
			    "FROM isn't allowed as an ONBUILD trigger");
	assert_string_equal(refuse_one(&p, "ONBUILD maintainer x"),
			    "MAINTAINER isn't allowed as an ONBUILD trigger");
	assert_string_equal(refuse_one(&p, "ONBUILD --x RUN a"), "unknown flag: --x");
}

static void test_I17_healthcheck(void **state)
{
	const struct health_instruction *health =
		&parse_one(&p, "HEALTHCHECK --interval=1m30s --timeout=1ms --start-period=0 "
			       "--start-interval=1.5s --retries=3 cmd a b")
			 ->health;

	(void)state;
	assert_words(&health->test, "CMD-SHELL|a b");
	assert_int_equal(health->interval_ns, 90000000000);
	assert_int_equal(health->timeout_ns, 1000000);
	assert_int_equal(health->start_period_ns, 0);
	assert_int_equal(health->start_interval_ns, 1500000000);
	assert_int_equal(health->retries, 3);
	assert_words(&parse_one(&p, "HEALTHCHECK CMD [\"a\", \"b\"]")->health.test, "CMD|a|b");
	assert_words(&parse_one(&p, "HEALTHCHECK --x none")->health.test, "NONE");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK"),
			    "HEALTHCHECK requires at least one argument");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK NONE a"),
			    "HEALTHCHECK NONE takes no arguments");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK CMD []"),
			    "Missing command after HEALTHCHECK CMD");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK connect x"),
			    "Unknown type \"CONNECT\" in HEALTHCHECK (try CMD)");
}

static void test_I17_healthcheck_numbers(void **state)
{
	(void)state;
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --interval=50ns CMD a"),
			    "Interval \"interval\" cannot be less than 1ms");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --timeout=-1s CMD a"),
			    "Interval \"timeout\" cannot be less than 1ms");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --timeout=30 CMD a"),
			    "time: missing unit in duration \"30\"");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --timeout=x CMD a"),
			    "time: invalid duration \"x\"");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --timeout=1m3x CMD a"),
			    "time: unknown unit \"x\" in duration \"1m3x\"");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --retries=-2 CMD a"),
			    "--retries cannot be negative (-2)");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --retries=x CMD a"),
			    "strconv.ParseInt: parsing \"x\": invalid syntax");
	assert_string_equal(refuse_one(&p, "HEALTHCHECK --retries=2147483648 CMD a"),
			    "strconv.ParseInt: parsing \"2147483648\": value out of range");
	assert_int_equal(parse_one(&p, "HEALTHCHECK --retries=+2 --timeout= CMD a")->health.retries,
			 2);
}

static void test_V08_from_of_a_mount_has_no_variables(void **state)
{
	(void)state;
	assert_string_equal(
		refuse_one(&p, "RUN --mount=target=/x --mount=from=$a,target=/y true"),
		"'from' doesn't support variable expansion, define alias stage instead");
	assert_int_equal(p.diag.column, 23);
	assert_string_equal(refuse_one(&p, "RUN --mount= true"), "failed to parse csv mounts: EOF");
}

static int tear_down(void **state)
{
	(void)state;
	parsed_release(&p);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_L12_flags_that_are_wrong),
		cmocka_unit_test(test_L12_flags_that_are_right),
		cmocka_unit_test(test_I03_run),
		cmocka_unit_test(test_R10_R11_network_and_security),
		cmocka_unit_test(test_R12_devices),
		cmocka_unit_test(test_I10_copy_has_sources_and_a_destination),
		cmocka_unit_test(test_K_flags_of_copy_and_add),
		cmocka_unit_test(test_H11_copy_takes_heredocs_as_files),
		cmocka_unit_test(test_H01_json_has_no_heredocs),
		cmocka_unit_test(test_I06_I08_pairs),
		cmocka_unit_test(test_V01_arg_names_several),
		cmocka_unit_test(test_I04_I05_cmd_and_entrypoint),
		cmocka_unit_test(test_I07_I11_I18_lists),
		cmocka_unit_test(test_I12_I13_I16_I19_lines),
		cmocka_unit_test(test_I15_onbuild),
		cmocka_unit_test(test_I17_healthcheck),
		cmocka_unit_test(test_I17_healthcheck_numbers),
		cmocka_unit_test(test_V08_from_of_a_mount_has_no_variables),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
