/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

void library_open(struct library *library, const char *soname, const char *needed_for,
		  const char *package)
{
	*library = (struct library){ .soname = soname };
	library->handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		(void)error_set(&library->failure, -EOPNOTSUPP, "%s: %s. Install the package %s",
				needed_for, dlerror(), /* NOLINT(concurrency-mt-unsafe) */
				package);
}

void library_find(struct library *library, const char *name, void *ret_function)
{
	void *function = library->handle ? dlsym(library->handle, name) : NULL;

	/* A pointer to a function does not come out of a void pointer any other way. */
	if (function)
		memcpy(ret_function, &function, sizeof function);
	else if (library->failure.code == 0)
		(void)error_set(&library->failure, -EOPNOTSUPP, "%s has no '%s'", library->soname,
				name);
}

int library_check(const struct library *library, struct error *err)
{
	if (library->failure.code < 0 && err)
		*err = library->failure;
	return library->failure.code;
}
