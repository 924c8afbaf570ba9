/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/export/output.h"
#include "tests/lib/unit.h"

static struct error err;

static struct output parse(const char *text)
{
	struct output output = { 0 };

	assert_ok(output_parse(text, &output, &err), err);
	return output;
}

static void check_refused(const char *text, int code, const char *words)
{
	struct output output;

	assert_int_equal(output_parse(text, &output, &err), code);
	if (!strstr(err.text, words))
		fail_msg("'%s': '%s' is not in '%s'", text, words, err.text);
}

static void test_types_are_those_of_buildkit(void **state)
{
	static const char *const names[] = { "image", "registry", "oci",      "docker",
					     "local", "tar",      "cacheonly" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		cleanup_free char *text = NULL;
		struct output output;

		assert_true(asprintf(&text, "type=%s%s", names[i], i == 4 ? ",dest=x" : "") > 0);
		output = parse(text);
		assert_int_equal(output.type, i);
		assert_string_equal(output_type_name(output.type), names[i]);
		assert_int_equal(output.compression, COMPRESSION_GZIP);
		assert_int_equal(output.level, COMPRESSION_LEVEL_DEFAULT);
		assert_false(output.docker_types);
		output_release(&output);
	}
}

static void test_short_forms_are_a_directory_and_standard_output(void **state)
{
	struct output output = parse("some/dir");

	(void)state;
	assert_int_equal(output.type, OUTPUT_LOCAL);
	assert_string_equal(output.dest, "some/dir");
	output_release(&output);
	output = parse("-");
	assert_int_equal(output.type, OUTPUT_TAR);
	assert_string_equal(output.dest, "-");
	output_release(&output);
	output = parse("dest=x");
	assert_int_equal(output.type, OUTPUT_LOCAL);
	assert_string_equal(output.dest, "dest=x");
	output_release(&output);
}

static void test_attributes_are_taken_in_any_order_and_case(void **state)
{
	struct output output = parse("dest=a=b.tar, Compression =zstd,TYPE=oci,compression-level=7,"
				     "force-compression=true,oci-mediatypes=false,"
				     "rewrite-timestamp=1,tar=true,\"name=x:1,y\"");

	(void)state;
	assert_int_equal(output.type, OUTPUT_OCI);
	assert_string_equal(output.dest, "a=b.tar");
	assert_int_equal(output.compression, COMPRESSION_ZSTD);
	assert_true(output.compression_set);
	assert_int_equal(output.level, 7);
	assert_true(output.force_compression);
	assert_true(output.docker_types);
	assert_true(output.rewrite_timestamp);
	assert_false(output.directory);
	assert_int_equal(output.names.count, 2);
	assert_string_equal(output.names.items[1], "y");
	output_release(&output);
}

static void test_a_directory_is_asked_for_with_tar_false(void **state)
{
	struct output output = parse("type=oci,tar=false,dest=x");

	(void)state;
	assert_true(output.directory);
	output_release(&output);
	check_refused("type=oci,tar=false", -EINVAL, "tar=false needs a directory");
	check_refused("type=oci,tar=false,dest=-", -EINVAL, "tar=false needs a directory");
}

static void test_pushing_leaves_an_image_in_the_store(void **state)
{
	struct output output = parse("type=image,name=x,push=true,registry.insecure=true");

	(void)state;
	assert_int_equal(output.type, OUTPUT_IMAGE);
	assert_true(output.push && output.insecure && !output.by_digest);
	output_release(&output);
	output = parse("type=registry,name=x,push-by-digest=true");
	assert_true(output.type == OUTPUT_REGISTRY && output.by_digest && !output.insecure);
	output_release(&output);
	output = parse("type=image,name=x,push=false");
	assert_false(output.push);
	output_release(&output);
}

static void test_annotations_say_what_they_are_for(void **state)
{
	struct output output = parse("type=oci,annotation.a.B=1,annotation-index.c=2,"
				     "annotation-manifest[linux/arm64].d=3,"
				     "annotation-manifest-descriptor.e=4=4,"
				     "annotation-index-descriptor.f=,annotation[linux/amd64].g=5");
	static const enum annotation_level levels[] = {
		ANNOTATION_MANIFEST,         ANNOTATION_INDEX,
		ANNOTATION_MANIFEST,         ANNOTATION_MANIFEST_DESCRIPTOR,
		ANNOTATION_INDEX_DESCRIPTOR, ANNOTATION_MANIFEST,
	};
	static const char *const keys[] = { "a.B", "c", "d", "e", "f", "g" };
	static const char *const values[] = { "1", "2", "3", "4=4", "", "5" };

	(void)state;
	assert_int_equal(output.annotation_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(output.annotations[i].level, levels[i]);
		assert_string_equal(output.annotations[i].key, keys[i]);
		assert_string_equal(output.annotations[i].value, values[i]);
		assert_int_equal(output.annotations[i].has_platform, i == 2 || i == 5);
	}
	assert_string_equal(output.annotations[2].platform.architecture, "arm64");
	output_release(&output);
}

