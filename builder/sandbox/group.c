/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/group.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "builder/sandbox/group_hierarchy.h"
#include "builder/sandbox/group_place.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define FILE_MAX ((size_t)64 << 10)

/* What is just about to end has this long. */
#define END_TRIES    1000
#define END_PAUSE_NS 1000000

struct groups {
	int root_fd;
	struct group_limits limits; /* the caller's */
	struct group_places places;
	struct strings unknown; /* settings that this kernel does not have; as the first group */
	bool tried;             /* has found out */
	unsigned next;          /* atomic: for names */
};

struct group {
	struct groups *groups;
	char *directories[GROUP_CONTROLLERS]; /* one for each place */
	int fds[GROUP_CONTROLLERS];
	size_t count;
};

/* ---- limits ---- */

static bool is_set(const struct group_limits *limits, unsigned controller)
{
	switch (controller) {
	case GROUP_MEMORY:
		return limits->memory || limits->memory_swap;
	case GROUP_CPU:
		return limits->cpu_shares || limits->cpu_period || limits->cpu_quota;
	default:
		return limits->cpuset_cpus || limits->cpuset_mems;
	}
}

static unsigned controllers_of(const struct group_limits *limits)
{
	unsigned controllers = 0;

	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1)
		controllers |= is_set(limits, bit) ? bit : 0;
	return controllers;
}

bool group_limits_any(const struct group_limits *limits)
{
	return controllers_of(limits) != 0;
}

void group_limits_release(struct group_limits *limits)
{
	free(limits->cpuset_cpus);
	free(limits->cpuset_mems);
	*limits = (struct group_limits){ 0 };
}

static void memory_settings(const struct group_limits *limits, bool unified, struct strings *ret)
{
	int64_t both = limits->memory_swap;

	if (limits->memory)
		strings_add_format(ret, "%s=%" PRIu64,
				   unified ? "memory.max" : "memory.limit_in_bytes",
				   limits->memory);
	if (!both)
		return;
	if (unified && both == GROUP_NO_LIMIT)
		strings_add(ret, "memory.swap.max=max");
	else if (unified)
		strings_add_format(ret, "memory.swap.max=%" PRIu64,
				   (uint64_t)both - limits->memory);
	else
		strings_add_format(ret, "memory.memsw.limit_in_bytes=%" PRId64, both);
}

static void cpu_settings(const struct group_limits *limits, bool unified, struct strings *ret)
{
	/* The kernel's own way from one scale to the other, that of all who run containers. */
	if (limits->cpu_shares && unified)
		strings_add_format(ret, "cpu.weight=%" PRIu64,
				   1 + (limits->cpu_shares - 2) * 9999 / 262142);
	else if (limits->cpu_shares)
		strings_add_format(ret, "cpu.shares=%" PRIu64, limits->cpu_shares);
	if (!unified && limits->cpu_period)
		strings_add_format(ret, "cpu.cfs_period_us=%" PRIu64, limits->cpu_period);
	if (!unified && limits->cpu_quota)
		strings_add_format(ret, "cpu.cfs_quota_us=%" PRId64, limits->cpu_quota);
	if (unified && (limits->cpu_period || limits->cpu_quota)) {
		cleanup_free char *quota = limits->cpu_quota > 0
						   ? xasprintf("%" PRId64, limits->cpu_quota)
						   : xstrdup("max");

		strings_add_format(ret, "cpu.max=%s %" PRIu64, quota,
				   limits->cpu_period ? limits->cpu_period : 100000);
	}
}

void group_limits_settings(const struct group_limits *limits, bool unified, unsigned controllers,
			   struct strings *ret)
{
	if (controllers & GROUP_MEMORY)
		memory_settings(limits, unified, ret);
	if (controllers & GROUP_CPU)
		cpu_settings(limits, unified, ret);
	if (controllers & GROUP_CPUSET && limits->cpuset_cpus)
		strings_add_format(ret, "cpuset.cpus=%s", limits->cpuset_cpus);
	if (controllers & GROUP_CPUSET && limits->cpuset_mems)
		strings_add_format(ret, "cpuset.mems=%s", limits->cpuset_mems);
}

/* ---- one group in one place ---- */

/* In version 1 a group begins with no processors at all. */
static void inherit(int root_fd, const char *parent, const char *directory, const char *file)
{
	cleanup_free char *path = xasprintf("%s/%s", parent, file);
	cleanup_with(buf_release) struct buf value = { 0 };

	if (file_read(root_fd, path, FILE_MAX, &value) == 0)
		(void)group_write(root_fd, directory, file, buf_string(&value));
}

static int apply(struct groups *groups, const struct group_place *place, const char *directory,
		 struct error *err)
{
	cleanup_with(strings_release) struct strings settings = { 0 };

	if (!place->unified && place->controllers & GROUP_CPUSET) {
		inherit(groups->root_fd, place->directory, directory, "cpuset.cpus");
		inherit(groups->root_fd, place->directory, directory, "cpuset.mems");
	}
	group_limits_settings(&groups->limits, place->unified, place->controllers, &settings);
	for (size_t i = 0; i < settings.count; i++) {
		char *value = strchr(settings.items[i], '=');
		int r;

		*value++ = '\0';
		if (strings_contain(&groups->unknown, settings.items[i]))
			continue;
		r = group_write(groups->root_fd, directory, settings.items[i], value);
		if (r == -ENOENT && !groups->tried)
			strings_add(&groups->unknown, settings.items[i]);
		else if (r < 0)
			return error_errno(err, r, "the limit %s=%s is refused by the kernel",
					   settings.items[i], value);
	}
	return 0;
}

