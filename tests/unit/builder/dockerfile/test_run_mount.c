/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/run_mount.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static struct run_mounts mounts;
static struct error err;

/* Parse one row below /work, with a=/target and id=cargo. */
static int parse(const char *row)
{
	cleanup_with(strings_release) struct strings env = { 0 };
	const char *const rows[] = { row, NULL };
	struct words words = { .items = rows, .count = 1 };
	struct expander expander = { .escape = '\\' };

	strings_add(&env, "a=/target");
	strings_add(&env, "id=cargo");
	expander.env = expand_env_of(&env);
	run_mounts_release(&mounts);
	return run_mounts_parse(&words, &expander, "/work", &mounts, &err);
}

static const struct run_mount *mount_of(const char *row)
{
	assert_ok(parse(row), err);
	assert_int_equal(mounts.count, 1);
	return mounts.items;
}

static void assert_refused(const char *row, const char *words)
{
	assert_int_equal(parse(row), -EINVAL);
	assert_string_equal(err.text, words);
}

static void test_R01_bind_is_the_default(void **state)
{
	const struct run_mount *m = mount_of("target=/x");

	(void)state;
	assert_int_equal(m->type, RUN_MOUNT_BIND);
	assert_string_equal(m->target, "/x");
	assert_string_equal(m->source, "/");
	assert_null(m->from);
	assert_null(m->id);
	assert_true(m->read_only);
	m = mount_of("type=bind,from=build,src=a/../b/,dst=/x/,rw");
	assert_string_equal(m->from, "build");
	assert_string_equal(m->source, "/b");
	assert_string_equal(m->target, "/x");
	assert_false(m->read_only);
	assert_false(mount_of("destination=/x,ro=false")->read_only);
	assert_true(mount_of("target=/x,readwrite=0")->read_only);
	assert_string_equal(mount_of("source=../../etc,target=/x")->source, "/etc");
}

static void test_R01_without_a_target_it_is_the_working_directory(void **state)
{
	(void)state;
	assert_string_equal(mount_of("type=bind,source=a")->target, "/work");
	assert_string_equal(mount_of("type=tmpfs")->target, "/work");
	assert_string_equal(mount_of("type=tmpfs,target=")->target, "/work");
	assert_string_equal(mount_of("type=cache")->target, "/work");
	assert_string_equal(mounts.items[0].id, ".");
}

static void test_R01_without_a_target_the_root_is_not_mounted_over(void **state)
{
	const char *const rows[] = { "type=tmpfs", NULL };
	struct words words = { .items = rows, .count = 1 };
	struct expander expander = { .escape = '\\' };

	(void)state;
	assert_int_equal(run_mounts_parse(&words, &expander, "/", &mounts, &err), -EINVAL);
	assert_string_equal(err.text, "invalid mount target \"/\"");
}

static void test_R02_C02_a_cache_is_called_like_its_target(void **state)
{
	const struct run_mount *m = mount_of("type=cache,target=cache/./x/");

	(void)state;
	assert_string_equal(m->target, "/work/cache/x");
	assert_string_equal(m->id, "cache/x");
	assert_false(m->read_only);
	assert_int_equal(m->sharing, RUN_MOUNT_SHARED);
	assert_int_equal(m->mode, 0755);
	assert_int_equal(m->given, 0);
	assert_string_equal(mount_of("type=cache,target=/x,id=y")->id, "y");
	assert_string_equal(mount_of("type=cache,target=/x,id=")->id, "/x");
}

static void test_C04_to_C09_keys_of_a_cache(void **state)
{
	const struct run_mount *m = mount_of(
		"type=cache,target=/x,sharing=locked,uid=1000,gid=1001,mode=0700,from=s,source=/d,ro");

	(void)state;
	assert_int_equal(m->sharing, RUN_MOUNT_LOCKED);
	assert_int_equal(m->uid, 1000);
	assert_int_equal(m->gid, 1001);
	assert_int_equal(m->mode, 0700);
	assert_int_equal(m->given,
			 RUN_MOUNT_GIVEN_MODE | RUN_MOUNT_GIVEN_UID | RUN_MOUNT_GIVEN_GID);
	assert_string_equal(m->from, "s");
	assert_string_equal(m->source, "/d");
	assert_true(m->read_only);
	assert_int_equal(mount_of("type=cache,target=/x,sharing=PRIVATE")->sharing,
			 RUN_MOUNT_PRIVATE);
	assert_refused("type=cache,target=/x,sharing=lock",
		       "unsupported sharing value \"lock\" (did you mean locked?)");
	assert_refused("target=/x,sharing=shared", "invalid cache sharing set for bind mount");
}