static void test_annotations_of_the_command_line_are_added(void **state)
{
	struct output output = parse("type=oci");

	(void)state;
	assert_ok(output_annotate(&output, "a=b:c", &err), err);
	assert_ok(output_annotate(&output, "index,manifest[linux/arm64]:k=v=w", &err), err);
	assert_int_equal(output.annotation_count, 3);
	assert_string_equal(output.annotations[0].value, "b:c");
	assert_int_equal(output.annotations[1].level, ANNOTATION_INDEX);
	assert_true(output.annotations[2].has_platform);
	assert_string_equal(output.annotations[2].key, "k");
	assert_string_equal(output.annotations[2].value, "v=w");
	assert_int_equal(output_annotate(&output, "novalue", &err), -EINVAL);
	assert_int_equal(output_annotate(&output, "=v", &err), -EINVAL);
	assert_int_equal(output_annotate(&output, "index:=v", &err), -EINVAL);
	assert_int_equal(output_annotate(&output, "x:k=v", &err), -EINVAL);
	assert_int_equal(output_annotate(&output, "index[linux/arm64]:k=v", &err), -EINVAL);
	assert_int_equal(output_annotate(&output, "manifest[:k=v", &err), -EINVAL);
	assert_int_equal(output_annotate(&output, "manifest[]:k=v", &err), -EINVAL);
	output_release(&output);
}

static void test_what_is_wrong_is_named(void **state)
{
	(void)state;
	check_refused("", -EINVAL, "output ''");
	check_refused("dest=x,tar=true", -EINVAL, "type= is missing");
	check_refused("type=nothing", -EINVAL, "no output of type 'nothing'");
	check_refused("type=oci,x", -EINVAL, "'x' is not KEY=VALUE");
	check_refused("type=oci,colour=red", -EINVAL, "type=oci has no attribute 'colour'");
	check_refused("type=local,dest=x,compression=gzip", -EINVAL,
		      "type=local has no attribute 'compression'; it has: dest, platform-split");
	check_refused("type=cacheonly,dest=x", -EINVAL, "it has: none");
	check_refused("type=local", -EINVAL, "type=local needs a directory");
	check_refused("type=local,dest=-", -EINVAL, "type=local needs a directory");
	check_refused("type=local,dest=x,mode=delete", -EOPNOTSUPP, "mode=delete");
	check_refused("type=oci,compression=estargz", -EOPNOTSUPP, "estargz");
	check_refused("type=oci,compression=lz4", -EINVAL, "lz4");
	check_refused("type=oci,compression-level=10", -EINVAL, "10");
	check_refused("type=oci,compression-level=x", -EINVAL, "compression-level=x");
	check_refused("type=oci,tar=maybe", -EINVAL, "tar=maybe");
	check_refused("type=oci,dest=", -EINVAL, "dest= has no path");
	check_refused("type=oci,name=", -EINVAL, "name= has no name");
	check_refused("type=oci,dest=x,push-by-digest=true", -EINVAL, "push-by-digest");
	check_refused("type=oci,annotation=x", -EINVAL, "names no annotation");
	check_refused("type=oci,annotation.=x", -EINVAL, "names no annotation");
	check_refused("type=oci,annotation-thing.k=x", -EINVAL, "'thing'");
	check_refused("type=oci,\"dest=x", -EINVAL, "quoted-field");
}

static void test_layers_are_an_attribute_of_images(void **state)
{
	struct output output = parse("type=oci,dest=x,layers=pack:20");

	(void)state;
	assert_true(output.layering_set);
	assert_int_equal(output.layering.kind, LAYERING_PACK);
	assert_int_equal(output.layering.most, 20);
	output_release(&output);
	check_refused("type=oci,dest=x,layers=all", -EINVAL, "step, stage, squash and pack:N");
	check_refused("type=tar,dest=x,layers=squash", -EINVAL, "no attribute 'layers'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_are_those_of_buildkit),
		cmocka_unit_test(test_short_forms_are_a_directory_and_standard_output),
		cmocka_unit_test(test_attributes_are_taken_in_any_order_and_case),
		cmocka_unit_test(test_a_directory_is_asked_for_with_tar_false),
		cmocka_unit_test(test_pushing_leaves_an_image_in_the_store),
		cmocka_unit_test(test_annotations_say_what_they_are_for),
		cmocka_unit_test(test_annotations_of_the_command_line_are_added),
		cmocka_unit_test(test_layers_are_an_attribute_of_images),
		cmocka_unit_test(test_what_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
