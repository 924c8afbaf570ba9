/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the user is for a registry, as `docker login` and `podman login` have left it: config.json of
 * Docker, auth.json of the container tools, and the helpers that those name.
 */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct error;

/* All zero is nobody. */
struct credential {
	char *user, *password; /* NULL: there is none */
	char *identity_token;  /* to be changed into others */
	char *registry_token;  /* to be used as it is */
};

/*
 * For a repository ("docker.io", "library/debian"): 1 and *ret, or 0. -EINVAL for files that cannot
 * be understood; -EREMOTEIO when a helper fails; -ECANCELED.
 */
int credential_find(const char *domain, const char *path, int cancel_fd, struct credential *ret,
		    struct error *err);
void credential_release(struct credential *credential);
DEFINE_CLEANUP_VALUE(struct credential, credential_release);

/* ---- without I/O ---- */

/*
 * What a file says: 1 and *ret; 2 and the name of a helper, which the caller frees, to be asked
 * first; or 0. `name` is what messages call it.
 */
int credential_file_find(const void *data, size_t size, const char *name, const char *domain,
			 const char *path, struct credential *ret, char **ret_helper,
			 struct error *err);
/* The entry of the file itself, whatever helpers it names: 1 or 0. */
int credential_file_entry(const void *data, size_t size, const char *name, const char *domain,
			  const char *path, struct credential *ret, struct error *err);
/* What a helper has printed: 1, or 0 when it is nothing. */
int credential_helper_parse(const void *data, size_t size, const char *name, struct credential *ret,
			    struct error *err);
/* How files and helpers call a registry; "https://index.docker.io/v1/" for that of Docker. */
const char *credential_server(const char *domain);
