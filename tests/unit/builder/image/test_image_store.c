/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image_store.h"
#include "builder/image/platform.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "tests/lib/snapshot_fixture.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct object_id none;

/* An image for `platform` with one file, so that each is another one. */
static struct object_id make(struct fixture *f, const char *platform, const char *content)
{
	cleanup_free char *text = xasprintf("f file 644 0:0 1 %s", content);
	cleanup_with(config_release) struct config config = { 0 };
	struct object_id state = snapshot_on(f, &none, text), id;
	struct platform for_platform;

	assert_ok(platform_parse(platform, &for_platform, &f->err), f->err);
	config_init_scratch(&config, &for_platform);
	config_set_string(&config.created, "2001-02-03T04:05:06Z");
	assert_ok(image_make(f->store, f->lease, &state, &config, 0, &id, &f->err), f->err);
	return id;
}

static void tag(struct fixture *f, const char *name, struct object_id id)
{
	assert_ok(image_tag(f->store, f->lease, name, &id, 1, 0, &f->err), f->err);
}

/* Whether `name` for `platform` (NULL: whatever suits) is `want`. */
static void check_found(struct fixture *f, const char *name, const char *platform,
			const struct object_id *want)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	struct platform for_platform;
	int r;

	if (platform)
		assert_ok(platform_parse(platform, &for_platform, &f->err), f->err);
	r = image_find(f->store, NULL, name, platform ? &for_platform : NULL, &image, &f->err);
	assert_ok(r, f->err);
	assert_int_equal(r, want != NULL);
	if (want)
		assert_true(object_id_equal(&image.snapshot, want));
}

static void test_an_image_is_found_by_every_form_of_its_name(void **state)
{
	static const char *const names[] = { "debian", "debian:latest", "docker.io/debian",
					     "docker.io/library/debian:latest",
					     "index.docker.io/library/debian" };
	struct fixture *f = *state;
	struct object_id id = make(f, "linux/amd64", "a");

	tag(f, "debian", id);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		check_found(f, names[i], "linux/amd64", &id);
	check_found(f, "debian:12", "linux/amd64", NULL);
	check_found(f, "debian", "linux/s390x", NULL);
	check_found(f, "localhost/debian", "linux/amd64", NULL);
}

static void test_what_cannot_be_a_name_is_refused(void **state)
{
	struct stored_image image;
	struct fixture *f = *state;
	struct object_id id = make(f, "linux/amd64", "a");

	assert_int_equal(image_find(f->store, NULL, "Debian", NULL, &image, &f->err), -EINVAL);
	assert_int_equal(image_tag(f->store, f->lease, "a b", &id, 1, 0, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "cannot tag 'a b'"));
	assert_int_equal(image_untag(f->store, "", &f->err), -EINVAL);
}

static void test_a_name_stands_for_several_platforms(void **state)
{
	struct fixture *f = *state;
	struct object_id ids[3] = { make(f, "linux/s390x", "z"), make(f, "linux/arm/v6", "6"),
				    make(f, "linux/arm/v7", "7") };
	cleanup_free char *platforms = NULL;

	assert_ok(image_tag(f->store, f->lease, "x:1", ids, 3, 0, &f->err), f->err);
	check_found(f, "x:1", "linux/s390x", &ids[0]);
	check_found(f, "x:1", "linux/arm/v6", &ids[1]);
	check_found(f, "x:1", "linux/arm/v7", &ids[2]);
	check_found(f, "x:1", "linux/ppc64le", NULL);
	check_found(f, "x:12", "linux/s390x", NULL);
	assert_ok(image_find_platforms(f->store, "x:1", &platforms, &f->err), f->err);
	assert_string_equal(platforms, "linux/arm/v6, linux/arm/v7, linux/s390x");
}

static void test_tagging_replaces_or_adds(void **state)
{
	struct fixture *f = *state;
	struct object_id a = make(f, "linux/amd64", "a"), b = make(f, "linux/arm64", "b");
	struct object_id c = make(f, "linux/amd64", "c"), both[2] = { a, c };

	tag(f, "x", a);
	assert_ok(image_tag(f->store, f->lease, "x", &b, 1, IMAGE_TAG_ADD, &f->err), f->err);
	check_found(f, "x", "linux/amd64", &a);
	check_found(f, "x", "linux/arm64", &b);
	assert_ok(image_tag(f->store, f->lease, "x", &c, 1, IMAGE_TAG_ADD, &f->err), f->err);
	check_found(f, "x", "linux/amd64", &c);
	check_found(f, "x", "linux/arm64", &b);
	tag(f, "x", b);
	check_found(f, "x", "linux/amd64", NULL);
	check_found(f, "x", NULL, &b);
	assert_int_equal(image_tag(f->store, f->lease, "x", both, 2, 0, &f->err), -EINVAL);
	check_found(f, "x", NULL, &b);
}

static void test_a_digest_goes_with_the_last_tag_of_its_repository(void **state)
{
	static const char digest[] =
		"x@sha256:0000000000000000000000000000000000000000000000000000000000000001";
	struct fixture *f = *state;
	struct object_id a = make(f, "linux/amd64", "a"), b = make(f, "linux/amd64", "b");

	tag(f, digest, a);
	tag(f, "x:1", a);
	tag(f, "x:2", a);
	tag(f, "y", a);
	tag(f, "x:3", b);
	assert_int_equal(image_untag(f->store, "x:3", &f->err), 1);
	assert_int_equal(image_untag(f->store, "x:1", &f->err), 1);
	check_found(f, digest, NULL, &a);
	assert_int_equal(image_untag(f->store, "x:2", &f->err), 1);
	check_found(f, digest, NULL, NULL);
	check_found(f, "y", NULL, &a);
}

