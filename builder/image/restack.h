/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images with the same files on other layers. A layer is what two states differ by: so an image gets
 * fewer of them by leaving out states on its way. Only the records that chain states are written.
 */
#pragma once

#include <stddef.h>

#include "fs/object/id.h"

struct error;
struct layer_origins;
struct layering;
struct store;
struct store_lease;

/*
 * The last of `states`, lowest first, with all the others and `base` below it (zero: nothing), each
 * as the layer of its own: states that were found again may have come about on others. Held by
 * `lease`; nothing is written when it is so already.
 */
int restack_states(struct store *store, struct store_lease *lease, const struct object_id *base,
		   const struct object_id *states, size_t count, struct object_id *ret,
		   struct error *err);

/*
 * The image with the layers that `layering` asks for, and a configuration whose history says so:
 * the record of the last step of a layer stands for it, those before it for none. `origins` NULL:
 * the base is what was imported with its layers. Held by `lease`.
 */
int restack_image(struct store *store, struct store_lease *lease, const struct object_id *image,
		  const struct layering *layering, const struct layer_origins *origins,
		  struct object_id *ret, struct error *err);
