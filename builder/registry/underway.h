/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs that are on their way to this process: images that are pulled side by side often have the
 * same lower layers, and those come once. */
#pragma once

struct object_id;
struct registries;
struct underway_blob;

/*
 * Who fetches `digest`? 1 and *ret: the caller, who has to end it. 0 and *ret_fd: somebody else has
 * just done so, and this is his file, whole, for the caller to close; its offset is shared. Waits
 * while somebody is at it: -ECANCELED when `cancel_fd` becomes readable.
 */
int underway_begin(struct registries *registries, const struct object_id *digest, int cancel_fd,
		   struct underway_blob **ret, int *ret_fd);
/* `fd` is whole, and stays the caller's; -1: it came to nothing, and another may try. */
void underway_end(struct registries *registries, struct underway_blob *blob, int fd);