static void test_a_name_goes_for_all_platforms(void **state)
{
	struct fixture *f = *state;
	struct object_id ids[2] = { make(f, "linux/amd64", "a"), make(f, "linux/arm64", "b") };
	struct ref_list refs = { 0 };

	assert_ok(image_tag(f->store, f->lease, "x", ids, 2, 0, &f->err), f->err);
	tag(f, "x:other", ids[0]);
	assert_int_equal(image_untag(f->store, "x", &f->err), 1);
	assert_int_equal(image_untag(f->store, "x", &f->err), 0);
	check_found(f, "x", NULL, NULL);
	check_found(f, "x:other", NULL, &ids[0]);
	assert_ok(store_ref_list(f->store, "tag/", &refs, &f->err), f->err);
	assert_int_equal(refs.count, 1);
	ref_list_release(&refs);
}

static void test_a_known_digest_is_part_of_the_name(void **state)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	struct fixture *f = *state;
	struct object_id id = make(f, "linux/amd64", "a");

	tag(f, "debian:12@" DIGEST, id);
	check_found(f, "debian@" DIGEST, NULL, &id);
	check_found(f, "debian:12", NULL, NULL);
	tag(f, "debian:12", id);
	assert_int_equal(image_find(f->store, f->lease, "debian:12", NULL, &image, &f->err), 1);
	assert_string_equal(image.name, "docker.io/library/debian:12@" DIGEST);
	assert_ok(image_list(f->store, &rows, NULL, &f->err), f->err);
	assert_int_equal(rows.count, 1);
	assert_string_equal(rows.items[0].name, "docker.io/library/debian:12");
	assert_true(rows.items[0].has_digest);
}

static void test_listing_tells_platform_time_and_size(void **state)
{
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	cleanup_with(config_release) struct config config = { 0 };
	struct platform host = platform_host();
	struct fixture *f = *state;
	struct object_id linked = snapshot_on(f, &none,
					      "f a 644 0:0 1 1234567\n"
					      "h b a\n"
					      "f c 644 0:0 1 *100000"),
			 id;
	cleanup_free char *familiar = NULL;

	config_init_scratch(&config, &host);
	assert_ok(image_make(f->store, f->lease, &linked, &config, 77, &id, &f->err), f->err);
	tag(f, "z", id);
	tag(f, "a/b:1", make(f, "linux/arm64", "x"));
	assert_ok(image_list(f->store, &rows, NULL, &f->err), f->err);
	assert_int_equal(rows.count, 2);
	assert_string_equal(rows.items[0].name, "docker.io/a/b:1");
	assert_string_equal(rows.items[0].platform.architecture, "arm64");
	assert_int_equal(rows.items[0].created_s, 981173106);
	assert_int_equal(rows.items[1].created_s, 77);
	assert_int_equal(rows.items[1].size, 100007);
	familiar = image_name_familiar(rows.items[1].name);
	assert_string_equal(familiar, "z:latest");
}

static void test_a_damaged_image_is_told_and_others_listed(void **state)
{
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	cleanup_with(strings_release) struct strings warnings = { 0 };
	struct fixture *f = *state;

	tag(f, "good", make(f, "linux/amd64", "a"));
	(void)put_snapshot(f, &(struct snapshot_record){ .root = tree_root_empty() },
			   "tag/docker.io/library/bad:latest");
	assert_ok(image_list(f->store, &rows, &warnings, &f->err), f->err);
	assert_int_equal(rows.count, 1);
	assert_int_equal(warnings.count, 1);
	assert_non_null(strstr(warnings.items[0], "bad:latest: state "));
}

static void test_an_image_keeps_the_layers_of_its_state(void **state)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	struct fixture *f = *state;
	struct object_id lower = make(f, "linux/amd64", "a");
	struct object_id upper = snapshot_on(f, &lower, "f more 644 0:0 1 b"), id, again;
	const char *document = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"x\": 1}";
	struct gc_stats stats;

	assert_ok(image_make_document(f->store, f->lease, &upper, document, strlen(document), 0,
				      &id, &f->err),
		  f->err);
	assert_ok(image_make_document(f->store, f->lease, &upper, document, strlen(document), 0,
				      &again, &f->err),
		  f->err);
	assert_true(object_id_equal(&id, &again));
	tag(f, "x", id);
	assert_ok(store_gc(f->store, &(struct gc_options){ 0 }, &stats, &f->err), f->err);
	assert_int_equal(image_find(f->store, f->lease, "x", NULL, &image, &f->err), 1);
	assert_string_equal(image.config.platform.architecture, "amd64");
	assert_ok(image_chain_read(f->store, &id, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 2);
	assert_true(object_id_equal(&chain.layers[0].snapshot, &lower));
}

static void test_an_image_of_nothing_has_no_layers(void **state)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	cleanup_with(config_release) struct config config = { 0 };
	struct platform host = platform_host();
	struct fixture *f = *state;
	struct object_id id;

	config_init_scratch(&config, &host);
	assert_ok(image_make(f->store, f->lease, &none, &config, 0, &id, &f->err), f->err);
	assert_ok(image_chain_read(f->store, &id, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_image_is_found_by_every_form_of_its_name,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_a_name_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_stands_for_several_platforms, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_tagging_replaces_or_adds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_digest_goes_with_the_last_tag_of_its_repository, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_goes_for_all_platforms, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_known_digest_is_part_of_the_name, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_listing_tells_platform_time_and_size, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_damaged_image_is_told_and_others_listed,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_image_keeps_the_layers_of_its_state, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_an_image_of_nothing_has_no_layers, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
