/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/ref_file.h"
#include "fs/store/refs.h"
#include "tests/unit/fs/store/fixture.h"

static struct object_id set(struct fixture *f, const char *name, uint32_t seed)
{
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_noise(f, txn, seed, 100);

	fixture_set_ref(f, txn, name, &id);
	fixture_commit(f, txn);
	return id;
}

static void test_refs_of_all_kinds_of_names_come_back(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *long_name = xmalloc(1001);
	const char *names[] = {
		"tag/docker.io/library/alpine:3.19",
		"tag/.hidden",
		"tag/..",
		"tag/a%2Fb",
		"tag/a/b",
		"tag/\xff\n\t ",
		"cache/go-build/12",
		"cache/go-build/13",
		"pin/x",
		long_name,
	};
	size_t count = sizeof names / sizeof names[0];
	struct ref_list refs = { 0 };

	memset(long_name, 'x', 1000);
	memcpy(long_name, "tag/", 4);
	long_name[700] = '/';
	long_name[1000] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		struct object_id id = set(f, names[i], i), got;
		int64_t time_s = 0;

		assert_int_equal(store_ref_get(f->store, names[i], &got, &time_s, &f->err), 1);
		assert_true(object_id_equal(&id, &got));
		assert_true(time_s > 1600000000);
	}
	assert_ok(store_ref_list(f->store, "", &refs, &f->err), f->err);
	assert_int_equal(refs.count, count);
	for (size_t i = 0; i < count; i++) {
		size_t found = 0;

		while (found < count && strcmp(refs.items[found].name, names[i]) != 0)
			found++;
		assert_true(found < count);
		assert_true(i == 0 || strcmp(refs.items[i - 1].name, refs.items[i].name) < 0);
	}
	ref_list_release(&refs);
	assert_clean(f->store);
}

static void test_a_prefix_selects(void **state)
{
	struct fixture *f = *state;
	struct ref_list refs = { 0 };

	(void)set(f, "cache/a/2", 1);
	(void)set(f, "cache/a/1", 2);
	(void)set(f, "cache/ab/1", 3);
	(void)set(f, "tag/cache/a/1", 4);
	assert_ok(store_ref_list(f->store, "cache/a/", &refs, &f->err), f->err);
	assert_int_equal(refs.count, 2);
	assert_string_equal(refs.items[0].name, "cache/a/1");
	assert_string_equal(refs.items[1].name, "cache/a/2");
	ref_list_release(&refs);
	assert_ok(store_ref_list(f->store, "nothing/", &refs, &f->err), f->err);
	assert_ok(store_ref_list(f->store, "../", &refs, &f->err), f->err);
	assert_int_equal(refs.count, 0);
	ref_list_release(&refs);
}

static void test_names_that_are_none_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "", "tag", "tag/", "/x", "TAG/x", "../x", "a.b/x" };
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_noise(f, txn, 1, 10);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(store_txn_set_ref(txn, names[i], &id, &f->err), -EINVAL);
	store_txn_free(txn);
}

static void test_a_ref_to_what_is_not_there_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = object_id_of("nothing", 7);

	assert_int_equal(store_txn_set_ref(txn, "tag/x", &id, &f->err), -ENOENT);
	store_txn_free(txn);
}

static void test_setting_again_replaces(void **state)
{
	struct fixture *f = *state;
	struct object_id second, got;

	(void)set(f, "tag/x", 1);
	second = set(f, "tag/x", 2);
	assert_int_equal(store_ref_get(f->store, "tag/x", &got, NULL, &f->err), 1);
	assert_true(object_id_equal(&second, &got));
}

static void test_deleting_says_whether_there_was_one(void **state)
{
	struct fixture *f = *state;
	struct object_id got;

	assert_int_equal(store_ref_delete(f->store, "tag/x", &f->err), 0);
	(void)set(f, "tag/x", 1);
	assert_int_equal(store_ref_delete(f->store, "tag/x", &f->err), 1);
	assert_int_equal(store_ref_get(f->store, "tag/x", &got, NULL, &f->err), 0);
	assert_int_equal(store_ref_delete(f->store, "tag/x", &f->err), 0);
}

static void test_an_abandoned_ref_was_never_set(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_noise(f, txn, 1, 10);

	fixture_set_ref(f, txn, "tag/x", &id);
	store_txn_free(txn);
	assert_int_equal(store_ref_get(f->store, "tag/x", &id, NULL, &f->err), 0);
}

static void test_what_is_no_ref_is_told_apart(void **state)
{
	static const struct {
		const char *file, *text;
	} bad[] = {
		{ "x", "" },
		{ "x", "0123\n" },
		{ "x", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n" },
		{ "x", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5" },
		{ "x", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\nx" },
		{ ".x", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\n" },
		{ "%2f", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\n" },
		{ "%41", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\n" },
		{ "%-0", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\n" },
	};
	struct ref ref;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
			ref_decode("tag", bad[i].file, bad[i].text, strlen(bad[i].text), &ref),
			-EBADMSG);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_refs_of_all_kinds_of_names_come_back),
		test(test_a_prefix_selects),
		test(test_names_that_are_none_are_refused),
		test(test_a_ref_to_what_is_not_there_is_refused),
		test(test_setting_again_replaces),
		test(test_deleting_says_whether_there_was_one),
		test(test_an_abandoned_ref_was_never_set),
		cmocka_unit_test(test_what_is_no_ref_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
