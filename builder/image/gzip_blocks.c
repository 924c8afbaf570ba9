/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "builder/image/compress_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"

#define DICTIONARY ((size_t)32 << 10)

/* What a block may take when it does not shrink: zlib's own bound, and the end of a block. */
#define OUTPUT_SIZE (GZIP_BLOCK + (GZIP_BLOCK >> 10) + 1024)

enum slot_state { SLOT_FREE, SLOT_FULL, SLOT_DONE };

struct slot {
	uint8_t *input; /* the dictionary, then the block */
	size_t dictionary, length;
	uint8_t *output;
	size_t output_length;
	uint32_t crc;
	bool last;
	bool failed;
	enum slot_state state; /* guarded by lock */
};

struct gzip {
	struct compress base;
	int level;
	struct slot *slots; /* used in turn */
	unsigned slot_count;
	uint64_t filled; /* slots handed to the workers so far; guarded by lock */
	uint64_t taken;  /* of these, slots that a worker took; guarded by lock */
	uint64_t written;
	size_t fill; /* bytes in the slot that is being filled */
	uint32_t crc;
	uint64_t size;
	bool head_written;

	pthread_t *threads;
	unsigned thread_count, started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop; /* guarded by lock */
	z_stream inline_stream;
	bool inline_ready;
};

/* ---- one block ---- */

static bool stream_init(z_stream *stream, int level)
{
	*stream = (z_stream){ 0 };
	return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

static void deflate_slot(z_stream *stream, struct slot *slot)
{
	int r, want = slot->last ? Z_STREAM_END : Z_OK;

	slot->failed = true;
	if (deflateReset(stream) != Z_OK)
		return;
	if (slot->dictionary &&
	    deflateSetDictionary(stream, slot->input, (uInt)slot->dictionary) != Z_OK)
		return;
	stream->next_in = slot->input + slot->dictionary;
	stream->avail_in = (uInt)slot->length;
	stream->next_out = slot->output;
	stream->avail_out = OUTPUT_SIZE;
	r = deflate(stream, slot->last ? Z_FINISH : Z_SYNC_FLUSH);
	if (r != want || stream->avail_in || !stream->avail_out)
		return;
	slot->output_length = OUTPUT_SIZE - stream->avail_out;
	slot->crc = (uint32_t)crc32(0, slot->input + slot->dictionary, (uInt)slot->length);
	slot->failed = false;
}

/* ---- workers ---- */

static struct slot *slot_of(struct gzip *self, uint64_t number)
{
	return &self->slots[number % self->slot_count];
}

static void *worker(void *context)
{
	struct gzip *self = context;
	z_stream stream;
	bool ready = stream_init(&stream, self->level);

	pthread_mutex_lock(&self->lock);
	for (;;) {
		struct slot *slot;

		while (self->taken == self->filled && !self->stop)
			pthread_cond_wait(&self->changed, &self->lock);
		if (self->stop)
			break;
		slot = slot_of(self, self->taken++);
		pthread_mutex_unlock(&self->lock);
		if (ready)
			deflate_slot(&stream, slot);
		else
			slot->failed = true;
		pthread_mutex_lock(&self->lock);
		slot->state = SLOT_DONE;
		pthread_cond_broadcast(&self->changed);
	}
	pthread_mutex_unlock(&self->lock);
	if (ready)
		deflateEnd(&stream);
	return NULL;
}

/* Without any thread the blocks are deflated where they are handed over. */
static void start_workers(struct gzip *self)
{
	if (self->threads || self->thread_count < 2)
		return;
	self->threads = xcalloc(self->thread_count, sizeof *self->threads);
	while (self->started < self->thread_count &&
	       pthread_create(&self->threads[self->started], NULL, worker, self) == 0)
		self->started++;
}

static int write_head(struct gzip *self, struct error *err)
{
	/* no name, no time, made on an unknown system */
	uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };

	if (self->head_written)
		return 0;
	self->head_written = true;
	head[8] = self->level == 9 ? 2 : self->level == 1 ? 4 : 0;
	return sink_write(self->base.to, head, sizeof head, err);
}

