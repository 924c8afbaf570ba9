/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/archive_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "fs/base/error.h"

/* The name under which all releases of version 3 are installed. */
#define SONAME "libarchive.so.13"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct archive_library library;
static struct error failure;

static void *find(void *handle, const char *name)
{
	void *function = dlsym(handle, name);

	if (!function)
		(void)error_set(&failure, -EOPNOTSUPP, "%s has no '%s'", SONAME, name);
	return function;
}

static void load(void)
{
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	void *function;

	if (!handle) {
		(void)error_set(&failure, -EOPNOTSUPP,
				"reading compressed files takes libarchive: %s. Install the "
				"package libarchive13",
				dlerror()); /* NOLINT(concurrency-mt-unsafe) */
		return;
	}
	/* A pointer to a function does not come out of a void pointer any other way. */
#define FUNCTION(name)                             \
	function = find(handle, "archive_" #name); \
	memcpy(&library.name, &function, sizeof function);
	ARCHIVE_FUNCTIONS(FUNCTION)
#undef FUNCTION
}

int archive_library_load(const struct archive_library **ret, struct error *err)
{
	(void)pthread_once(&once, load);
	if (failure.code < 0) {
		if (err)
			*err = failure;
		return failure.code;
	}
	*ret = &library;
	return 0;
}
