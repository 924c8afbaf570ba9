/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/helper.h"
#include "builder/sandbox/idmap.h"
#include "builder/sandbox/network.h"
#include "builder/sandbox/probe_internal.h"
#include "builder/sandbox/sandbox_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

#define APPARMOR_SWITCH "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
#define APPARMOR_MEND   "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
#define FUSE_DEVICE     makedev(10, 229)

/* What the kernel offers in its first message, and where that stands there. */
#define FUSE_INIT_FLAGS  52
#define FUSE_INIT_FLAGS2 56
#define FUSE_PASSTHROUGH (UINT64_C(1) << 37)
#define FUSE_IO_URING    (UINT64_C(1) << 41)

void probe_report_release(struct probe_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->items[i].found);
		free(report->items[i].mend);
	}
	free(report->items);
	*report = (struct probe_report){ 0 };
}

void probe_report_add(struct probe_report *report, const char *name, enum probe_verdict verdict,
		      const char *mend, const char *format, ...)
{
	struct probe_result *result;
	va_list args;

	array_reserve_one(report->items, report->count, report->capacity);
	result = &report->items[report->count++];
	*result = (struct probe_result){ .name = name, .verdict = verdict };
	va_start(args, format);
	result->found = xvasprintf(format, args);
	va_end(args);
	result->mend = mend ? xstrdup(mend) : NULL;
}

/* ---- namespaces and ids ---- */

