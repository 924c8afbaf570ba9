/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/json.h"
#include "fs/base/arena.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static struct arena arena;

static int parse(const char *text, struct words *ret)
{
	bool nul;

	return json_string_array(span_of(text), &arena, ret, &nul);
}

static void assert_item(const char *text, const char *item)
{
	struct words words;

	assert_int_equal(parse(text, &words), 1);
	assert_int_equal(words.count, 1);
	assert_string_equal(words.items[0], item);
}

static void test_strings_are_decoded(void **state)
{
	(void)state;
	assert_item("[\"\"]", "");
	assert_item(" [ \"a\" ] \t\n", "a");
	assert_item("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "\"\\/\b\f\n\r\t");
	assert_item("[\"\\u0041\\u00e9\\u2603\"]", "A\xc3\xa9\xe2\x98\x83");
	assert_item("[\"\\ud83d\\ude00\"]", "\xf0\x9f\x98\x80");
	assert_item("[\"\\ud83d\\u0041\"]", "\xef\xbf\xbd"
					    "A");
	assert_item("[\"\\ude00\"]", "\xef\xbf\xbd");
	assert_item("[\"\\ud83d\"]", "\xef\xbf\xbd");
	assert_item("[\"\xff\"]", "\xff");
}

static void test_what_is_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		"a",
		"\"a\"",
		"[",
		"]",
		"[\"a\"",
		"[\"a\",]",
		"[\"a\"] b",
		"[\"a\" \"b\"]",
		"['a']",
		"[\"\\x\"]",
		"[\"\\u12\"]",
		"[\"a\tb\"]",
		"[tru]",
		"[01]",
		"[1.]",
		"[-]",
		"[1e]",
		"[\"a\\\"]",
		"[{\"a\"}]",
		"[{\"a\":}]",
		"[{\"a\":1,}]",
		"[[1}]",
		"[{a:1}]",
		"[\"\\u00zz\"]",
	};
	struct words words;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(parse(texts[i], &words), 0);
}

static void test_arrays_of_other_things(void **state)
{
	static const char *const texts[] = {
		"[1]",
		"[-0.5e+3]",
		"[true, false, null]",
		"[\"a\", []]",
		"[{}]",
		"[{\"a\": [1, {\"b\": \"c\"}], \"d\": null}]",
		"[[[[\"x\"], []]]]",
	};
	struct words words;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(parse(texts[i], &words), -EINVAL);
}

static void test_nesting_has_a_limit(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct words words;

	(void)state;
	buf_add_char(&text, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_add_char(&text, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_add_char(&text, ']');
	buf_add_char(&text, ']');
	assert_int_equal(parse(text.data, &words), -EINVAL);
	buf_clear(&text);
	for (int i = 0; i < JSON_DEPTH_MAX + 2; i++)
		buf_add_char(&text, '[');
	for (int i = 0; i < JSON_DEPTH_MAX + 2; i++)
		buf_add_char(&text, ']');
	assert_int_equal(parse(text.data, &words), 0);
}

static void test_a_nul_is_told(void **state)
{
	struct words words;
	bool nul = false;

	(void)state;
	assert_int_equal(json_string_array(span_of("[\"a\\u0000b\"]"), &arena, &words, &nul), 1);
	assert_true(nul);
	assert_string_equal(words.items[0], "a" JSON_NUL "b");
	assert_int_equal(json_string_array(span_of("[\"a\"]"), &arena, &words, &nul), 1);
	assert_false(nul);
}

static void test_members_of_objects(void **state)
{
	const char *got = NULL;

	(void)state;
	assert_int_equal(json_object_string(span_of("{\"a\": {}, \"b\": \"c\", \"d\": 1}"), "b",
					    &arena, &got),
			 1);
	assert_string_equal(got, "c");
	assert_int_equal(
		json_object_string(span_of("{\"b\": \"c\", \"b\": \"d\"}"), "b", &arena, &got), 1);
	assert_string_equal(got, "d");
	assert_int_equal(json_object_string(span_of("{\"b\": \"c\", \"b\": 1}"), "b", &arena, &got),
			 0);
	assert_int_equal(json_object_string(span_of("{}"), "b", &arena, &got), 0);
	assert_int_equal(json_object_string(span_of("{\"b\": \"c\"} x"), "b", &arena, &got), 0);
	assert_int_equal(json_object_string(span_of("{\"b\": \"\\u0000\"}"), "b", &arena, &got), 0);
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_are_decoded),
		cmocka_unit_test(test_what_is_no_json),
		cmocka_unit_test(test_arrays_of_other_things),
		cmocka_unit_test(test_nesting_has_a_limit),
		cmocka_unit_test(test_a_nul_is_told),
		cmocka_unit_test(test_members_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
