/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "fs/base/wire.h"
#include "fs/snapshot/failures.h"
#include "tests/lib/unit.h"

/* What somebody hears who heard all up to `since`, with blanks between; the last number. */
static uint64_t hear(const struct failures *failures, uint64_t since, char **ret)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_with(strings_release) struct strings texts = { 0 };
	struct wire wire;
	uint64_t last = 0;

	failures_encode(failures, since, &bytes);
	wire = wire_of(bytes.data, bytes.length);
	assert_int_equal(failures_decode(&wire, &last, &texts), 0);
	assert_int_equal(wire_end(&wire), 0);
	*ret = strings_join(&texts, " ");
	return last;
}

static void test_everybody_hears_each_failure_once(void **state)
{
	cleanup_with(failures_release) struct failures failures = { 0 };
	cleanup_free char *first = NULL, *second = NULL, *third = NULL, *other = NULL;
	uint64_t last;

	(void)state;
	failures_add(&failures, "a");
	failures_add(&failures, "b");
	failures_add(&failures, "a");
	last = hear(&failures, 0, &first);
	assert_string_equal(first, "b a");
	last = hear(&failures, last, &second);
	assert_string_equal(second, "");
	/* The same again is news to those who asked in between. */
	failures_add(&failures, "b");
	(void)hear(&failures, last, &third);
	assert_string_equal(third, "b");
	(void)hear(&failures, 0, &other);
	assert_string_equal(other, "a b");
}

static void test_only_the_newest_are_kept(void **state)
{
	cleanup_with(failures_release) struct failures failures = { 0 };
	cleanup_free char *text = NULL;

	(void)state;
	for (int i = 0; i < FAILURES_MAX + 3; i++) {
		cleanup_free char *name = xasprintf("%d", i);

		failures_add(&failures, name);
	}
	assert_int_equal(hear(&failures, 0, &text), FAILURES_MAX + 3);
	assert_memory_equal(text, "3 4 5 ", 6);
	assert_int_equal(failures.count, FAILURES_MAX);
}

static void test_what_is_no_list_is_refused(void **state)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_with(strings_release) struct strings texts = { 0 };
	struct wire wire;
	uint64_t last;

	(void)state;
	wire_put_u64(&bytes, 1);
	wire_put_u32(&bytes, UINT32_MAX);
	wire = wire_of(bytes.data, bytes.length);
	assert_int_equal(failures_decode(&wire, &last, &texts), -EPROTO);
	wire = wire_of(bytes.data, 5);
	assert_int_equal(failures_decode(&wire, &last, &texts), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everybody_hears_each_failure_once),
		cmocka_unit_test(test_only_the_newest_are_kept),
		cmocka_unit_test(test_what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
