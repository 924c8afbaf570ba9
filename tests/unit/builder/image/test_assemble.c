/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/assemble.h"
#include "builder/image/config.h"
#include "builder/image/image_store.h"
#include "builder/image/layer/layer_cache.h"
#include "tests/lib/snapshot_fixture.h"

static const struct object_id none;
static const struct image_options usual = { .layers = { .compression = COMPRESSION_GZIP,
							.level = COMPRESSION_LEVEL_DEFAULT } };

static void assemble(struct fixture *f, const struct object_id *snapshot,
		     const struct image_options *options, struct image *ret)
{
	cleanup_with(layer_cache_close) struct layer_cache *cache = NULL;

	assert_ok(layer_cache_open(f->store, &cache, &f->err), f->err);
	assert_ok(image_assemble(f->store, cache, snapshot, options, NULL, ret, &f->err), f->err);
}

static struct object_id with_document(struct fixture *f, const struct object_id *state,
				      const char *document)
{
	struct object_id id;

	assert_ok(image_make_document(f->store, f->lease, state, document, strlen(document), 0, &id,
				      &f->err),
		  f->err);
	return id;
}

/* "L" for a record that stands for a layer, "-" for another. */
static void check_history(const struct image *image, const char *want)
{
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	struct error err;

	assert_ok(config_parse(image->config.data, image->config.length, "x", &config, &err), err);
	for (size_t i = 0; i < config.history_count; i++)
		buf_add_char(&text, config.history[i].empty_layer ? '-' : 'L');
	assert_string_equal(buf_string(&text), want);
	assert_int_equal(config.diff_id_count, image->layer_count);
}

static void test_history_has_a_record_for_each_layer(void **state)
{
	struct fixture *f = *state;
	struct object_id lower = snapshot_on(f, &none, "f a 644 0:0 1 a");
	struct object_id upper = snapshot_on(f, &lower, "f b 644 0:0 1 b");
	static const char *const histories[][2] = {
		{ "{\"created_by\":\"A\"},{\"created_by\":\"B\"}", "LL" },
		{ "{\"created_by\":\"A\"},{\"empty_layer\":true},{\"created_by\":\"B\"}", "L-L" },
		{ "{\"created_by\":\"A\"}", "LL" },
		{ "", "LL" },
		{ "{\"created_by\":\"A\"},{\"created_by\":\"B\"},{\"created_by\":\"C\"}", "LL-" },
	};

	for (size_t i = 0; i < sizeof histories / sizeof *histories; i++) {
		cleanup_with(image_release) struct image image = { 0 };
		cleanup_free char *document =
			xasprintf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"history\":[%s]}",
				  histories[i][0]);
		struct object_id id = with_document(f, &upper, document);

		assemble(f, &id, &usual, &image);
		assert_int_equal(image.layer_count, 2);
		check_history(&image, histories[i][1]);
	}
}

static void test_a_configuration_that_says_it_right_stays_as_it_is(void **state)
{
	cleanup_with(image_release) struct image image = { 0 }, again = { 0 };
	cleanup_free char *document = NULL;
	struct fixture *f = *state;
	struct object_id lower = snapshot_on(f, &none, "f a 644 0:0 1 a");
	struct object_id id =
		with_document(f, &lower, "{\"architecture\":\"arm\",\"os\":\"linux\"}");

	assemble(f, &id, &usual, &image);
	document = xasprintf("{ \"os\":\"linux\", \"architecture\":\"arm\", \"odd\":[1], "
			     "\"history\":[{}], \"rootfs\":{\"diff_ids\":[\"%s\"],"
			     "\"type\":\"layers\"}}",
			     digest_text(&image.layers[0].diff_id).text);
	id = with_document(f, &lower, document);
	assemble(f, &id, &usual, &again);
	assert_string_equal(buf_string(&again.config), document);
	assert_string_equal(again.platform.architecture, "arm");
}

