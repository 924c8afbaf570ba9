/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/name_table.h"
#include "tests/lib/unit.h"

static struct dentry *add(struct name_table *children, unsigned number)
{
	char name[16];

	snprintf(name, sizeof name, "n%u", number);
	return name_table_add(children, name, strlen(name));
}

static struct dentry *find(struct name_table *children, unsigned number)
{
	char name[16];

	snprintf(name, sizeof name, "n%u", number);
	return name_table_find(children, name, strlen(name));
}

static void test_names_are_found_among_comings_and_goings(void **state)
{
	struct name_table *children = name_table_new();
	bool present[3000] = { false };
	unsigned seed = 1, count = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		unsigned n = (seed = seed * 1103515245 + 12345) >> 8;

		n %= 3000;
		assert_int_equal(find(children, n) != NULL, present[n]);
		if (present[n])
			name_table_remove(children, find(children, n));
		else
			add(children, n);
		present[n] = !present[n];
		count += present[n] ? 1 : -1u;
		assert_int_equal(children->count, count);
	}
	name_table_free(children);
}

static void test_a_listing_goes_on_where_it_stopped_while_names_go(void **state)
{
	struct name_table *children = name_table_new();
	uint64_t position = 0;
	unsigned seen = 0;
	struct dentry *dentry;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		add(children, i);
	while ((dentry = name_table_from(children, position))) {
		char expected[16];

		snprintf(expected, sizeof expected, "n%u", seen++);
		assert_string_equal(dentry->name, expected);
		position = dentry->position + 1;
		name_table_remove(children, dentry);
	}
	assert_int_equal(seen, 20000);
	assert_int_equal(children->count, 0);
	name_table_free(children);
}

static void test_a_name_added_during_a_listing_comes_at_its_end(void **state)
{
	struct name_table *children = name_table_new();
	struct dentry *first, *last;

	(void)state;
	first = add(children, 1);
	add(children, 2);
	name_table_remove(children, first);
	last = add(children, 1);
	assert_ptr_equal(name_table_from(children, find(children, 2)->position + 1), last);
	name_table_free(children);
}

static void test_a_renamed_name_keeps_its_place(void **state)
{
	struct name_table *children = name_table_new();
	uint64_t position;

	(void)state;
	add(children, 1);
	add(children, 2);
	position = find(children, 1)->position;
	/* Over and over: the slots that it leaves behind do not fill the table. */
	for (unsigned i = 3; i < 3000; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		name_table_rename(children, name_table_from(children, 0), name, strlen(name));
		if (i > 3)
			assert_null(find(children, i - 1));
		assert_int_equal(find(children, i)->position, position);
		assert_ptr_equal(name_table_from(children, position + 1), find(children, 2));
	}
	assert_int_equal(children->count, 2);
	name_table_free(children);
}

static void test_sorting_is_by_bytes(void **state)
{
	struct name_table *children = name_table_new();
	struct dentry **sorted;

	(void)state;
	name_table_add(children, "b", 1);
	name_table_add(children, "\xff", 1);
	name_table_add(children, "a.b", 3);
	name_table_add(children, "a", 1);
	sorted = name_table_sorted(children);
	assert_string_equal(sorted[0]->name, "a");
	assert_string_equal(sorted[1]->name, "a.b");
	assert_string_equal(sorted[2]->name, "b");
	assert_string_equal(sorted[3]->name, "\xff");
	free(sorted);
	name_table_free(children);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_found_among_comings_and_goings),
		cmocka_unit_test(test_a_listing_goes_on_where_it_stopped_while_names_go),
		cmocka_unit_test(test_a_name_added_during_a_listing_comes_at_its_end),
		cmocka_unit_test(test_a_renamed_name_keeps_its_place),
		cmocka_unit_test(test_sorting_is_by_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
