/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/pattern_program.h"

#include <stdlib.h>
#include <string.h>

#include "fs/base/utf8.h"

#define WORDS (2 * PATTERN_LENGTH_MAX / 64 + 1)

/*
 * Places in the program that a match may have reached. A PATTERN_DIRECTORIES item is two: at its
 * start, 2 * index, and in the middle of its directories, 2 * index + 1; others use the first.
 */
struct places {
	uint64_t bits[WORDS];
	size_t words; /* in use */
};

static size_t place_of(size_t index)
{
	return 2 * index;
}

static void add(struct places *places, size_t place)
{
	places->bits[place / 64] |= (uint64_t)1 << place % 64;
}

static bool has(const struct places *places, size_t place)
{
	return places->bits[place / 64] >> place % 64 & 1;
}

static void empty(struct places *places)
{
	memset(places->bits, 0, places->words * sizeof places->bits[0]);
}

static bool is_word_char(const char *at)
{
	char c = *at;

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The text a program runs over. */
struct subject {
	const char *start, *end, *at;
};

static bool at_edge(const struct subject *subject)
{
	bool before = subject->at > subject->start && is_word_char(subject->at - 1);
	bool behind = subject->at < subject->end && is_word_char(subject->at);

	return before != behind;
}

/* Can this item be passed here without a character? */
static bool is_passed(const struct pattern_item *item, const struct subject *subject)
{
	switch (item->kind) {
	case PATTERN_START:
		return subject->at == subject->start;
	case PATTERN_END:
		return subject->at == subject->end;
	case PATTERN_EDGE:
		return at_edge(subject);
	case PATTERN_NO_EDGE:
		return !at_edge(subject);
	case PATTERN_DIRECTORIES:
		return true;
	case PATTERN_CHAR:
	case PATTERN_CLASS:
	case PATTERN_NO_SLASH:
	case PATTERN_ANY:
		break;
	}
	return item->repeated;
}

/* The next place from `place` on, or `limit`. */
static size_t next_place(const struct places *places, size_t place, size_t limit)
{
	while (place < limit) {
		uint64_t rest = places->bits[place / 64] >> place % 64;

		if (rest) {
			place += (size_t)__builtin_ctzll(rest);
			return place < limit ? place : limit;
		}
		place = (place / 64 + 1) * 64;
	}
	return limit;
}

/* Add the places that are reached without reading on: they always lie further ahead. */
static void pass(const struct pattern_program *program, struct places *places,
		 const struct subject *subject)
{
	size_t limit = place_of(program->count);

	for (size_t place = next_place(places, 0, limit); place < limit;
	     place = next_place(places, place + 1, limit)) {
		const struct pattern_item *item = &program->items[place / 2];

		if (place % 2)
			continue; /* in the middle of directories */
		if (is_passed(item, subject))
			add(places, place + 2);
		if (item->kind == PATTERN_DIRECTORIES)
			add(places, place + 1);
	}
}

static bool class_has(const struct pattern_class *class, uint32_t c)
{
	for (size_t i = 0; i < class->count; i++) {
		if (class->bounds[2 * i] <= c && c <= class->bounds[2 * i + 1])
			return !class->negated;
	}
	return class->negated;
}

static bool item_takes(const struct pattern_program *program, const struct pattern_item *item,
		       uint32_t c)
{
	switch (item->kind) {
	case PATTERN_CHAR:
		return item->c == c;
	case PATTERN_CLASS:
		return class_has(&program->classes[item->class], c);
	case PATTERN_NO_SLASH:
		return c != '/';
	case PATTERN_ANY:
		return c != '\n';
	case PATTERN_DIRECTORIES:
	case PATTERN_START:
	case PATTERN_END:
	case PATTERN_EDGE:
	case PATTERN_NO_EDGE:
		break;
	}
	return false;
}

/* Read `c`: false when no place is left. */
static bool step(const struct pattern_program *program, const struct places *now,
		 struct places *next, uint32_t c)
{
	size_t limit = place_of(program->count);
	bool alive = false;

	empty(next);
	for (size_t place = next_place(now, 0, limit); place < limit;
	     place = next_place(now, place + 1, limit)) {
		const struct pattern_item *item = &program->items[place / 2];

		if (place % 2) {
			if (c == '/')
				add(next, place + 1);
			if (c == '\n')
				continue;
			add(next, place);
			alive = true;
		} else if (item_takes(program, item, c)) {
			add(next, item->repeated ? place : place + 2);
			alive = true;
		}
	}
	return alive;
}

/* Run over `length` bytes; false when nothing can match any more. */
static bool run(const struct pattern_program *program, const char *text, size_t length,
		struct places *ret)
{
	struct subject subject = { .start = text, .end = text + length, .at = text };
	struct places other, *now = ret, *next = &other;

	ret->words = other.words = place_of(program->count) / 64 + 1;
	empty(now);
	add(now, 0);
	pass(program, now, &subject);
	while (subject.at < subject.end) {
		struct places *swap = now;
		size_t size;
		uint32_t c = utf8_decode(subject.at, (size_t)(subject.end - subject.at), &size);

		subject.at += size;
		if (!step(program, now, next, c))
			return false;
		now = next;
		next = swap;
		pass(program, now, &subject);
	}
	if (now != ret)
		memcpy(ret->bits, now->bits, ret->words * sizeof ret->bits[0]);
	return true;
}

bool pattern_program_match(const struct pattern_program *program, const char *path, size_t length)
{
	struct places places;

	if (length < program->prefix_length || length < program->suffix_length ||
	    memcmp(path, program->prefix, program->prefix_length) != 0 ||
	    memcmp(path + length - program->suffix_length, program->suffix,
		   program->suffix_length) != 0)
		return false;
	return run(program, path, length, &places) && has(&places, place_of(program->count));
}

bool pattern_program_may_follow(const struct pattern_program *program, const char *start,
				size_t length)
{
	struct places places;
	size_t limit = place_of(program->count);

	return run(program, start, length, &places) && next_place(&places, 0, limit) < limit;
}

void pattern_program_release(struct pattern_program *program)
{
	for (size_t i = 0; i < program->class_count; i++)
		free(program->classes[i].bounds);
	free(program->classes);
	free(program->items);
	free(program->prefix);
	free(program->suffix);
	*program = (struct pattern_program){ 0 };
}