static void test_R03_tmpfs(void **state)
{
	const struct run_mount *m = mount_of("type=tmpfs,target=/x,size=64m");

	(void)state;
	assert_int_equal(m->size_limit, 64 << 20);
	assert_false(m->read_only);
	assert_int_equal(mount_of("type=tmpfs,target=/x")->size_limit, 0);
	assert_refused("type=tmpfs,target=/x,size=a", "invalid value for size: a");
	assert_refused("target=/x,size=1", "unexpected key 'size' for mount type 'bind'");
	assert_refused("type=tmpfs,target=/x,uid=1", "uid not allowed for \"tmpfs\" type mounts");
	assert_refused("target=/x,mode=1", "mode not allowed for \"bind\" type mounts");
	assert_refused("target=/x,gid=1", "gid not allowed for \"bind\" type mounts");
}

static void test_R04_secret(void **state)
{
	const struct run_mount *m = mount_of("type=secret,id=a/b");

	(void)state;
	assert_string_equal(m->id, "a/b");
	assert_string_equal(m->target, "/run/secrets/b");
	assert_int_equal(m->mode, 0400);
	assert_false(m->required);
	assert_null(m->env);
	m = mount_of("type=secret,target=/x/key,required,mode=0444,uid=1");
	assert_string_equal(m->id, "key");
	assert_string_equal(m->target, "/x/key");
	assert_true(m->required);
	assert_int_equal(m->mode, 0444);
	m = mount_of("type=secret,id=a,env=TOKEN");
	assert_string_equal(m->env, "TOKEN");
	assert_null(m->target);
	assert_string_equal(mount_of("type=secret,id=a,env=T,target=/x")->target, "/x");
	assert_string_equal(mount_of("type=secret,source=a,required=false")->id, "a");
	assert_refused("type=secret", "invalid secret mount. one of source, target required");
	assert_refused("type=secret,id=a,source=b", "both source and id can't be set");
	assert_refused("type=secret,id=a,from=b", "secret mount should not have a from");
	assert_refused("type=secret,id=a,sharing=locked", "secret mount should not define sharing");
	assert_refused("required,type=secret,id=a",
		       "unexpected key 'required' for mount type 'bind'");
	assert_refused("type=secret,id=a,required=x", "invalid value for required: x");
}

static void test_R05_ssh(void **state)
{
	const char *const rows[] = { "type=ssh",           "type=ssh,id=x,required,target=agent",
				     "type=ssh",           "type=cache,target=/c",
				     "type=ssh,mode=0666", NULL };
	struct words words = { .items = rows, .count = 5 };
	struct expander expander = { .escape = '\\' };

	(void)state;
	run_mounts_release(&mounts);
	assert_ok(run_mounts_parse(&words, &expander, "/work", &mounts, &err), err);
	assert_string_equal(mounts.items[0].id, "default");
	assert_string_equal(mounts.items[0].target, "/run/buildkit/ssh_agent.0");
	assert_int_equal(mounts.items[0].mode, 0600);
	assert_false(mounts.items[0].required);
	assert_string_equal(mounts.items[1].id, "x");
	assert_string_equal(mounts.items[1].target, "/work/agent");
	assert_true(mounts.items[1].required);
	assert_string_equal(mounts.items[2].target, "/run/buildkit/ssh_agent.2");
	assert_string_equal(mounts.items[4].target, "/run/buildkit/ssh_agent.3");
	assert_int_equal(mounts.items[4].mode, 0666);
	assert_refused("type=ssh,source=x", "ssh does not support source");
}

