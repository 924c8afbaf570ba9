/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/hash_cache.h"

#include <fcntl.h>
#include <stdlib.h>

#include <uthash.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/clock.h"
#include "fs/base/fd.h"

#define RECORD_SIZE 72
#define FACTS_SIZE  40
#define FILE_MAX    ((size_t)512 << 20)

/* Clocks of filesystems tick every few milliseconds; two seconds are those of the worst. */
#define SETTLED_NS 2000000000

/* Above this, what the present build did not ask for is dropped. */
#define ENTRIES_KEPT 200000

struct entry {
	bool used; /* in this run */
	uint8_t facts[FACTS_SIZE];
	struct object_id id;
	UT_hash_handle hh;
};

struct hash_cache {
	int dir_fd;
	char *name;
	struct entry *entries;
	bool changed;
};

static uint64_t nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void facts_of(const struct stat *st, uint8_t ret[FACTS_SIZE])
{
	put_le64(ret, st->st_dev);
	put_le64(ret + 8, st->st_ino);
	put_le64(ret + 16, (uint64_t)st->st_size);
	put_le64(ret + 24, nanoseconds(st->st_mtim));
	put_le64(ret + 32, nanoseconds(st->st_ctim));
}

static struct entry *add(struct hash_cache *cache, const uint8_t facts[FACTS_SIZE],
			 const struct object_id *id)
{
	struct entry *entry;

	HASH_FIND(hh, cache->entries, facts, FACTS_SIZE, entry);
	if (!entry) {
		entry = xcalloc(1, sizeof *entry);
		memcpy(entry->facts, facts, FACTS_SIZE);
		HASH_ADD(hh, cache->entries, facts, FACTS_SIZE, entry);
	}
	entry->id = *id;
	return entry;
}

static void load(struct hash_cache *cache)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id sum, id;
	size_t body;

	if (file_read(cache->dir_fd, cache->name, FILE_MAX, &bytes) < 0 ||
	    bytes.length < RECORD_SIZE || bytes.length % RECORD_SIZE)
		return;
	body = bytes.length - RECORD_SIZE;
	sum = object_id_of(bytes.data, body);
	if (memcmp(sum.bytes, bytes.data + body + FACTS_SIZE, OBJECT_ID_SIZE) != 0)
		return;
	for (size_t at = 0; at < body; at += RECORD_SIZE) {
		memcpy(id.bytes, bytes.data + at + FACTS_SIZE, OBJECT_ID_SIZE);
		(void)add(cache, (const uint8_t *)bytes.data + at, &id);
	}
}

struct hash_cache *hash_cache_open(int dir_fd, const char *name)
{
	struct hash_cache *cache = xcalloc(1, sizeof *cache);

	cache->dir_fd = dir_fd;
	cache->name = xstrdup(name);
	if (dir_fd >= 0)
		load(cache);
	return cache;
}

static void save(const struct hash_cache *cache)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	bool crowded = HASH_COUNT(cache->entries) > ENTRIES_KEPT;
	const struct entry *entry;
	struct object_id sum;

	for (entry = cache->entries; entry; entry = entry->hh.next) {
		if (crowded && !entry->used)
			continue;
		buf_append(&bytes, entry->facts, FACTS_SIZE);
		buf_append(&bytes, entry->id.bytes, OBJECT_ID_SIZE);
	}
	sum = object_id_of(buf_string(&bytes), bytes.length);
	buf_add_zeros(&bytes, FACTS_SIZE);
	buf_append(&bytes, sum.bytes, OBJECT_ID_SIZE);
	(void)file_replace(cache->dir_fd, cache->name, bytes.data, bytes.length, 0600, false);
}

void hash_cache_close(struct hash_cache *cache)
{
	struct entry *entry, *next;

	if (!cache)
		return;
	if (cache->changed && cache->dir_fd >= 0)
		save(cache);
	HASH_ITER(hh, cache->entries, entry, next) {
		HASH_DEL(cache->entries, entry);
		free(entry);
	}
	free(cache->name);
	free(cache);
}

bool hash_cache_find(const struct hash_cache *cache, const struct stat *st, struct object_id *ret)
{
	uint8_t facts[FACTS_SIZE];
	struct entry *entry;

	facts_of(st, facts);
	HASH_FIND(hh, cache->entries, facts, FACTS_SIZE, entry);
	if (!entry)
		return false;
	entry->used = true;
	*ret = entry->id;
	return true;
}

void hash_cache_add(struct hash_cache *cache, const struct stat *st, const struct object_id *id)
{
	uint8_t facts[FACTS_SIZE];

	if (nanoseconds(st->st_ctim) + SETTLED_NS > (uint64_t)clock_realtime_ns())
		return;
	facts_of(st, facts);
	add(cache, facts, id)->used = true;
	cache->changed = true;
}
