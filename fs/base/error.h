/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, for a person to read.
 *
 * A function that can fail returns a negative errno: that is what callers decide on, and what
 * the kernel is answered with. Where a person will want to know more, it also takes a
 * `struct error *` last. NULL is welcome there and costs nothing: the FUSE front passes it.
 *
 * Codes with one fixed meaning here:
 *   -EBADMSG     stored bytes are damaged        -EPROTO     a peer broke its protocol
 *   -E2BIG       a limit of ours is exceeded     -EOPNOTSUPP known, but not supported
 *   -ECANCELED   the user or a failure stopped it
 *   -ESTALE      lost a race, may be tried again -ENOTCONN   the filesystem server is gone
 */
#pragma once

struct error {
	int code;        /* the negative errno that was returned, 0 when unset */
	char text[1024]; /* whole words, cut short if need be */
};

/* Record `code` and these very words. Returns `code`, so that callers can return the call. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": " and the errno's own words behind: "cannot open 'x': Permission denied". */
int error_errno(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put what the caller was doing, and ": ", in front of what is recorded. Returns `code`. */
int error_prefix(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The errno's own words for `code` (negative); never NULL, safe in threads. */
const char *error_words(int code);
