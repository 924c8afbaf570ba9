/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/live_workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "fs/snapshot/server.h"

static const struct node_time then = { 1700000000, 5 };
static struct error err;

void live_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	exit(1);
}

static void must(int r, const char *what)
{
	if (r < 0)
		live_fail("%s: %s", what, err.text[0] ? err.text : strerror(-r));
}

void live_main(int argc, char *const *argv)
{
	if (argc == 2 && strcmp(argv[1], SERVER_VERB) == 0)
		_exit(server_main(SERVER_FD));
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		live_fail("cannot write to '%s': %s", path, strerror(errno));
	close(fd);
}

void live_enter(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[32];

	if (access("/dev/fuse", R_OK | W_OK) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		printf("skipped: no user namespaces or no /dev/fuse here\n");
		exit(77);
	}
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof map, "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		live_fail("cannot have mounts of our own: %s", strerror(errno));
}

void live_open(struct live *live)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe) */
	cleanup_free char *store = NULL;

	*live = (struct live){ .directory =
				       xasprintf("%s/varve-live.XXXXXX", base ? base : "/tmp") };
	if (!mkdtemp(live->directory))
		live_fail("cannot make '%s': %s", live->directory, strerror(errno));
	live->at = xasprintf("%s/at", live->directory);
	store = xasprintf("%s/store", live->directory);
	must(dir_make(AT_FDCWD, live->at, 0755), "directory");
	must(store_open(store, STORE_CREATE, &live->store, &err), "store");
	must(store_lease_begin(live->store, &live->lease, &err), "lease");
}

/* ---- a tree ---- */

static void add(struct tree *tree, struct node *dir, const char *name, struct node *node)
{
	must(tree_link(tree, dir, name, strlen(name), node, &err), name);
}

struct node *live_add_dir(struct tree *tree, struct node *dir, const char *name)
{
	struct node *node = tree_new_node(tree, DIR_ENTRY_DIR, &then);

	node->mode = 0755;
	add(tree, dir, name, node);
	return node;
}

void live_add_file(struct live *live, struct tree *tree, struct node *dir, const char *name,
		   size_t size)
{
	struct node *node = tree_new_node(tree, DIR_ENTRY_FILE, &then);
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_free unsigned char *data = xmalloc(size);
	struct object_id id;

	for (size_t i = 0; i < size; i++)
		data[i] = live_byte(i);
	node->mode = 0644;
	if (size <= DIR_INLINE_MAX) {
		node_set_inline(tree, node, data, size);
	} else {
		must(store_txn_begin(live->store, live->lease, &txn, &err), "begin");
		must(store_txn_put(txn, OBJECT_BLOB, data, size, &id, &err), "put");
		must(store_txn_commit(txn, &err), "commit");
		node_set_blob(tree, node, &id, size);
	}
	add(tree, dir, name, node);
}

/* ---- the mount ---- */

static int mount_it(const struct live *live)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];

	snprintf(options, sizeof options,
		 "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions", fd);
	if (fd < 0 || mount("varve:live", live->at, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		live_fail("cannot mount: %s", strerror(errno));
	return fd;
}

static pid_t only_child(void)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	must(file_read(AT_FDCWD, "/proc/thread-self/children", 4096, &text), "children");
	return (pid_t)strtol(buf_string(&text), NULL, 10);
}

static void start(struct live *live, const struct object_id *snapshot)
{
	cleanup_free char *store = xasprintf("%s/store", live->directory);
	struct workspace_options options = { .store = store, .snapshot = *snapshot };

	options.fuse_fd = mount_it(live);
	must(workspace_start(&options, &live->workspace, &err), "workspace");
	live->server = only_child();
}

void live_start(struct live *live, struct tree *tree)
{
	cleanup_free char *hold = xstrdup(store_lease_name(live->lease));
	const struct snapshot_intent intent = { .hold = hold };
	struct snapshot_result result;

	must(snapshot_commit_tree(tree, live->lease, &intent, &result, &err), "commit");
	tree_close(tree);
	start(live, &result.id);
}

struct snapshot_result live_commit(struct live *live)
{
	cleanup_free char *hold = xstrdup(store_lease_name(live->lease));
	const struct snapshot_intent intent = { .hold = hold };
	struct snapshot_result result;

	must(workspace_commit(live->workspace, &intent, &result, &err), "commit");
	return result;
}

static void stop(struct live *live)
{
	if (umount2(live->at, MNT_DETACH) < 0)
		live_fail("cannot unmount: %s", strerror(errno));
	workspace_free(live->workspace);
}

void live_remount(struct live *live, const struct object_id *snapshot)
{
	stop(live);
	start(live, snapshot);
}

void live_close(struct live *live)
{
	stop(live);
	store_lease_end(live->lease);
	store_close(live->store);
	must(dir_remove_all(AT_FDCWD, live->directory), "remove");
	free(live->directory);
	free(live->at);
}

char *live_path(const struct live *live, const char *name)
{
	return xasprintf("%s/%s", live->at, name);
}
