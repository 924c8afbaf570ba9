/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/host_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
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
#include "fs/snapshot/catalog.h"
#include "fs/snapshot/complaints.h"
#include "fs/snapshot/host_table.h"
#include "fs/snapshot/keyed.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

/* What was done in an active snapshot is written down about so often. */
#define NOTE_MS 1000

/* ---- the process that serves ---- */

struct served {
	struct session_control control; /* `fd` tells of signals */
	struct store *store;
	struct store_lease *lease;
	struct keyed_work *work; /* of an active snapshot, which owns its overlay; else NULL */
	struct overlay *overlay;
	struct session *session;
};

static struct served *of_control(struct session_control *control)
{
	return (struct served *)((char *)control - offsetof(struct served, control));
}

/* Commas and backslashes mean something in the list of mount options. */
static void add_escaped(struct buf *options, const char *text)
{
	for (; *text; text++) {
		if (*text == ',' || *text == '\\')
			buf_add_char(options, '\\');
		buf_add_char(options, *text);
	}
}

static bool is_for_others(const struct host_mount *mount)
{
	return mount->options && strstr(mount->options, "allow_other");
}

static char *mount_options(const struct host_mount *mount)
{
	bool writable = mount->writable || mount->key;
	struct buf options = { 0 };

	buf_add_string(&options, writable ? "rw" : "ro");
	buf_add_string(&options, ",nosuid,nodev,subtype=varve,fsname=");
	add_escaped(&options, mount->label);
	if (mount->options && *mount->options)
		buf_add_format(&options, ",%s", mount->options);
	/* Alone, its owner may look at all of it; others only at what modes let them. */
	if (is_for_others(mount))
		buf_add_string(&options, ",default_permissions");
	return buf_take(&options);
}

static int open_state(const struct host_mount *mount, struct served *served, struct error *err)
{
	struct snapshot_record record = { .root = tree_root_empty() };
	bool empty = object_id_is_zero(&mount->snapshot);
	int r = empty ? 0 : store_lease_hold(served->lease, &mount->snapshot, err);

	if (r == 0 && !empty)
		r = snapshot_load(served->store, &mount->snapshot, &record, err);
	if (r < 0)
		return r;
	return overlay_open(served->store, mount->writable ? served->lease : NULL,
			    empty ? NULL : &record.root, &served->overlay, err);
}

static int open_overlay(const struct host_mount *mount, struct served *served, struct error *err)
{
	int r;

	if (mount->catalog)
		return catalog_open(mount->catalog, served->store, served->lease, &served->overlay,
				    err);
	if (!mount->key)
		return open_state(mount, served, err);
	r = keyed_open(served->store, served->lease, mount->key, mount->directory, &served->work,
		       err);
	if (r == 0)
		r = keyed_checkpoint(served->work, err);
	if (r == 0)
		served->overlay = keyed_overlay(served->work);
	return r;
}

static int open_session(const struct host_mount *mount, struct served *served, struct error *err)
{
	cleanup_with(buf_release) struct buf said = { 0 };
	cleanup_free char *options = mount_options(mount);
	struct session_options session = { .kept = mount->key != NULL,
					   .listed = mount->catalog != NULL };
	struct complaints complaints;
	int r;

	/* A user's own files in a layer that he makes are root's, as all others are to him. */
	if (mount->key) {
		session.stands_for_root_uid = geteuid();
		session.stands_for_root_gid = getegid();
	}
	/* Where one of those in a list stands for another, the kernel must not go by it. */
	session.acls = is_for_others(mount) && !session.stands_for_root_uid;
	complaints_begin(&complaints);
	r = session_mount(served->overlay, mount->directory, options, &session, &served->session,
			  err);
	complaints_end(&complaints, &said);
	if (r < 0 && said.length)
		return error_set(err, r, "cannot mount at '%s': %s", mount->directory,
				 buf_string(&said));
	return r;
}

