/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/clock.h"
#include "fs/base/compress.h"
#include "fs/base/error.h"
#include "fs/store/pack/frame.h"

/* One for each thread that decodes at the moment; more are made when they do not suffice. */
#define SPARE_DECOMPRESSORS 4
/* So much of a pack may be mapped before that is undone. */
#define LOOKED_AT_MANY ((uint64_t)2 << 20)

struct frame_cache {
	struct lru *frames;   /* struct decoded, by pack and frame */
	pthread_mutex_t lock; /* guards the spares */
	struct decompressor *spares[SPARE_DECOMPRESSORS];
	size_t spare_count;
};

struct frame_key {
	uint64_t serial;
	uint64_t frame;
};

struct decoded {
	size_t size;
	uint8_t data[];
};

static int damaged(const struct pack *pack, struct error *err, const char *what)
{
	return error_set(err, -EBADMSG,
			 "pack '%s' is damaged: %s; 'varve fsck --repair' mends the store",
			 pack->name, what);
}

/* Opening */

static struct pack *pack_new(const char *name, const void *data, size_t size)
{
	static uint64_t serials;
	struct pack *pack = xcalloc(1, sizeof *pack);

	snprintf(pack->name, sizeof pack->name, "%s", name);
	pack->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
	pack->data = data;
	pack->size = size;
	pack->refs = 1;
	return pack;
}

static int parse(struct pack *pack, struct error *err)
{
	struct error inner = { 0 };

	if (pack_index_parse(pack->data, pack->size, &pack->index, &inner) < 0)
		return damaged(pack, err, inner.text);
	pack->sound_frames = xcalloc(pack->index.frame_count / 8 + 1, 1);
	return 0;
}

int pack_from_memory(const void *data, size_t size, struct pack **ret, struct error *err)
{
	struct pack *pack = pack_new("memory", data, size);
	int r = parse(pack, err);

	if (r < 0) {
		free(pack);
		return r;
	}
	*ret = pack;
	return 0;
}

int pack_open(int dir_fd, const char *name, struct pack **ret, struct error *err)
{
	char file_name[PACK_NAME_SIZE + 3];
	cleanup_with(pack_unref) struct pack *pack = NULL;
	cleanup_fd int fd = -1;
	struct stat st;
	void *data = NULL;
	int r;

	snprintf(file_name, sizeof file_name, "%s.pk", name);
	fd = openat(dir_fd, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot open pack '%s'", name);
	if (st.st_size > 0) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (data == MAP_FAILED)
			return error_errno(err, -errno, "cannot map pack '%s'", name);
	}
	/* The size that the trailer holds against the file's is what keeps reads off the end. */
	pack = pack_new(name, data, (size_t)st.st_size);
	pack->mapped = data != NULL;
	r = parse(pack, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&pack);
	return 0;
}

struct pack *pack_ref(struct pack *pack)
{
	__atomic_add_fetch(&pack->refs, 1, __ATOMIC_RELAXED);
	return pack;
}