static int make(struct group *group, const struct group_place *place, unsigned number,
		struct error *err)
{
	struct groups *groups = group->groups;
	cleanup_free char *procs = NULL, *directory = NULL;
	int fd, r;

	directory = xasprintf("%s/" GROUP_PREFIX "%d-%u", place->directory, (int)getpid(), number);
	if (mkdirat(groups->root_fd, directory, 0755) < 0)
		return error_errno(err, -errno, "cannot make the control group '/%s'", directory);
	r = apply(groups, place, directory, err);
	procs = xasprintf("%s/cgroup.procs", directory);
	fd = r < 0 ? -1 : openat(groups->root_fd, procs, O_WRONLY | O_CLOEXEC);
	if (r == 0 && fd < 0)
		r = error_errno(err, -errno, "cannot open '/%s'", procs);
	if (r < 0) {
		(void)unlinkat(groups->root_fd, directory, AT_REMOVEDIR);
		return r;
	}
	group->fds[group->count] = fd;
	group->directories[group->count++] = take_ptr(&directory);
	return 0;
}

int group_new(struct groups *groups, struct group **ret, struct error *err)
{
	cleanup_with(group_free) struct group *group = xcalloc(1, sizeof *group);
	unsigned number = __atomic_fetch_add(&groups->next, 1, __ATOMIC_RELAXED);

	group->groups = groups;
	for (size_t i = 0; i < groups->places.count; i++) {
		int r = make(group, &groups->places.items[i], number, err);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(&group);
	return 0;
}

const int *group_fds(const struct group *group, size_t *ret_count)
{
	*ret_count = group->count;
	return group->fds;
}

static bool has_killed(int root_fd, const char *directory, const char *file)
{
	cleanup_free char *path = xasprintf("%s/%s", directory, file);
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *line;
	unsigned count;

	if (file_read(root_fd, path, FILE_MAX, &text) < 0)
		return false;
	line = strstr(buf_string(&text), "oom_kill ");
	return line && sscanf(line, "oom_kill %u", &count) == 1 && count > 0;
}

bool group_out_of_memory(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct group_place *place = &group->groups->places.items[i];

		if (place->controllers & GROUP_MEMORY && group->groups->limits.memory)
			return has_killed(group->groups->root_fd, group->directories[i],
					  place->unified ? "memory.events" : "memory.oom_control");
	}
	return false;
}

/* The supervisor of a step ends behind it, with nobody waiting for that. */
static void remove_directory(int root_fd, const char *directory)
{
	const struct timespec pause = { .tv_nsec = END_PAUSE_NS };

	for (unsigned i = 0; i < END_TRIES; i++) {
		if (unlinkat(root_fd, directory, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

void group_free(struct group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->count; i++) {
		close(group->fds[i]);
		remove_directory(group->groups->root_fd, group->directories[i]);
		free(group->directories[i]);
	}
	free(group);
}

/* ---- all of them ---- */

/* What builds have left that were killed. */
static void sweep(int root_fd, const char *directory)
{
	cleanup_with(strings_release) struct strings names = { 0 };

	if (dir_list(root_fd, directory, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		cleanup_free char *path = xasprintf("%s/%s", directory, names.items[i]);
		int pid;

		if (sscanf(names.items[i], GROUP_PREFIX "%d-", &pid) == 1 && pid > 0 &&
		    kill(pid, 0) < 0 && errno == ESRCH)
			(void)unlinkat(root_fd, path, AT_REMOVEDIR);
	}
}

static void warn_of(const struct groups *groups, unsigned missing, const struct buf *why,
		    const struct buf *mend, struct buf *ret)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_free char *joined = NULL;

	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1) {
		if (missing & bit)
			strings_add(&names, group_controller_name(bit));
	}
	joined = strings_join(&names, ", ");
	if (missing)
		buf_add_format(ret, "steps have no limits of %s: %s%s%s", joined, buf_string(why),
			       mend->length ? ": " : "", buf_string(mend));
	for (size_t i = 0; i < groups->unknown.count; i++)
		buf_add_format(ret, "%sthis kernel has no limit %s", ret->length ? "; " : "",
			       groups->unknown.items[i]);
}

int groups_open(const struct group_limits *limits, struct groups **ret, struct buf *ret_warning,
		struct error *err)
{
	cleanup_with(groups_close) struct groups *groups = xcalloc(1, sizeof *groups);
	cleanup_with(group_free) struct group *trial = NULL;
	cleanup_with(buf_release) struct buf why = { 0 }, mend = { 0 };
	unsigned missing;
	int r;

	groups->limits = *limits;
	groups->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (groups->root_fd < 0)
		return error_errno(err, -errno, "cannot open '/'");
	missing = group_places_find(groups->root_fd, controllers_of(limits), true, &groups->places,
				    &why, &mend);
	for (size_t i = 0; i < groups->places.count; i++)
		sweep(groups->root_fd, groups->places.items[i].directory);
	r = group_new(groups, &trial, err);
	if (r < 0)
		return r;
	group_free(take_ptr(&trial));
	groups->tried = true;
	warn_of(groups, missing, &why, &mend, ret_warning);
	*ret = take_ptr(&groups);
	return 0;
}

void groups_close(struct groups *groups)
{
	if (!groups)
		return;
	group_places_release(&groups->places);
	strings_release(&groups->unknown);
	if (groups->root_fd >= 0)
		close(groups->root_fd);
	free(groups);
}
