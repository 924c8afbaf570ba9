/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/snapshot/host_mount.h"
#include "tools/access.h"
#include "tools/output.h"

struct mount_options {
	bool writable;
	const char *options;
};

static const struct option_spec options[] = {
	{ .name = "rw",
	  OPTION_AT(struct mount_options, writable),
	  .help = "A throw-away copy that can be written to; what was written goes with it" },
	{ .name = "options",
	  .letter = 'o',
	  OPTION_AT(struct mount_options, options),
	  .value = "list",
	  .help = "More mount options, with commas between them: allow_other, suid" },
	{ 0 },
};

/* Without a directory to mount at, one below the present one, called like the state. */
static char *own_directory(const struct address *address)
{
	char *name = xstrdup(address->name);

	for (char *at = name; *at; at++) {
		if (strchr("/:@", *at))
			*at = '-';
	}
	return name;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct mount_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *directory = NULL;
	struct host_mount mount = { .writable = given->writable, .options = given->options };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = access_state(store, call->operands[0], &address, err);
	if (r < 0)
		return r;
	directory = call->operand_count > 1 ? xstrdup(call->operands[1]) : own_directory(&address);
	r = dir_make(AT_FDCWD, directory, 0755);
	if (r < 0)
		return error_errno(err, r, "cannot make the directory '%s'", directory);
	mount.store = store_path(store);
	mount.snapshot = address.snapshot;
	mount.directory = directory;
	mount.label = address.name;
	r = host_mount(&mount, err);
	if (r < 0)
		return error_prefix(err, r, "cannot mount '%s'", call->operands[0]);
	if (call->operand_count > 1)
		return 0;
	buf_add_format(&text, "%s\n", directory);
	return output_write(&text, err);
}

const struct verb verb_mount = {
	.name = "mount",
	.summary = "Look into a state: mount it at a directory",
	.operands = "STATE [DIRECTORY]",
	.description =
		"STATE is the id of a state, the beginning of one, an image, or BUILD[@STAGE][:STEP]:\n"
		"BUILD an id or 'last' or 'last-failed', STAGE a name or 'stage-2' (without it the\n"
		"target), STEP a number, FROM being 1 (without it the end of the stage).\n"
		"\n"
		"The mount is for the user who made it, and read-only unless --rw is given. It stays\n"
		"until 'varve umount DIRECTORY'. Without DIRECTORY, one is made here and its name\n"
		"printed.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct mount_options),
	.min_operands = 1,
	.max_operands = 2,
	.operand_completion = COMPLETE_DIRECTORY,
	.run = run,
};
