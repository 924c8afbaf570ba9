/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says when it wants to know who asks, and what it says of a failure. No I/O. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct buf;
struct error;

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

/* All zero is none. */
struct challenge {
	enum challenge_scheme scheme;
	char *realm;   /* of a bearer: where tokens are to be had */
	char *service; /* NULL: not said */
	char *scope;   /* NULL: not said */
};

/*
 * The value of one WWW-Authenticate header: of what it offers, what there is no better for in *ret,
 * which may be there already. -EPROTO when it makes no sense.
 */
int challenge_parse(const char *text, struct challenge *ret, struct error *err);
void challenge_release(struct challenge *challenge);
DEFINE_CLEANUP_VALUE(struct challenge, challenge_release);

/* The token in what a token server answered; the caller frees. -EPROTO. */
int token_parse(const void *data, size_t size, char **ret, struct error *err);

/* What went wrong, in a registry's own words and in one line: appended, or nothing. */
void registry_words(const void *data, size_t size, struct buf *ret);
