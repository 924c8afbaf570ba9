/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/curl_library.h"

#include <errno.h>
#include <pthread.h>

#include "fs/base/library.h"

/* The name under which all releases of version 7 and 8 are installed. */
#define SONAME "libcurl.so.4"
LIBRARY_NOTE("registries", "registries and files of the network", "recommended", "\"" SONAME "\"");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct curl_library functions;
static struct library library;

static void load(void)
{
	__typeof__(curl_global_init) *global_init = NULL;

	library_open(&library, SONAME, "fetching takes libcurl", "libcurl4");
#define FUNCTION(name) library_find(&library, "curl_" #name, &functions.name);
	CURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
	library_find(&library, "curl_global_init", &global_init);
	if (library_check(&library, NULL) == 0 && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		(void)error_set(&library.failure, -EOPNOTSUPP, "%s cannot be used", SONAME);
}

int curl_library_load(const struct curl_library **ret, struct error *err)
{
	int r;

	(void)pthread_once(&once, load);
	r = library_check(&library, err);
	if (r == 0)
		*ret = &functions;
	return r;
}
