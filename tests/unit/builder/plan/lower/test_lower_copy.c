/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

/* The only COPY or ADD, behind FROM alpine and WORKDIR /w. */
static const struct copy_work *copy_of(const char *line)
{
	cleanup_free char *text =
		xasprintf("FROM alpine\nARG v=1 dir=/d/ none\nWORKDIR /w\n%s", line);
	const struct plan *plan = plan_of(text);

	return &plan->target->last->copy;
}

static const char *refuse_copy(const char *line)
{
	cleanup_free char *text = xasprintf("FROM alpine\n%s\n", line);

	return refusal_of(text);
}

/* ---- paths ---- */

static void test_K01_sources_are_taken_from_the_context(void **state)
{
	const struct copy_work *copy = copy_of("COPY [\"a-$v\", \"*.c\", \"$v x\", \"dst/\"]\n");

	(void)state;
	assert_false(copy->add);
	assert_int_equal(copy->source.kind, SOURCE_CONTEXT);
	assert_strings(&copy->sources, "a-1|*.c|1 x");
}

static void test_K02_destinations_are_below_the_present_directory(void **state)
{
	const struct copy_work *copy;

	(void)state;
	copy = copy_of("COPY a b/../c\n");
	assert_string_equal(copy->destination, "/w/c");
	assert_false(copy->destination_is_dir);
	copy = copy_of("COPY a $dir\n");
	assert_string_equal(copy->destination, "/d");
	assert_true(copy->destination_is_dir);
	copy = copy_of("COPY a .\n");
	assert_string_equal(copy->destination, "/w");
	assert_true(copy->destination_is_dir);
	assert_true(copy_of("COPY a b/.\n")->destination_is_dir);
	assert_true(copy_of("COPY a ${none}\n")->destination_is_dir);
	assert_string_equal(copy_of("COPY a ../../x\n")->destination, "/x");
}

/* ---- flags ---- */

static void test_K04_owner_and_mode_are_expanded(void **state)
{
	const struct copy_work *copy = copy_of("COPY --chown=u$v:g --chmod=0$v a b\n");

	(void)state;
	assert_string_equal(copy->chown, "u1:g");
	assert_string_equal(copy->chmod, "01");
	copy = copy_of("COPY --chown=$none --chmod=${none} a b\n");
	assert_null(copy->chown);
	assert_null(copy->chmod);
}

static void test_K05_modes_are_octal_or_symbolic(void **state)
{
	(void)state;
	assert_string_equal(copy_of("COPY --chmod=u=rwX,go-w a b\n")->chmod, "u=rwX,go-w");
	assert_string_equal(copy_of("COPY --chmod=+x a b\n")->chmod, "+x");
	assert_string_equal(copy_of("COPY --chmod=7777 a b\n")->chmod, "7777");
	assert_string_equal(refuse_copy("COPY --chmod=10000 a b"),
			    "2: invalid chmod parameter: '10000'. it should be octal string and "
			    "between 0 and 07777");
	assert_non_null(strstr(refuse_copy("COPY --chmod=u=rwy a b"), "invalid chmod"));
	assert_non_null(strstr(refuse_copy("COPY --chmod=u=r,, a b"), "invalid chmod"));
	assert_non_null(strstr(refuse_copy("COPY --chmod=9 a b"), "invalid chmod"));
}

static void test_K06_a_mode_undoes_link(void **state)
{
	(void)state;
	assert_true(copy_of("COPY --link a b\n")->link);
	assert_false(copy_of("COPY --link --chmod=1 a b\n")->link);
	assert_true(copy_of("COPY --link --chmod=$none a b\n")->link);
	assert_false(copy_of("COPY --link=false a b\n")->link);
}

static void test_K07_K08_parents_and_excludes(void **state)
{
	const struct copy_work *copy =
		copy_of("COPY --parents --exclude=*.o --exclude=$v ./a/./b d/\n");

	(void)state;
	assert_true(copy->parents);
	assert_strings(&copy->sources, "./a/./b");
	assert_strings(&copy->excludes, "*.o|$v");
}

/* ---- heredocs ---- */

static void test_H11_files_may_stand_in_the_dockerfile(void **state)
{
	const struct copy_work *copy =
		copy_of("COPY <<a <<-'b' local $dir\nx $v \\$v \"q\"\na\n\t$v\nb\n");

	(void)state;
	assert_int_equal(copy->file_count, 2);
	assert_string_equal(copy->files[0].name, "a");
	assert_string_equal(copy->files[0].content, "x 1 $v \"q\"\n");
	assert_int_equal(copy->files[0].size, strlen("x 1 $v \"q\"\n"));
	assert_string_equal(copy->files[1].name, "b");
	assert_string_equal(copy->files[1].content, "$v\n");
	assert_strings(&copy->sources, "local");
	assert_int_equal(copy->source.kind, SOURCE_CONTEXT);
	assert_int_equal(copy_of("COPY <<a b\nx\na\n")->source.kind, SOURCE_EMPTY);
}

static void test_H11_history_names_files_of_the_dockerfile(void **state)
{
	(void)state;
	assert_history(config_of(plan_of("FROM scratch\nCOPY --chmod=644 a <<EOF /d/\nx\nEOF\n")
					 ->target->config),
		       "COPY --chmod=644 a <<EOF /d/ # buildkit\n");
}

/* ---- --from ---- */

