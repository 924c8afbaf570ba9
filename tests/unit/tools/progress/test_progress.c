/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include <jansson.h>

#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "tests/lib/event_fixture.h"
#include "tests/lib/unit.h"
#include "tools/environment.h"
#include "tools/progress/progress.h"

#define OUTPUT_MAX ((size_t)64 << 20)

static int setup(void **state)
{
	(void)state;
	unsetenv("BUILDKIT_PROGRESS");
	unsetenv("VARVE_PROGRESS");
	unsetenv("BUILDKIT_COLORS");
	unsetenv("TTY_DISPLAY_RATE");
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	return 0;
}

static void emit(struct progress *progress, struct event event)
{
	progress_sink(progress)->emit(progress_sink(progress), &event);
}

static enum progress_mode choose(const char *option)
{
	struct environment environment = { 0 };
	struct error err = { 0 };
	enum progress_mode mode = PROGRESS_NONE;

	assert_ok(progress_mode_choose(option, &environment, &mode, &err), err);
	environment_release(&environment);
	return mode;
}

static void test_the_mode_is_the_options_then_the_environments(void **state)
{
	struct environment environment = { 0 };
	struct error err = { 0 };
	enum progress_mode mode;

	(void)state;
	assert_int_equal(choose(NULL), PROGRESS_AUTO);
	setenv("BUILDKIT_PROGRESS", "plain", 1);
	assert_int_equal(choose("auto"), PROGRESS_PLAIN);
	assert_int_equal(choose("rawjson"), PROGRESS_RAWJSON);
	setenv("VARVE_PROGRESS", "quiet", 1);
	assert_int_equal(choose(NULL), PROGRESS_QUIET);
	setenv("VARVE_PROGRESS", "auto", 1);
	assert_int_equal(choose(NULL), PROGRESS_PLAIN);
	setenv("BUILDKIT_PROGRESS", "loud", 1);
	assert_int_equal(progress_mode_choose(NULL, &environment, &mode, &err), -EINVAL);
	assert_non_null(strstr(err.text, "BUILDKIT_PROGRESS is 'loud'"));
	environment_release(&environment);
}

static void test_tty_without_a_terminal_is_refused_and_auto_is_plain(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct progress_options options = { .mode = PROGRESS_TTY, .fd = fd };
	struct progress *progress;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(progress_open(&options, &progress, &err), -ENOTTY);
	assert_non_null(strstr(err.text, "--progress=plain"));
	options.mode = PROGRESS_AUTO;
	assert_ok(progress_open(&options, &progress, &err), err);
	assert_int_equal(progress_mode(progress), PROGRESS_PLAIN);
	progress_free(progress);
}

/* A pseudo-terminal: what the display writes to *ret_fd comes out at the returned end. */
static int open_terminal(int *ret_fd)
{
	struct winsize size = { .ws_row = 10, .ws_col = 60 };
	int main_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	assert_true(main_fd >= 0);
	assert_int_equal(grantpt(main_fd), 0);
	assert_int_equal(unlockpt(main_fd), 0);
	assert_int_equal(ptsname_r(main_fd, name, sizeof name), 0);
	*ret_fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*ret_fd >= 0);
	assert_int_equal(ioctl(*ret_fd, TIOCSWINSZ, &size), 0);
	return main_fd;
}

/* Everything that can be read now. */
static void read_terminal(int fd, struct buf *ret)
{
	char bytes[4096];
	ssize_t n;

	assert_int_equal(fd_set_nonblocking(fd, true), 0);
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		buf_append(ret, bytes, (size_t)n);
}

