/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/config.h"
#include "tests/lib/unit.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct error err;

static int parse(const char *text, struct config *ret)
{
	return config_parse(text, strlen(text), "config", ret, &err);
}

static char *written(const struct config *config)
{
	struct buf out = { 0 };

	config_write(config, &out);
	return buf_take(&out);
}

/* Every member there is, in the order in which BuildKit writes them. */
static const char full[] =
	"{\"aaa\":{\"x\":[1,2]},\"architecture\":\"arm\",\"author\":\"me\",\"config\":{"
	"\"User\":\"u\",\"ExposedPorts\":{\"53/udp\":{},\"80/tcp\":{}},\"Env\":[\"A=b\",\"C=\"],"
	"\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\",\"\"],\"Volumes\":{\"/v\":{}},"
	"\"WorkingDir\":\"/w\",\"Labels\":{\"k\":\"\",\"l\":\"v\"},\"StopSignal\":\"SIGINT\","
	"\"ArgsEscaped\":true,\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],"
	"\"Interval\":1000000000,\"Timeout\":2,\"StartPeriod\":3,\"StartInterval\":4,"
	"\"Retries\":5},\"OnBuild\":[\"RUN x\"],\"Shell\":[\"/bin/bash\",\"-c\"],"
	"\"Memory\":7},\"created\":\"2024-01-02T03:04:05.5Z\",\"history\":[{\"created\":"
	"\"2024-01-01T00:00:00Z\",\"created_by\":\"RUN a\",\"author\":\"x\",\"comment\":\"c\"},"
	"{\"created_by\":\"ENV b\",\"empty_layer\":true}],\"os\":\"linux\",\"os.version\":\"1\","
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]},\"variant\":\"v7\","
	"\"zzz\":null}";

static void test_everything_survives_in_the_order_of_buildkit(void **state)
{
	cleanup_with(config_release) struct config config = { 0 }, copy = { 0 };
	cleanup_free char *text = NULL, *again = NULL;

	(void)state;
	assert_ok(parse(full, &config), err);
	text = written(&config);
	assert_string_equal(text, full);
	config_copy(&copy, &config);
	again = written(&copy);
	assert_string_equal(again, full);
}

static void test_the_fields_are_what_the_document_says(void **state)
{
	cleanup_with(config_release) struct config config = { 0 };

	(void)state;
	assert_ok(parse(full, &config), err);
	assert_string_equal(config.platform.variant, "v7");
	assert_string_equal(config.user, "u");
	assert_int_equal(config.env.count, 2);
	assert_string_equal(string_map_get(&config.labels, "l"), "v");
	assert_true(config.has_healthcheck);
	assert_int_equal(config.healthcheck.retries, 5);
	assert_int_equal(config.diff_id_count, 1);
	assert_int_equal(config.history_count, 2);
	assert_int_equal(config_history_layers(&config), 1);
}

static void test_an_image_from_nothing_is_small(void **state)
{
	cleanup_with(config_release) struct config config = { 0 };
	struct platform platform = { .os = "linux", .architecture = "amd64" };
	cleanup_free char *text = NULL;

	(void)state;
	config_init_scratch(&config, &platform);
	text = written(&config);
	assert_string_equal(
		text, "{\"architecture\":\"amd64\",\"config\":{\"Env\":[\"PATH=/usr/local/sbin:"
		      "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"],\"WorkingDir\":\"/\"},"
		      "\"history\":[],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		      "\"diff_ids\":[]}}");
}

static void test_what_belongs_to_one_build_only_is_dropped(void **state)
{
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_free char *text = NULL;

	(void)state;
	assert_ok(parse("{\"container\":\"x\",\"container_config\":{\"Env\":[]},"
			"\"docker_version\":\"1\",\"moby.buildkit.cache.v0\":\"x\",\"keep\":1,"
			"\"config\":null,\"architecture\":\"amd64\",\"os\":\"linux\"}",
			&config),
		  err);
	text = written(&config);
	assert_null(strstr(text, "container"));
	assert_null(strstr(text, "docker_version"));
	assert_null(strstr(text, "cache.v0"));
	assert_non_null(strstr(text, "\"keep\":1"));
}

static void test_a_command_of_one_word_may_be_a_string(void **state)
{
	cleanup_with(config_release) struct config config = { 0 };

	(void)state;
	assert_ok(parse("{\"config\":{\"Cmd\":\"sh\",\"Entrypoint\":null}}", &config), err);
	assert_int_equal(config.cmd.count, 1);
	assert_string_equal(config.cmd.items[0], "sh");
}

static void test_bad_configurations_are_refused(void **state)
{
	const char *bad[] = {
		"[]",
		"{\"os\":5}",
		"{\"os\":\"li nux\"}",
		"{\"config\":[]}",
		"{\"config\":{\"Env\":\"A=b\"}}",
		"{\"config\":{\"ExposedPorts\":[]}}",
		"{\"config\":{\"Labels\":{\"a\":1}}}",
		"{\"config\":{\"Healthcheck\":{\"Interval\":\"1s\"}}}",
		"{\"rootfs\":{\"diff_ids\":[\"x\"]}}",
		"{\"rootfs\":{\"diff_ids\":{}}}",
		"{\"history\":[1]}",
		"{\"history\":[{\"empty_layer\":1}]}",
	};
	struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (parse(bad[i], &config) != -EINVAL)
			fail_msg("%s was not refused", bad[i]);
		assert_memory_equal(err.text, "config", 6);
	}
}

static void check_time(int64_t ns, const char *text)
{
	cleanup_free char *got = config_time(ns);
	int64_t back;

	assert_string_equal(got, text);
	assert_int_equal(config_time_parse(text, &back), 0);
	assert_int_equal(back, ns);
}

static void test_times_are_written_as_go_writes_them(void **state)
{
	int64_t ns;

	(void)state;
	check_time(0, "1970-01-01T00:00:00Z");
	check_time(1700000000500000000, "2023-11-14T22:13:20.5Z");
	check_time(1700000000000000001, "2023-11-14T22:13:20.000000001Z");
	check_time(-1, "1969-12-31T23:59:59.999999999Z");
	assert_int_equal(config_time_parse("2023-11-14T23:13:20.5+01:00", &ns), 0);
	assert_int_equal(ns, 1700000000500000000);
	assert_int_equal(config_time_parse("2023-11-14T21:43:20.1234567891-00:30", &ns), 0);
	assert_int_equal(ns, 1700000000123456789);
	for (size_t i = 0; i < 7; i++) {
		const char *bad[] = { "",
				      "2023-11-14",
				      "2023-11-14T22:13:20",
				      "2023-11-14T22:13:20.Z",
				      "2023-13-14T22:13:20Z",
				      "2023-11-14T22:13:20Zx",
				      "9999-01-01T00:00:00Z" };

		assert_int_equal(config_time_parse(bad[i], &ns), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_survives_in_the_order_of_buildkit),
		cmocka_unit_test(test_the_fields_are_what_the_document_says),
		cmocka_unit_test(test_an_image_from_nothing_is_small),
		cmocka_unit_test(test_what_belongs_to_one_build_only_is_dropped),
		cmocka_unit_test(test_a_command_of_one_word_may_be_a_string),
		cmocka_unit_test(test_bad_configurations_are_refused),
		cmocka_unit_test(test_times_are_written_as_go_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
