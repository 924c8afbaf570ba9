/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/compress_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

enum slot_state { SLOT_FREE, SLOT_FULL, SLOT_DONE };

struct slot {
	uint8_t *input;
	size_t length;
	uint8_t *output;
	size_t output_length;
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
	size_t fill;        /* bytes in the slot that is being filled */
	size_t output_size; /* the most that a block takes */

	pthread_t *threads;
	unsigned thread_count, started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop; /* guarded by lock */
	struct libdeflate_compressor *inline_compressor;
};

/* ---- one block ---- */

/* The header that libdeflate writes has no name, no time, and an unknown system. */
static void deflate_slot(const struct gzip *self, struct libdeflate_compressor *compressor,
			 struct slot *slot)
{
	slot->output_length = libdeflate_gzip_compress(compressor, slot->input, slot->length,
						       slot->output, self->output_size);
	slot->failed = slot->output_length == 0;
}

/* ---- workers ---- */

static struct slot *slot_of(struct gzip *self, uint64_t number)
{
	return &self->slots[number % self->slot_count];
}

static void *worker(void *context)
{
	struct gzip *self = context;
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(self->level);

	pthread_mutex_lock(&self->lock);
	for (;;) {
		struct slot *slot;

		while (self->taken == self->filled && !self->stop)
			pthread_cond_wait(&self->changed, &self->lock);
		if (self->stop)
			break;
		slot = slot_of(self, self->taken++);
		pthread_mutex_unlock(&self->lock);
		if (compressor)
			deflate_slot(self, compressor, slot);
		else
			slot->failed = true;
		pthread_mutex_lock(&self->lock);
		slot->state = SLOT_DONE;
		pthread_cond_broadcast(&self->changed);
	}
	pthread_mutex_unlock(&self->lock);
	libdeflate_free_compressor(compressor);
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

/* Write the oldest block that is not written yet, waiting for it. */
static int write_oldest(struct gzip *self, struct error *err)
{
	struct slot *slot = slot_of(self, self->written);

	pthread_mutex_lock(&self->lock);
	while (slot->state != SLOT_DONE)
		pthread_cond_wait(&self->changed, &self->lock);
	slot->state = SLOT_FREE;
	pthread_mutex_unlock(&self->lock);
	self->written++;
	if (slot->failed)
		return error_set(err, -ENOMEM, "cannot compress: out of memory");
	return sink_write(self->base.to, slot->output, slot->output_length, err);
}

static int deflate_inline(struct gzip *self, struct slot *slot, struct error *err)
{
	if (!self->inline_compressor)
		self->inline_compressor = libdeflate_alloc_compressor(self->level);
	if (!self->inline_compressor)
		return error_set(err, -ENOMEM, "cannot compress: out of memory");
	deflate_slot(self, self->inline_compressor, slot);
	slot->state = SLOT_DONE;
	return 0;
}

/* The slot being filled goes to the workers. What fits into one block needs none. */
static int hand_over(struct gzip *self, bool last, struct error *err)
{
	struct slot *slot = slot_of(self, self->filled);
	int r;

	slot->length = self->fill;
	self->fill = 0;
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
	if (!last && (self->filled - self->written == self->slot_count || !self->started))
		return write_oldest(self, err);
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
		memcpy(slot->input + self->fill, data, part);
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
	int r = 0;

	/* Nothing at all is a block too, so that it can be told from a stream cut off. */
	if (self->fill > 0 || self->filled == 0)
		r = hand_over(self, true, err);
	while (r == 0 && self->written < self->filled)
		r = write_oldest(self, err);
	return r;
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
	libdeflate_free_compressor(self->inline_compressor);
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
	/* It bounds the output of any compressor. */
	self->output_size = libdeflate_gzip_compress_bound(NULL, GZIP_BLOCK);
	self->thread_count = threads;
	self->slot_count = threads < 2 ? 1 : threads * 2 + 2;
	self->slots = xcalloc(self->slot_count, sizeof *self->slots);
	for (unsigned i = 0; i < self->slot_count; i++) {
		self->slots[i].input = xmalloc(GZIP_BLOCK);
		self->slots[i].output = xmalloc(self->output_size);
	}
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	*ret = &self->base;
	return 0;
}
