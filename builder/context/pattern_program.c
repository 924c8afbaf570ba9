/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/pattern_program.h"

#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/utf8.h"

/* What fits into the bits of a number, the place behind the last one included. */
#define TABLE_ITEMS_MAX 31

#define WORDS (2 * (PATTERN_LENGTH_MAX + 4) / 64 + 1)

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
	if (item->optional)
		return true;
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
static void pass(const struct pattern_branch *branch, struct places *places,
		 const struct subject *subject)
{
	size_t limit = place_of(branch->count);

	for (size_t place = next_place(places, 0, limit); place < limit;
	     place = next_place(places, place + 1, limit)) {
		const struct pattern_item *item = &branch->items[place / 2];

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
static bool step(const struct pattern_program *program, const struct pattern_branch *branch,
		 const struct places *now, struct places *next, uint32_t c)
{
	size_t limit = place_of(branch->count);
	bool alive = false;

	empty(next);
	for (size_t place = next_place(now, 0, limit); place < limit;
	     place = next_place(now, place + 1, limit)) {
		const struct pattern_item *item = &branch->items[place / 2];

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
static bool run(const struct pattern_program *program, const struct pattern_branch *branch,
		const char *text, size_t length, struct places *ret)
{
	struct subject subject = { .start = text, .end = text + length, .at = text };
	struct places other, *now = ret, *next = &other;

	ret->words = other.words = place_of(branch->count) / 64 + 1;
	empty(now);
	add(now, 0);
	pass(branch, now, &subject);
	while (subject.at < subject.end) {
		struct places *swap = now;
		size_t size;
		uint32_t c = utf8_decode(subject.at, (size_t)(subject.end - subject.at), &size);

		subject.at += size;
		if (!step(program, branch, now, next, c))
			return false;
		now = next;
		next = swap;
		pass(branch, now, &subject);
	}
	if (now != ret)
		memcpy(ret->bits, now->bits, ret->words * sizeof ret->bits[0]);
	return true;
}

/* Items between the marks of start and end, when that is all there is to say where it matches. */
static bool inner_items(const struct pattern_program *program, const struct pattern_item **ret,
			size_t *ret_count)
{
	const struct pattern_branch *branch = &program->branches[0];
	const struct pattern_item *items = branch->items;

	if (program->branch_count != 1 || branch->count < 2 ||
	    branch->count - 2 > TABLE_ITEMS_MAX || items[0].kind != PATTERN_START ||
	    items[branch->count - 1].kind != PATTERN_END)
		return false;
	for (size_t i = 1; i + 1 < branch->count; i++) {
		if (items[i].kind > PATTERN_DIRECTORIES)
			return false;
	}
	*ret = items + 1;
	*ret_count = branch->count - 2;
	return true;
}

static void tabulate_item(const struct pattern_program *program, const struct pattern_item *item,
			  uint64_t place, struct pattern_table *table)
{
	uint64_t middle = place << 1;

	if (item->kind == PATTERN_DIRECTORIES) {
		table->entries |= place;
		table->middles |= middle;
		table->stays |= middle;
		for (uint32_t c = 0; c < 128; c++)
			table->takes[c] |= c == '\n' ? 0 : middle;
	} else {
		for (uint32_t c = 0; c < 128; c++)
			table->takes[c] |= item_takes(program, item, c) ? place : 0;
	}
	if (item->repeated)
		table->stays |= place;
	if (item->repeated || item->optional || item->kind == PATTERN_DIRECTORIES)
		table->passed |= place;
}

void pattern_program_tabulate(struct pattern_program *program)
{
	const struct pattern_item *items;
	size_t count;

	if (!inner_items(program, &items, &count))
		return;
	program->table = xcalloc(1, sizeof *program->table);
	for (size_t i = 0; i < count; i++)
		tabulate_item(program, &items[i], (uint64_t)1 << place_of(i), program->table);
	program->table->accepted = (uint64_t)1 << place_of(count);
}

static uint64_t table_pass(const struct pattern_table *table, uint64_t places)
{
	uint64_t before;

	do {
		before = places;
		places |= (places & table->passed) << 2 | (places & table->entries) << 1;
	} while (places != before);
	return places;
}

static bool table_match(const struct pattern_table *table, const char *path, size_t length)
{
	uint64_t places = table_pass(table, 1);

	for (size_t i = 0; i < length && places; i++) {
		uint64_t read = places & table->takes[(unsigned char)path[i]];
		uint64_t next = (read & table->stays) | (read & ~table->stays) << 2;

		if (path[i] == '/')
			next |= (places & table->middles) << 1;
		places = table_pass(table, next);
	}
	return places & table->accepted;
}

bool pattern_program_match(const struct pattern_program *program, const char *path, size_t length,
			   bool ascii)
{
	struct places places;

	if (length < program->prefix_length || length < program->suffix_length ||
	    memcmp(path, program->prefix, program->prefix_length) != 0 ||
	    memcmp(path + length - program->suffix_length, program->suffix,
		   program->suffix_length) != 0)
		return false;
	if (ascii && program->table)
		return table_match(program->table, path, length);
	for (size_t i = 0; i < program->branch_count; i++) {
		const struct pattern_branch *branch = &program->branches[i];

		if (run(program, branch, path, length, &places) &&
		    has(&places, place_of(branch->count)))
			return true;
	}
	return false;
}

bool pattern_program_may_follow(const struct pattern_program *program, const char *start,
				size_t length)
{
	struct places places;

	for (size_t i = 0; i < program->branch_count; i++) {
		const struct pattern_branch *branch = &program->branches[i];
		size_t limit = place_of(branch->count);

		if (run(program, branch, start, length, &places) &&
		    next_place(&places, 0, limit) < limit)
			return true;
	}
	return false;
}

void pattern_program_release(struct pattern_program *program)
{
	for (size_t i = 0; i < program->class_count; i++)
		free(program->classes[i].bounds);
	free(program->classes);
	for (size_t i = 0; i < program->branch_count; i++)
		free(program->branches[i].items);
	free(program->branches);
	free(program->prefix);
	free(program->suffix);
	free(program->table);
	*program = (struct pattern_program){ 0 };
}
