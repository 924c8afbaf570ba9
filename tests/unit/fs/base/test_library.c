/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "fs/base/library.h"
#include "tests/lib/unit.h"

static void test_what_is_there_is_found(void **state)
{
	struct library library;
	__typeof__(strlen) *length = NULL;

	(void)state;
	library_open(&library, "libc.so.6", "counting takes libc", "libc6");
	library_find(&library, "strlen", &length);
	assert_int_equal(library_check(&library, NULL), 0);
	assert_int_equal(length("four"), 4);
}

static void test_a_library_that_is_missing_is_said_with_its_package(void **state)
{
	struct library library;
	struct error err = { 0 };
	__typeof__(strlen) *length = NULL;

	(void)state;
	library_open(&library, "libnosuch.so.1", "counting takes libnosuch", "libnosuch1");
	library_find(&library, "strlen", &length);
	assert_null(length);
	assert_int_equal(library_check(&library, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "counting takes libnosuch: "));
	assert_non_null(strstr(err.text, ". Install the package libnosuch1"));
}

static void test_the_first_function_that_is_missing_is_named(void **state)
{
	struct library library;
	struct error err = { 0 };
	__typeof__(strlen) *length = NULL;

	(void)state;
	library_open(&library, "libc.so.6", "counting takes libc", "libc6");
	library_find(&library, "strlen_nosuch", &length);
	library_find(&library, "strlen_neither", &length);
	assert_null(length);
	assert_int_equal(library_check(&library, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "libc.so.6 has no 'strlen_nosuch'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there_is_found),
		cmocka_unit_test(test_a_library_that_is_missing_is_said_with_its_package),
		cmocka_unit_test(test_the_first_function_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