static void test_auto_draws_on_a_terminal_unless_it_is_dumb(void **state)
{
	int fd;
	cleanup_fd int main_fd = open_terminal(&fd);
	struct progress_options options = { .mode = PROGRESS_AUTO, .fd = fd };
	struct progress *progress;
	struct error err = { 0 };
	struct buf seen = { 0 };

	(void)state;
	assert_ok(progress_open(&options, &progress, &err), err);
	assert_int_equal(progress_mode(progress), PROGRESS_TTY);
	emit(progress, vertex_event(1, "[1/1] RUN x"));
	emit(progress, done_event(1, 1, EVENT_OK));
	progress_finish(progress);
	progress_free(progress);
	read_terminal(main_fd, &seen);
	assert_non_null(strstr(buf_string(&seen), "[+] Building"));
	assert_non_null(strstr(buf_string(&seen), "\033[34m => [1/1] RUN x"));
	assert_non_null(strstr(buf_string(&seen), "FINISHED"));
	/* The cursor is shown again after each time it was hidden. */
	assert_string_equal(seen.data + seen.length - 6, "\033[?25h");
	buf_release(&seen);
	setenv("TERM", "dumb", 1);
	assert_ok(progress_open(&options, &progress, &err), err);
	assert_int_equal(progress_mode(progress), PROGRESS_PLAIN);
	progress_free(progress);
	close(fd);
}

static void test_no_color_leaves_no_colours(void **state)
{
	int fd;
	cleanup_fd int main_fd = open_terminal(&fd);
	struct progress_options options = { .mode = PROGRESS_TTY, .fd = fd };
	struct progress *progress;
	struct error err = { 0 };
	struct buf seen = { 0 };

	(void)state;
	setenv("NO_COLOR", "1", 1);
	assert_ok(progress_open(&options, &progress, &err), err);
	emit(progress, vertex_event(1, "[1/1] RUN x"));
	emit(progress, done_event(1, 1, EVENT_OK));
	progress_finish(progress);
	progress_free(progress);
	read_terminal(main_fd, &seen);
	assert_null(strstr(buf_string(&seen), "m => "));
	assert_null(strstr(buf_string(&seen), "\033[0m"));
	buf_release(&seen);
	close(fd);
}

static void test_clocks_go_on_while_nothing_happens(void **state)
{
	int fd;
	cleanup_fd int main_fd = open_terminal(&fd);
	struct progress_options options = { .mode = PROGRESS_TTY, .fd = fd };
	struct progress *progress;
	struct error err = { 0 };
	struct buf seen = { 0 };
	uint64_t until_ns = clock_monotonic_ns() + 10000 * MS;

	(void)state;
	setenv("TTY_DISPLAY_RATE", "5", 1);
	assert_ok(progress_open(&options, &progress, &err), err);
	emit(progress, vertex_event(1, "[1/1] RUN sleep"));
	emit(progress, started_event(1, clock_monotonic_ns() / MS - 1000));
	/* Its start was a second ago, so any later drawing shows a time of its own. */
	while (!strstr(buf_string(&seen), " 1.1s") && clock_monotonic_ns() < until_ns) {
		read_terminal(main_fd, &seen);
		sched_yield();
	}
	assert_non_null(strstr(buf_string(&seen), " 1.1s"));
	progress_free(progress);
	buf_release(&seen);
	close(fd);
}

struct talk {
	struct progress *progress;
	pthread_mutex_t *one_at_a_time;
	unsigned vertex;
};

#define TALKERS 4
#define LINES   5000

static void *talk(void *argument)
{
	struct talk *talk = argument;

	for (int i = 0; i < LINES; i++) {
		char text[64];

		snprintf(text, sizeof text, "v%u line %d%s", talk->vertex, i, i % 3 ? "\n" : "");
		pthread_mutex_lock(talk->one_at_a_time);
		emit(talk->progress, log_event(talk->vertex, clock_monotonic_ns() / MS, text));
		if (i % 3 == 0)
			emit(talk->progress,
			     log_event(talk->vertex, clock_monotonic_ns() / MS, "\n"));
		pthread_mutex_unlock(talk->one_at_a_time);
	}
	return NULL;
}