static int open_served(const struct host_mount *mount, struct served *served, struct error *err)
{
	int r = store_open(mount->store, 0, &served->store, err);

	if (r == 0)
		r = store_lease_begin(served->store, &served->lease, err);
	if (r == 0)
		r = open_overlay(mount, served, err);
	return r < 0 ? r : open_session(mount, served, err);
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

static int told_to_end(struct session_control *control)
{
	(void)control;
	return -ECANCELED;
}

static void note_changes(struct session_control *control)
{
	struct served *served = of_control(control);

	if (overlay_note(served->overlay) == 0)
		(void)keyed_checkpoint(served->work, NULL);
}

static void watch_signals(struct served *served)
{
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &end, NULL);
	served->control.fd = signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK);
	served->control.ready = told_to_end;
	if (served->work) {
		served->control.tick = note_changes;
		served->control.tick_ms = NOTE_MS;
	}
}

static void close_served(struct served *served)
{
	if (served->work && served->overlay) {
		keyed_ending(served->work);
		(void)fault("mount.finish");
		(void)overlay_finish(served->overlay);
	}
	session_free(served->session);
	if (served->work)
		keyed_close(served->work);
	else
		overlay_close(served->overlay);
	store_lease_end(served->lease);
	store_close(served->store);
}

__attribute__((noreturn)) static void serve(const struct host_mount *mount, int channel_fd)
{
	struct served served = { .control.fd = -1 };
	struct error err = { 0 };
	int r;

	(void)fd_limit_raise();
	r = open_served(mount, &served, &err);
	if (r == 0) {
		detach_from_user();
		watch_signals(&served);
	}
	tell(channel_fd, r, &err);
	close(channel_fd);
	if (r == 0)
		(void)session_run(served.session, &served.control, NULL);
	close_served(&served);
	_exit(r < 0);
}

/* ---- the command ---- */

static bool in_path(const char *program)
{
	const char *path = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe) */
	cleanup_free char *copy = xstrdup(path ? path : "/usr/bin:/bin");
	char *rest = copy;
	const char *dir;

	while ((dir = strsep(&rest, ":"))) {
		cleanup_free char *full = xasprintf("%s/%s", *dir ? dir : ".", program);

		if (access(full, X_OK) == 0)
			return true;
	}
	return false;
}

/* What would fail further down, in words that say what to do. */
static int check_host(struct error *err)
{
	cleanup_fd int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return error_set(err, -ENODEV,
				 "there is no /dev/fuse here: load the kernel's module `fuse`, or "
				 "start the container with --device /dev/fuse");
	if (fd < 0)
		return error_errno(err, -errno, "cannot open /dev/fuse; `varve doctor` says more");
	if (geteuid() != 0 && !in_path("fusermount3"))
		return error_set(err, -ENOENT,
				 "fusermount3 is missing, with which users mount: install the "
				 "package fuse3");
	return 0;
}

static int check_directory(const char *directory, struct error *err)
{
	struct stat st;

	if (host_table_is_dead(directory)) {
		int r = host_unmount(directory, err);

		if (r < 0)
			return r;
	}
	if (stat(directory, &st) < 0)
		return error_errno(err, -errno, "'%s'", directory);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, -ENOTDIR, "'%s' is not a directory", directory);
	if (geteuid() != 0 && access(directory, W_OK) < 0)
		return error_set(err, -EACCES,
				 "'%s' is not yours to write to: users mount at directories of "
				 "their own",
				 directory);
	return 0;
}

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

static int start(const struct host_mount *mount, struct error *err)
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

int host_mount(const struct host_mount *mount, struct error *err)
{
	struct host_mount own = *mount;
	cleanup_free char *path = realpath(mount->directory, NULL);
	int r = check_host(err);

	if (r == 0)
		r = check_directory(path ? path : mount->directory, err);
	if (r < 0)
		return r;
	if (!path)
		path = realpath(mount->directory, NULL);
	if (path)
		own.directory = path; /* as the table of mounts has it */
	return start(&own, err);
}
