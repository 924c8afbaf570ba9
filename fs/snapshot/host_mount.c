/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/host_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/wire.h"
#include "fs/fuse/session.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

#define FILESYSTEM_TYPE "fuse.varve"

/* ---- the process that serves ---- */

struct served {
	struct store *store;
	struct store_lease *lease;
	struct overlay *overlay;
	struct session *session;
};

/* Commas and backslashes mean something in the list of mount options. */
static void add_escaped(struct buf *options, const char *text)
{
	for (; *text; text++) {
		if (*text == ',' || *text == '\\')
			buf_add_char(options, '\\');
		buf_add_char(options, *text);
	}
}

static char *mount_options(const struct host_mount *mount)
{
	struct buf options = { 0 };

	buf_add_string(&options, mount->writable ? "rw" : "ro");
	buf_add_string(&options, ",nosuid,nodev,subtype=varve,fsname=");
	add_escaped(&options, mount->label);
	if (mount->options && *mount->options)
		buf_add_format(&options, ",%s", mount->options);
	/* Alone, its owner may look at all of it; others only at what modes let them. */
	if (mount->options && strstr(mount->options, "allow_other"))
		buf_add_string(&options, ",default_permissions");
	return buf_take(&options);
}

static int open_served(const struct host_mount *mount, struct served *served, struct error *err)
{
	cleanup_free char *options = mount_options(mount);
	struct snapshot_record record = { .root = tree_root_empty() };
	bool empty = object_id_is_zero(&mount->snapshot);
	int r = store_open(mount->store, 0, &served->store, err);

	if (r == 0)
		r = store_lease_begin(served->store, &served->lease, err);
	if (r == 0 && !empty)
		r = store_lease_hold(served->lease, &mount->snapshot, err);
	if (r == 0 && !empty)
		r = snapshot_load(served->store, &mount->snapshot, &record, err);
	if (r == 0)
		r = overlay_open(served->store, mount->writable ? served->lease : NULL,
				 empty ? NULL : &record.root, &served->overlay, err);
	if (r == 0)
		r = session_mount(served->overlay, mount->directory, options, &served->session,
				  err);
	return r;
}

static void tell(int fd, int r, const struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };

	wire_put_u32(&message, (uint32_t)-r);
	wire_put_string(&message, r < 0 ? err->text : "");
	(void)channel_send(fd, message.data, message.length, NULL, 0);
}

/* Cut loose from the terminal and all that the command had open. */
static void detach_from_user(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && null_fd >= 0; fd++)
		(void)dup2(null_fd, fd);
	(void)setsid();
	(void)!chdir("/");
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

__attribute__((noreturn)) static void serve(const struct host_mount *mount, int channel_fd)
{
	struct served served = { 0 };
	struct error err = { 0 };
	int r;

	(void)fd_limit_raise();
	r = open_served(mount, &served, &err);
	if (r == 0)
		detach_from_user();
	tell(channel_fd, r, &err);
	close(channel_fd);
	if (r == 0)
		(void)session_run(served.session, NULL, NULL);
	session_free(served.session);
	overlay_close(served.overlay);
	store_lease_end(served.lease);
	store_close(served.store);
	_exit(r < 0);
}

/* ---- the command ---- */

static int wait_until_mounted(int channel_fd, struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	cleanup_free char *text = NULL;
	struct wire wire;
	uint32_t code;

	if (channel_receive(channel_fd, &message, NULL, 0, NULL) <= 0)
		return error_set(err, -ENOTCONN, "the process that was to serve the mount died");
	wire = wire_of(message.data, message.length);
	code = wire_u32(&wire);
	text = wire_string(&wire);
	return code ? error_set(err, -(int)code, "%s", text ? text : "cannot mount") : 0;
}

int host_mount(const struct host_mount *mount, struct error *err)
{
	int ends[2];
	pid_t child;
	int r = channel_pair(ends);

	if (r < 0)
		return error_errno(err, r, "cannot make a socket");
	child = fork();
	if (child == 0) {
		close(ends[0]);
		/* Not our child any more: nobody has to wait for it. */
		if (fork() != 0)
			_exit(0);
		serve(mount, ends[1]);
	}
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return error_errno(err, -errno, "cannot start serving the mount");
	}
	(void)waitpid(child, NULL, 0);
	r = wait_until_mounted(ends[0], err);
	close(ends[0]);
	return r;
}

/* ---- unmounting ---- */

/* Is the topmost mount at this path one of ours? */
static bool is_ours(const char *path)
{
	FILE *table = setmntent("/proc/self/mounts", "r");
	char space[8192];
	struct mntent entry;
	bool ours = false;

	if (!table)
		return true; /* let the attempt tell */
	while (getmntent_r(table, &entry, space, sizeof space)) {
		if (strcmp(entry.mnt_dir, path) == 0)
			ours = strcmp(entry.mnt_type, FILESYSTEM_TYPE) == 0;
	}
	endmntent(table);
	return ours;
}

static int run_fusermount(const char *path)
{
	char *const argv[] = { (char[]){ "fusermount3" }, (char[]){ "-u" }, (char[]){ "-q" },
			       (char[]){ "--" },          xstrdup(path),    NULL };
	int status = 0;
	pid_t child;
	int r = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);

	free(argv[4]);
	if (r != 0)
		return -r;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

int host_unmount(const char *directory, struct error *err)
{
	cleanup_free char *path = realpath(directory, NULL);
	int r;

	if (!path)
		return error_errno(err, -errno, "cannot unmount '%s'", directory);
	if (!is_ours(path))
		return error_set(err, -EINVAL, "nothing that varve has mounted is at '%s'",
				 directory);
	if (geteuid() == 0)
		r = umount2(path, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
	else
		r = run_fusermount(path);
	if (r == -ENOENT)
		return error_set(err, r,
				 "cannot unmount '%s': fusermount3 is missing (package "
				 "fuse3)",
				 directory);
	if (r == -EBUSY)
		return error_set(err, r, "'%s' is in use; leave it in all shells and programs",
				 directory);
	return r < 0 ? error_errno(err, r, "cannot unmount '%s'", directory) : 0;
}
