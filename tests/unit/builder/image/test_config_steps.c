/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

#define HEX  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

/* {"varve.cache.v1":{"steps":[...]}} */
#define STEPS(text)        "{\"varve.cache.v1\":{\"steps\":[" text "]}}"
#define STEP(layers, keys) "{\"layers\":" #layers ",\"keys\":[" keys "]}"
#define KEY                "\"" HEX "\""

static struct object_id id_of(const char *text)
{
	return object_id_of(text, strlen(text));
}

static void add(struct config_steps *steps, size_t layers, const char *key, const char *other)
{
	struct config_step step = { .layers = layers, .keys = { id_of(key) }, .key_count = 1 };

	if (other)
		step.keys[step.key_count++] = id_of(other);
	config_steps_add(steps, &step);
}

static int parse(const char *text, size_t layers, struct config_steps *ret, struct error *err)
{
	return config_steps_parse(text, strlen(text), "x", layers, ret, err);
}

static void test_what_is_written_is_read(void **state)
{
	static const char document[] = "{\"os\":\"linux\",\"zoo\":[1],\"later\":2}";
	cleanup_with(config_steps_release) struct config_steps steps = { 0 }, got = { 0 };
	cleanup_with(config_release) struct config config = { 0 }, again = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 }, without = { 0 };
	struct object_id key = id_of("b");
	struct error err = { 0 };

	(void)state;
	add(&steps, 2, "a", NULL);
	add(&steps, 5, "c", "b");
	assert_ok(config_parse(document, strlen(document), "x", &config, &err), err);
	config_steps_set(&steps, &config);
	config_write(&config, &text);
	assert_int_equal(config_steps_parse(text.data, text.length, "x", 5, &got, &err), 1);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.items[0].key_count, 1);
	assert_ptr_equal(config_steps_find(&got, &key), &got.items[1]);
	assert_int_equal(got.items[1].layers, 5);
	key = id_of("d");
	assert_null(config_steps_find(&got, &key));
	/* What is made from it does not have them, and all else. */
	assert_ok(config_parse(text.data, text.length, "x", &again, &err), err);
	config_write(&again, &without);
	assert_int_equal(config_steps_parse(without.data, without.length, "x", 5, &got, &err), 0);
	assert_non_null(strstr(buf_string(&without), "\"later\":2"));
	assert_non_null(strstr(buf_string(&without), "\"zoo\":[1]"));
}

static void test_no_steps_are_no_member(void **state)
{
	cleanup_with(config_release) struct config config = { 0 };
	struct config_steps none = { 0 };

	(void)state;
	config_steps_set(&none, &config);
	assert_null(config.others);
}

static void test_steps_within_a_layer_are_none(void **state)
{
	static const size_t ends[] = { 0, 3, 4, 7 };
	cleanup_with(config_steps_release) struct config_steps steps = { 0 };

	(void)state;
	add(&steps, 1, "1", NULL);
	add(&steps, 3, "3", NULL);
	add(&steps, 4, "4", NULL);
	add(&steps, 6, "6", NULL);
	add(&steps, 8, "8", NULL);
	add(&steps, 9, "9", NULL);
	config_steps_merge(&steps, ends, 4);
	assert_int_equal(steps.count, 3);
	assert_int_equal(steps.items[0].layers, 1);
	assert_int_equal(steps.items[1].layers, 2);
	assert_int_equal(steps.items[2].layers, 4);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		int code;
		const char *text, *words;
	} bad[] = {
		{ -EINVAL, "[", "" },
		{ -EINVAL, "{\"varve.cache.v1\":[]}", ".varve.cache.v1 is not an object" },
		{ -EINVAL, "{\"varve.cache.v1\":{}}", ".varve.cache.v1.steps is missing" },
		{ -EINVAL, STEPS("1"), ".steps[0]" },
		{ -EINVAL, STEPS("{}"), ".steps[0].layers is missing" },
		{ -EINVAL, STEPS(STEP(0, KEY)), ".layers is not more than 0" },
		{ -EINVAL, STEPS(STEP(-1, KEY)), ".layers is below zero" },
		{ -EINVAL, STEPS(STEP(4, KEY)), ".layers is more than the 3 of the image" },
		{ -EINVAL, STEPS(STEP(9223372036854775807, KEY)), "more than the 3" },
		{ -EINVAL, STEPS(STEP(18446744073709551617, KEY)), "" },
		{ -EINVAL, STEPS(STEP(1.5, KEY)), ".layers" },
		{ -EINVAL, STEPS(STEP(2, KEY) "," STEP(2, KEY)), ".steps[1].layers is not more" },
		{ -EINVAL, STEPS("{\"layers\":1}"), ".keys is missing" },
		{ -EINVAL, STEPS(STEP(1, "")), ".keys is not one to 2 keys" },
		{ -EINVAL, STEPS(STEP(1, KEY "," KEY "," KEY)), ".keys is not one to 2 keys" },
		{ -EINVAL, STEPS(STEP(1, "7")), ".keys[0] is not a string" },
		{ -EINVAL, STEPS(STEP(1, "\"" ZERO "\"")), ".keys[0] is no id" },
		{ -EINVAL, STEPS(STEP(1, KEY ",\"" HEX "0\"")), ".keys[1] is no id" },
		{ -EOPNOTSUPP, "{\"moby.buildkit.cache.v0\":\"e30=\"}", "BuildKit's" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct config_steps steps = { 0 };
		struct error err = { 0 };

		assert_int_equal(parse(bad[i].text, 3, &steps, &err), bad[i].code);
		if (!strstr(err.text, bad[i].words))
			fail_msg("no '%s' in '%s'", bad[i].words, err.text);
		assert_null(steps.items);
	}
}

static void test_a_configuration_may_have_none(void **state)
{
	cleanup_with(config_steps_release) struct config_steps steps = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(parse("{}", 0, &steps, &err), 0);
	assert_int_equal(parse("{\"varve.cache.v1\":null}", 3, &steps, &err), 0);
	assert_int_equal(parse(STEPS(""), 0, &steps, &err), 1);
	assert_int_equal(parse(STEPS(STEP(3, KEY)), 3, &steps, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_no_steps_are_no_member),
		cmocka_unit_test(test_steps_within_a_layer_are_none),
		cmocka_unit_test(test_what_makes_no_sense_is_refused),
		cmocka_unit_test(test_a_configuration_may_have_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
