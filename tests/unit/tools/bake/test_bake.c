/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/bake/bake.h"
#include "tools/bake/job.h"

static struct error err;

/* What comes of a file, names and --set, with commas between them; NULL: what is wrong is in err. */
static json_t *resolve(const char *text, const char *names, const char *overrides)
{
	cleanup_with(strings_release) struct strings wanted = { 0 }, set = { 0 }, helpers = { 0 };
	cleanup_with(bake_release) struct bake bake = { 0 };
	json_t *ret = NULL;

	bake_init(&bake);
	if (*names)
		strings_add(&wanted, names);
	if (*overrides)
		strings_add(&set, overrides);
	if (bake_read_text("the file", text, strlen(text), &bake, &err) < 0 ||
	    bake_evaluate(&bake, NULL, &err) < 0 ||
	    bake_resolve(&bake, &wanted, &set, &helpers, &ret, &err) < 0)
		return NULL;
	return ret;
}

/* One field of one target, compactly. */
static void check_field(const char *text, const char *target, const char *field, const char *set,
			const char *want)
{
	json_t *document = resolve(text, target, set), *value;
	cleanup_free char *got = NULL;

	if (!document)
		fail_msg("%s", err.text);
	value = json_object_get(json_object_get(json_object_get(document, "target"), target),
				field);
	got = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("none");
	assert_string_equal(got, want);
	json_decref(document);
}

static void check_targets(const char *text, const char *names, const char *want)
{
	json_t *document = resolve(text, names, ""), *value;
	char got[256] = "";
	const char *name;

	if (!document)
		fail_msg("%s", err.text);
	json_object_foreach(json_object_get(document, "target"), name, value)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", name);
	assert_string_equal(got, want);
	json_decref(document);
}

static void check_refused(const char *text, const char *names, const char *set, const char *words)
{
	json_t *document = resolve(text, names, set);

	assert_null(document);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
}

#define FAMILY                                                                                     \
	"{\"target\":{\"a\":{\"args\":{\"X\":\"1\",\"Y\":2},\"tags\":[\"a:1\"],\"secret\":[\"id="  \
	"s\"],\"context\":\"dir\"},\"b\":{\"inherits\":[\"a\"],\"args\":{\"X\":\"3\"},\"tags\":["  \
	"\"b:1\"],\"secret\":[{\"id\":\"t\",\"src\":\"a,b\"}]},\"c\":{\"inherits\":[\"a\",\"b\"]," \
	"\"no-cache\":\"true\"}},\"group\":{\"default\":{\"targets\":[\"rest\",\"a\"]},\"rest\":{" \
	"\"targets\":[\"b\",\"a\"]}}}"

static void test_fields_are_inherited_and_overridden(void **state)
{
	(void)state;
	check_field(FAMILY, "b", "args", "", "{\"X\":\"3\",\"Y\":\"2\"}");
	check_field(FAMILY, "b", "tags", "", "[\"b:1\"]");
	check_field(FAMILY, "b", "secret", "", "[\"id=s\",\"id=t,\\\"src=a,b\\\"\"]");
	check_field(FAMILY, "c", "args", "", "{\"X\":\"3\",\"Y\":\"2\"}");
	check_field(FAMILY, "c", "context", "", "\"dir\"");
	check_field(FAMILY, "c", "no-cache", "", "true");
	check_field(FAMILY, "c", "dockerfile", "", "\"Dockerfile\"");
	check_field(FAMILY, "c", "inherits", "", "none");
}

static void test_groups_name_targets_once(void **state)
{
	(void)state;
	check_targets(FAMILY, "", "b a ");
	check_targets(FAMILY, "rest", "b a ");
	check_targets(FAMILY, "[bc]", "b c ");
	check_refused(FAMILY, "rests", "", "did you mean 'rest'?");
}

static void test_set_goes_before_the_file(void **state)
{
	(void)state;
	check_field(FAMILY, "a", "args", "a.args.Z=5", "{\"X\":\"1\",\"Y\":\"2\",\"Z\":\"5\"}");
	check_field(FAMILY, "a", "tags", "*.tags=new", "[\"new\"]");
	check_field(FAMILY, "a", "tags", "a.tags+=new", "[\"a:1\",\"new\"]");
	check_field(FAMILY, "b", "context", "a.context=other", "\"other\"");
	check_field(FAMILY, "a", "platforms", "a.platform=linux/arm64", "[\"linux/arm64\"]");
	check_field(FAMILY, "a", "no-cache", "a.no-cache=true", "true");
	check_refused(FAMILY, "a", "z.tags=1", "there is no target 'z'");
	check_refused(FAMILY, "a", "a.nothing=1", "'nothing' cannot be set");
	check_refused(FAMILY, "a", "a.args=1", "a name is missing");
	check_refused(FAMILY, "a", "a.context.x=1", "no names below it");
	check_refused(FAMILY, "a", "a=1", "TARGET.KEY=VALUE");
}

