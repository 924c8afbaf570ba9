/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/lib/unit.h"
#include "tools/environment.h"

struct fixture {
	char *directory;
	struct environment environment;
	struct error err;
};

static const char *const variables[] = { "VARVE_STORE", "VARVE_PROGRESS", "XDG_DATA_HOME",
					 "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR" };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	f->directory = test_directory();
	setenv("HOME", f->directory, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	environment_release(&f->environment);
	test_directory_remove(f->directory);
	free(f);
	return 0;
}

static void write_config(const struct fixture *f, const char *text)
{
	char path[512];

	snprintf(path, sizeof path, "%s/.config/varve", f->directory);
	assert_int_equal(dir_make_all(path, 0700), 0);
	snprintf(path, sizeof path, "%s/.config/varve/config.json", f->directory);
	assert_int_equal(file_replace(AT_FDCWD, path, text, strlen(text), 0600, false), 0);
}

static void assert_store(struct fixture *f, const char *format_of_home)
{
	char wanted[512];
	const char *store = NULL;

	environment_release(&f->environment);
	assert_ok(environment_store(&f->environment, &store, &f->err), f->err);
	snprintf(wanted, sizeof wanted, "%s%s", *format_of_home == '~' ? f->directory : "",
		 format_of_home + (*format_of_home == '~'));
	assert_string_equal(store, wanted);
}

static void test_the_store_is_where_the_most_particular_setting_says(void **state)
{
	struct fixture *f = *state;

	assert_store(f, "~/.local/share/varve");
	setenv("XDG_DATA_HOME", "relative/does/not/count", 1);
	assert_store(f, "~/.local/share/varve");
	setenv("XDG_DATA_HOME", "/data", 1);
	assert_store(f, "/data/varve");
	write_config(f, "{\"store\": \"/configured\"}");
	assert_store(f, "/configured");
	setenv("VARVE_STORE", "/given//by/../variable", 1);
	assert_store(f, "/given/variable");
	f->environment.store_option = "/given/by/option";
	assert_store(f, "/given/by/option");
	f->environment.store_option = NULL;
	setenv("VARVE_STORE", "", 1);
	assert_store(f, "/configured");
}

static void test_a_relative_store_is_taken_from_the_working_directory(void **state)
{
	struct fixture *f = *state;
	char here[512], wanted[1024];
	const char *store;

	assert_non_null(getcwd(here, sizeof here));
	snprintf(wanted, sizeof wanted, "%s/here", here);
	setenv("VARVE_STORE", "./here", 1);
	assert_ok(environment_store(&f->environment, &store, &f->err), f->err);
	assert_string_equal(store, wanted);
}

static void test_without_home_the_user_database_tells(void **state)
{
	struct fixture *f = *state;
	const char *store;

	unsetenv("HOME");
	assert_ok(environment_store(&f->environment, &store, &f->err), f->err);
	assert_int_equal(store[0], '/');
	assert_non_null(strstr(store, "/.local/share/varve"));
}

static void test_the_environment_outranks_the_configuration(void **state)
{
	struct fixture *f = *state;
	const char *value = NULL;

	assert_int_equal(environment_setting(&f->environment, SETTING_PROGRESS, &value, &f->err),
			 0);
	environment_release(&f->environment);
	write_config(f, "{\"progress\": \"plain\"}");
	assert_int_equal(environment_setting(&f->environment, SETTING_PROGRESS, &value, &f->err),
			 1);
	assert_string_equal(value, "plain");
	setenv("VARVE_PROGRESS", "tty", 1);
	assert_int_equal(environment_setting(&f->environment, SETTING_PROGRESS, &value, &f->err),
			 1);
	assert_string_equal(value, "tty");
}

static void test_a_wrong_configuration_is_refused_with_its_place(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"stroe\": \"/x\"}", "unknown key 'stroe'; did you mean 'store'?" },
		{ "{\"colour\": 1}", "unknown key 'colour'" },
		{ "{\"store\": [\"/x\"]}", "the value of 'store' must be a string" },
		{ "{\n\"store\": \"/x\",}", "line 2, column" },
		{ "{\"store\": \"/x\", \"store\": \"/y\"}", "duplicate" },
		{ "[]", "must hold one JSON object" },
		{ "", "line 1" },
	};
	struct fixture *f = *state;
	const char *value;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		environment_release(&f->environment);
		write_config(f, cases[i][0]);
		assert_int_equal(
			environment_setting(&f->environment, SETTING_STORE, &value, &f->err),
			-EINVAL);
		assert_non_null(strstr(f->err.text, "config.json"));
		if (!strstr(f->err.text, cases[i][1]))
			fail_msg("'%s' gave: %s", cases[i][0], f->err.text);
	}
}

static void test_a_variable_spares_reading_a_broken_configuration(void **state)
{
	struct fixture *f = *state;

	write_config(f, "broken");
	setenv("VARVE_STORE", "/store", 1);
	assert_store(f, "/store");
}

static void test_the_runtime_directory_is_ours_alone(void **state)
{
	struct fixture *f = *state;
	char path[512];
	struct stat st;
	int fd;

	setenv("XDG_RUNTIME_DIR", f->directory, 1);
	fd = environment_open_runtime_dir(&f->err);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(fd);
	snprintf(path, sizeof path, "%s/varve", f->directory);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(environment_open_runtime_dir(&f->err), -EPERM);
	assert_non_null(strstr(f->err.text, path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(environment_open_runtime_dir(&f->err) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_store_is_where_the_most_particular_setting_says),
		TEST(test_a_relative_store_is_taken_from_the_working_directory),
		TEST(test_without_home_the_user_database_tells),
		TEST(test_the_environment_outranks_the_configuration),
		TEST(test_a_wrong_configuration_is_refused_with_its_place),
		TEST(test_a_variable_spares_reading_a_broken_configuration),
		TEST(test_the_runtime_directory_is_ours_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
