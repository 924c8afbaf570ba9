/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of pieces that sparse files have in archives. Inside this folder only. */
#pragma once

#include "builder/image/tar/tar_format.h"
#include "builder/image/tar/tar_pax.h"

typedef int (*tar_block_fn)(void *context, uint8_t block[TAR_BLOCK], struct error *err);

/* GNU's first form: four pieces in the header `block`, more in blocks behind it. */
int tar_sparse_read_old(struct tar_pax *pax, const uint8_t block[TAR_BLOCK], tar_block_fn next,
			void *context, struct error *err);
/* Form 1.0: lines of decimal numbers in front of the content. */
int tar_sparse_read_map(struct tar_pax *pax, tar_block_fn next, void *context, struct error *err);
/* The pieces are in order, inside the file, and as long as what is stored. Empty ones go away. */
int tar_sparse_check(struct tar_pax *pax, uint64_t stored, struct error *err);
