/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a script of build events to a progress display.
 *
 *	event_player [--mode MODE] [--size COLUMNSxROWS] [--color] [--expand] [--live] SCRIPT
 *
 * Without --live the time is the script's own, the output goes to standard output, and for the
 * tty mode it is what a terminal of that size shows at each "frame" and at the end. With --live
 * it plays in real time on standard error, for eyes.
 *
 * A line is a time in seconds, a command, and its words; "…" takes C escapes:
 *
 *	0.0 vertex 1 sha256:aa "[1/2] FROM a"        number, digest or "-", name, numbers waited for
 *	0.0 start 1
 *	0.1 log 1 2 "to stderr\n"                    number, stream, bytes
 *	0.1 status 1 "sha256:bb" 10 200 bytes        number, id, current, total, [bytes] [done]
 *	0.2 done 1 failed "no such image"            number, ok | cached | failed | canceled, [error]
 *	0.2 warn 1 RuleName "text" Dockerfile 3 4 "detail" "excerpt" "url"    "-" for none
 *	0.3 frame                                    show the terminal (tty mode)
 *	0.3 size 80 24                               change the terminal's size (tty mode)
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "builder/solve/event.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"
#include "tools/environment.h"
#include "tools/progress/progress.h"
#include "tools/progress/screen.h"

#define SCRIPT_SIZE_MAX ((size_t)16 << 20)
#define TICK_NS         150000000u
#define INPUTS_MAX      64

struct player {
	struct progress *progress;
	struct progress_options options;
	bool live;
	uint64_t now_ns, start_ns, next_tick_ns;
	int fd;           /* what the display writes to */
	uint64_t read_at; /* how much of it was looked at */
	struct screen *screen;
};

/* The words of a line, which are bytes: a log may hold any. */
struct word {
	char *text;
	size_t length;
};

struct words {
	struct word items[16];
	size_t count;
};

static void fail(const char *what, const char *line)
{
	fprintf(stderr, "event_player: %s: %s\n", what, line);
	exit(2);
}

static unsigned hex_digit(char c)
{
	return c >= 'a' ? (unsigned)(c - 'a' + 10) : (unsigned)(c - '0');
}

/* The character behind a backslash at *at, which moves behind it. */
static char escaped(const char **at)
{
	char c = *(*at)++;

	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'a':
		return '\a';
	case 'e':
		return '\033';
	case 'x':
		*at += 2;
		return (char)(hex_digit((*at)[-2]) << 4 | hex_digit((*at)[-1]));
	default:
		return c;
	}
}

static void split_words(const char *line, struct words *ret)
{
	const char *at = line;

	ret->count = 0;
	while (*at) {
		struct buf word = { 0 };
		bool quoted = *at == '"';

		if (*at == ' ') {
			at++;
			continue;
		}
		at += quoted;
		while (*at && *at != (quoted ? '"' : ' ')) {
			char c = *at++;

			buf_add_char(&word, c == '\\' ? escaped(&at) : c);
		}
		at += quoted && *at;
		if (ret->count == sizeof ret->items / sizeof ret->items[0])
			fail("too many words", line);
		ret->items[ret->count].length = word.length;
		ret->items[ret->count++].text = buf_take(&word);
	}
}

static void release_words(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i].text);
}

/* A word, or NULL where there is none or "-". */
static const char *word_at(const struct words *words, size_t index)
{
	if (index >= words->count || strcmp(words->items[index].text, "-") == 0)
		return NULL;
	return words->items[index].text;
}

static uint64_t number_at(const struct words *words, size_t index)
{
	uint64_t number = 0;

	if (index < words->count && parse_u64(words->items[index].text, &number) < 0)
		fail("no number", words->items[index].text);
	return number;
}

static uint64_t clock_of(void *context)
{
	const struct player *player = context;

	return player->now_ns;
}