static void test_keys_that_are_wrong(void **state)
{
	(void)state;
	assert_refused("typ=tmpfs", "unexpected key 'typ' in 'typ=tmpfs' (did you mean type?)");
	assert_refused("Foo=x,target=/x", "unexpected key 'foo' in 'Foo=x' (did you mean from?)");
	assert_refused("type=tmp,target=/x",
		       "unsupported mount type \"tmp\" (did you mean tmpfs?)");
	assert_refused("target=/x,foo", "invalid field 'foo' must be a key=value pair");
	assert_refused("target=/x,", "invalid field '' must be a key=value pair");
	assert_refused("target", "invalid field 'target' must be a key=value pair");
	assert_refused("target=/x,ro=maybe", "invalid value for ro: maybe");
	assert_refused("type=cache,target=/x,uid=-1", "invalid value -1 for uid");
	assert_refused("type=cache,target=/x,mode=8", "invalid value 8 for mode");
	assert_refused("type=cache,target=/x,gid=4294967296", "invalid value 4294967296 for gid");
	assert_int_equal(mount_of("TYPE=Cache,Target=/x")->type, RUN_MOUNT_CACHE);
}

static void test_targets(void **state)
{
	(void)state;
	assert_refused("target=/", "invalid mount target \"/\"");
	assert_refused("target=//.", "invalid mount target \"/\"");
	assert_refused("target=..", "invalid mount target \"/\"");
	assert_string_equal(mount_of("target=.")->target, "/work");
	assert_string_equal(mount_of("target=x")->target, "/work/x");
}

static void test_V07_values_are_expanded(void **state)
{
	const struct run_mount *m =
		mount_of("type=cache,target=$a/x,id=${id}-${none:-y},uid=${n:-7}");

	(void)state;
	assert_string_equal(m->target, "/target/x");
	assert_string_equal(m->id, "cargo-y");
	assert_int_equal(m->uid, 7);
	assert_int_equal(mount_of("type=${none:-tmpfs},target=/x")->type, RUN_MOUNT_TMPFS);
}

static void test_V08_from_is_not_expanded(void **state)
{
	(void)state;
	assert_refused("from=$a,target=/x",
		       "'from' doesn't support variable expansion, define alias stage instead");
	assert_refused("target=/x,FROM=a${b}",
		       "'from' doesn't support variable expansion, define alias stage instead");
	assert_string_equal(mount_of("from=a$,target=/x")->from, "a$");
	assert_ok(run_mount_check("type=$x,from=a,target=$y", &err), err);
	assert_int_equal(run_mount_check("\"", &err), -EINVAL);
}

static void test_quoted_fields_may_hold_commas(void **state)
{
	(void)state;
	assert_string_equal(mount_of("type=bind,\"source=a,b\",target=/x")->source, "/a,b");
	assert_refused("type=bind,a\"b",
		       "failed to parse csv mounts: parse error on line 1, column 12: "
		       "bare \" in non-quoted-field");
}

static void test_errors_of_expansion_are_passed_on(void **state)
{
	(void)state;
	assert_int_equal(parse("target=${x:?is needed}"), -EINVAL);
	assert_non_null(strstr(err.text, "x: is needed"));
}

static int tear_down(void **state)
{
	(void)state;
	run_mounts_release(&mounts);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R01_bind_is_the_default),
		cmocka_unit_test(test_R01_without_a_target_it_is_the_working_directory),
		cmocka_unit_test(test_R01_without_a_target_the_root_is_not_mounted_over),
		cmocka_unit_test(test_R02_C02_a_cache_is_called_like_its_target),
		cmocka_unit_test(test_C04_to_C09_keys_of_a_cache),
		cmocka_unit_test(test_R03_tmpfs),
		cmocka_unit_test(test_R04_secret),
		cmocka_unit_test(test_R05_ssh),
		cmocka_unit_test(test_keys_that_are_wrong),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_V07_values_are_expanded),
		cmocka_unit_test(test_V08_from_is_not_expanded),
		cmocka_unit_test(test_quoted_fields_may_hold_commas),
		cmocka_unit_test(test_errors_of_expansion_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
