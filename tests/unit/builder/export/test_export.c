/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "builder/export/export.h"
#include "builder/export/output.h"
#include "builder/image/image_store.h"
#include "builder/image/layout.h"
#include "builder/image/manifest.h"
#include "tests/lib/snapshot_fixture.h"

static const struct object_id none;

static struct output parse(struct fixture *f, const char *format, const char *dest)
{
	struct output output = { 0 };
	cleanup_free char *text = xasprintf("%s,dest=%s/%s", format, f->dir, dest);

	assert_ok(output_parse(text, &output, &f->err), f->err);
	return output;
}

static struct export_image make(struct fixture *f, const char *platform, const char *tree)
{
	cleanup_with(config_release) struct config config = { 0 };
	struct object_id state = snapshot_on(f, &none, tree);
	struct export_image image = { 0 };

	assert_ok(platform_parse(platform, &image.platform, &f->err), f->err);
	config_init_scratch(&config, &image.platform);
	assert_ok(image_make(f->store, f->lease, &state, &config, 0, &image.snapshot, &f->err),
		  f->err);
	return image;
}

static int run(struct fixture *f, const struct output *output, const struct export_image *images,
	       size_t count, struct export_result *ret)
{
	const struct export export = { .store = f->store,
				       .lease = f->lease,
				       .output = output,
				       .images = images,
				       .count = count };

	return export_run(&export, ret, &f->err);
}

static char *path_of(struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->dir, name);
}

static void test_what_cannot_be_done_is_known_before_the_build(void **state)
{
	static const struct {
		const char *output;
		size_t platforms;
		int code;
	} cases[] = {
		{ "type=registry", 1, -EINVAL },
		{ "type=image,push=true", 1, -EINVAL },
		{ "type=docker,dest=/nowhere/x", 2, -EINVAL },
		{ "type=oci,dest=/tmp", 1, -EISDIR },
		{ "type=oci,tar=false,dest=/etc/passwd", 1, -ENOTDIR },
		{ "type=local,dest=/etc/passwd", 1, -ENOTDIR },
		{ "type=tar,dest=/etc/passwd/x", 1, -ENOTDIR },
		{ "type=oci,dest=/nowhere/x,annotation-index.a=b", 1, -EINVAL },
		{ "type=oci,dest=/nowhere/x,annotation-index.a=b", 2, 0 },
		{ "type=oci,dest=/nowhere/x,name=Bad", 1, -EINVAL },
		{ "type=local,dest=/nowhere/x", 2, 0 },
		{ "type=local,dest=/nowhere/x,platform-split=false", 2, -EINVAL },
		{ "type=image", 3, 0 },
		{ "type=cacheonly", 1, 0 },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_with(output_release) struct output output = { 0 };
		int r;

		assert_ok(output_parse(cases[i].output, &output, &err), err);
		r = export_check(&output, NULL, cases[i].platforms, false, &err);
		if (r != cases[i].code)
			fail_msg("'%s': %d instead of %d", cases[i].output, r, cases[i].code);
	}
}

static void test_what_looks_like_several_is_checked_as_they_are(void **state)
{
	cleanup_with(output_release) struct output docker = { 0 }, annotated = { 0 }, local = { 0 };
	struct error err;

	(void)state;
	assert_ok(output_parse("type=docker,dest=/nowhere/x", &docker, &err), err);
	assert_ok(output_parse("type=oci,dest=/nowhere/x,annotation-index.a=b", &annotated, &err),
		  err);
	assert_ok(output_parse("type=local,dest=/nowhere/x,platform-split=false", &local, &err),
		  err);
	assert_int_equal(export_check(&docker, NULL, 1, true, &err), -EINVAL);
	assert_int_equal(export_check(&annotated, NULL, 1, true, &err), 0);
	assert_int_equal(export_check(&local, NULL, 1, true, &err), 0);
}

static void test_names_of_the_build_are_checked_too(void **state)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_with(output_release) struct output output = { 0 };
	struct error err;

	(void)state;
	strings_add(&names, "fine");
	strings_add(&names, "not fine");
	assert_ok(output_parse("type=image", &output, &err), err);
	assert_int_equal(export_check(&output, &names, 1, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "type=image: 'not fine'"));
}

static void test_an_output_that_fails_leaves_what_was_there(void **state)
{
	struct fixture *f = *state;
	struct export_image image = make(f, "linux/amd64", "f .wh.x 644 0:0 1 x");
	cleanup_with(output_release) struct output output = parse(f, "type=oci", "out");
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *path = path_of(f, "out");
	struct export_result result;

	assert_int_equal(file_replace(AT_FDCWD, path, "before", 6, 0600, false), 0);
	assert_int_equal(run(f, &output, &image, 1, &result), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, path, 100, &text), 0);
	assert_string_equal(buf_string(&text), "before");
}

