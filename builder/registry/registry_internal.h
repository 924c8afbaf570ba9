/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that talk to registries. */
#pragma once

#include <pthread.h>

#include "builder/registry/certificates.h"
#include "builder/registry/registry.h"
#include "builder/remote/exchange.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"

/* Where a registry is to be found, and how much it is trusted. */
struct registry_host {
	char *domain; /* as names of images have it */
	char *base;   /* "https://registry-1.docker.io" */
	struct certificates certificates;
	bool insecure;   /* asked for */
	bool unverified; /* what came of it */
};

struct registries {
	struct strings insecure;
	int cancel_fd;
	pthread_mutex_t lock;
	struct registry_host *hosts; /* guarded by lock */
	size_t host_count, host_capacity;
	pthread_cond_t arrived;           /* a blob that was under way, or not */
	struct underway_blob *underway;   /* guarded by lock */
	pthread_mutex_t names;            /* held while an image gets its names */
	struct strings authorizations;    /* guarded by lock: key and value by turns */
	struct exchange_client **clients; /* guarded by lock: those that nobody uses */
	size_t client_count, client_capacity;
};

struct repository {
	struct registries *registries;
	char *domain, *path;
	char *scope; /* "repository:library/debian:pull" */
	char *key;   /* what its authorization is kept under */
	unsigned flags;
	int cancel_fd;
};

void registries_lock_names(struct registries *registries);
void registries_unlock_names(struct registries *registries);

/* ---- hosts ---- */

/* Find out where it is, asking it where there is a choice. What is in *ret is the caller's. */
int registry_host_find(struct repository *repository, struct exchange_client *client,
		       struct registry_host *ret, struct error *err);
void registry_host_release(struct registry_host *host);
DEFINE_CLEANUP_VALUE(struct registry_host, registry_host_release);
/* Good as long as the host. */
struct exchange_certificates registry_trust(const struct registry_host *host);
/* The host of "https://host:443"; the caller frees. */
char *registry_origin_host(const char *origin);

/* ---- who asks ---- */

/* The Authorization of a repository as it was good last, or NULL; the caller frees. */
char *authorization_get(struct repository *repository);
/*
 * Another one, for what a host answered with 401. `used` (NULL: none) is what was not good enough.
 * -EACCES when there is nothing to be had.
 */
int authorization_renew(struct repository *repository, struct exchange_client *client,
			const struct registry_host *host, const struct exchange_answer *answer,
			const char *used, char **ret, struct error *err);

/* ---- requests ---- */

struct exchange_client *registries_take_client(struct registries *registries, struct error *err);
void registries_give_client(struct registries *registries, struct exchange_client *client);

struct registry_request {
	const char *method;
	const char *path; /* behind "/v2/REPOSITORY/" */
	const char *url;  /* whole, in place of that; NULL */
	const struct strings *headers;
	const struct blob_content *body; /* NULL: none */
	const char *what;                /* for messages: "layer sha256:…" */
	bool once;                       /* what may pass is left to the caller, see may_pass */
	/* Before every try: what has come so far may be forgotten, and headers added. */
	int (*begin)(void *context, struct strings *headers);
	/* What comes with a status of 2xx. */
	int (*take)(void *context, long status, const void *data, size_t size);
	void (*progress)(void *context, uint64_t current, uint64_t total);
	void *context;
};

/*
 * Ask as often as it takes: with the authorization that is wanted, following redirections, and once
 * more after what may pass. 0 for a status of 2xx.
 */
int registry_request(struct repository *repository, const struct registry_request *request,
		     struct exchange_answer *ret, struct error *err);