/* Write the oldest block that is not written yet, waiting for it. */
static int write_oldest(struct gzip *self, struct error *err)
{
	struct slot *slot = slot_of(self, self->written);
	int r;

	pthread_mutex_lock(&self->lock);
	while (slot->state != SLOT_DONE)
		pthread_cond_wait(&self->changed, &self->lock);
	slot->state = SLOT_FREE;
	pthread_mutex_unlock(&self->lock);
	self->written++;
	if (slot->failed)
		return error_set(err, -ENOMEM, "cannot compress: zlib failed");
	r = write_head(self, err);
	if (r < 0)
		return r;
	self->crc = (uint32_t)crc32_combine(self->crc, slot->crc, (z_off_t)slot->length);
	self->size += slot->length;
	return sink_write(self->base.to, slot->output, slot->output_length, err);
}

static int deflate_inline(struct gzip *self, struct slot *slot, struct error *err)
{
	if (!self->inline_ready && !stream_init(&self->inline_stream, self->level))
		return error_set(err, -ENOMEM, "cannot compress: out of memory");
	self->inline_ready = true;
	deflate_slot(&self->inline_stream, slot);
	slot->state = SLOT_DONE;
	return 0;
}

/* The slot being filled goes to the workers; the next one begins with the end of it. */
static int hand_over(struct gzip *self, bool last, struct error *err)
{
	struct slot *slot = slot_of(self, self->filled), *next;
	int r;

	slot->length = self->fill;
	slot->last = last;
	if (!last)
		start_workers(self);
	if (self->started) {
		pthread_mutex_lock(&self->lock);
		slot->state = SLOT_FULL;
		self->filled++;
		pthread_cond_broadcast(&self->changed);
		pthread_mutex_unlock(&self->lock);
	} else {
		r = deflate_inline(self, slot, err);
		if (r < 0)
			return r;
		self->filled++;
		self->taken++;
	}
	self->fill = 0;
	if (last)
		return 0;
	if (self->filled - self->written == self->slot_count || !self->started) {
		r = write_oldest(self, err);
		if (r < 0)
			return r;
	}
	next = slot_of(self, self->filled);
	/* With one slot only, it is the same one. */
	memmove(next->input, slot->input + slot->dictionary + slot->length - DICTIONARY,
		DICTIONARY);
	next->dictionary = DICTIONARY;
	return 0;
}

static int gzip_write(struct byte_sink *sink, const void *data, size_t size, struct error *err)
{
	struct gzip *self = (struct gzip *)sink;

	while (size > 0) {
		struct slot *slot = slot_of(self, self->filled);
		size_t part = GZIP_BLOCK - self->fill;

		if (part > size)
			part = size;
		memcpy(slot->input + slot->dictionary + self->fill, data, part);
		self->fill += part;
		data = (const char *)data + part;
		size -= part;
		if (self->fill == GZIP_BLOCK) {
			int r = hand_over(self, false, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int gzip_finish(struct compress *base, struct error *err)
{
	struct gzip *self = (struct gzip *)base;
	uint8_t tail[8];
	int r = hand_over(self, true, err);

	while (r == 0 && self->written < self->filled)
		r = write_oldest(self, err);
	if (r < 0)
		return r;
	put_le32(tail, self->crc);
	put_le32(tail + 4, (uint32_t)self->size);
	return sink_write(self->base.to, tail, sizeof tail, err);
}

static void gzip_close(struct compress *base)
{
	struct gzip *self = (struct gzip *)base;

	pthread_mutex_lock(&self->lock);
	self->stop = true;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	for (unsigned i = 0; i < self->started; i++)
		pthread_join(self->threads[i], NULL);
	pthread_mutex_destroy(&self->lock);
	pthread_cond_destroy(&self->changed);
	for (unsigned i = 0; i < self->slot_count; i++) {
		free(self->slots[i].input);
		free(self->slots[i].output);
	}
	if (self->inline_ready)
		deflateEnd(&self->inline_stream);
	free(self->slots);
	free(self->threads);
	free(self);
}

int gzip_open(int level, unsigned threads, struct compress **ret, struct error *err)
{
	struct gzip *self = xcalloc(1, sizeof *self);

	(void)err;
	self->base = (struct compress){ .sink.write = gzip_write,
					.finish = gzip_finish,
					.close = gzip_close };
	self->level = level;
	self->thread_count = threads;
	self->slot_count = threads < 2 ? 1 : threads * 2 + 2;
	self->slots = xcalloc(self->slot_count, sizeof *self->slots);
	for (unsigned i = 0; i < self->slot_count; i++) {
		self->slots[i].input = xmalloc(DICTIONARY + GZIP_BLOCK);
		self->slots[i].output = xmalloc(OUTPUT_SIZE);
	}
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	*ret = &self->base;
	return 0;
}
