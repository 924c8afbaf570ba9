/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.conf: what a store is, as "key=value" lines. Keys that this program does not know are
 * left alone; an unknown word in `incompat` forbids opening, one in `features` writing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;

struct store_config {
	char uuid[33];
	bool strict;   /* durability=strict: every commit reaches the disk before it returns */
	bool composed; /* blobs may be named by their lists of extents */
	bool must_not_write; /* a feature that this program does not know */
};

/* The text of a new store's file. */
void store_config_make(const char uuid[33], struct buf *ret);
/* -EPROTONOSUPPORT for a format that this program cannot read, -EBADMSG for no such file. */
int store_config_parse(const char *text, size_t size, struct store_config *ret, struct error *err);
