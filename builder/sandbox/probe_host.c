/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "builder/sandbox/group_place.h"
#include "builder/sandbox/probe_internal.h"
#include "builder/sandbox/program.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* mount_setattr(2) is the youngest call that steps need. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 12
#define OPEN_FILES   4096
#define MAX_FILE     65536

/* ---- what the others use ---- */

bool probe_file_begins(const char *path, const char *text)
{
	cleanup_with(buf_release) struct buf content = { 0 };

	return file_read(AT_FDCWD, path, MAX_FILE, &content) == 0 &&
	       strncmp(buf_string(&content), text, strlen(text)) == 0;
}

bool probe_file_contains(const char *path, const char *text)
{
	cleanup_with(buf_release) struct buf content = { 0 };

	return file_read(AT_FDCWD, path, MAX_FILE, &content) == 0 &&
	       strstr(buf_string(&content), text);
}

char *probe_install_line(const char *program)
{
	static const struct {
		const char *program, *line, *uidmap;
	} managers[] = {
		{ "apt-get", "apt-get install", "uidmap" },
		{ "dnf", "dnf install", "shadow-utils" },
		{ "zypper", "zypper install", "shadow" },
		{ "pacman", "pacman -S", "shadow" },
		{ "apk", "apk add", "shadow-uidmap" },
	};
	static const struct {
		const char *program, *package;
	} packages[] = { { "pasta", "passt" },
			 { "slirp4netns", "slirp4netns" },
			 { "fusermount3", "fuse3" } };
	const char *package = NULL;

	for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
		if (strcmp(packages[i].program, program) == 0)
			package = packages[i].package;
	}
	for (size_t i = 0; i < sizeof managers / sizeof *managers; i++) {
		cleanup_free char *found = program_find(managers[i].program);

		if (found)
			return xasprintf("as root: %s %s", managers[i].line,
					 package ? package : managers[i].uidmap);
	}
	return xasprintf("as root: install the package that has '%s'", program);
}

/* ---- kernel ---- */

void probe_kernel(struct probe_report *report)
{
	unsigned long major, minor = 0;
	struct utsname name;
	char *end;
	bool enough;

	if (uname(&name) < 0)
		return;
	major = strtoul(name.release, &end, 10);
	if (*end == '.')
		minor = strtoul(end + 1, &end, 10);
	enough = major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
	probe_report_add(report, "kernel", enough ? PROBE_OK : PROBE_FAIL,
			 enough ? NULL : "upgrade to Linux 5.12 or newer", "Linux %s",
			 name.release);
}

/* Calls that go wrong in a way that only one who knows them does; a filter says another thing. */
void probe_mount_calls(struct probe_report *report)
{
	const char *missing = NULL;
	int r = 0;

	if (open_tree(-1, "x", OPEN_TREE_CLOEXEC) < 0 && errno != EBADF) {
		missing = "open_tree";
		r = errno;
	} else if (mount_setattr(-1, "", 0, NULL, 0) < 0 && errno != EINVAL) {
		missing = "mount_setattr";
		r = errno;
	}
	if (!missing)
		probe_report_add(report, "mount calls", PROBE_OK, NULL, "open_tree, mount_setattr");
	else if (r == ENOSYS)
		probe_report_add(report, "mount calls", PROBE_FAIL,
				 "upgrade to Linux 5.12 or newer; in a container: --security-opt "
				 "seccomp=unconfined",
				 "the kernel has no %s", missing);
	else
		probe_report_add(report, "mount calls", PROBE_FAIL,
				 "start the container with --security-opt seccomp=unconfined",
				 "a filter forbids %s: %s", missing, error_words(-r));
}

void probe_filter(struct probe_report *report)
{
	if (probe_file_contains("/proc/sys/kernel/seccomp/actions_avail", "user_notif"))
		probe_report_add(report, "system call filter", PROBE_OK, NULL,
				 "can ask the supervisor");
	else
		probe_report_add(report, "system call filter", PROBE_WARN,
				 "upgrade to Linux 5.0 or newer, with CONFIG_SECCOMP_FILTER",
				 "cannot ask the supervisor: steps cannot make device nodes");
}

/* ---- limits ---- */

void probe_limits(struct probe_report *report)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max >= OPEN_FILES)
		probe_report_add(report, "open files", PROBE_OK, NULL, "up to %llu",
				 (unsigned long long)limit.rlim_max);
	else
		probe_report_add(report, "open files", PROBE_WARN,
				 "ulimit -Hn 65536, or LimitNOFILE= of the unit",
				 "only %llu at a time", (unsigned long long)limit.rlim_max);
}

void probe_cgroup(struct probe_report *report)
{
	cleanup_with(group_places_release) struct group_places places = { 0 };
	cleanup_with(buf_release) struct buf why = { 0 }, mend = { 0 }, missing = { 0 };
	cleanup_fd int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned none = group_places_find(root_fd, GROUP_ALL, false, &places, &why, &mend);

	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1) {
		if (none & bit)
			buf_add_format(&missing, "%s%s", missing.length ? ", " : "",
				       group_controller_name(bit));
	}
	if (none)
		probe_report_add(report, "control groups", PROBE_WARN,
				 mend.length ? buf_string(&mend) : NULL, "no limits of %s: %s",
				 buf_string(&missing), buf_string(&why));
	else
		probe_report_add(report, "control groups", PROBE_OK, NULL, "limits can be set");
}

/* ---- mounts of the host ---- */

void probe_fusermount(struct probe_report *report)
{
	static const char name[] = "fusermount3";
	cleanup_free char *program = program_find(name), *mend = NULL;
	struct stat facts;

	if (geteuid() == 0) {
		probe_report_add(report, name, PROBE_OK, NULL,
				 "not needed: root mounts states itself");
		return;
	}
	if (!program) {
		mend = probe_install_line(name);
		probe_report_add(report, name, PROBE_WARN, mend,
				 "not found: 'varve mount' does not work, builds do");
		return;
	}
	if (stat(program, &facts) < 0 || facts.st_uid != 0 || !(facts.st_mode & S_ISUID)) {
		mend = xasprintf("as root: chown root %s; chmod 4755 %s", program, program);
		probe_report_add(report, name, PROBE_WARN, mend,
				 "%s is not set-user-id root: 'varve mount' does not work",
				 program);
		return;
	}
	probe_report_add(report, name, PROBE_OK, NULL, "%s", program);
}
