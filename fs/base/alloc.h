/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Small things of our own end the process when memory is out; what is sized by a file,
 * a peer or a user is held against a named limit first and may fail.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* These never return NULL. */
void *xmalloc(size_t size) __attribute__((malloc));
void *xcalloc(size_t count, size_t size) __attribute__((malloc));
void *xrealloc(void *p, size_t size);
void *xreallocarray(void *p, size_t count, size_t size);
char *xstrdup(const char *s) __attribute__((malloc));
char *xstrndup(const char *s, size_t max) __attribute__((malloc));
void *xmemdup(const void *data, size_t size) __attribute__((malloc));
char *xasprintf(const char *format, ...) __attribute__((malloc, format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((malloc, format(printf, 1, 0)));

/* Allocate `size` bytes of foreign choosing: 0 and *ret, -E2BIG past `limit`, or -ENOMEM. */
int alloc_bounded(size_t size, size_t limit, void **ret);

/* Make room for one more item in a growing array: `items` is the array, `count` what it holds,
 * `capacity` what it has room for. */
#define array_reserve_one(items, count, capacity)                                              \
	do {                                                                                   \
		if ((count) == (capacity)) {                                                   \
			(capacity) = (capacity) ? (capacity)*2 : 8;                            \
			(items) = xreallocarray((items), (size_t)(capacity), sizeof *(items)); \
		}                                                                              \
	} while (0)