/* Let the terminal show what was written since. */
static void feed_screen(struct player *player)
{
	char bytes[4096];
	ssize_t n;

	if (!player->screen)
		return;
	while ((n = pread(player->fd, bytes, sizeof bytes, (off_t)player->read_at)) > 0) {
		screen_write(player->screen, bytes, (size_t)n);
		player->read_at += (uint64_t)n;
	}
}

static void show_frame(struct player *player, const char *title)
{
	size_t rows, last = 0;
	cleanup_with(buf_release) struct buf text = { 0 };

	if (!player->screen)
		return;
	feed_screen(player);
	rows = screen_rows(player->screen);
	for (size_t i = 0; i < rows; i++)
		last = screen_row_is_blank(player->screen, i) ? last : i + 1;
	buf_add_format(&text, "---- %s\n", title);
	for (size_t i = 0; i < last; i++) {
		screen_add_row(player->screen, i, &text);
		buf_add_char(&text, '\n');
	}
	fputs(buf_string(&text), stdout);
}

static void advance(struct player *player, uint64_t time_ns)
{
	uint64_t target_ns = player->start_ns + time_ns;

	if (player->live) {
		struct timespec until = { .tv_sec = (time_t)(target_ns / 1000000000),
					  .tv_nsec = (long)(target_ns % 1000000000) };

		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		return;
	}
	while (player->next_tick_ns <= target_ns) {
		player->now_ns = player->next_tick_ns;
		progress_tick(player->progress);
		feed_screen(player);
		player->next_tick_ns += TICK_NS;
	}
	player->now_ns = target_ns;
}

static enum event_outcome outcome_of(const char *word)
{
	static const char *const words[] = { "ok", "cached", "failed", "canceled" };

	for (unsigned i = 0; i < 4; i++) {
		if (word && strcmp(words[i], word) == 0)
			return (enum event_outcome)i;
	}
	fail("no outcome", word ? word : "");
	return EVENT_OK;
}

/* Fill an event from its line; false for a line that is none. */
static bool read_event(const struct words *words, struct event *event, unsigned *inputs)
{
	const char *command = words->items[1].text;
	const char *stream = word_at(words, 3);

	event->vertex = (unsigned)number_at(words, 2);
	if (strcmp(command, "vertex") == 0) {
		event->type = EVENT_VERTEX;
		event->digest = word_at(words, 3);
		event->name = word_at(words, 4);
		event->inputs = inputs;
		for (size_t i = 5; i < words->count; i++)
			inputs[event->input_count++] = (unsigned)number_at(words, i);
	} else if (strcmp(command, "start") == 0) {
		event->type = EVENT_STARTED;
	} else if (strcmp(command, "log") == 0 && words->count > 4) {
		event->type = EVENT_LOG;
		event->stream = stream && *stream == '2' ? 2 : 1;
		event->data = words->items[4].text;
		event->size = words->items[4].length;
	} else if (strcmp(command, "status") == 0) {
		event->type = EVENT_STATUS;
		event->id = word_at(words, 3);
		event->current = number_at(words, 4);
		event->total = number_at(words, 5);
		for (size_t i = 6; i < words->count; i++) {
			event->bytes |= strcmp(words->items[i].text, "bytes") == 0;
			event->complete |= strcmp(words->items[i].text, "done") == 0;
		}
	} else if (strcmp(command, "done") == 0) {
		event->type = EVENT_DONE;
		event->outcome = outcome_of(word_at(words, 3));
		event->error = word_at(words, 4);
	} else if (strcmp(command, "warn") == 0) {
		event->type = EVENT_WARNING;
		event->rule = word_at(words, 3);
		event->text = word_at(words, 4);
		event->location.file = word_at(words, 5);
		event->location.first_line = (unsigned)number_at(words, 6);
		event->location.last_line = (unsigned)number_at(words, 7);
		event->detail = word_at(words, 8);
		event->excerpt = word_at(words, 9);
		event->url = word_at(words, 10);
	} else {
		return false;
	}
	return true;
}

