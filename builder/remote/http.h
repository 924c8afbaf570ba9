/* SPDX-License-Identifier: Apache-2.0 */
/* Getting a file by http or https. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/base/digest.h"

struct error;

struct http_request {
	const char *url;
	/* What a copy that is at hand came with; NULL: there is none. */
	const char *etag, *last_modified;
	const char *authorization; /* of the host that `url` names; NULL: none */
	int cancel_fd;             /* readable: give up; -1: none */
	/* How far it has got; a total of 0 is unknown. NULL: nobody asks. */
	void (*progress)(void *context, uint64_t current, uint64_t total);
	void *context;
};

/* All zero is empty. */
struct http_response {
	bool not_modified;          /* the copy at hand is good, and nothing was written */
	char *etag, *last_modified; /* as they came; NULL: none */
	int64_t mtime_s;            /* what `last_modified` says; 0 without one */
	uint64_t size;
	uint8_t digest[DIGEST_SIZE]; /* SHA-256 */
};

/*
 * Write what is there to `fd`, an empty file. Redirections are followed; failures that may pass
 * are tried a few times. -ENOENT: it is not there (404, 410); -EACCES: not for us (401, 403);
 * -ECANCELED; -EPROTO for other answers; -EIO and the like.
 */
int http_get(const struct http_request *request, int fd, struct http_response *ret,
	     struct error *err);
void http_response_release(struct http_response *response);
DEFINE_CLEANUP_VALUE(struct http_response, http_response_release);
