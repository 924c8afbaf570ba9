/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mounting.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/snapshot/host_mount.h"
#include "fs/snapshot/keyed.h"
#include "tools/access.h"
#include "tools/history_catalog.h"

/* Without a directory to mount at, one below the present one, called like the state. */
static char *own_directory(const char *label)
{
	char *name = xstrdup(label);

	for (char *at = name; *at; at++) {
		if (strchr("/:@", *at))
			*at = '-';
	}
	return name;
}

/* An active snapshot under its key: 1, or 0 when the state is another thing. */
static int find_active(struct store *store, const char *state, struct host_mount *mount,
		       struct error *err)
{
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	const char *key = access_snapshot_key(state);
	int r = key ? keyed_find(store, key, &keyed, err) : 0;

	if (r <= 0 || keyed.kind != KEYED_ACTIVE)
		return r < 0 ? r : 0;
	mount->key = key;
	mount->label = state;
	return 1;
}

static int find_what(struct store *store, const struct mounting *mounting, struct address *address,
		     struct host_mount *mount, struct error *err)
{
	int r;

	if (!mounting->state) {
		mount->label = "history";
		return 0;
	}
	r = find_active(store, mounting->state, mount, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = access_state(store, mounting->state, address, err);
	if (r < 0)
		return r;
	mount->snapshot = address->snapshot;
	mount->label = address->name;
	mount->writable = mounting->writable;
	return 0;
}

static int mount_at(const struct mounting *mounting, struct host_mount *mount, struct error *err)
{
	int r = dir_make(AT_FDCWD, mount->directory, 0755);

	if (r < 0)
		return error_errno(err, r, "cannot make the directory '%s'", mount->directory);
	r = host_mount(mount, err);
	if (r < 0)
		return error_prefix(err, r, "cannot mount '%s'",
				    mounting->state ? mounting->state : "the history");
	return 0;
}

int mounting_do(const struct invocation *call, const struct mounting *mounting,
		char **ret_directory, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	struct history_catalog catalog;
	struct host_mount mount = { .options = mounting->options };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = find_what(store, mounting, &address, &mount, err);
	if (r < 0 || mounting->only_check)
		return r;
	*ret_directory =
		mounting->directory ? xstrdup(mounting->directory) : own_directory(mount.label);
	history_catalog_init(&catalog);
	if (!mounting->state)
		mount.catalog = &catalog.base;
	mount.store = store_path(store);
	mount.directory = *ret_directory;
	return mount_at(mounting, &mount, err);
}
