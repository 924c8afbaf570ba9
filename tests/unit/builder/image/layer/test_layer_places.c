/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "builder/image/layer/layer_cache.h"
#include "builder/image/layer/layer_places.h"
#include "tests/lib/tree_fixture.h"

static struct layer_cache *open_cache(struct fixture *f)
{
	struct layer_cache *cache = NULL;

	assert_ok(layer_cache_open(f->store, &cache, &f->err), f->err);
	return cache;
}

static struct object_id digest(const char *name)
{
	return object_id_of(name, strlen(name));
}

static void add(struct fixture *f, struct layer_cache *cache, const char *place, const char *name)
{
	struct object_id id = digest(name);

	assert_ok(layer_places_add(cache, place, &id, 1, &f->err), f->err);
}

/* Places of a layer with commas between them. */
static void check_places(struct layer_cache *cache, const char *name, const char *want)
{
	cleanup_with(layer_places_release) struct layer_places places = { 0 };
	cleanup_with(strings_release) struct strings found = { 0 };
	cleanup_free char *text = NULL;
	struct object_id id = digest(name);

	layer_places_read(cache, &places);
	layer_places_find(&places, &id, &found);
	text = strings_join(&found, ",");
	assert_string_equal(text, want);
}

static void test_the_place_that_was_seen_last_comes_first(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);

	check_places(cache, "a", "");
	add(f, cache, "docker.io/library/debian", "a");
	add(f, cache, "localhost:5000/debian", "a");
	add(f, cache, "docker.io/library/debian", "b");
	check_places(cache, "a", "localhost:5000/debian,docker.io/library/debian");
	check_places(cache, "b", "docker.io/library/debian");
	add(f, cache, "docker.io/library/debian", "a");
	check_places(cache, "a", "docker.io/library/debian,localhost:5000/debian");
}

static void test_lines_that_make_no_sense_are_passed_over(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	cleanup_free char *path = xasprintf("%s/layers/places", f->dir);
	cleanup_free char *text = xasprintf("\nsha256:12 x\nsha256:%s\nsha256:%s \nsha256:%s y\nx",
					    object_id_hex(&(struct object_id){ 0 }).text,
					    object_id_hex(&(struct object_id){ 0 }).text,
					    object_id_hex(&(struct object_id){ 0 }).text);
	cleanup_with(layer_places_release) struct layer_places places = { 0 };

	assert_int_equal(file_replace(AT_FDCWD, path, text, strlen(text), 0600, false), 0);
	layer_places_read(cache, &places);
	assert_int_equal(places.lines.count, 1);
	add(f, cache, "z", "a");
	check_places(cache, "a", "z");
}

static void test_no_more_than_so_many_are_kept(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	cleanup_free struct object_id *many = xcalloc(LAYER_PLACES_MAX, sizeof *many);
	cleanup_with(layer_places_release) struct layer_places places = { 0 };

	add(f, cache, "first", "a");
	for (size_t i = 0; i < LAYER_PLACES_MAX; i++)
		many[i] = object_id_of(&i, sizeof i);
	assert_ok(layer_places_add(cache, "many", many, 1000, &f->err), f->err);
	check_places(cache, "a", "first");
	assert_ok(layer_places_add(cache, "more", many, LAYER_PLACES_MAX - 500, &f->err), f->err);
	check_places(cache, "a", "");
	layer_places_read(cache, &places);
	assert_int_equal(places.lines.count, LAYER_PLACES_MAX);
}

static void test_trimming_forgets_no_place(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);

	add(f, cache, "x/y", "a");
	assert_ok(layer_cache_trim(cache, 0, NULL, &f->err), f->err);
	check_places(cache, "a", "x/y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_place_that_was_seen_last_comes_first,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines_that_make_no_sense_are_passed_over,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_more_than_so_many_are_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_trimming_forgets_no_place, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
