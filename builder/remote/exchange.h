/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request by http or https, and its answer: libcurl with what holds for all that is asked here.
 * Nothing is tried twice, and an answer of any status is one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/base/strings.h"

struct error;

/* Bytes of all headers of an answer. */
#define EXCHANGE_HEADERS_MAX ((size_t)64 << 10)

/* Connections, which are kept for the next request. For one thread at a time. */
struct exchange_client;

/* -EOPNOTSUPP when there is no libcurl. */
int exchange_client_new(struct exchange_client **ret, struct error *err);
void exchange_client_free(struct exchange_client *client);
DEFINE_CLEANUP(struct exchange_client *, exchange_client_free);

/* Files in PEM. */
struct exchange_certificates {
	const char *authority;    /* more that are trusted; NULL: those of the system */
	const char *client, *key; /* who asks; NULL: nobody says */
};

struct exchange {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "PATCH" */
	const char *url;
	const struct strings *headers; /* "Name: value"; what holds a line break is left out */
	/* Follow redirections: for requests that carry nothing but what the host they go to may know. */
	bool follow;
	struct exchange_certificates certificates;
	bool unverified; /* whoever the server is */
	int cancel_fd;   /* readable: give up; -1: none */

	/* What goes along: bytes of memory, or (NULL) of the file `fd` from `offset`. */
	bool has_body;
	const void *data;
	int fd;
	uint64_t offset, size;
	/* Part of it must not be sent twice, also where a kept connection turns out to be gone. */
	bool once;

	/* Takes what comes with an answer of this status: 0, or a negative errno to give up with. */
	int (*take)(void *context, long status, const void *data, size_t size);
	/* How far it has got in either direction; a total of 0 is unknown. NULL: nobody asks. */
	void (*progress)(void *context, uint64_t current, uint64_t total);
	void *context;
};

/* All zero is none. */
struct exchange_answer {
	long status;            /* 0: there was none */
	struct strings headers; /* "Name: value" */
	char *redirect;         /* where a redirection leads, whole; NULL */
	bool may_pass;  /* it failed, or said so, in a way that may be gone when tried again */
	bool no_tls;    /* whoever listens there does not speak TLS */
	bool untrusted; /* nobody vouches for who listens there */
};

/*
 * 0 when there was an answer. -ECANCELED, what `take` returned, -E2BIG for too many headers; -EIO
 * with the words of libcurl for all else, and then *ret says whether it may pass.
 */
int exchange_perform(struct exchange_client *client, const struct exchange *exchange,
		     struct exchange_answer *ret, struct error *err);
/* The value of the first header of that name; NULL. */
const char *exchange_header(const struct exchange_answer *answer, const char *name);
void exchange_answer_release(struct exchange_answer *answer);
DEFINE_CLEANUP_VALUE(struct exchange_answer, exchange_answer_release);

/* ---- addresses ---- */

/* `url` as it stands on the page `base`; the caller frees. -EINVAL when it is none of http. */
int exchange_url_resolve(const char *base, const char *url, char **ret, struct error *err);
/* "https://host:443": whom it leads to; the caller frees. -EINVAL. */
int exchange_url_origin(const char *url, char **ret, struct error *err);
/* "127.0.0.1" or "::1" or "localhost": is it this host? */
bool exchange_host_is_loopback(const char *host);

/* ---- trying again ---- */

/* Wait before the try that comes after `tries`. False: there is no point in it any more. */
bool exchange_wait(int cancel_fd, unsigned tries);
