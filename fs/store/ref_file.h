/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refs as files: refs/CLASS/REST, where CLASS is the part of the name before the first slash and
 * REST the other, with each byte but letters, digits, '-', '_' and a '.' that is not the first
 * written as %XX. When that is longer than 200 bytes, the file is called "%-" and the SHA-256 of
 * REST. It holds one line, "ID SECONDS\n", and in the latter case a second one, REST as above.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/buf.h"
#include "fs/store/refs.h"

/* "class/file" of a name, appended: -EINVAL for a name that none may have. */
int ref_path(const char *name, struct buf *ret, struct error *err);
/* What a ref's file holds. */
void ref_encode(const char *name, const struct object_id *id, int64_t time_s, struct buf *ret);
/* A ref out of the class, its file's name and what that holds: -EBADMSG. The caller frees ret->name. */
int ref_decode(const char *class_name, const char *file_name, const char *text, size_t size,
	       struct ref *ret);

/* All refs; `problems` gets a line for each file that is none, when it is not NULL: else those are -EBADMSG. */
struct strings;
int ref_read_all(struct store *store, struct ref_list *ret, struct strings *problems,
		 struct error *err);
/* Put files that are no refs aside, into damaged/. */
int ref_drop_damaged(struct store *store, struct error *err);
/* Whether it survives a power cut when the commit that sets it returns. */
bool ref_is_durable(const char *name);

/* Put a new value in place, through a file `tmp_name` in `tmp_fd`. */
int ref_write(struct store *store, int tmp_fd, const char *tmp_name, const struct ref *ref,
	      struct error *err);