static void play_line(struct player *player, const char *line)
{
	struct words words;
	unsigned inputs[INPUTS_MAX];
	struct event event = { 0 };
	int64_t time_ns = 0;
	char duration[32];

	split_words(line, &words);
	if (words.count >= 2) {
		snprintf(duration, sizeof duration, "%ss", words.items[0].text);
		if (parse_duration(duration, &time_ns) < 0)
			fail("no time", line);
		advance(player, (uint64_t)time_ns);
		event.time_ns = player->start_ns + (uint64_t)time_ns;
		if (strcmp(words.items[1].text, "frame") == 0) {
			show_frame(player, words.items[0].text);
		} else if (strcmp(words.items[1].text, "size") == 0) {
			if (player->screen)
				screen_resize(player->screen, number_at(&words, 3),
					      number_at(&words, 2));
			progress_resize(player->progress, (unsigned)number_at(&words, 3),
					(unsigned)number_at(&words, 2));
		} else if (read_event(&words, &event, inputs)) {
			progress_sink(player->progress)
				->emit(progress_sink(player->progress), &event);
			player->next_tick_ns = player->now_ns + TICK_NS;
		} else {
			fail("no such command", line);
		}
	}
	release_words(&words);
}

static void play(struct player *player, struct buf *script)
{
	char *rest = script->data, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line && *line != '#')
			play_line(player, line);
	}
}

static void read_arguments(struct player *player, char **argv, const char **ret_script)
{
	struct environment environment = { 0 };
	struct error err = { 0 };

	for (argv++; *argv; argv++) {
		if (strcmp(*argv, "--mode") == 0 && argv[1]) {
			if (progress_mode_choose(*++argv, &environment, &player->options.mode,
						 &err) < 0)
				fail(err.text, *argv);
		} else if (strcmp(*argv, "--size") == 0 && argv[1]) {
			if (sscanf(*++argv, "%ux%u", &player->options.columns,
				   &player->options.rows) != 2)
				fail("no size", *argv);
		} else if (strcmp(*argv, "--color") == 0) {
			player->options.color = true;
		} else if (strcmp(*argv, "--expand") == 0) {
			player->options.expand_warnings = true;
		} else if (strcmp(*argv, "--live") == 0) {
			player->live = true;
		} else {
			*ret_script = *argv;
		}
	}
	environment_release(&environment);
}

/* Everything that the display wrote, as it is. */
static void copy_output(const struct player *player)
{
	char bytes[4096];
	uint64_t at = 0;
	ssize_t n;

	while ((n = pread(player->fd, bytes, sizeof bytes, (off_t)at)) > 0) {
		fwrite(bytes, 1, (size_t)n, stdout);
		at += (uint64_t)n;
	}
}

int main(int argc, char **argv)
{
	struct player player = { .options = { .description = NULL } };
	cleanup_with(buf_release) struct buf script = { 0 };
	const char *path = NULL;
	struct error err = { 0 };

	(void)argc;
	read_arguments(&player, argv, &path);
	if (!path || file_read(AT_FDCWD, path, SCRIPT_SIZE_MAX, &script) < 0)
		fail("cannot read the script", path ? path : "none given");
	player.start_ns = 1000000000;
	if (player.live) {
		player.options.fd = STDERR_FILENO;
		player.start_ns = clock_monotonic_ns();
		player.options.rows = player.options.columns = 0;
	} else {
		player.fd = memfd_create("display", MFD_CLOEXEC);
		assert(player.fd >= 0);
		player.options.fd = player.fd;
		player.options.now_ns = clock_of;
		player.options.context = &player;
		if (player.options.mode == PROGRESS_TTY)
			player.screen =
				screen_new(player.options.rows, player.options.columns, true);
	}
	player.now_ns = player.start_ns;
	player.next_tick_ns = player.now_ns + TICK_NS;
	if (progress_open(&player.options, &player.progress, &err) < 0)
		fail(err.text, path);
	play(&player, &script);
	progress_finish(player.progress);
	if (player.screen)
		show_frame(&player, "end");
	else if (!player.live)
		copy_output(&player);
	progress_free(player.progress);
	screen_free(player.screen);
	return 0;
}