static void test_K09_files_come_from_stages_by_name_or_number(void **state)
{
	(void)state;
	plan_of("FROM alpine AS Tools\nRUN t\nFROM alpine\nRUN u\nFROM scratch\n"
		"COPY --from=tools a /\nCOPY --from=TOOLS b /\nCOPY --from=1 c /\n");
	assert_ptr_equal(vertex_of("COPY --from=tools")->copy.source.vertex, vertex_of("RUN t"));
	assert_ptr_equal(vertex_of("COPY --from=TOOLS")->copy.source.vertex, vertex_of("RUN t"));
	assert_ptr_equal(vertex_of("COPY --from=1")->copy.source.vertex, vertex_of("RUN u"));
	assert_int_equal(vertex_of("COPY --from=1")->copy.source.kind, SOURCE_VERTEX);
}

static void test_K09_files_come_from_images(void **state)
{
	const struct vertex *base;

	(void)state;
	assert_names("FROM alpine AS b\nRUN x\nCOPY --from=far/away:1 /a /\n",
		     "[b 1/3] FROM docker.io/alpine\n[b 2/3] RUN x\nFROM docker.io/far/away:1\n"
		     "[b 3/3] COPY --from=far/away:1 /a /\n");
	base = p.plan->vertices[2];
	assert_int_equal(base->step, 0);
	assert_ptr_equal(vertex_of("COPY")->copy.source.vertex, base);
	assert_null(base->parent);
}

static void test_K09_images_are_for_the_target_platform(void **state)
{
	(void)state;
	p.options.platform_given = true;
	(void)platform_parse("linux/arm64", &p.options.target_platform, NULL);
	plan_of("FROM --platform=$BUILDPLATFORM alpine\nCOPY --from=tool /a /\n");
	assert_strings(&p.asked, "alpine linux/amd64|tool linux/arm64");
}

static void test_K09_an_empty_stage_has_no_files(void **state)
{
	(void)state;
	plan_of("FROM scratch AS e\nFROM alpine\nCOPY --from=e / /\nCOPY --from=scratch / /\n");
	assert_int_equal(vertex_of("COPY --from=e")->copy.source.kind, SOURCE_EMPTY);
	assert_int_equal(vertex_of("COPY --from=scratch")->copy.source.kind, SOURCE_EMPTY);
}

/* ---- ADD ---- */

static void test_K11_add_takes_urls_and_repositories(void **state)
{
	const struct copy_work *copy = copy_of("ADD https://x/$v.tar git@host:r.git local $dir\n");

	(void)state;
	assert_true(copy->add);
	assert_strings(&copy->sources, "https://x/1.tar|git@host:r.git|local");
	assert_int_equal(copy->source.kind, SOURCE_CONTEXT);
	assert_int_equal(copy_of("ADD https://x/y /\n")->source.kind, SOURCE_EMPTY);
	assert_string_equal(refuse_copy("COPY https://x/y /"), "2: source can't be a URL for COPY");
	assert_string_equal(refuse_copy("COPY https://x/y.git#main /"),
			    "2: source can't be a git ref for COPY");
}

static void test_K10_unpacking_is_asked_for_refused_or_left_open(void **state)
{
	(void)state;
	assert_int_equal(copy_of("ADD a /\n")->unpack, -1);
	assert_int_equal(copy_of("ADD --unpack a /\n")->unpack, 1);
	assert_int_equal(copy_of("ADD --unpack=false a /\n")->unpack, 0);
	assert_int_equal(copy_of("ADD --keep-git-dir=true git://x/y /\n")->keep_git_dir, 1);
	assert_int_equal(copy_of("ADD git://x/y /\n")->keep_git_dir, -1);
}

static void test_K11_checksums_are_checked_for_their_form(void **state)
{
	static const char sum[] =
		"sha256:"
		"2222222222222222222222222222222222222222222222222222222222222222";
	cleanup_free char *good = xasprintf("ADD --checksum=%s https://x/y /\n", sum);
	cleanup_free char *several = xasprintf("ADD --checksum=%s https://x/y z /", sum);
	cleanup_free char *local = xasprintf("ADD --checksum=%s y /", sum);

	(void)state;
	assert_string_equal(copy_of(good)->checksum, sum);
	assert_string_equal(refuse_copy(several),
			    "2: checksum can't be specified for multiple sources");
	assert_string_equal(refuse_copy(local), "2: checksum requires HTTP(S) or Git sources");
	assert_string_equal(refuse_copy("ADD --checksum=sha256:22 https://x/y /"),
			    "2: invalid checksum digest length");
	assert_string_equal(refuse_copy("ADD --checksum=22 https://x/y /"),
			    "2: invalid checksum digest format");
	assert_string_equal(copy_of("ADD --checksum=abcdef git://x/y /\n")->checksum, "abcdef");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_K01_sources_are_taken_from_the_context),
		plan_test(test_K02_destinations_are_below_the_present_directory),
		plan_test(test_K04_owner_and_mode_are_expanded),
		plan_test(test_K05_modes_are_octal_or_symbolic),
		plan_test(test_K06_a_mode_undoes_link),
		plan_test(test_K07_K08_parents_and_excludes),
		plan_test(test_H11_files_may_stand_in_the_dockerfile),
		plan_test(test_H11_history_names_files_of_the_dockerfile),
		plan_test(test_K09_files_come_from_stages_by_name_or_number),
		plan_test(test_K09_files_come_from_images),
		plan_test(test_K09_images_are_for_the_target_platform),
		plan_test(test_K09_an_empty_stage_has_no_files),
		plan_test(test_K11_add_takes_urls_and_repositories),
		plan_test(test_K10_unpacking_is_asked_for_refused_or_left_open),
		plan_test(test_K11_checksums_are_checked_for_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
