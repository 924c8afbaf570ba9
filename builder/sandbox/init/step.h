/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step as its supervisor sees it. The supervisor makes the namespaces but the one of pids,
 * attaches the step's tree, forks pid 1, and reports the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "builder/sandbox/init/devices.h"
#include "builder/sandbox/spec.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"

struct credential_table;
struct emulated_number;
struct owner_table;
struct wire;
struct zygote;

/* Who answers for a filesystem, see owner.h. */
struct step_channel {
	char *filesystem;
	int channel_fd;
	bool asked; /* for its table of owners, which is not everybody's to have */
	struct owner_table *owners;
};

/* A FUSE filesystem that the step has attached. */
struct step_filesystem {
	const char *name;
	int mount_fd;
	dev_t device;
	bool read_only;
};

/* What pid 1 tells the supervisor, in memory they share. */
struct step_outcome {
	bool ended;      /* the command did; else pid 1 was killed before */
	int wait_status; /* of the command */
	uint64_t started_ns, ended_ns;
};

struct step {
	const struct zygote *zygote;
	unsigned flags; /* START_ */
	int builder_fd, stdin_fd, stdout_fd, stderr_fd, network_fd;
	int jobserver_fds[2]; /* or -1 */
	const int *group_fds; /* of the request */
	uint32_t group_count;
	uint32_t terminal_size; /* rows << 16 | columns */
	uint64_t open_files;
	char *hosts, *resolv_conf;
	struct step_channel *channels;
	size_t channel_count;
	struct spec spec;

	/* Detached mounts on their way to the tree; -1: none. `mount_fds` goes with spec.mounts. */
	int root_fd, sys_fd, proc_fd, empty_fd, hosts_fd, resolv_fd, hostname_fd;
	int device_fds[DEVICE_COUNT];
	int *mount_fds;
	int *listen_fds;
	size_t listen_count;

	int host_proc_fd; /* the holder's /proc, where this process has a number */
	int dev_fd;       /* the step's /dev, once attached */
	int terminal_fd;  /* the builder's end of the step's own; the step's are those above */
	struct step_filesystem *filesystems;
	size_t filesystem_count;
	struct step_outcome *outcome;
	int self_fd;       /* the supervisor (pidfd) */
	int notify_fds[2]; /* the command's end and the supervisor's: one listener passes; or -1 */

	/* Where root alone is mapped: who is who, and the command's place there; whose files are in
	 * filesystems that have no channel. */
	struct credential_table *credentials;
	unsigned place;
	struct owner_table *owners;
	bool chrooted; /* somebody has called chroot(2) */
};

int step_parse(struct step *step, const struct zygote *zygote, struct wire *request, const int *fds,
	       size_t fd_count);

/* In order, the first and the last in the supervisor, what is between in the step's pid 1, as only
 * that can mount its /proc, and only while the holder's is still in sight. Each returns 0 or a
 * negative errno, with a text for the user. */
int sources_take(struct step *step, struct error *err);  /* out of the zygote's tree and host's */
int sources_make(struct step *step, struct error *err);  /* in the step's namespaces */
int tree_assemble(struct step *step, struct error *err); /* root, /dev, /sys, then mounts */
int supervise(struct step *step, struct error *err);     /* pid 1, until its end */

/* Runs as pid 1; does not return. */
__attribute__((noreturn)) void inside(struct step *step);

/* /proc and what of it is hidden, attached in the new pid namespace. */
int proc_assemble(const struct step *step, struct error *err);

/* A terminal for the command, in its /dev/pts. */
int terminal_open(struct step *step, struct error *err);

/* Start the command: 0 once it has been executed. */
int command_start(const struct step *step, pid_t *ret_pid, struct error *err);

/* Load the filters of the step; the listener in *ret_fd (-1: nobody listens). */
int filter_load(const struct step *step, int *ret_fd, struct error *err);

/* Who answers for a filesystem; NULL: nobody. */
struct step_channel *step_channel_of(const struct step *step, dev_t device);
/* Write down in step->owners whose a file is. Pid 1 does so before the command starts, and then
 * the supervisor. */
void step_set_owner(struct step *step, dev_t device, uint64_t ino, uint32_t uid, uint32_t gid);

/* What the filter asks about by this number; NULL: nothing. */
const struct emulated_number *filter_call(uint32_t arch, int number);

/* Before the first question. */
void notify_prepare(int listener_fd);
/* Answer what the step's filter asks, one call; `listener_fd` is readable. */
void notify_answer(struct step *step, int listener_fd);
