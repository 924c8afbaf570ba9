/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being called by mount(8), as mount.fuse.varve, or by its helper for all of FUSE:
 *
 *   mount.fuse.varve STATE DIRECTORY [-sfnv] [-N NAMESPACE] [-t TYPE] [-o OPTIONS]
 *   varve STATE DIRECTORY -o OPTIONS
 *
 * Options are those of `varve mount -o`, ro, rw (a throw-away copy), store=DIRECTORY, setuid=USER,
 * and all (the whole history; STATE is then any word). What is meant for mount(8) and systemd alone
 * is passed over.
 */
#pragma once

#include <stdbool.h>

struct buf;
struct strings;

/* Are these the arguments of such a call? `is_verb`: the first is a command of ours. */
bool mount_helper_called(int argc, char *const *argv, bool is_verb);
/* The exit status, one of those that mount(8) has. */
int mount_helper_main(int argc, char *const *argv);

/* What a list of options asks for. Strings are the caller's to free. */
struct mount_list {
	bool read_only, all, remount;
	char *store, *user; /* NULL: not given */
	char *rest;         /* for `varve mount -o`, "" for none */
};
void mount_list_parse(const char *text, struct mount_list *ret);
void mount_list_release(struct mount_list *list);
