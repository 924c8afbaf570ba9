/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of ADD that are not files of the build context. */
#pragma once

enum remote_kind {
	REMOTE_NONE, /* a path */
	REMOTE_HTTP, /* a file behind a URL */
	REMOTE_GIT,  /* a repository: git://, ssh://, user@host:path, http(s)://….git */
};

/* What the text alone says; query and fragment are not looked at. */
enum remote_kind remote_kind_of(const char *source);
