/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes of one inode, and the object that holds them:
 * "OSXA", u32 count, then ascending by key: u16 key length, u32 value length, key, value.
 * Inodes with equal attributes share the object.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/buf.h"

struct error;

/* The limits of the kernel for one value, and ours for all of an inode together. */
#define XATTR_VALUE_MAX ((size_t)65536)
#define XATTRS_MAX      ((size_t)1 << 20)

struct xattr {
	char *key;
	void *value;
	size_t size;
};

/* All zero is an empty set. Items are in ascending order of keys. */
struct xattrs {
	struct xattr *items;
	size_t count, capacity;
};

const struct xattr *xattrs_get(const struct xattrs *xattrs, const char *key);
/* Add or replace, with copies. */
void xattrs_set(struct xattrs *xattrs, const char *key, const void *value, size_t size);
/* -ENODATA when there is none. */
int xattrs_remove(struct xattrs *xattrs, const char *key);
/* What the object of these takes. */
size_t xattrs_encoded_size(const struct xattrs *xattrs);
void xattrs_copy(struct xattrs *ret, const struct xattrs *from);
void xattrs_release(struct xattrs *xattrs);
DEFINE_CLEANUP_VALUE(struct xattrs, xattrs_release);

void xattrs_encode(const struct xattrs *xattrs, struct buf *ret);
/* `ret` is empty before. -EBADMSG for anything that xattrs_encode() would not write. */
int xattrs_decode(const void *data, size_t size, struct xattrs *ret, struct error *err);
