/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open pack: its file mapped, its index searched in place, its frames decoded through a cache
 * that many packs share. Safe in threads: a pack never changes.
 */
#pragma once

#include <stdbool.h>

#include "fs/store/lru.h"
#include "fs/store/pack/index.h"

struct frame_cache;

struct pack {
	char name[PACK_NAME_SIZE];
	uint64_t serial; /* differs for all packs that this process ever opened */
	const uint8_t *data;
	size_t size;
	struct pack_index index;
	uint8_t *sound_frames; /* a bit for each raw frame whose crc was seen to be right; atomic */
	uint64_t looked_at;    /* bytes of frames, since they were let go; atomic */
	unsigned refs;         /* atomic */
	bool mapped;           /* data is ours to unmap */
};

/* Open "NAME.pk" below `dir_fd`. -ENOENT, -EBADMSG. The text names the pack. */
int pack_open(int dir_fd, const char *name, struct pack **ret, struct error *err);
struct pack *pack_ref(struct pack *pack);
void pack_unref(struct pack *pack);
/*
 * So many bytes of it are looked at. When that has become much, all of it counts as memory of the
 * process no longer; what is in use is found again by the kernel.
 */
void pack_note_look(struct pack *pack, uint64_t size);
DEFINE_CLEANUP(struct pack *, pack_unref);

/* Bytes that are somebody else's to release, taken for a pack; for tests and fuzzing. */
int pack_from_memory(const void *data, size_t size, struct pack **ret, struct error *err);

/* A name for a new pack, see format.h. */
void pack_name_make(uint8_t ret[16], char ret_text[PACK_NAME_SIZE]);
/* Whether a file's name is that of a pack; then its name without the ending. */
bool pack_name_parse(const char *file_name, char ret[PACK_NAME_SIZE]);

/* Record of an object that pack_index_find() found: 0 or -EBADMSG. */
int pack_object(const struct pack *pack, uint32_t position, struct pack_object *ret,
		struct error *err);

/* Decoded frames, the least recently used of which goes first. */
struct frame_cache *frame_cache_new(size_t frames);
void frame_cache_free(struct frame_cache *cache);

/* What keeps a decoded frame in its cache. All zero keeps nothing. */
struct frame_pin {
	struct frame_cache *cache;
	struct lru_entry *entry;
};
void frame_pin_release(struct frame_pin *pin);
DEFINE_CLEANUP_VALUE(struct frame_pin, frame_pin_release);

/* What lies in one frame of an object. */
struct pack_piece {
	const uint8_t *data;
	size_t size; /* above 0 */
	struct frame_pin pin;
};

/*
 * The bytes of an object from `offset` on, which is below its length, as far as they lie together.
 * They stay while the pack and the pin do, which the caller releases. -EBADMSG, -EOPNOTSUPP.
 */
int pack_view(struct pack *pack, struct frame_cache *cache, const struct pack_object *object,
	      uint64_t offset, struct pack_piece *ret, struct error *err);
/* Append a whole object, which the caller has held against a limit. */
int pack_read(struct pack *pack, struct frame_cache *cache, const struct pack_object *object,
	      struct buf *ret, struct error *err);
