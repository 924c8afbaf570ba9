/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of files of the host, remembered from build to build: a file whose device, inode, size
 * and times are as they were holds what it held. Losing it costs hashing, nothing else.
 *
 * The file is an array of 72-byte records, little-endian, in no order: u64 device, u64 inode,
 * u64 size, u64 mtime ns, u64 ctime ns, 32 bytes SHA-256; the last record is the SHA-256 of all
 * before it, behind five zeros.
 */
#pragma once

#include <sys/stat.h>

#include "fs/object/id.h"

struct hash_cache;

/* `name` in the directory (-1: in memory alone), which need not exist. Never fails: what is damaged is forgotten. */
struct hash_cache *hash_cache_open(int dir_fd, const char *name);
/* Write it down when something was added. */
void hash_cache_close(struct hash_cache *cache);

bool hash_cache_find(const struct hash_cache *cache, const struct stat *st, struct object_id *ret);
/* The digest that the file had when it looked like this. One that has just been changed could be
 * changed again without looking different, so it is not remembered. */
void hash_cache_add(struct hash_cache *cache, const struct stat *st, const struct object_id *id);
