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
 * The functions may be called by many threads, sandbox_close() and step_free() by the last one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

struct error;
struct sandbox;
struct spec;
struct step;

enum sandbox_ids {
	SANDBOX_IDS_FULL, /* 65536 ids are mapped, or as many as the user has */
	/* Only root: no subordinate ids, or no newuidmap that works. Steps are shown others, as far
	 * as whoever serves their filesystems plays along: see owner.h and fs/ids. */
	SANDBOX_IDS_SINGLE,
};

/* What gives SPEC_NETWORK_DEFAULT its way out. */
enum sandbox_network {
	SANDBOX_NETWORK_BEST, /* the first of these that works */
	SANDBOX_NETWORK_PASTA,
	SANDBOX_NETWORK_SLIRP,
	SANDBOX_NETWORK_HOST, /* no network of its own */
};

struct sandbox_options {
	/* Directory (owned by the user, local filesystem) where the holder is found. */
	int runtime_dir_fd;
	/* Gets one line of text each time the host cannot give what was asked for, with the way
	 * out: no subordinate ids, host network instead of an own one. The same line comes once.
	 * NULL: nobody listens. Called by the thread that asked. */
	void (*warn)(void *context, const char *text);
	void *warn_context;
	/* Soft limit of open files for steps: what it was before this process raised its own, see
	 * fd_limit_raise(). 0: what it is now. */
	uint64_t open_files;
	enum sandbox_network network;
};

int sandbox_open(const struct sandbox_options *options, struct sandbox **ret, struct error *err);
/* Ends what still runs in it. Its steps are freed before. */
void sandbox_close(struct sandbox *sandbox);
DEFINE_CLEANUP(struct sandbox *, sandbox_close);

enum sandbox_ids sandbox_id_mode(const struct sandbox *sandbox);
/* With SANDBOX_IDS_SINGLE: the table of who is who, the sandbox's own (see fs/ids/credentials.h).
 * Else -1. */
int sandbox_credentials_fd(const struct sandbox *sandbox);

/*
 * Mount a FUSE filesystem under a name of the caller's choosing ([a-z0-9.-]+). The descriptor in
 * *ret_fuse_fd is the kernel's end, for the process that will serve it; nothing else keeps a copy.
 * A shared one is visible to all sandboxes of this user: 0 mounted, 1 it is there already (and
 * *ret_fuse_fd is -1; whether its server still answers is for the caller to find out). A private
 * one that is there already is -EEXIST. `subtype` shows in the mount table.
 */
int sandbox_mount(struct sandbox *sandbox, const char *name, bool shared, const char *subtype,
		  int *ret_fuse_fd, struct error *err);
/* Detach it; its server sees the end once no step uses it any more. -ENOENT: no such. */
int sandbox_unmount(struct sandbox *sandbox, const char *name, bool shared, struct error *err);

/* Who answers for a filesystem what owner.h asks. */
struct step_owner {
	const char *filesystem;
	int channel_fd; /* the asking end; the caller's copy stays open. May serve several. */
	/* What OWNER_TABLE would be answered with, for the root filesystem: the command itself may
	 * be a set-id program. Not above 0: there is none. */
	int table_fd;
};

/* The terminal of a step; what works in it is the leader of its session. */
struct step_terminal {
	unsigned short rows, columns;
	int ret_fd; /* our end, when the step has been started: -EIO there is the end of its output */
};

/* Where a step finds the ends of a jobserver's pipe: above what shells take for themselves. */
#define SANDBOX_JOBSERVER_READ_FD  101
#define SANDBOX_JOBSERVER_WRITE_FD 102

struct step_io {
	int stdout_fd, stderr_fd; /* writing ends; the caller's copies stay open */
	int stdin_fd;             /* reading end; not above 0: there is nothing to read */
	/* In place of these three. NULL: none. */
	struct step_terminal *terminal;
	/* The ends of a pipe, to read and to write, for the descriptors above. NULL: none. */
	const int *jobserver_fds;
	/* Control groups for all of its processes, see group.h. */
	const int *group_fds;
	size_t group_count;
	/* sandbox_start() gives up with -ECANCELED when this becomes readable; not above 0: never. */
	int cancel_fd;
	/* Without an owner mknod of devices fails in a filesystem as it does for any user. */
	const struct step_owner *owners;
	size_t owner_count;
};

/*
 * Start the process of `spec`. Descriptors for SPEC_MOUNT_SOCKET mounts come back in
 * ret_listen_fds in order of mounts (NULL is fine when there are none). A private filesystem hides
 * a shared one of its name. -EINVAL and the like with a text for the user when the spec cannot be
 * carried out, e.g. a working directory that is none, or a command that does not exist.
 */
int sandbox_start(struct sandbox *sandbox, const struct spec *spec, const struct step_io *io,
		  struct step **ret, int *ret_listen_fds, struct error *err);

struct step_status {
	bool exited; /* else killed by `signal` */
	int exit_code;
	int signal;
	uint64_t wall_ns, user_ns, system_ns; /* what it took */
	uint64_t max_rss;                     /* bytes, of the largest process */
};

/* Becomes readable when the step has ended. */
int step_fd(const struct step *step);
/*
 * Wait for the end: every process of the step is gone and all that it wrote has reached the
 * filesystems. -ECANCELED after step_kill(); another error when what it wrote did not get there.
 */
int step_wait(struct step *step, struct step_status *ret, struct error *err);
/* Send the command SIGINT, SIGTERM, SIGHUP or SIGQUIT, and all in its process group. */
void step_signal(struct step *step, int signal);
/* SIGKILL to all of it. Returns at once. */
void step_kill(struct step *step);
/* Whether all of it is gone within this time after that. */
bool step_gone(const struct step *step, int timeout_ms);
/* Kills it if it was not waited for, and waits. */
void step_free(struct step *step);
DEFINE_CLEANUP(struct step *, step_free);
