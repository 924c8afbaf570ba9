/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in any order, to each kind of display: none may depend on the builder telling a sensible
 * story, and what goes to programs stays JSON.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "builder/solve/event.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "tools/progress/progress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_MAX ((size_t)64 << 20)

struct story {
	const uint8_t *at;
	size_t left;
	uint64_t now_ns;
	char text[64];
};

static unsigned byte(struct story *story)
{
	if (story->left == 0)
		return 0;
	story->left--;
	return *story->at++;
}

/* A few of the bytes as a string. */
static const char *string(struct story *story)
{
	size_t length = byte(story) % sizeof story->text;

	if (length > story->left)
		length = story->left;
	memcpy(story->text, story->at, length);
	story->text[length] = '\0';
	story->at += length;
	story->left -= length;
	return story->text;
}

static uint64_t now_ns(void *context)
{
	return ((struct story *)context)->now_ns;
}

static void emit(struct progress *progress, struct story *story, unsigned what)
{
	unsigned inputs[2] = { byte(story) % 6, byte(story) % 6 };
	struct event event = { .type = what % 6,
			       .vertex = byte(story) % 6,
			       .time_ns = story->now_ns,
			       .inputs = inputs,
			       .input_count = 2 };

	event.outcome = what / 8 % 4;
	event.stream = 1;
	event.current = byte(story) * (uint64_t)byte(story);
	event.total = byte(story) * (uint64_t)byte(story);
	event.bytes = what & 64;
	event.complete = what & 128;
	event.name = event.id = event.error = event.text = event.detail = string(story);
	event.data = story->text;
	event.size = strlen(story->text);
	progress_sink(progress)->emit(progress_sink(progress), &event);
}

static void check_json(int fd)
{
	struct buf text = { 0 };

	if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_to_end(fd, OUTPUT_MAX, &text) < 0)
		abort();
	for (char *rest = text.data, *line; rest && (line = strsep(&rest, "\n")) && *line;) {
		json_t *root = json_loads(line, 0, NULL);

		if (!root)
			abort();
		json_decref(root);
	}
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum progress_mode modes[] = { PROGRESS_TTY, PROGRESS_PLAIN,
						    PROGRESS_RAWJSON };
	struct story story = { .at = data, .left = size, .now_ns = 1000 };
	unsigned kind = byte(&story);
	struct progress_options options = {
		.mode = modes[kind % 3],
		.fd = memfd_create("display", MFD_CLOEXEC),
		.expand_warnings = kind & 4,
		.now_ns = now_ns,
		.context = &story,
		.color = kind & 8,
		.rows = kind / 16 + 1,
		.columns = byte(&story) + 1,
	};
	struct progress *progress;

	if (options.fd < 0 || progress_open(&options, &progress, NULL) < 0)
		abort();
	while (story.left > 0) {
		unsigned what = byte(&story);

		if (what >= 250)
			progress_resize(progress, what - 249, byte(&story) + 1);
		else if (what >= 240)
			story.now_ns += (uint64_t)byte(&story) * 100000000;
		else
			emit(progress, &story, what);
		progress_tick(progress);
	}
	progress_finish(progress);
	progress_free(progress);
	if (options.mode == PROGRESS_RAWJSON)
		check_json(options.fd);
	close(options.fd);
	return 0;
}
