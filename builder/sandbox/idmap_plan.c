/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "builder/sandbox/idmap.h"
#include "builder/sandbox/program.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

#define MAX_MAP 65536

void idmap_plan_release(struct idmap_plan *plan)
{
	idmap_release(&plan->users);
	idmap_release(&plan->groups);
	free(plan->newuidmap);
	free(plan->newgidmap);
	*plan = (struct idmap_plan){ 0 };
}

void idmap_plan_single(struct idmap_plan *ret)
{
	*ret = (struct idmap_plan){ .method = IDMAP_SINGLE };
	idmap_add(&ret->users, 0, geteuid(), 1);
	idmap_add(&ret->groups, 0, getegid(), 1);
}

static char *login_name(void)
{
	char room[4096];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(getuid(), &entry, room, sizeof room, &found) != 0 || !found)
		return NULL;
	return xstrdup(found->pw_name);
}

static int read_map(pid_t pid, const char *kind, struct idmap *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	char path[48];
	int r;

	if (pid)
		snprintf(path, sizeof path, "/proc/%d/%s", pid, kind);
	else
		snprintf(path, sizeof path, "/proc/self/%s", kind);
	r = file_read(AT_FDCWD, path, MAX_MAP, &text);
	return r < 0 ? r : idmap_parse(buf_string(&text), ret);
}

static void plan_for_root(struct idmap_plan *ret, struct buf *ret_warning)
{
	cleanup_with(id_ranges_release) struct id_ranges users = { 0 }, groups = { 0 };
	cleanup_with(idmap_release) struct idmap parent_users = { 0 }, parent_groups = { 0 };

	*ret = (struct idmap_plan){ .method = IDMAP_BY_HAND };
	subid_find(SUBID_USERS, "root", 0, &users);
	subid_find(SUBID_GROUPS, "root", 0, &groups);
	if (read_map(0, "uid_map", &parent_users) == 0 &&
	    read_map(0, "gid_map", &parent_groups) == 0) {
		idmap_of_root(&parent_users, &users, &ret->users);
		idmap_of_root(&parent_groups, &groups, &ret->groups);
	}
	if (idmap_total(&ret->users) > 1 && idmap_total(&ret->groups) > 1)
		return;
	idmap_plan_release(ret);
	idmap_plan_single(ret);
	buf_add_string(ret_warning,
		       "other users than root are emulated in steps: this environment has but "
		       "one; start the container with more ids");
}

/* Ids that are nobody's yet: two users with the same ones could change each other's files. */
static void advise_ids(const char *name, struct buf *ret)
{
	unsigned first = subid_find_free();
	unsigned last = first + IDMAP_IDS - 1;

	if (last < first) /* somebody has them all */
		return;
	buf_add_format(ret, "; as root: usermod --add-subuids %u-%u --add-subgids %u-%u %s", first,
		       last, first, last, name ? name : "USER");
}

static void describe(const struct idmap_plan *plan, const char *name, uint64_t count,
		     struct buf *ret)
{
	if (count == 0) {
		buf_add_string(ret,
			       "other users than root are emulated in steps: no subordinate ids");
		advise_ids(name, ret);
	} else if (!plan->newuidmap || !plan->newgidmap) {
		buf_add_string(
			ret,
			"other users than root are emulated in steps: newuidmap is missing; as "
			"root: apt-get install uidmap (or shadow-utils)");
	} else if (count < IDMAP_IDS) {
		buf_add_format(ret, "only %llu ids can be used in steps, images expect 65536",
			       (unsigned long long)count);
		advise_ids(name, ret);
	}
}

static void plan_for_user(struct idmap_plan *ret, struct buf *ret_warning)
{
	cleanup_with(id_ranges_release) struct id_ranges users = { 0 }, groups = { 0 };
	cleanup_free char *name = login_name();
	uint64_t count;

	*ret = (struct idmap_plan){ .method = IDMAP_BY_PROGRAMS };
	subid_find(SUBID_USERS, name, getuid(), &users);
	subid_find(SUBID_GROUPS, name, getuid(), &groups);
	idmap_of_user(geteuid(), &users, &ret->users);
	idmap_of_user(getegid(), &groups, &ret->groups);
	ret->newuidmap = program_find("newuidmap");
	ret->newgidmap = program_find("newgidmap");
	count = idmap_total(&ret->users);
	if (idmap_total(&ret->groups) < count)
		count = idmap_total(&ret->groups);
	describe(ret, name, count > 1 ? count : 0, ret_warning);
	if (count > 1 && ret->newuidmap && ret->newgidmap)
		return;
	idmap_plan_release(ret);
	idmap_plan_single(ret);
}

void idmap_plan(struct idmap_plan *ret, struct buf *ret_warning)
{
	if (geteuid() == 0)
		plan_for_root(ret, ret_warning);
	else
		plan_for_user(ret, ret_warning);
}

static int run_program(const char *program, pid_t pid, const struct idmap *map, struct error *err)
{
	cleanup_with(strings_release) struct strings argv = { 0 };

	strings_add(&argv, program);
	strings_add_format(&argv, "%d", pid);
	for (size_t i = 0; i < map->count; i++) {
		strings_add_format(&argv, "%u", map->lines[i].inside);
		strings_add_format(&argv, "%u", map->lines[i].outside);
		strings_add_format(&argv, "%u", map->lines[i].count);
	}
	return program_run(&argv, err);
}

static int write_proc(pid_t pid, const char *name, const char *text, size_t size, struct error *err)
{
	cleanup_free char *path = xasprintf("/proc/%d/%s", pid, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, size); /* whole or not at all */

	if (n < 0)
		return error_errno(err, -errno, "cannot write '%s'", path);
	return 0;
}

static int write_map(pid_t pid, const char *name, const struct idmap *map, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	idmap_format(map, &text);
	return write_proc(pid, name, text.data, text.length, err);
}

int idmap_apply(const struct idmap_plan *plan, pid_t pid, struct error *err)
{
	int r = 0;

	if (plan->method == IDMAP_BY_PROGRAMS) {
		r = run_program(plan->newuidmap, pid, &plan->users, err);
		return r < 0 ? r : run_program(plan->newgidmap, pid, &plan->groups, err);
	}
	/* Without that the kernel lets nobody map a group who may not map them all. */
	if (plan->method == IDMAP_SINGLE)
		r = write_proc(pid, "setgroups", "deny", 4, err);
	if (r == 0)
		r = write_map(pid, "uid_map", &plan->users, err);
	return r < 0 ? r : write_map(pid, "gid_map", &plan->groups, err);
}

int idmap_read(pid_t pid, struct idmap *ret_users, struct idmap *ret_groups)
{
	int r = read_map(pid, "uid_map", ret_users);

	return r < 0 ? r : read_map(pid, "gid_map", ret_groups);
}
