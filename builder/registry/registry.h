/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registries as the distribution specification has them: manifests by name or digest, and blobs.
 * What is sent and received are documents and files; it knows nothing of stores.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/descriptor.h"
#include "fs/base/cleanup.h"

struct buf;
struct error;
struct strings;

/* Blobs that are on their way at once. */
#define REGISTRY_PARALLEL 4

/* All registries that a process talks to: what is known of hosts, tokens, and connections. Safe in
 * several threads. */
struct registries;

/*
 * `insecure` (NULL: none) are hosts, "name" or "name:port", that may be spoken to without encryption
 * or whoever they are. When `cancel_fd` (-1: never) becomes readable everything is given up.
 */
struct registries *registries_new(const struct strings *insecure, int cancel_fd);
void registries_free(struct registries *registries);
DEFINE_CLEANUP(struct registries *, registries_free);

/* One repository of a registry. Any number of threads may use it. */
struct repository;

enum repository_flags {
	REPOSITORY_PUSH = 1 << 0,     /* also to be written to */
	REPOSITORY_INSECURE = 1 << 1, /* as if its host were among the insecure ones */
};

/* "docker.io", "library/debian", as a struct reference has them. Nobody is asked. */
struct repository *repository_new(struct registries *registries, const char *domain,
				  const char *path, unsigned flags);
/* What its requests are given up by, in place of that of all registries. Not while there are any. */
int repository_cancel_fd(const struct repository *repository);
void repository_set_cancel_fd(struct repository *repository, int cancel_fd);
void repository_free(struct repository *repository);
DEFINE_CLEANUP(struct repository *, repository_free);

/*
 * What all of these return: -ENOENT when it is not there; -EACCES when it is not for this user;
 * -EBADMSG when bytes are others than their digest says; -EPROTO for answers that make no sense;
 * -ECANCELED; -EIO and the words of libcurl when the registry cannot be reached.
 */

/* The digest and media type of the manifest or index that `name`, a tag or a digest, stands for;
 * its size is 0 where the registry does not say it. */
int repository_resolve(struct repository *repository, const char *name, struct descriptor *ret,
		       struct error *err);
/* The same, and the document, appended. A digest is held against it. */
int repository_manifest(struct repository *repository, const char *name, struct descriptor *ret,
			struct buf *ret_text, struct error *err);

/* How far a blob has got. */
struct blob_progress {
	void (*report)(void *context, uint64_t current, uint64_t total);
	void *context;
};

/* Into `fd`, an empty file, checked. `progress` may be NULL. */
int repository_get_blob(struct repository *repository, const struct descriptor *blob, int fd,
			const struct blob_progress *progress, struct error *err);
/* 1 or 0. */
int repository_has_blob(struct repository *repository, const struct object_id *digest,
			struct error *err);
/* A whole file, or (`data` not NULL) bytes of memory. */
struct blob_content {
	const void *data;
	int fd;
	uint64_t size;
	const char *upload; /* what repository_mount_blob() has begun instead; NULL */
};
int repository_put_blob(struct repository *repository, const struct object_id *digest,
			const struct blob_content *content, const struct blob_progress *progress,
			struct error *err);
/*
 * Let it be there as well as in the repository `from` ("library/debian") of the same registry, without
 * sending it. 1; or 0 when the registry does not, for whatever reason, and perhaps in *ret_upload,
 * which the caller frees, what repository_put_blob() goes on with.
 */
int repository_mount_blob(struct repository *repository, const struct object_id *digest,
			  const char *from, char **ret_upload, struct error *err);
/* Under a tag or its digest. */
int repository_put_manifest(struct repository *repository, const char *name, const char *media_type,
			    const struct buf *text, struct error *err);
