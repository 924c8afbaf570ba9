/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/access.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "tools/environment.h"
#include "tools/output.h"

int access_store(const struct invocation *call, unsigned flags, struct store **ret,
		 struct error *err)
{
	const struct strings *warnings;
	const char *path;
	int r = environment_store(call->environment, &path, err);

	if (r == 0 && flags & STORE_CREATE) {
		r = dir_make_all(path, 0700);
		if (r < 0)
			return error_errno(err, r, "cannot make the store '%s'", path);
	}
	if (r == 0)
		r = store_open(path, flags, ret, err);
	if (r == -ENOENT && !(flags & STORE_CREATE))
		return error_set(err, r,
				 "there is no store at '%s' yet: nothing has been built, "
				 "loaded or imported",
				 path);
	if (r < 0)
		return r;
	warnings = store_warnings(*ret);
	for (size_t i = 0; i < warnings->count; i++)
		output_warn("%s", warnings->items[i]);
	return 0;
}

struct history *access_history(struct store *store)
{
	struct history *history = NULL;
	struct error err = { 0 };

	if (history_open(store, &history, &err) < 0)
		output_warn("%s", err.text);
	return history;
}

int access_state(struct store *store, const char *text, struct address *ret, struct error *err)
{
	cleanup_with(history_close) struct history *history = access_history(store);

	return address_find(store, history, text, ret, err);
}

int access_snapshot(struct store *store, const char *text, struct address *ret_address,
		    struct snapshot_record *ret, struct error *err)
{
	int r = access_state(store, text, ret_address, err);

	return r < 0 ? r : snapshot_load(store, &ret_address->snapshot, ret, err);
}

int access_file(struct store *store, const char *text, unsigned flags, struct access_file *ret,
		struct error *err)
{
	const char *colon = strstr(text, ":/");
	cleanup_free char *state = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	const char *path = colon ? colon + 1 : "/";
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	cleanup_with(address_release) struct address address = { 0 };
	struct snapshot_record record;
	int r = access_snapshot(store, state, &address, &record, err);

	if (r < 0)
		return r;
	ret->tree = tree_open(store, &record.root);
	r = tree_resolve(ret->tree, NULL, path, flags, &place, err);
	if (r < 0)
		return error_prefix(err, r, "'%s' of '%s'", path, state);
	if (!place.node)
		return error_set(err, -ENOENT, "there is no '%s' in '%s'", path, state);
	ret->node = place.node;
	ret->dentry = place.dentry;
	return 0;
}

void access_file_release(struct access_file *file)
{
	tree_close(file->tree);
	*file = (struct access_file){ 0 };
}