void pack_unref(struct pack *pack)
{
	if (!pack || __atomic_sub_fetch(&pack->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (pack->mapped)
		(void)munmap((void *)(uintptr_t)pack->data, pack->size);
	free(pack->sound_frames);
	free(pack);
}

void pack_note_look(struct pack *pack, uint64_t size)
{
	if (!pack->mapped ||
	    __atomic_add_fetch(&pack->looked_at, size, __ATOMIC_RELAXED) < LOOKED_AT_MANY)
		return;
	__atomic_store_n(&pack->looked_at, 0, __ATOMIC_RELAXED);
	(void)madvise((void *)(uintptr_t)pack->data, pack->size, MADV_DONTNEED);
}

void pack_name_make(uint8_t ret[16], char ret_text[PACK_NAME_SIZE])
{
	uint64_t now = (uint64_t)clock_realtime_ns();

	for (int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(now >> (56 - 8 * i));
	if (getrandom(ret + 8, 8, 0) != 8)
		put_le64(ret + 8, clock_monotonic_ns() ^ (uint64_t)getpid() << 40);
	for (int i = 0; i < 16; i++)
		snprintf(ret_text + (size_t)2 * i, 3, "%02x", ret[i]);
}

bool pack_name_parse(const char *file_name, char ret[PACK_NAME_SIZE])
{
	size_t digits = strspn(file_name, "0123456789abcdef");

	if (digits != PACK_NAME_SIZE - 1 || strcmp(file_name + digits, ".pk") != 0)
		return false;
	memcpy(ret, file_name, digits);
	ret[digits] = '\0';
	return true;
}

/* Frames */

struct frame_cache *frame_cache_new(size_t frames)
{
	struct frame_cache *cache = xcalloc(1, sizeof *cache);

	cache->frames = lru_new(frames, sizeof(struct frame_key), free);
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void frame_cache_free(struct frame_cache *cache)
{
	if (!cache)
		return;
	lru_free(cache->frames);
	for (size_t i = 0; i < cache->spare_count; i++)
		decompressor_free(cache->spares[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct decompressor *take_decompressor(struct frame_cache *cache)
{
	struct decompressor *taken = NULL;

	pthread_mutex_lock(&cache->lock);
	if (cache->spare_count)
		taken = cache->spares[--cache->spare_count];
	pthread_mutex_unlock(&cache->lock);
	return taken ? taken : decompressor_new();
}

static void give_decompressor(struct frame_cache *cache, struct decompressor *decompressor)
{
	pthread_mutex_lock(&cache->lock);
	if (cache->spare_count < SPARE_DECOMPRESSORS) {
		cache->spares[cache->spare_count++] = decompressor;
		decompressor = NULL;
	}
	pthread_mutex_unlock(&cache->lock);
	decompressor_free(decompressor);
}

static int decode(const struct pack *pack, struct frame_cache *cache,
		  const struct pack_frame *frame, struct decoded **ret, struct error *err)
{
	const uint8_t *payload =
		pack->data + frame->offset + PACK_FRAME_HEAD_SIZE + frame->table_size;
	cleanup_free struct decoded *decoded = xmalloc(sizeof *decoded + frame->size);
	struct decompressor *decompressor = take_decompressor(cache);
	int r = frame_decode(frame, payload, decompressor, decoded->data);

	give_decompressor(cache, decompressor);
	if (r == -EOPNOTSUPP)
		return error_set(err, r,
				 "pack '%s' holds a frame of kind %u, which needs a newer varve",
				 pack->name, frame->kind);
	if (r < 0)
		return damaged(pack, err, "a frame cannot be decoded");
	decoded->size = frame->size;
	*ret = take_ptr(&decoded);
	return 0;
}

/* Raw frames are read where they lie; their bytes are checked the first time. */
static int raw_frame(struct pack *pack, uint32_t number, const struct pack_frame *frame,
		     const uint8_t **ret, struct error *err)
{
	const uint8_t *start = pack->data + frame->offset;
	uint8_t *bits = &pack->sound_frames[number / 8];
	uint8_t mask = (uint8_t)(1u << number % 8);

	if (!(__atomic_load_n(bits, __ATOMIC_RELAXED) & mask)) {
		if (frame->payload_size != frame->size || !frame_is_sound(start, frame))
			return damaged(pack, err, "a frame has changed");
		__atomic_fetch_or(bits, mask, __ATOMIC_RELAXED);
	}
	*ret = start + PACK_FRAME_HEAD_SIZE + frame->table_size;
	return 0;
}

/* All of a frame. */
static int frame_get(struct pack *pack, struct frame_cache *cache, uint32_t number,
		     struct pack_piece *ret, struct error *err)
{
	struct frame_key key = { pack->serial, number };
	struct lru_entry *entry = lru_get(cache->frames, &key);
	struct decoded *decoded = NULL;
	struct pack_frame frame;
	int r;

	if (!entry) {
		if (!pack_index_frame(&pack->index, number, &frame))
			return damaged(pack, err, "the record of a frame");
		pack_note_look(pack, frame.payload_size);
		if (frame.kind == PACK_FRAME_RAW) {
			ret->size = frame.size;
			return raw_frame(pack, number, &frame, &ret->data, err);
		}
		r = decode(pack, cache, &frame, &decoded, err);
		if (r < 0)
			return r;
		entry = lru_add(cache->frames, &key, decoded);
	}
	decoded = entry->value;
	*ret = (struct pack_piece){ decoded->data, decoded->size, { cache, entry } };
	return 0;
}

void frame_pin_release(struct frame_pin *pin)
{
	if (pin->entry)
		lru_unpin(pin->cache->frames, pin->entry);
	*pin = (struct frame_pin){ 0 };
}

/* Objects */

int pack_object(const struct pack *pack, uint32_t position, struct pack_object *ret,
		struct error *err)
{
	if (!pack_index_object(&pack->index, position, ret))
		return damaged(pack, err, "the record of an object");
	return 0;
}

int pack_view(struct pack *pack, struct frame_cache *cache, const struct pack_object *object,
	      uint64_t offset, struct pack_piece *ret, struct error *err)
{
	uint64_t at = object->offset + offset, left = object->length - offset;
	uint32_t number = object->frame;
	struct pack_piece piece = { 0 };
	int r;

	/* A large object has frames of its own, all full but the last. */
	if (object->length > PACK_FRAME_MAX) {
		number += (uint32_t)(offset / PACK_FRAME_MAX);
		at = offset % PACK_FRAME_MAX;
		if (left > PACK_FRAME_MAX - at)
			left = PACK_FRAME_MAX - at;
	}
	r = frame_get(pack, cache, number, &piece, err);
	if (r < 0)
		return r;
	if (at > piece.size || left > piece.size - at) {
		frame_pin_release(&piece.pin);
		return damaged(pack, err, "a frame is shorter than what it should hold");
	}
	piece.data += at;
	piece.size = (size_t)left;
	*ret = piece;
	return 0;
}

int pack_read(struct pack *pack, struct frame_cache *cache, const struct pack_object *object,
	      struct buf *ret, struct error *err)
{
	uint64_t done = 0;

	while (done < object->length) {
		struct pack_piece piece = { 0 };
		int r = pack_view(pack, cache, object, done, &piece, err);

		if (r < 0)
			return r;
		buf_append(ret, piece.data, piece.size);
		done += piece.size;
		frame_pin_release(&piece.pin);
	}
	return 0;
}
