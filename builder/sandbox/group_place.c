/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/group_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/sandbox/group_hierarchy.h"
#include "fs/base/alloc.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"

#define FILE_MAX ((size_t)64 << 10)

const char *group_controller_name(unsigned controller)
{
	switch (controller) {
	case GROUP_MEMORY:
		return "memory";
	case GROUP_CPU:
		return "cpu";
	default:
		return "cpuset";
	}
}

/* ---- one group ---- */

static bool may_write(int root_fd, const char *directory, const char *file)
{
	cleanup_free char *path = xasprintf("%s/%s", directory, file);

	return faccessat(root_fd, directory, W_OK, AT_EACCESS) == 0 &&
	       faccessat(root_fd, path, W_OK, AT_EACCESS) == 0;
}

/* Those of `controllers` that a file of the group lists. */
static unsigned listed(int root_fd, const char *directory, const char *file, unsigned controllers)
{
	cleanup_free char *path = xasprintf("%s/%s", directory, file);
	cleanup_with(buf_release) struct buf text = { 0 };
	unsigned found = 0;

	if (file_read(root_fd, path, FILE_MAX, &text) < 0)
		return 0;
	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1) {
		if (controllers & bit &&
		    group_list_has(buf_string(&text), " \n", group_controller_name(bit)))
			found |= bit;
	}
	return found;
}

/* ---- the unified hierarchy ---- */

/* A group with processes in it cannot limit groups below. When all it has is this one, that goes
 * one further down. */
static bool step_aside(int root_fd, const char *own, bool enable)
{
	cleanup_free char *path = xasprintf("%s/cgroup.procs", own);
	cleanup_free char *below = xasprintf("%s/" GROUP_PREFIX "%d-self", own, (int)getpid());
	cleanup_with(buf_release) struct buf text = { 0 };
	uint64_t pid;

	if (file_read(root_fd, path, FILE_MAX, &text) < 0)
		return false;
	buf_truncate(&text, strcspn(buf_string(&text), "\n"));
	if (parse_u64(buf_string(&text), &pid) < 0 || pid != (uint64_t)getpid())
		return false;
	if (!enable)
		return true;
	return dir_make(root_fd, below, 0755) == 0 &&
	       group_write(root_fd, below, "cgroup.procs", "0") == 0;
}

/* Those of `controllers` that groups in this one have, or are given. */
static unsigned controllers_below(int root_fd, const char *directory, bool own,
				  unsigned controllers, bool enable)
{
	unsigned here = listed(root_fd, directory, "cgroup.controllers", controllers);
	unsigned below = listed(root_fd, directory, "cgroup.subtree_control", here);

	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1) {
		cleanup_free char *word = xasprintf("+%s", group_controller_name(bit));
		int r = -EBUSY;

		if (!(here & ~below & bit))
			continue;
		if (!enable)
			r = own && !step_aside(root_fd, directory, false) ? -EBUSY : 0;
		else
			r = group_write(root_fd, directory, "cgroup.subtree_control", word);
		if (r == -EBUSY && enable && own && step_aside(root_fd, directory, true))
			r = group_write(root_fd, directory, "cgroup.subtree_control", word);
		if (r == 0)
			below |= bit;
	}
	return below;
}

/*
 * Our own group, or the nearest above it: as far as it is ours to change. The one that has most.
 * Moving a process asks for the right to write in what is above both groups: that is the place.
 */
static void find_unified(int root_fd, const struct group_hierarchy *hierarchy, unsigned controllers,
			 bool enable, struct group_place *ret)
{
	cleanup_free char *directory = xstrdup(hierarchy->own);
	bool own = true;

	for (;;) {
		char *slash;
		unsigned below;

		if (!may_write(root_fd, directory, "cgroup.procs"))
			return;
		below = controllers_below(root_fd, directory, own, controllers, enable);
		if (__builtin_popcount(below) > __builtin_popcount(ret->controllers)) {
			free(ret->directory);
			*ret = (struct group_place){ .unified = true,
						     .controllers = below,
						     .directory = xstrdup(directory) };
		}
		slash = strrchr(directory, '/');
		if (ret->controllers == controllers || strcmp(directory, hierarchy->top) == 0 ||
		    !slash)
			return;
		*slash = '\0';
		own = false;
	}
}

