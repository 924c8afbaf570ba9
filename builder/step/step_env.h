/* SPDX-License-Identifier: Apache-2.0 */
/* What all steps of a build work with. One for each build; safe in threads. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "builder/sandbox/spec.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/strings.h"
#include "fs/object/snapshot_record.h"

struct content_memo;
struct remotes;
struct context;
struct node;
struct tree;
struct error;
struct cache_import;
struct filesystem;
struct group_limits;
struct groups;
struct sandbox;
struct step_pool;
struct store;
struct store_lease;

/* Files that a build is given: a directory of the host, or (`context` NULL) a state that an archive
 * was unpacked into. All zero: none. */
struct given_files {
	struct context *context;
	struct object_id snapshot;
};

/* Those given with --build-context. */
struct named_context {
	const char *name;
	struct given_files files;
};

/* A secret's bytes. */
struct secret {
	const char *id;
	struct buf value;
};

/* An ssh agent's socket, by the id that --mount=type=ssh names. */
struct ssh_agent {
	const char *id;
	const char *socket;
};

enum cache_commit {
	CACHE_COMMIT_SUCCESS, /* a step that fails leaves its caches as they were */
	CACHE_COMMIT_ALWAYS,
};

/* So much as is usual. */
#define STEP_MEMORY_RESERVE_USUAL UINT64_MAX

/* What it is given stays the caller's, who frees it after step_env_release(). */
struct step_env {
	struct store *store;
	struct store_lease *lease;
	struct given_files context;
	const struct named_context *contexts;
	size_t context_count;
	const struct secret *secrets;
	size_t secret_count;
	const struct ssh_agent *agents;
	size_t agent_count;

	/* For every RUN. */
	const struct strings *extra_hosts; /* see spec.h; NULL: none */
	const struct spec_ulimit *ulimits;
	size_t ulimit_count;
	const struct group_limits *limits; /* of all processes of a RUN together; NULL: none */
	uint64_t shm_size;
	uint64_t open_files; /* see struct sandbox_options */
	/* No further RUN begins while less memory is available: see memory_gate.h. 0: it does. */
	uint64_t memory_reserve;
	struct step_pool *pool; /* what it shares with other builds; NULL: nothing is counted */
	bool allow_insecure, allow_host_network;
	enum cache_commit cache_commit;
	bool precise;                  /* find steps by what they looked at, see step_traced.h */
	const char *build_label;       /* how others are told who holds a cache */
	struct cache_import *imported; /* steps of other stores; NULL: none */
	bool want_content_keys;        /* results have them */
	bool replay;                   /* say again what steps printed that are found again */
	int64_t created_s;             /* of states; negative: the time they are made */

	int cancel_fd; /* becomes readable when the build is to end */
	/* Becomes so only when the user wants it to end, not when a step has failed: what has
	 * succeeded is committed all the same. */
	int interrupt_fd;
	void (*warn)(void *context, const char *text);
	void *warn_context;

	pthread_mutex_t lock;
	struct sandbox *sandbox; /* guarded by lock; opened by the first RUN */
	struct groups *groups;   /* set with it; NULL: no limits */
	unsigned next_mount;     /* guarded by lock: for names */
	struct filesystem *idle; /* guarded by lock: see filesystem.h */
	struct remotes *remotes; /* see remote_files.h */
	pthread_mutex_t memo_lock;
	struct content_memo *memo; /* guarded by memo_lock */
};

void step_env_init(struct step_env *env);
void step_env_release(struct step_env *env);

/* The sandbox, opened when it is needed for the first time. */
int step_env_sandbox(struct step_env *env, struct sandbox **ret, struct error *err);
/* A name for a mount that no other of this build has; the caller frees. */
char *step_env_mount_name(struct step_env *env, const char *prefix);
/* What is at a node of a tree that is stored, see content_digest.h. */
int step_env_content(struct step_env *env, struct tree *tree, struct node *node,
		     struct object_id *ret, struct error *err);
/* Seconds since 1970 to put into a new state. */
int64_t step_env_time(const struct step_env *env);
