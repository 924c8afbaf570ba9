/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/cache/cache_place.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static int parse(const char *value, bool to, struct cache_places *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings values = { 0 };

	strings_add(&values, value);
	return cache_places_parse(&values, to, ret, err);
}

static void test_a_name_alone_is_one_in_a_registry(void **state)
{
	struct cache_places places = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(parse("example.org/app:cache", false, &places, &err), err);
	assert_ok(parse("app", true, &places, &err), err);
	assert_int_equal(places.items[0].type, CACHE_REGISTRY);
	assert_string_equal(places.items[0].path, "example.org/app:cache");
	assert_int_equal(places.items[1].type, CACHE_REGISTRY);
	cache_places_release(&places);
}

static void test_the_type_may_come_last(void **state)
{
	struct cache_places places = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(parse("ref=a/b,mode=max,compression=gzip,compression-level=3,"
			"registry.insecure=true,oci-mediatypes=true,type=registry",
			true, &places, &err),
		  err);
	assert_int_equal(places.items[0].type, CACHE_REGISTRY);
	assert_true(places.items[0].all && places.items[0].insecure);
	assert_int_equal(places.items[0].compression, COMPRESSION_GZIP);
	assert_int_equal(places.items[0].level, 3);
	cache_places_release(&places);
	assert_ok(parse("dest=/x,compression=zstd,type=local", true, &places, &err), err);
	assert_int_equal(places.items[0].type, CACHE_LOCAL);
	cache_places_release(&places);
}

static void test_inline_has_no_place(void **state)
{
	struct cache_places places = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(parse("type=local,dest=/x", true, &places, &err), err);
	assert_false(cache_places_have(&places, CACHE_INLINE));
	assert_ok(parse("type=inline", true, &places, &err), err);
	assert_ok(parse("type=inline,mode=min,ignore-error=true,compression=zstd,"
			"oci-mediatypes=true",
			true, &places, &err),
		  err);
	assert_true(cache_places_have(&places, CACHE_INLINE));
	assert_null(places.items[1].path);
	assert_false(places.items[2].all);
	cache_places_release(&places);
}

static void test_what_makes_no_sense_is_told(void **state)
{
	static const struct {
		bool to;
		int code;
		const char *value, *words;
	} bad[] = {
		{ true, -EINVAL, "type=registry", "it has no ref" },
		{ true, -EINVAL, "type=registry,dest=x", "there is no attribute 'dest'" },
		{ true, -EINVAL, "type=registry,ref=x,reset=true", "no attribute 'reset'" },
		{ true, -EINVAL, "type=registry,ref=x,compression=lzma", "unknown compression" },
		{ true, -EINVAL, "type=registry,ref=x,compression=gzip,compression-level=10",
		  "gzip has 0 to 9" },
		{ true, -EINVAL, "type=registry,ref=x,compression-level=-1", "a number" },
		{ true, -EOPNOTSUPP, "type=gha", "use type=registry or type=local" },
		{ true, -EINVAL, "type=floppy", "there are inline, local and registry" },
		{ false, -EINVAL, "type=floppy", "there are local and registry" },
		{ true, -EOPNOTSUPP, "mode=max,type=inline", "layers of its own steps alone" },
		{ true, -EINVAL, "type=inline,mode=all", "it is min or max" },
		{ true, -EINVAL, "type=inline,ref=x", "there is no attribute 'ref'" },
		{ false, -EINVAL, "type=inline", "name it, with type=registry,ref=NAME" },
		{ true, -EINVAL, "ref=x", "it has no type" },
		{ true, -EINVAL, "type=registry,x", "'x' has no value" },
		{ false, -EINVAL, "type=registry,ref=x,mode=max", "no attribute 'mode'" },
		{ false, -EINVAL, "UPPER", "--cache-from UPPER" },
		{ false, -EINVAL, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cache_places places = { 0 };
		struct error err = { 0 };

		assert_int_equal(parse(bad[i].value, bad[i].to, &places, &err), bad[i].code);
		if (!strstr(err.text, bad[i].words))
			fail_msg("no '%s' in '%s'", bad[i].words, err.text);
		cache_places_release(&places);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_alone_is_one_in_a_registry),
		cmocka_unit_test(test_the_type_may_come_last),
		cmocka_unit_test(test_inline_has_no_place),
		cmocka_unit_test(test_what_makes_no_sense_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
