/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Isolated processes for one build, and the FUSE filesystems they see. A sandbox knows neither
 * images nor Dockerfiles nor what serves a filesystem.
 *
 * All sandboxes of one user and runtime directory share a user namespace, which a tiny holder
 * process keeps while any of them is open; so a filesystem that is mounted as shared is one and
 * the same for all of them, live files and locks included. Everything else belongs to the sandbox
 * and ends with it, also when its process is killed.
 *
 * The functions may be called by many threads.
 */
#pragma once

#include "fs/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct sandbox;
struct spec;
struct step;

enum sandbox_ids {
	SANDBOX_IDS_FULL,   /* 65536 ids are mapped */
	SANDBOX_IDS_SINGLE, /* only root: no subordinate ids, or no newuidmap that works */
};

struct sandbox_options {
	/* Directory (owned by the user, local filesystem) where the holder is found. */
	int runtime_dir_fd;
	/* Gets one line of text each time the host cannot give what was asked for, with the way
	 * out: no subordinate ids, host network instead of an own one. NULL: nobody listens. */
	void (*warn)(void *context, const char *text);
	void *warn_context;
};

int sandbox_open(const struct sandbox_options *options, struct sandbox **ret, struct error *err);
/* Ends what still runs in it. */
void sandbox_close(struct sandbox *sandbox);
DEFINE_CLEANUP(struct sandbox *, sandbox_close);

enum sandbox_ids sandbox_id_mode(const struct sandbox *sandbox);

/*
 * Mount a FUSE filesystem under a name of the caller's choosing ([a-z0-9.-]+). The descriptor in
 * *ret_fuse_fd is the kernel's end, for the process that will serve it; nothing else keeps a copy.
 * A shared one is visible to all sandboxes of this user: 0 mounted, 1 it is there already (and
 * *ret_fuse_fd is -1). `subtype` shows in the mount table.
 */
int sandbox_mount(struct sandbox *sandbox, const char *name, bool shared, const char *subtype,
		  int *ret_fuse_fd, struct error *err);
/* Detach it; its server sees the end once no step uses it any more. -ENOENT: no such. */
int sandbox_unmount(struct sandbox *sandbox, const char *name, bool shared, struct error *err);

struct step_io {
	int stdout_fd, stderr_fd; /* writing ends; the caller's copies stay open */
};

/*
 * Start the process of `spec`. Descriptors for SPEC_MOUNT_SOCKET mounts come back in
 * ret_listen_fds in order of mounts. -EINVAL and the like with a text for the user when the spec
 * cannot be carried out, e.g. a working directory that is none.
 */
int sandbox_start(struct sandbox *sandbox, const struct spec *spec, const struct step_io *io,
		  struct step **ret, int *ret_listen_fds, struct error *err);

struct step_status {
	bool exited;	/* else killed by `signal` */
	int exit_code;
	int signal;
	uint64_t wall_ns, user_ns, system_ns; /* what it took */
	uint64_t max_rss; /* bytes */
};

/* Becomes readable when the step has ended. */
int step_fd(const struct step *step);
/*
 * Wait for the end: every process of the step is gone and all that it wrote has reached the
 * filesystems. -ECANCELED after step_kill().
 */
int step_wait(struct step *step, struct step_status *ret, struct error *err);
/* SIGKILL to all of it. Returns at once. */
void step_kill(struct step *step);
void step_free(struct step *step);
DEFINE_CLEANUP(struct step *, step_free);