/* ---- all of them ---- */

static void add(struct group_places *places, struct group_place *place)
{
	for (size_t i = 0; i < places->count; i++) {
		if (strcmp(places->items[i].directory, place->directory) != 0)
			continue;
		places->items[i].controllers |= place->controllers;
		free(place->directory);
		return;
	}
	places->items[places->count++] = *place;
}

static void add_words(struct buf *buf, const char *text)
{
	if (strstr(buf_string(buf), text))
		return;
	if (buf->length)
		buf_add_string(buf, "; ");
	buf_add_string(buf, text);
}

/* Of a controller that is the unified hierarchy's: why it cannot be had. */
static void explain_unified(int root_fd, const struct group_hierarchy *hierarchy,
			    unsigned controller, struct buf *why, struct buf *mend)
{
	const char *name = group_controller_name(controller);
	cleanup_free char *text = NULL;

	if (!listed(root_fd, hierarchy->top, "cgroup.controllers", controller)) {
		text = xasprintf("the kernel has no control group for %s", name);
		add_words(why, text);
		if (controller == GROUP_MEMORY)
			add_words(mend, "add cgroup_enable=memory to the kernel's command line");
	} else if (!may_write(root_fd, hierarchy->own, "cgroup.procs")) {
		add_words(why, "not in a delegated control group");
		add_words(mend, "run it as: systemd-run --user --scope -p Delegate=yes varve ...");
	} else if (listed(root_fd, hierarchy->own, "cgroup.controllers", controller)) {
		add_words(why, "other processes are in the delegated control group");
		add_words(mend, "run it as: systemd-run --user --scope -p Delegate=yes varve ...");
	} else {
		text = xasprintf("the delegated control group has no controller for %s", name);
		add_words(why, text);
		add_words(mend, "as root: systemctl edit user@.service, with the lines [Service] "
				"and Delegate=cpu cpuset io memory pids");
	}
}

static unsigned find_legacy(int root_fd, const char *own, unsigned controller,
			    struct group_places *ret, struct buf *why, struct buf *mend)
{
	struct group_place place = { .controllers = controller };

	if (!may_write(root_fd, own, "cgroup.procs")) {
		add_words(why, "control groups are those of version 1, which are root's");
		add_words(mend, "boot with systemd.unified_cgroup_hierarchy=1");
		return controller;
	}
	place.directory = xstrdup(own);
	add(ret, &place);
	return 0;
}

unsigned group_places_find(int root_fd, unsigned controllers, bool enable, struct group_places *ret,
			   struct buf *ret_why, struct buf *ret_mend)
{
	cleanup_with(group_hierarchy_release) struct group_hierarchy unified = { 0 };
	struct group_place place = { 0 };
	unsigned rest = 0, missing = 0;

	*ret = (struct group_places){ 0 };
	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1) {
		cleanup_with(group_hierarchy_release) struct group_hierarchy hierarchy = { 0 };

		if (!(controllers & bit))
			continue;
		if (group_hierarchy_find(root_fd, group_controller_name(bit), &hierarchy) == 0)
			missing |= find_legacy(root_fd, hierarchy.own, bit, ret, ret_why, ret_mend);
		else
			rest |= bit;
	}
	if (!rest)
		return missing;
	if (group_hierarchy_find(root_fd, NULL, &unified) < 0) {
		add_words(ret_why, "no control groups are mounted at /sys/fs/cgroup");
		return missing | rest;
	}
	find_unified(root_fd, &unified, rest, enable, &place);
	for (unsigned bit = 1; bit < GROUP_ALL; bit <<= 1) {
		if (rest & ~place.controllers & bit)
			explain_unified(root_fd, &unified, bit, ret_why, ret_mend);
	}
	missing |= rest & ~place.controllers;
	if (place.directory)
		add(ret, &place);
	return missing;
}

void group_places_release(struct group_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].directory);
	*places = (struct group_places){ 0 };
}
