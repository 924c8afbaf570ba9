/* SPDX-License-Identifier: Apache-2.0 */
/* What --secret and --ssh give to a build, in the words of docker build. */
#pragma once

#include <stddef.h>

#include "builder/step/step_env.h"
#include "fs/base/cleanup.h"
#include "fs/base/strings.h"

struct error;

/* Bytes of a secret; more is -E2BIG. */
#define SECRET_MAX ((size_t)500 << 10)

/* All zero is none. */
struct secrets {
	struct secret *items;
	size_t count;
	struct strings ids;
};

struct ssh_agents {
	struct ssh_agent *items;
	size_t count;
	struct strings texts; /* ids and sockets */
};

/*
 * Read the secrets that "id=ID[,src=FILE|,env=NAME][,type=file|env]" name; without either it is the
 * environment's variable ID, or else the file of that name. -EINVAL, or why it cannot be read.
 */
int secrets_read(const struct strings *values, struct secrets *ret, struct error *err);
void secrets_release(struct secrets *secrets);
DEFINE_CLEANUP_VALUE(struct secrets, secrets_release);

/* "default" or "ID[=SOCKET]"; without a socket, that of $SSH_AUTH_SOCK. */
int ssh_agents_find(const struct strings *values, struct ssh_agents *ret, struct error *err);
void ssh_agents_release(struct ssh_agents *agents);
DEFINE_CLEANUP_VALUE(struct ssh_agents, ssh_agents_release);