static void test_what_is_made_twice_is_the_same(void **state)
{
	cleanup_with(image_release) struct image image = { 0 }, again = { 0 };
	struct fixture *f = *state;
	struct object_id lower = snapshot_on(f, &none, "f a 644 0:0 1 *300000");
	struct object_id id =
		with_document(f, &lower, "{\"architecture\":\"arm\",\"os\":\"linux\"}");
	cleanup_with(layer_cache_close) struct layer_cache *cache = NULL;

	assemble(f, &id, &usual, &image);
	assert_ok(layer_cache_open(f->store, &cache, &f->err), f->err);
	assert_ok(layer_cache_trim(cache, 0, NULL, &f->err), f->err);
	assemble(f, &id, &usual, &again);
	assert_string_equal(buf_string(&image.manifest), buf_string(&again.manifest));
}

static void test_times_are_clamped_but_for_those_of_the_base(void **state)
{
	cleanup_with(image_release) struct image image = { 0 };
	cleanup_with(config_release) struct config config = { 0 };
	struct image_options options = usual;
	struct fixture *f = *state;
	struct object_id lower = snapshot_on(f, &none, "f a 644 0:0 1 a");
	struct object_id id = with_document(
		f, &lower,
		"{\"architecture\":\"arm\",\"os\":\"linux\",\"created\":\"2020-01-01T00:00:00Z\","
		"\"history\":[{\"created\":\"2020-01-01T00:00:00Z\"},"
		"{\"created\":\"2020-01-02T00:00:00Z\",\"empty_layer\":true},"
		"{\"created\":\"1999-01-02T00:00:00Z\",\"empty_layer\":true},"
		"{\"created\":\"rubbish\",\"empty_layer\":true}]}");

	options.has_epoch = true;
	options.epoch_s = 1000000000;
	options.base_history = 1;
	assemble(f, &id, &options, &image);
	assert_ok(config_parse(image.config.data, image.config.length, "x", &config, &f->err),
		  f->err);
	assert_string_equal(config.created, "2001-09-09T01:46:40Z");
	assert_string_equal(config.history[0].created, "2020-01-01T00:00:00Z");
	assert_string_equal(config.history[1].created, "2001-09-09T01:46:40Z");
	assert_string_equal(config.history[2].created, "1999-01-02T00:00:00Z");
	assert_string_equal(config.history[3].created, "2001-09-09T01:46:40Z");
}

static void test_a_platform_has_to_be_known(void **state)
{
	cleanup_with(layer_cache_close) struct layer_cache *cache = NULL;
	struct image image;
	struct fixture *f = *state;
	struct object_id lower = snapshot_on(f, &none, "f a 644 0:0 1 a");
	struct object_id id = with_document(f, &lower, "{}");

	assert_ok(layer_cache_open(f->store, &cache, &f->err), f->err);
	assert_int_equal(image_assemble(f->store, cache, &id, &usual, NULL, &image, &f->err),
			 -EINVAL);
}

static void test_an_imported_layer_keeps_the_compression_it_came_with(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	cleanup_with(image_release) struct image zstd = { 0 }, forced = { 0 };
	struct image_options options = usual;
	struct fixture *f = *state;
	struct imported_layer layer;
	struct object_id id;

	tar_put(&tar, (struct tar_spec){ .name = "a", .content = "x" });
	tar_end(&tar);
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	id = with_document(f, &layer.snapshot, "{\"architecture\":\"arm\",\"os\":\"linux\"}");
	/* It came as a plain archive that nobody named, so it has none to keep. */
	options.layers.compression = COMPRESSION_ZSTD;
	assemble(f, &id, &options, &zstd);
	assert_int_equal(zstd.layers[0].compression, COMPRESSION_ZSTD);
	assert_true(object_id_equal(&zstd.layers[0].diff_id, &layer.diff_id));
	options.layers.compression = COMPRESSION_NONE;
	options.layers.force = true;
	assemble(f, &id, &options, &forced);
	assert_true(object_id_equal(&forced.layers[0].digest, &layer.diff_id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_history_has_a_record_for_each_layer, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_configuration_that_says_it_right_stays_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_made_twice_is_the_same, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_times_are_clamped_but_for_those_of_the_base,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_platform_has_to_be_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_an_imported_layer_keeps_the_compression_it_came_with, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