/* Is our root somewhere inside of a mount? The root of a container never is. */
static bool in_chroot(void)
{
	struct statx root;

	return statx(AT_FDCWD, "/", 0, 0, &root) == 0 &&
	       (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	       !(root.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* What forbids user namespaces here, and what to do about it. */
static const char *userns_mend(void)
{
	if (in_chroot())
		return "the kernel allows none in a chroot: enter it with 'systemd-nspawn -D' or "
		       "'bwrap --bind'";
	if (probe_file_begins("/proc/sys/user/max_user_namespaces", "0\n"))
		return "as root: sysctl -w user.max_user_namespaces=15000";
	if (probe_file_begins("/proc/sys/kernel/unprivileged_userns_clone", "0\n"))
		return "as root: sysctl -w kernel.unprivileged_userns_clone=1";
	if (probe_file_begins("/proc/sys/vm/memfd_noexec", "2\n"))
		return "as root: sysctl -w vm.memfd_noexec=1";
	if (probe_file_contains("/proc/self/status", "\nSeccomp:\t2"))
		return "a filter forbids it: start the container with "
		       "--security-opt seccomp=unconfined --security-opt systempaths=unconfined "
		       "--device /dev/fuse";
	return probe_file_begins(APPARMOR_SWITCH, "1\n") ? APPARMOR_MEND : NULL;
}

static bool probe_namespaces(struct probe_report *report)
{
	cleanup_fd int socket_fd = -1;
	struct error err = { 0 };
	pid_t pid;
	int r = helper_start(HELPER_NEW_NAMESPACES, &pid, &socket_fd, &err);

	if (r < 0) {
		probe_report_add(report, "user namespaces", PROBE_FAIL, userns_mend(), "%s",
				 r == -EPERM ? "the kernel refuses to make one" : err.text);
		return false;
	}
	close(take_fd(&socket_fd)); /* without a greeting it ends */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	probe_report_add(report, "user namespaces", PROBE_OK, NULL, "can be made");
	return true;
}

static void probe_ids(struct probe_report *report, enum idmap_method *ret_method)
{
	cleanup_with(idmap_plan_release) struct idmap_plan plan = { 0 };
	cleanup_with(buf_release) struct buf warning = { 0 };
	cleanup_free char *line = NULL;
	char *mend;

	idmap_plan(&plan, &warning);
	*ret_method = plan.method;
	if (!warning.length) {
		probe_report_add(report, "ids", PROBE_OK, NULL,
				 "%llu users and %llu groups can be used in steps",
				 (unsigned long long)idmap_total(&plan.users),
				 (unsigned long long)idmap_total(&plan.groups));
		return;
	}
	mend = strstr(warning.data, "; ");
	if (mend) {
		*mend = '\0';
		mend += 2;
	}
	if (strstr(warning.data, "newuidmap"))
		mend = line = probe_install_line("newuidmap");
	probe_report_add(report, "ids", PROBE_WARN, mend, "%s", warning.data);
}

/* ---- the sandbox, and what can be had in it ---- */

static void remember(void *context, const char *text)
{
	struct buf *warning = context;

	if (!warning->length)
		buf_add_string(warning, text);
}

/* There are ids for this user, but the programs that map them did not. */
static void explain_single(struct probe_report *report, const struct buf *warning)
{
	const char *mend = NULL;

	if (probe_file_contains("/proc/self/status", "\nNoNewPrivs:\t1"))
		mend = "start it without 'no new privileges': NoNewPrivileges=no of the unit, or "
		       "the container without --security-opt no-new-privileges";
	else
		mend = "as root: chown root /usr/bin/newuidmap /usr/bin/newgidmap; "
		       "chmod 4755 /usr/bin/newuidmap /usr/bin/newgidmap";
	probe_report_add(report, "sandbox", PROBE_WARN, mend, "%s",
			 warning->length ? warning->data
					 : "other users than root are emulated in steps");
}

static struct sandbox *probe_sandbox(struct probe_report *report, int runtime_dir_fd,
				     enum idmap_method method)
{
	cleanup_with(buf_release) struct buf warning = { 0 };
	const struct sandbox_options options = { .runtime_dir_fd = runtime_dir_fd,
						 .warn = remember,
						 .warn_context = &warning };
	struct sandbox *sandbox = NULL;
	struct error err = { 0 };

	if (sandbox_open(&options, &sandbox, &err) < 0) {
		probe_report_add(report, "sandbox", PROBE_FAIL,
				 probe_file_begins(APPARMOR_SWITCH, "1\n") ? APPARMOR_MEND : NULL,
				 "%s", err.text);
		return NULL;
	}
	/* The text lives no longer than this; nothing else is there to be told. */
	sandbox->options.warn = NULL;
	if (sandbox_id_mode(sandbox) == SANDBOX_IDS_FULL)
		probe_report_add(report, "sandbox", PROBE_OK, NULL, "can be set up, with all ids");
	else if (method == IDMAP_SINGLE)
		probe_report_add(report, "sandbox", PROBE_OK, NULL,
				 "can be set up, with root only");
	else
		explain_single(report, &warning);
	return sandbox;
}

static const char *fuse_mend(void)
{
	cleanup_fd int fd = -1;
	struct stat facts;

	if (stat("/dev/fuse", &facts) < 0)
		return "as root: modprobe fuse; in a container: --device /dev/fuse";
	if (!S_ISCHR(facts.st_mode) || facts.st_rdev != FUSE_DEVICE)
		return "as root: rm /dev/fuse; mknod -m 666 /dev/fuse c 10 229";
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && (facts.st_mode & 0666) == 0666)
		return "as root: mount -o remount,dev /dev; in a container: --device /dev/fuse";
	if (fd < 0 && errno == EACCES)
		return "as root: chmod 666 /dev/fuse";
	return "as root: modprobe fuse";
}

/* The kernel greets whoever is to serve a filesystem, and says what it can do. */
static void read_greeting(struct probe_report *report, int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	union {
		uint32_t words[16384 / 4];
		unsigned char bytes[16384];
	} message = { 0 };
	uint64_t flags;
	ssize_t size = 0;

	if (poll(&polled, 1, 2000) > 0)
		size = read(fd, &message, sizeof message);
	if (size < FUSE_INIT_FLAGS2) {
		probe_report_add(report, "FUSE", PROBE_FAIL, NULL,
				 "mounted, but the kernel says nothing");
		return;
	}
	flags = message.words[FUSE_INIT_FLAGS / 4];
	if (size > FUSE_INIT_FLAGS2)
		flags |= (uint64_t)message.words[FUSE_INIT_FLAGS2 / 4] << 32;
	probe_report_add(report, "FUSE", PROBE_OK, NULL,
			 "can be mounted in a user namespace; protocol %u.%u, the kernel offers "
			 "passthrough: %s, io_uring: %s",
			 message.words[10], message.words[11],
			 flags & FUSE_PASSTHROUGH ? "yes" : "no",
			 flags & FUSE_IO_URING ? "yes" : "no");
}

static void probe_fuse(struct probe_report *report, struct sandbox *sandbox)
{
	cleanup_fd int fd = -1;
	struct error err = { 0 };

	if (sandbox_mount(sandbox, "probe", false, "varve", &fd, &err) < 0) {
		probe_report_add(report, "FUSE", PROBE_FAIL, fuse_mend(), "%s", err.text);
		return;
	}
	read_greeting(report, fd);
	(void)sandbox_unmount(sandbox, "probe", false, NULL);
}

static void probe_proc(struct probe_report *report, const struct sandbox *sandbox)
{
	if (sandbox->host_proc)
		probe_report_add(report, "/proc", PROBE_WARN,
				 "start the container with --security-opt "
				 "systempaths=unconfined",
				 "partly covered: steps see the processes of this container");
	else
		probe_report_add(report, "/proc", PROBE_OK, NULL,
				 "steps see their own processes only");
}

static void probe_network(struct probe_report *report, struct sandbox *sandbox)
{
	cleanup_free char *install = NULL;
	struct error err = { 0 };
	const char *mend, *missing = network_missing();
	size_t index;
	int fd, tun_fd, r = network_acquire(sandbox, &index, &fd, &err);

	if (r == 0) {
		network_release(sandbox->network, index, false);
		probe_report_add(report, "network", PROBE_OK, NULL, "steps have their own, by %s",
				 network_program(sandbox->network));
		return;
	}
	tun_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun_fd >= 0) {
		close(tun_fd);
		mend = install = missing ? probe_install_line(missing) : NULL;
	} else {
		mend = "as root: modprobe tun; chmod 666 /dev/net/tun; in a container: "
		       "--device /dev/net/tun";
	}
	probe_report_add(report, "network", PROBE_WARN, mend, "steps share this host's: %s",
			 r < 0 ? err.text : network_reason(sandbox->network));
}

void probe_run(int runtime_dir_fd, struct probe_report *ret)
{
	cleanup_with(sandbox_close) struct sandbox *sandbox = NULL;
	enum idmap_method method = IDMAP_SINGLE;

	probe_kernel(ret);
	probe_mount_calls(ret);
	probe_filter(ret);
	probe_limits(ret);
	probe_cgroup(ret);
	probe_fusermount(ret);
	probe_ids(ret, &method);
	if (probe_namespaces(ret))
		sandbox = probe_sandbox(ret, runtime_dir_fd, method);
	if (!sandbox)
		return;
	probe_proc(ret, sandbox);
	probe_fuse(ret, sandbox);
	probe_network(ret, sandbox);
}
