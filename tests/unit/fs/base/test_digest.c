/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/digest.h"
#include "tests/lib/unit.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void test_a_known_digest(void **state)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_bytes("abc", 3, digest);
	digest_to_hex(digest, hex);
	assert_string_equal(hex, abc);
}

static void test_a_stream_gives_the_same_and_goes_on_after_a_peek(void **state)
{
	struct digest *stream = digest_new();
	uint8_t whole[DIGEST_SIZE], streamed[DIGEST_SIZE];

	(void)state;
	digest_update(stream, "a", 1);
	digest_peek(stream, streamed);
	digest_bytes("a", 1, whole);
	assert_memory_equal(streamed, whole, DIGEST_SIZE);
	digest_update(stream, "bc", 2);
	digest_peek(stream, streamed);
	digest_bytes("abc", 3, whole);
	assert_memory_equal(streamed, whole, DIGEST_SIZE);
	digest_free(stream);
}

static void test_hex_that_is_none_is_refused(void **state)
{
	uint8_t digest[DIGEST_SIZE];

	(void)state;
	assert_int_equal(digest_from_hex(abc, digest), 0);
	assert_int_equal(digest_from_hex("BA78", digest), -EINVAL);
	assert_int_equal(digest_from_hex("", digest), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_known_digest),
		cmocka_unit_test(test_a_stream_gives_the_same_and_goes_on_after_a_peek),
		cmocka_unit_test(test_hex_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
