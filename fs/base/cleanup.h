/* SPDX-License-Identifier: Apache-2.0 */
/* Release on scope exit; hand over with the take_ calls. */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fdp(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define cleanup_free          __attribute__((__cleanup__(cleanup_freep)))
#define cleanup_fd            __attribute__((__cleanup__(cleanup_fdp)))
#define cleanup_with(free_fn) __attribute__((__cleanup__(free_fn##p)))

/* Give `free_fn`, which takes a pointer value, the form that cleanup_with() needs. */
#define DEFINE_CLEANUP(type, free_fn)          \
	static inline void free_fn##p(type *p) \
	{                                      \
		if (*p)                        \
			free_fn(*p);           \
	}                                      \
	struct swallow_semicolon

/* The same for `release_fn`, which takes the address of a struct that lives in its owner. */
#define DEFINE_CLEANUP_VALUE(type, release_fn)    \
	static inline void release_fn##p(type *p) \
	{                                         \
		release_fn(p);                    \
	}                                         \
	struct swallow_semicolon

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The pointer's value; what it was read from becomes NULL. */
#define take_ptr(address)                                   \
	({                                                  \
		__typeof__(address) take_at = (address);    \
		__typeof__(*take_at) take_value = *take_at; \
		*take_at = NULL;                            \
		take_value;                                 \
	})
