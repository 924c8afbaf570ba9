/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of old packs written into new ones. */
#pragma once

#include <stdbool.h>

#include "fs/object/id.h"
#include "fs/object/kind.h"

struct error;
struct frame_cache;
struct pack;
struct packed;
struct packer;
struct store;

/* Whether an object at this position of the pack goes on; *kind may be changed for how. */
typedef bool (*rewrite_keep_fn)(void *context, const struct pack *pack, uint32_t position,
				enum object_kind *kind);

/* Copy what `keep` (NULL: everything) says yes to, in the order it lies in, and what the packer does not have yet.
 * Full frames go over as they are. */
int rewrite_pack(struct packer *packer, struct frame_cache *frames, struct pack *pack,
		 rewrite_keep_fn keep, void *context, struct error *err);

/* Put finished packs in place, durably, from the directory that they were made in. */
int rewrite_publish(struct store *store, int tmp_fd, const struct packed *packs, size_t count,
		    struct error *err);
