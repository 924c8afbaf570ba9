/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared library that is loaded when it is needed, and not at every start of the program for those
 * few that need it. It stays loaded.
 */
#pragma once

#include "fs/base/error.h"

struct library {
	const char *soname;
	void *handle;         /* NULL: it cannot be had */
	struct error failure; /* of the first thing that went wrong; code 0: none */
};

/* `needed_for` ("fetching takes libcurl") and the package that brings it are for the words. */
void library_open(struct library *library, const char *soname, const char *needed_for,
		  const char *package);
/* Into the pointer to a function at *ret_function; left alone when there is none, or no library. */
void library_find(struct library *library, const char *name, void *ret_function);
/* 0 when it is there with all that was looked for, or -EOPNOTSUPP. */
int library_check(const struct library *library, struct error *err);
