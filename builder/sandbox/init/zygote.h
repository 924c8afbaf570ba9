/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that all of one sandbox is forked from: in the holder's user namespace, with mounts
 * of its own, single-threaded and idle. It keeps the identity it was started with, because that
 * may open /dev/fuse; what it forks becomes root of the namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct credential_table;
struct error;
struct wire;

struct zygote {
	pid_t pid;
	bool all_ids;
	int holder_mounts_fd, own_mounts_fd;  /* mount namespaces */
	int fuse_device_fd;                   /* path of /dev/fuse, or a negative errno */
	struct credential_table *credentials; /* where root alone is mapped */
};

/* What its children do; the answer goes to fds[0]. They return the child's exit status. */
int job_mount(const struct zygote *zygote, struct wire *request, const int *fds, size_t fd_count);
int job_unmount(const struct zygote *zygote, struct wire *request, const int *fds, size_t fd_count);
int job_network(const struct zygote *zygote, struct wire *request, const int *fds, size_t fd_count);
int job_step(const struct zygote *zygote, struct wire *request, const int *fds, size_t fd_count);