static void test_variables_are_filled_in(void **state)
{
	static const char text[] =
		"{\"variable\":{\"B\":{\"default\":\"${A}-b\"},\"A\":{\"default\":\"a\"},\"L\":{"
		"\"default\":[\"x\",\"y\"]},\"N\":{}},\"target\":{\"t\":{\"tags\":[\"${B}:${ A }"
		"${N}\",\"$${A}\"],\"platforms\":\"${L}\",\"args\":{\"V\":\"${A}\"}}}}";

	(void)state;
	check_field(text, "t", "tags", "", "[\"a-b:a\",\"${A}\"]");
	check_field(text, "t", "platforms", "", "[\"x\",\"y\"]");
	setenv("A", "env", 1);
	check_field(text, "t", "args", "", "{\"V\":\"env\"}");
	unsetenv("A");
	check_refused("{\"target\":{\"t\":{\"context\":\"${nope}\"}}}", "t", "",
		      "there is no variable 'nope'");
	check_refused("{\"target\":{\"t\":{\"context\":\"${upper(A)}\"}}}", "t", "",
		      "docker buildx bake --print");
	check_refused("{\"variable\":{\"A\":{\"default\":\"${B}\"},\"B\":{\"default\":\"${A}\"}},"
		      "\"target\":{\"t\":{}}}",
		      "t", "", "variable 'B'");
}

static void test_a_matrix_is_a_target_for_each_combination(void **state)
{
	static const char text[] =
		"{\"target\":{\"m\":{\"matrix\":{\"v\":[\"1\",\"2\"],\"o\":[{\"n\":\"x\"},{\"n\":"
		"\"y\"}]},\"name\":\"m-${v}-${o.n}\",\"args\":{\"V\":\"${v}${o.n}\"}}}}";

	(void)state;
	check_targets(text, "m", "m-1-x m-2-x m-1-y m-2-y ");
	check_field(text, "m-2-y", "args", "", "{\"V\":\"2y\"}");
	check_refused("{\"target\":{\"m\":{\"matrix\":{\"v\":[\"1\"]}}}}", "m", "",
		      "needs a 'name'");
	check_refused("{\"target\":{\"m\":{\"name\":\"m.${v}\",\"matrix\":{\"v\":[\"1\"]}}}}", "m",
		      "", "does not make a name");
	check_refused("{\"target\":{\"m\":{\"name\":\"m\",\"matrix\":{\"v\":[1,2]}}}}", "m", "",
		      "two of that name");
}

static void test_what_others_need_comes_first(void **state)
{
	static const char text[] =
		"{\"target\":{\"a\":{\"contexts\":{\"x\":\"target:b\"}},\"b\":{\"contexts\":{\"y\":"
		"\"target:c\",\"z\":\"dir\"}},\"c\":{},\"d\":{\"contexts\":{\"x\":\"target:d\"}}}}";

	(void)state;
	check_targets(text, "a", "c b a ");
	check_refused(text, "d", "", "'d' needs itself");
	check_refused("{\"target\":{\"a\":{\"inherits\":[\"b\"]},\"b\":{\"inherits\":[\"a\"]}}}",
		      "a", "", "inherits from itself");
}

static void test_what_is_wrong_is_named(void **state)
{
	(void)state;
	check_refused("{\"target\":{\"a\":{\"tag\":[]}}}", "a", "",
		      "unknown attribute 'tag'; did you mean 'tags'?");
	check_refused("{\"target\":{\"a\":{\"tags\":\"x\"}}}", "a", "", "tags is no list");
	check_refused("{\"target\":{\"a\":{\"args\":[]}}}", "a", "", "args is no object");
	check_refused("{\"target\":}", "a", "", "'the file': line 1, column");
	check_refused("{\"group\":{\"a\":{}}}", "a", "", "group 'a': targets is no list");
	check_refused("{\"function\":{}}", "a", "", "functions are not supported");
	check_refused("target \"app\" {\n}\n", "a", "", "HCL is not read");
	check_refused("{\"target\":{\"a\":{}}}", "", "", "no group 'default'");
}

/* ---- compose ---- */

#define COMPOSE                                                                                    \
	"services:\n  web:\n    image: web:${V:-1}\n    build: &b\n      context: ./web\n"         \
	"      args: [A=1, B]\n      secrets: [key]\n      ulimits: {nofile: {soft: 1, hard: "     \
	"2}}\n      extra_hosts: ['h:1.2.3.4']\n      x-bake: {tags: [x, y]}\n  api.v2:\n"         \
	"    build:\n      <<: *b\n      context: api$$\n      args: {C: 010, D: '${X-${Y-d}}'}\n" \
	"      dockerfile_inline: |\n        FROM scratch\n        LABEL a=$${HOME}\n"             \
	"      additional_contexts: {w: 'service:web'}\n  db: {image: db}\n"                       \
	"secrets:\n  key: {file: ./key}\n"

