/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/idmap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"

void idmap_add(struct idmap *map, uint32_t inside, uint32_t outside, uint32_t count)
{
	if (count == 0)
		return;
	array_reserve_one(map->lines, map->count, map->capacity);
	map->lines[map->count++] = (struct idmap_line){ inside, outside, count };
}

void idmap_release(struct idmap *map)
{
	free(map->lines);
	*map = (struct idmap){ 0 };
}

int idmap_parse(const char *text, struct idmap *ret)
{
	while (*text) {
		uint64_t numbers[3];

		for (size_t i = 0; i < 3; i++) {
			char *end;

			errno = 0;
			numbers[i] = strtoull(text, &end, 10);
			if (end == text || errno || numbers[i] > UINT32_MAX)
				return -EPROTO;
			text = end;
		}
		idmap_add(ret, (uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2]);
		text += strspn(text, " \t");
		if (*text && *text != '\n')
			return -EPROTO;
		text += *text == '\n';
	}
	return 0;
}

void idmap_format(const struct idmap *map, struct buf *ret)
{
	for (size_t i = 0; i < map->count; i++)
		buf_add_format(ret, "%u %u %u\n", map->lines[i].inside, map->lines[i].outside,
			       map->lines[i].count);
}

uint64_t idmap_total(const struct idmap *map)
{
	uint64_t total = 0;

	for (size_t i = 0; i < map->count; i++)
		total += map->lines[i].count;
	return total;
}

uint32_t idmap_root(const struct idmap *map)
{
	for (size_t i = 0; i < map->count; i++) {
		if (map->lines[i].inside == 0)
			return map->lines[i].outside;
	}
	return UINT32_MAX;
}

void idmap_of_user(uint32_t own, const struct id_ranges *ranges, struct idmap *ret)
{
	uint32_t next = 1;

	idmap_add(ret, 0, own, 1);
	for (size_t i = 0; i < ranges->count && next < IDMAP_IDS; i++) {
		uint32_t count = ranges->items[i].count;

		if (count > IDMAP_IDS - next)
			count = IDMAP_IDS - next;
		idmap_add(ret, next, ranges->items[i].start, count);
		next += count;
	}
}

/* Whether ids of this process' namespace from `start` on are there. */
static bool covers(const struct idmap *parent, uint64_t start, uint64_t count)
{
	for (size_t i = 0; i < parent->count; i++) {
		const struct idmap_line *line = &parent->lines[i];

		if (start >= line->inside && start + count <= (uint64_t)line->inside + line->count)
			return true;
	}
	return false;
}

void idmap_of_root(const struct idmap *parent, const struct id_ranges *ranges, struct idmap *ret)
{
	if (covers(parent, IDMAP_ROOT_START, IDMAP_IDS)) {
		idmap_add(ret, 0, IDMAP_ROOT_START, IDMAP_IDS);
		return;
	}
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->items[i].count >= IDMAP_IDS &&
		    covers(parent, ranges->items[i].start, IDMAP_IDS)) {
			idmap_add(ret, 0, ranges->items[i].start, IDMAP_IDS);
			return;
		}
	}
	for (size_t i = 0; i < parent->count; i++) {
		const struct idmap_line *line = &parent->lines[i];
		uint32_t count = line->count;

		if (line->inside >= IDMAP_IDS)
			continue;
		if (count > IDMAP_IDS - line->inside)
			count = IDMAP_IDS - line->inside;
		idmap_add(ret, line->inside, line->inside, count);
	}
}
