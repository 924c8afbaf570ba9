/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by run_mounts.c and run_caches.c. */
#pragma once

#include "builder/step/bind_mount.h"
#include "builder/step/run_mounts.h"

struct agent_proxy;

/* One mount, open. */
struct in_use {
	const struct run_work_mount *work;
	struct filesystem *filesystem; /* of a bind, or of the cache; NULL for others */
	const char *source;            /* below its root */
	struct bind_mount bind;
	struct cache_mount *cache; /* NULL, also for the second use of one */
	bool directory;
	const struct secret *secret;
	const struct ssh_agent *agent;
	char *target; /* where it really is, once it has been attached */
	bool left_out;
};

struct run_mounts_in_use {
	struct step_task *task;
	struct filesystem *root;
	struct in_use *items;     /* in the order of the Dockerfile */
	struct in_use **attached; /* outer targets before inner ones */
	size_t count;
	struct agent_proxy **proxies;
	size_t proxy_count;
	size_t sockets;
};

/* run_caches.c: take them in order of their ids; the same one twice is mounted twice. */
int run_caches_open(struct run_mounts_in_use *mounts, struct error *err);
