/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/json.h"
#include "builder/image/string_map.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

static struct error err;

static void parse(const char *text, struct json_document *ret)
{
	assert_ok(json_document_parse(text, strlen(text), "the document", ret, &err), err);
}

static void test_errors_name_the_document_and_the_path(void **state)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	cleanup_with(strings_release) struct strings list = { 0 };
	struct json_value inner;

	(void)state;
	parse("{\"config\":{\"Env\":[\"a\",7]}}", &document);
	assert_int_equal(json_get_object(&document.root, "config", &inner, &err), 1);
	assert_int_equal(json_get_strings(&inner, "Env", &list, &err), -EINVAL);
	assert_string_equal(err.text, "the document: .config.Env[1] is not a string");
}

static void test_null_and_absent_are_the_same(void **state)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	const char *s = NULL;
	int64_t n = 0;

	(void)state;
	parse("{\"a\":null,\"n\":-3}", &document);
	assert_int_equal(json_get_string(&document.root, "a", &s, &err), 0);
	assert_int_equal(json_get_string(&document.root, "b", &s, &err), 0);
	assert_int_equal(json_need_string(&document.root, "b", &s, &err), -EINVAL);
	assert_string_equal(err.text, "the document: .b is missing");
	assert_int_equal(json_get_i64(&document.root, "n", &n, &err), 1);
	assert_int_equal(n, -3);
	assert_int_equal(json_need_u64(&document.root, "n", (uint64_t *)&n, &err), -EINVAL);
	assert_string_equal(err.text, "the document: .n is below zero");
}

static void test_bad_documents_are_refused_with_their_place(void **state)
{
	struct json_document document;
	const char *bad[] = {
		"", "{", "{\"a\":1,\"a\":2}", "[1] x", "\"s\"", "{\"a\":\"\xff\"}", "{\"a\":1e999}"
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(json_document_parse(bad[i], strlen(bad[i]), "d", &document, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, "d: line "));
	}
}

static void test_a_document_past_the_limit_is_refused(void **state)
{
	struct json_document document;
	char *big = xmalloc(JSON_DOCUMENT_MAX + 1);

	(void)state;
	memset(big, ' ', JSON_DOCUMENT_MAX + 1);
	assert_int_equal(json_document_parse(big, JSON_DOCUMENT_MAX + 1, "d", &document, &err),
			 -E2BIG);
	free(big);
}

static void test_deep_nesting_is_refused(void **state)
{
	struct json_document document;
	char deep[20000];

	(void)state;
	memset(deep, '[', sizeof deep);
	assert_int_equal(json_document_parse(deep, sizeof deep, "d", &document, &err), -EINVAL);
}

static void test_strings_are_escaped_as_go_does(void **state)
{
	cleanup_with(buf_release) struct buf out = { 0 };
	struct json_writer writer = { .out = &out };

	(void)state;
	json_put_string(&writer, NULL,
			"a\"\\\n\t\r\x01<&>\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8|\xff\xc3");
	assert_string_equal(buf_string(&out),
			    "\"a\\\"\\\\\\n\\t\\r\\u0001\\u003c\\u0026\\u003e\xc3\xa9"
			    "\xf0\x9f\x98\x80\\u2028|\\ufffd\\ufffd\"");
}

static void test_overlong_and_surrogate_bytes_are_replaced(void **state)
{
	cleanup_with(buf_release) struct buf out = { 0 };
	struct json_writer writer = { .out = &out };

	(void)state;
	json_put_string(&writer, NULL, "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80");
	assert_null(strpbrk(buf_string(&out), "\xc0\xed\xf4"));
	assert_non_null(strstr(buf_string(&out), "\\ufffd"));
}

static void test_members_come_in_the_order_of_the_calls(void **state)
{
	cleanup_with(buf_release) struct buf out = { 0 };
	cleanup_with(strings_release) struct strings list = { 0 };
	cleanup_with(string_map_release) struct string_map map = { 0 };
	struct json_writer writer = { .out = &out };

	(void)state;
	strings_add(&list, "y");
	strings_add(&list, "x");
	strings_add(&list, "x");
	string_map_set(&map, "k", "v");
	json_begin(&writer, NULL, '{');
	json_put_i64(&writer, "z", -5);
	json_put_true(&writer, "t");
	json_put_strings(&writer, "list", &list);
	json_put_keys(&writer, "keys", &list);
	json_put_map(&writer, "map", &map);
	json_begin(&writer, "none", '[');
	json_end(&writer, ']');
	json_end(&writer, '}');
	assert_string_equal(buf_string(&out),
			    "{\"z\":-5,\"t\":true,\"list\":[\"y\",\"x\",\"x\"],"
			    "\"keys\":{\"x\":{},\"y\":{}},\"map\":{\"k\":\"v\"},\"none\":[]}");
}

static void test_unknown_members_are_written_again(void **state)
{
	static const char *const known[] = { "b", NULL };
	cleanup_with(json_document_release) struct json_document document = { 0 };
	cleanup_with(buf_release) struct buf out = { 0 };
	struct json_writer writer = { .out = &out };
	struct json_t *others;

	(void)state;
	parse("{\"z\":[1,{\"q\":null}],\"b\":2,\"a\":1.5}", &document);
	others = json_others(&document.root, known);
	json_begin(&writer, NULL, '{');
	json_put_others(&writer, others);
	json_end(&writer, '}');
	assert_string_equal(buf_string(&out), "{\"z\":[1,{\"q\":null}],\"a\":1.5}");
	json_others_release(others);
	json_others_release(NULL);
}

static void test_a_member_more_leaves_shared_ones_alone(void **state)
{
	static const char *const known[] = { NULL };
	cleanup_with(json_document_release) struct json_document document = { 0 };
	cleanup_with(buf_release) struct buf out = { 0 }, text = { 0 };
	struct json_writer writer = { .out = &out };
	struct json_t *others, *shared;

	(void)state;
	parse("{\"a\":1}", &document);
	others = json_others(&document.root, known);
	shared = json_others_ref(others);
	buf_add_string(&text, "{\"x\":[2]}");
	others = json_others_with(others, "b", &text);
	json_begin(&writer, NULL, '{');
	json_put_others(&writer, others);
	json_put_others(&writer, shared);
	json_end(&writer, '}');
	assert_string_equal(buf_string(&out), "{\"a\":1,\"b\":{\"x\":[2]},\"a\":1}");
	json_others_release(others);
	json_others_release(shared);
	others = json_others_with(NULL, "b", &text);
	assert_non_null(json_others_get(others, "b"));
	json_others_release(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_name_the_document_and_the_path),
		cmocka_unit_test(test_null_and_absent_are_the_same),
		cmocka_unit_test(test_bad_documents_are_refused_with_their_place),
		cmocka_unit_test(test_a_document_past_the_limit_is_refused),
		cmocka_unit_test(test_deep_nesting_is_refused),
		cmocka_unit_test(test_strings_are_escaped_as_go_does),
		cmocka_unit_test(test_overlong_and_surrogate_bytes_are_replaced),
		cmocka_unit_test(test_members_come_in_the_order_of_the_calls),
		cmocka_unit_test(test_unknown_members_are_written_again),
		cmocka_unit_test(test_a_member_more_leaves_shared_ones_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
