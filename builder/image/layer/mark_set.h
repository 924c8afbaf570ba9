/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a tree that one layer has put there, or that lead to such. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dentry;

/* All zero is an empty set. */
struct mark_set {
	uint64_t *slots; /* 0: free */
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* A name stays marked until it is taken away; another one in its place is not. */
void mark_set_add(struct mark_set *set, const struct dentry *dentry);
bool mark_set_has(const struct mark_set *set, const struct dentry *dentry);
void mark_set_release(struct mark_set *set);
