/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "builder/image/image_store.h"
#include "builder/image/layer/layering.h"
#include "builder/image/restack.h"
#include "tests/lib/snapshot_fixture.h"

static const struct object_id none;

/* An image of four steps, whose history has an empty record in the middle. */
static struct object_id four_steps(struct fixture *f)
{
	static const char document[] =
		"{\"architecture\":\"arm\",\"os\":\"linux\",\"history\":[{\"created_by\":\"A\"},"
		"{\"created_by\":\"B\"},{\"created_by\":\"E\",\"empty_layer\":true},"
		"{\"created_by\":\"C\"},{\"created_by\":\"D\"}]}";
	struct object_id id = snapshot_on(f, &none, "f a 644 0:0 1 a");

	id = snapshot_on(f, &id, "f b 644 0:0 1 b");
	id = snapshot_on(f, &id, "- a");
	id = snapshot_on(f, &id, "f d 644 0:0 1 d");
	assert_ok(image_make_document(f->store, f->lease, &id, document, strlen(document), 0, &id,
				      &f->err),
		  f->err);
	return id;
}

static struct object_id restack(struct fixture *f, const struct object_id *image, const char *how,
				size_t base)
{
	struct layer_origins origins = { .base = base };
	struct layering layering;
	struct object_id id;

	assert_ok(layering_parse(how, &layering, &f->err), f->err);
	assert_ok(restack_image(f->store, f->lease, image, &layering, &origins, &id, &f->err),
		  f->err);
	return id;
}

/* "L" for a record that stands for a layer, "-" for another. */
static void check_image(struct fixture *f, const struct object_id *id, size_t layers,
			const char *history)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };

	assert_ok(image_chain_read(f->store, id, &chain, &f->err), f->err);
	assert_int_equal(chain.count, layers);
	assert_ok(image_read(f->store, id, &image, &f->err), f->err);
	for (size_t i = 0; i < image.config.history_count; i++)
		buf_add_char(&text, image.config.history[i].empty_layer ? '-' : 'L');
	assert_string_equal(buf_string(&text), history);
	for (size_t i = 0; i + 1 < chain.count; i++)
		assert_true(tree_root_equal(&chain.layers[i].after, &chain.layers[i + 1].before));
}

static void test_the_files_stay_whatever_the_layers(void **state)
{
	struct fixture *f = *state;
	struct object_id image = four_steps(f);
	struct object_id squashed = restack(f, &image, "squash", 0);
	cleanup_free char *want = text_of_snapshot(f, &image);
	cleanup_free char *got = text_of_snapshot(f, &squashed);

	assert_string_equal(got, want);
	check_image(f, &squashed, 1, "----L");
}

static void test_layers_of_the_base_are_the_same_states(void **state)
{
	struct fixture *f = *state;
	struct object_id image = four_steps(f);
	struct object_id squashed = restack(f, &image, "squash", 2);
	cleanup_with(image_chain_release) struct image_chain before = { 0 }, after = { 0 };

	check_image(f, &squashed, 3, "LL--L");
	assert_ok(image_chain_read(f->store, &image, &before, &f->err), f->err);
	assert_ok(image_chain_read(f->store, &squashed, &after, &f->err), f->err);
	for (size_t i = 0; i < 2; i++)
		assert_true(object_id_equal(&before.layers[i].snapshot, &after.layers[i].snapshot));
}

static void test_packing_spreads_the_steps(void **state)
{
	struct fixture *f = *state;
	struct object_id image = four_steps(f);
	struct object_id packed = restack(f, &image, "pack:2", 0);
	struct object_id again = restack(f, &image, "pack:2", 0);

	check_image(f, &packed, 2, "-L--L");
	assert_true(object_id_equal(&packed, &again));
}

static void test_an_image_with_the_right_layers_stays_itself(void **state)
{
	struct fixture *f = *state;
	struct object_id image = four_steps(f), same;

	same = restack(f, &image, "step", 0);
	assert_true(object_id_equal(&same, &image));
	same = restack(f, &image, "pack:4", 0);
	assert_true(object_id_equal(&same, &image));
	same = restack(f, &image, "squash", 4);
	assert_true(object_id_equal(&same, &image));
}

static void test_without_origins_the_base_is_what_was_imported(void **state)
{
	static const struct layering squash = { .kind = LAYERING_SQUASH };
	static const char document[] = "{\"architecture\":\"arm\",\"os\":\"linux\"}";
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture *f = *state;
	struct imported_layer layer;
	struct object_id id;

	tar_put(&tar, (struct tar_spec){ .name = "a", .content = "x" });
	tar_end(&tar);
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	id = snapshot_on(f, &layer.snapshot, "f b 644 0:0 1 b");
	id = snapshot_on(f, &id, "f c 644 0:0 1 c");
	assert_ok(image_make_document(f->store, f->lease, &id, document, strlen(document), 0, &id,
				      &f->err),
		  f->err);
	assert_ok(restack_image(f->store, f->lease, &id, &squash, NULL, &id, &f->err), f->err);
	check_image(f, &id, 2, "");
}

