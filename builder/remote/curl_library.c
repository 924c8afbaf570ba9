/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/curl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/error.h"

/* The name under which all releases of version 7 and 8 are installed. */
#define SONAME "libcurl.so.4"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct curl_library library;
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
	__typeof__(curl_global_init) *global_init;
	void *function;

	if (!handle) {
		(void)error_set(&failure, -EOPNOTSUPP,
				"fetching takes libcurl: %s. Install the package libcurl4",
				dlerror()); /* NOLINT(concurrency-mt-unsafe) */
		return;
	}
	/* A pointer to a function does not come out of a void pointer any other way. */
#define FUNCTION(name)                          \
	function = find(handle, "curl_" #name); \
	memcpy(&library.name, &function, sizeof function);
	CURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
	function = find(handle, "curl_global_init");
	memcpy(&global_init, &function, sizeof function);
	if (failure.code == 0 && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		(void)error_set(&failure, -EOPNOTSUPP, "%s cannot be used", SONAME);
}

int curl_library_load(const struct curl_library **ret, struct error *err)
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