static void test_the_result_tells_digests_that_the_layout_has(void **state)
{
	struct fixture *f = *state;
	const struct export_image images[2] = { make(f, "linux/amd64", "f a 644 0:0 1 a"),
						make(f, "linux/arm64", "f a 644 0:0 1 b") };
	cleanup_with(output_release) struct output output = parse(f, "type=oci,tar=false", "out");
	cleanup_with(export_result_release) struct export_result one = { 0 }, two = { 0 };
	cleanup_with(image_index_release) struct image_index index = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *path = path_of(f, "out/index.json");

	assert_ok(run(f, &output, images, 1, &one), f->err);
	assert_ok(run(f, &output, images, 2, &two), f->err);
	assert_true(one.has_digests && two.has_digests);
	assert_true(object_id_equal(&one.config_digest, &two.config_digest));
	assert_string_equal(one.descriptor.media_type, MEDIA_OCI_MANIFEST);
	assert_string_equal(two.descriptor.media_type, MEDIA_OCI_INDEX);
	assert_int_equal(file_read(AT_FDCWD, path, 10000, &text), 0);
	assert_ok(image_index_parse(text.data, text.length, "index", &index, &f->err), f->err);
	assert_int_equal(index.count, 2);
	assert_true(object_id_equal(&index.manifests[0].digest, &one.descriptor.digest));
	assert_true(object_id_equal(&index.manifests[1].digest, &two.descriptor.digest));
}

static void test_an_image_in_the_store_needs_no_layers(void **state)
{
	struct fixture *f = *state;
	struct export_image image = make(f, "linux/amd64", "f a 644 0:0 1 a");
	cleanup_with(output_release) struct output output = { 0 };
	cleanup_with(stored_image_release) struct stored_image stored = { 0 };
	cleanup_with(export_result_release) struct export_result result = { 0 };
	cleanup_free char *layers = path_of(f, "layers");
	struct stat st;

	assert_ok(output_parse("type=image,name=x", &output, &f->err), f->err);
	assert_ok(run(f, &output, &image, 1, &result), f->err);
	assert_false(result.has_digests);
	assert_string_equal(result.names.items[0], "docker.io/library/x:latest");
	assert_int_equal(image_find(f->store, NULL, "x", NULL, &stored, &f->err), 1);
	assert_int_equal(stat(layers, &st), -1);
}

static void test_files_are_written_with_their_modes_and_times(void **state)
{
	struct fixture *f = *state;
	struct export_image image = make(f, "linux/amd64",
					 "d d 555 5:6 1000.5\n"
					 "f d/f 4711 5:6 2000.25 content\n"
					 "h d/g d/f\n"
					 "l l 0:0 3000 /nowhere\n"
					 "d ro 0 0:0 7");
	cleanup_with(output_release) struct output output = parse(f, "type=local", "out/deep");
	cleanup_with(export_result_release) struct export_result result = { 0 };
	cleanup_free char *path = path_of(f, "out/deep");
	cleanup_fd int top = -1;
	struct stat st, other;

	assert_ok(run(f, &output, &image, 1, &result), f->err);
	assert_ok(run(f, &output, &image, 1, &result), f->err);
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fstatat(top, "d", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_int_equal(st.st_mtim.tv_sec, 1000);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(fstatat(top, "d/f", &st, 0), 0);
	assert_int_equal(fstatat(top, "d/g", &other, 0), 0);
	assert_int_equal(st.st_ino, other.st_ino);
	assert_int_equal(st.st_mode & 07777, 04711);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(fstatat(top, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mtim.tv_sec, 3000);
	assert_int_equal(fstatat(top, "ro", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0);
	assert_int_equal(st.st_mtim.tv_sec, 7);
	assert_int_equal(fchmodat(top, "ro", 0700, 0), 0);
	assert_int_equal(fchmodat(top, "d", 0700, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_be_done_is_known_before_the_build),
		cmocka_unit_test(test_what_looks_like_several_is_checked_as_they_are),
		cmocka_unit_test(test_names_of_the_build_are_checked_too),
		cmocka_unit_test_setup_teardown(test_an_output_that_fails_leaves_what_was_there,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_result_tells_digests_that_the_layout_has,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_image_in_the_store_needs_no_layers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_files_are_written_with_their_modes_and_times,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