static void test_states_are_put_on_the_base_they_are_to_have(void **state)
{
	struct fixture *f = *state;
	struct object_id other = snapshot_on(f, &none, "f a 644 0:0 1 a");
	struct object_id states[2], base, top, same;
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };

	states[0] = snapshot_on(f, &other, "f b 644 0:0 1 b");
	states[1] = snapshot_on(f, &states[0], "f c 644 0:0 1 c");
	assert_ok(restack_states(f->store, f->lease, &other, states, 2, &same, &f->err), f->err);
	assert_true(object_id_equal(&same, &states[1]));
	/* The same files as `other`, in two layers. */
	base = snapshot_on(f, &none, "f a 644 0:0 2 a");
	base = snapshot_on(f, &base, "- a\nf a 644 0:0 1 a");
	assert_ok(restack_states(f->store, f->lease, &base, states, 2, &top, &f->err), f->err);
	assert_ok(image_chain_read(f->store, &top, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 4);
	assert_true(object_id_equal(&chain.layers[1].snapshot, &base));
	assert_ok(restack_states(f->store, f->lease, &none, NULL, 0, &top, &f->err), f->err);
	assert_true(object_id_is_zero(&top));
}

/* On other files, that would be another state. */
static void test_how_a_layer_was_written_holds_on_its_own_files_alone(void **state)
{
	cleanup_with(buf_release) struct buf lower = { 0 }, upper = { 0 };
	struct fixture *f = *state;
	struct imported_layer below, above;
	struct object_id same, other, top;
	cleanup_with(image_chain_release) struct image_chain chain = { 0 }, changed = { 0 };

	tar_put(&lower, (struct tar_spec){ .name = "a", .content = "x" });
	tar_end(&lower);
	tar_put(&upper, (struct tar_spec){ .name = "b", .content = "y" });
	tar_end(&upper);
	assert_ok(import_tar(f, NULL, lower.data, lower.length, &below), f->err);
	assert_ok(import_tar(f, &below, upper.data, upper.length, &above), f->err);
	/* The same files, by way of others. */
	same = snapshot_on(f, &below.snapshot, "f c 644 0:0 1 c");
	same = snapshot_on(f, &same, "- c");
	assert_ok(restack_states(f->store, f->lease, &same, &above.snapshot, 1, &top, &f->err),
		  f->err);
	assert_ok(image_chain_read(f->store, &top, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 4);
	assert_false(object_id_is_zero(&chain.layers[3].record));
	other = snapshot_on(f, &none, "f a 644 0:0 1 z");
	assert_ok(restack_states(f->store, f->lease, &other, &above.snapshot, 1, &top, &f->err),
		  f->err);
	assert_ok(image_chain_read(f->store, &top, &changed, &f->err), f->err);
	assert_int_equal(changed.count, 2);
	assert_true(object_id_is_zero(&changed.layers[1].record));
}

static void test_steps_are_those_that_end_a_layer(void **state)
{
	static const char document[] = "{\"architecture\":\"arm\",\"os\":\"linux\"}";
	cleanup_with(config_steps_release) struct config_steps steps = { 0 }, got = { 0 };
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	struct fixture *f = *state;
	struct object_id id = four_steps(f);

	for (size_t i = 1; i <= 4; i++)
		config_steps_add(&steps, &(struct config_step){ i, { id }, 1 });
	assert_ok(config_parse(document, strlen(document), "x", &config, &f->err), f->err);
	config_steps_set(&steps, &config);
	assert_ok(image_make(f->store, f->lease, &id, &config, 0, &id, &f->err), f->err);
	id = restack(f, &id, "pack:2", 0);
	assert_ok(image_chain_read(f->store, &id, &chain, &f->err), f->err);
	assert_ok(store_read(f->store, &chain.config, OBJECT_BLOB, SIZE_MAX, &text, &f->err),
		  f->err);
	assert_int_equal(config_steps_parse(text.data, text.length, "x", 2, &got, &f->err), 1);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.items[1].layers, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_files_stay_whatever_the_layers),
		TEST(test_layers_of_the_base_are_the_same_states),
		TEST(test_packing_spreads_the_steps),
		TEST(test_an_image_with_the_right_layers_stays_itself),
		TEST(test_without_origins_the_base_is_what_was_imported),
		TEST(test_states_are_put_on_the_base_they_are_to_have),
		TEST(test_how_a_layer_was_written_holds_on_its_own_files_alone),
		TEST(test_steps_are_those_that_end_a_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
