/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/archive_library.h"

#include <pthread.h>

#include "fs/base/library.h"

/* The name under which all releases of version 3 are installed. */
#define SONAME "libarchive.so.13"
LIBRARY_NOTE("archives", "compressed layers and archives", "recommended", "\"" SONAME "\"");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct archive_library functions;
static struct library library;

static void load(void)
{
	library_open(&library, SONAME, "reading compressed files takes libarchive", "libarchive13");
#define FUNCTION(name) library_find(&library, "archive_" #name, &functions.name);
	ARCHIVE_FUNCTIONS(FUNCTION)
#undef FUNCTION
}

int archive_library_load(const struct archive_library **ret, struct error *err)
{
	int r;

	(void)pthread_once(&once, load);
	r = library_check(&library, err);
	if (r == 0)
		*ret = &functions;
	return r;
}
