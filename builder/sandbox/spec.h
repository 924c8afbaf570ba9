/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process to run in isolation, as plain data. It names mounts that the sandbox holds, never
 * files of the host.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct wire;

enum spec_network {
	SPEC_NETWORK_DEFAULT, /* a network of its own with a way out, by pasta or slirp4netns; else
				 the host's */
	SPEC_NETWORK_NONE,    /* loopback only */
	SPEC_NETWORK_HOST,
};

enum spec_mount_type {
	SPEC_MOUNT_FUSE,   /* a directory or file of a filesystem made with sandbox_mount() */
	SPEC_MOUNT_TMPFS,  /* empty, in memory */
	SPEC_MOUNT_FILE,   /* a file with the given bytes, in memory: secrets, scripts */
	SPEC_MOUNT_SOCKET, /* a unix socket whose listening end the caller gets: ssh agent */
};

struct spec_mount {
	enum spec_mount_type type;
	/* Absolute path inside; every part of it exists in the filesystem it lies in (or as a ghost),
	 * or is made there if that is memory of the step's own. */
	char *target;
	bool read_only; /* files in memory always are */
	/* SPEC_MOUNT_FUSE: the name given to sandbox_mount(), and the path below its root that is
	 * attached ("/" for all of it); symlinks have been resolved by the caller. */
	char *filesystem;
	char *source;
	uint64_t tmpfs_size;     /* SPEC_MOUNT_TMPFS: bytes, 0 for the kernel's default */
	uint32_t mode, uid, gid; /* of the top directory, file or socket */
	struct buf bytes;        /* SPEC_MOUNT_FILE */
};

struct spec_ulimit {
	int resource; /* RLIMIT_… */
	struct rlimit limit;
};

struct spec {
	char *root; /* name of a filesystem made with sandbox_mount(): becomes "/" */
	bool root_read_only;
	struct strings argv;
	struct strings env;
	char *cwd; /* NULL: "/" */
	uint32_t uid, gid;
	uint32_t *groups; /* supplementary, without `gid` */
	size_t group_count;
	char *hostname;             /* NULL: "buildkitsandbox" */
	struct strings extra_hosts; /* lines for /etc/hosts: "ADDRESS NAME" */
	enum spec_network network;
	bool insecure;     /* all capabilities of the user namespace, no filter, no masked paths */
	uint64_t shm_size; /* bytes of /dev/shm; 0: 64 MiB */
	struct spec_ulimit *ulimits;
	size_t ulimit_count;
	/* In the order they are attached: the caller puts outer targets before inner ones. */
	struct spec_mount *mounts;
	size_t mount_count;
};

/* All-zero is an empty spec. The mount stays the spec's, and is good until the next is added. */
struct spec_mount *spec_add_mount(struct spec *spec, enum spec_mount_type type, const char *target);
void spec_release(struct spec *spec);
DEFINE_CLEANUP_VALUE(struct spec, spec_release);

/* To and from the bytes that go to the helper. -EPROTO: nothing that spec_encode() makes of a
 * spec with a root, a command and absolute targets; *ret is to be released in any case. */
void spec_encode(const struct spec *spec, struct buf *ret);
int spec_decode(struct wire *wire, struct spec *ret);