static void test_plain_loses_nothing_however_many_talk(void **state)
{
	char path[] = "/tmp/varve-unit.XXXXXX";
	cleanup_fd int fd = mkstemp(path);
	struct progress_options options = { .mode = PROGRESS_PLAIN, .fd = fd };
	pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	struct talk talks[TALKERS];
	pthread_t threads[TALKERS];
	struct progress *progress;
	struct error err = { 0 };
	struct buf seen = { 0 };
	int next[TALKERS + 1] = { 0 };

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_ok(progress_open(&options, &progress, &err), err);
	for (unsigned i = 0; i < TALKERS; i++) {
		emit(progress, vertex_event(i + 1, "RUN talk"));
		emit(progress, started_event(i + 1, clock_monotonic_ns() / MS));
		talks[i] = (struct talk){ progress, &one_at_a_time, i + 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, talk, &talks[i]), 0);
	}
	for (unsigned i = 0; i < TALKERS; i++) {
		pthread_join(threads[i], NULL);
		emit(progress, done_event(i + 1, clock_monotonic_ns() / MS, EVENT_OK));
	}
	progress_finish(progress);
	progress_free(progress);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_to_end(fd, OUTPUT_MAX, &seen), 0);
	/* Every line once, whole, and in order. */
	for (char *rest = seen.data, *line; (line = strsep(&rest, "\n")) != NULL;) {
		unsigned number, vertex;
		int i;

		if (sscanf(line, "#%u %*f v%u line %d", &number, &vertex, &i) == 3)
			assert_int_equal(i, next[vertex]++);
	}
	for (unsigned i = 1; i <= TALKERS; i++)
		assert_int_equal(next[i], LINES);
	buf_release(&seen);
}

static uint64_t frozen_clock(void *context)
{
	(void)context;
	return 5000 * MS;
}

static void test_rawjson_lines_are_json_whatever_the_bytes(void **state)
{
	char path[] = "/tmp/varve-unit.XXXXXX";
	cleanup_fd int fd = mkstemp(path);
	struct progress_options options = { .mode = PROGRESS_RAWJSON,
					    .fd = fd,
					    .now_ns = frozen_clock };
	struct progress *progress;
	struct error err = { 0 };
	struct buf seen = { 0 };
	size_t lines = 0;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_ok(progress_open(&options, &progress, &err), err);
	emit(progress, vertex_event(1, "name \xff \"quoted\"\n"));
	emit(progress, started_event(1, 1));
	emit(progress, log_event(1, 2, "\xff\xfe\033[31m"));
	emit(progress, status_event(1, 3, "bad \xc3 id", 7, true));
	emit(progress, done_event(1, 4, EVENT_FAILED));
	progress_finish(progress);
	progress_free(progress);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_to_end(fd, OUTPUT_MAX, &seen), 0);
	for (char *rest = seen.data, *line; (line = strsep(&rest, "\n")) != NULL && *line;
	     lines++) {
		json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(root);
		assert_int_equal(json_object_size(root), 1);
		json_decref(root);
	}
	assert_int_equal(lines, 5);
	buf_release(&seen);
}

static void test_a_reader_that_has_gone_stops_the_display_and_not_the_build(void **state)
{
	struct progress_options options = { .mode = PROGRESS_PLAIN };
	struct progress *progress;
	struct error err = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	options.fd = fds[1];
	assert_ok(progress_open(&options, &progress, &err), err);
	emit(progress, vertex_event(1, "RUN x"));
	emit(progress, started_event(1, 1));
	for (int i = 0; i < 1000; i++)
		emit(progress, log_event(1, 2, "text\n"));
	emit(progress, done_event(1, 4, EVENT_OK));
	progress_finish(progress);
	progress_free(progress);
	close(fds[1]);
}

static void test_quiet_and_none_write_nothing(void **state)
{
	static const enum progress_mode modes[] = { PROGRESS_QUIET, PROGRESS_NONE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct progress_options options = { .mode = modes[i], .fd = -1 };
		struct progress *progress;
		struct error err = { 0 };

		assert_ok(progress_open(&options, &progress, &err), err);
		emit(progress, vertex_event(1, "RUN x"));
		emit(progress, done_event(1, 4, EVENT_FAILED));
		progress_tick(progress);
		progress_finish(progress);
		progress_free(progress);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_mode_is_the_options_then_the_environments),
		TEST(test_tty_without_a_terminal_is_refused_and_auto_is_plain),
		TEST(test_auto_draws_on_a_terminal_unless_it_is_dumb),
		TEST(test_no_color_leaves_no_colours),
		TEST(test_clocks_go_on_while_nothing_happens),
		TEST(test_plain_loses_nothing_however_many_talk),
		TEST(test_rawjson_lines_are_json_whatever_the_bytes),
		TEST(test_a_reader_that_has_gone_stops_the_display_and_not_the_build),
		TEST(test_quiet_and_none_write_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