static void test_services_with_a_build_are_targets(void **state)
{
	(void)state;
#ifndef HAVE_YAML
	skip();
#endif
	check_targets(COMPOSE, "", "web api_v2 ");
	check_field(COMPOSE, "web", "context", "", "\"./web\"");
	check_field(COMPOSE, "web", "args", "", "{\"A\":\"1\",\"B\":null}");
	check_field(COMPOSE, "web", "tags", "", "[\"x\",\"y\"]");
	check_field(COMPOSE, "web", "secret", "", "[\"id=key,src=./key\"]");
	check_field(COMPOSE, "web", "ulimits", "", "[\"nofile=1:2\"]");
	check_field(COMPOSE, "web", "extra-hosts", "", "{\"h\":\"1.2.3.4\"}");
	check_field(COMPOSE, "api_v2", "context", "", "\"api$\"");
	check_field(COMPOSE, "api_v2", "args", "", "{\"C\":\"010\",\"D\":\"d\"}");
	check_field(COMPOSE, "api_v2", "contexts", "", "{\"w\":\"target:web\"}");
	check_field(COMPOSE, "api_v2", "dockerfile-inline", "",
		    "\"FROM scratch\\nLABEL a=${HOME}\\n\"");
	check_field("services:\n  a: {build: ., image: 'i:${V:-1}'}\n", "a", "tags", "",
		    "[\"i:1\"]");
}

static void test_a_compose_file_says_what_is_wrong_with_it(void **state)
{
	(void)state;
#ifndef HAVE_YAML
	skip();
#endif
	check_refused("services:\n  a:\n    build: {contxt: .}\n", "", "",
		      "service 'a': build.contxt");
	check_refused("services:\n  a:\n    extends: b\n    build: .\n", "", "",
		      "docker compose config");
	check_refused("services:\n  a:\n    build: ${X:?give it}\n", "", "",
		      "'X' has to be set: give it");
	check_refused("services:\n  a: [\n", "", "", "line 3");
	check_refused("services:\n  a:\n    build: {secrets: [x]}\n", "", "", "secret 'x'");
	check_refused("a: &a [x, *a]\nservices: {}\n", "", "", "stands in");
}

static void test_aliases_of_aliases_do_not_grow_without_end(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
#ifndef HAVE_YAML
	skip();
#endif
	buf_add_string(&text, "a0: &a0 [x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++)
		buf_add_format(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
			       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	check_refused(buf_string(&text), "", "", "too many values");
}

/* ---- jobs ---- */

static void test_a_target_becomes_the_options_of_a_build(void **state)
{
	static const struct bake_flags all = { .call = "build" };
	cleanup_with(strings_release) struct strings warnings = { 0 };
	cleanup_with(bake_job_release) struct bake_job job = { 0 };
	json_t *document =
		resolve("{\"target\":{\"t\":{\"context\":\"dir\",\"dockerfile\":\"sub/D"
			"\",\"args\":{\"A\":\"1\",\"B\":null},\"platforms\":[\"a/b\","
			"\"c/d\"],\"contexts\":{\"x\":\"y\",\"z\":\"target:u\"},\"cache-"
			"to\":[{\"type\":\"inline\"}],\"shm-size\":\"1m\",\"target\":\"s\""
			",\"output\":[{\"type\":\"tar\",\"dest\":\"f\"}]},\"u\":{}}}",
			"t", "");

	(void)state;
	assert_non_null(document);
	assert_ok(bake_job_make("t", json_object_get(json_object_get(document, "target"), "t"),
				&all, false, &job, &warnings, &err),
		  err);
	assert_string_equal(job.context, "dir");
	assert_string_equal(job.flags.file, "dir/sub/D");
	assert_string_equal(job.flags.build_args.items[0], "A=1");
	assert_string_equal(job.flags.build_args.items[1], "B");
	assert_string_equal(job.flags.platform, "a/b,c/d");
	assert_string_equal(job.flags.build_contexts.items[0], "x=y");
	assert_string_equal(job.needs.items[0], "u");
	assert_string_equal(job.files_of.items[0], "z");
	assert_int_equal(job.flags.shm_size, 1 << 20);
	assert_string_equal(job.flags.outputs.items[0], "type=tar,dest=f");
	assert_string_equal(job.flags.network, "default");
	assert_string_equal(job.flags.cache_to.items[0], "type=inline");
	assert_int_equal(warnings.count, 0);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_are_inherited_and_overridden),
		cmocka_unit_test(test_groups_name_targets_once),
		cmocka_unit_test(test_set_goes_before_the_file),
		cmocka_unit_test(test_variables_are_filled_in),
		cmocka_unit_test(test_a_matrix_is_a_target_for_each_combination),
		cmocka_unit_test(test_what_others_need_comes_first),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_services_with_a_build_are_targets),
		cmocka_unit_test(test_a_compose_file_says_what_is_wrong_with_it),
		cmocka_unit_test(test_aliases_of_aliases_do_not_grow_without_end),
		cmocka_unit_test(test_a_target_becomes_the_options_of_a_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
