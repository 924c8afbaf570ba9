/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared library that is loaded when it is needed, and not at every start of the program for those
 * few that need it. It stays loaded.
 */
#pragma once

#include <stdint.h>

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

/*
 * For those who package the program, as neither ldd nor what they derive dependencies from sees such
 * a library: a note in the file, of the form that systemd has described and that debhelper and rpm
 * read. `sonames` are words in quotes with commas between them, any of which will do; `priority` is
 * required, recommended or suggested. Once in a source.
 */
#define LIBRARY_NOTE(feature, description, priority, sonames)                            \
	LIBRARY_NOTE_TEXT("[{\"feature\":\"" feature "\",\"description\":\"" description \
			  "\",\"priority\":\"" priority "\",\"soname\":[" sonames "]}]")
#define LIBRARY_NOTE_TEXT(json)                               \
	__attribute__((__used__, __section__(".note.dlopen"), \
		       __aligned__(4))) static const struct { \
		uint32_t owner_size, text_size, type;         \
		char owner[4], text[sizeof(json)];            \
	} library_note = { 4, sizeof(json), 0x407c0c0a, "FDO", json }
