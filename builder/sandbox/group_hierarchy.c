/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/group_hierarchy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"

#define FILE_MAX ((size_t)1 << 20)

bool group_list_has(const char *list, const char *separators, const char *word)
{
	size_t length = strlen(word);

	for (;;) {
		size_t n;

		list += strspn(list, separators);
		n = strcspn(list, separators);
		if (n == 0)
			return false;
		if (n == length && memcmp(list, word, n) == 0)
			return true;
		list += n;
	}
}

int group_write(int root_fd, const char *directory, const char *file, const char *value)
{
	cleanup_free char *path = xasprintf("%s/%s", directory, file);
	cleanup_fd int fd = openat(root_fd, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_all(fd, value, strlen(value));
}

/* The next piece of a line, ended with a NUL; NULL: none. */
static char *take_word(char **at, char separator)
{
	char *word = *at, *end;

	if (!word)
		return NULL;
	end = strchr(word, separator);
	if (end)
		*end++ = '\0';
	*at = end;
	return word;
}

/* Lines are "4:memory:/a/b", of the unified hierarchy "0::/a/b". The path, which points into
 * `text`; NULL: none. */
static char *find_path(char *text, const char *controller)
{
	char *line;

	while ((line = take_word(&text, '\n'))) {
		char *number = take_word(&line, ':'), *names = take_word(&line, ':');

		if (!names || !line)
			continue;
		if (controller ? group_list_has(names, ",", controller)
			       : strcmp(number, "0") == 0 && !*names)
			return line;
	}
	return NULL;
}

struct mount {
	const char *root, *point;
};

/* "11:32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:1 - cgroup cgroup rw,cpu" */
static bool find_mount(char *text, const char *controller, struct mount *ret)
{
	char *line;

	while ((line = take_word(&text, '\n'))) {
		char *type = strstr(line, " - "), *words[5], *kind, *options;
		size_t n = 0;

		if (!type)
			continue;
		*type = '\0';
		type += strlen(" - ");
		kind = take_word(&type, ' ');
		(void)take_word(&type, ' ');
		options = type;
		while (n < 5 && (words[n] = take_word(&line, ' ')))
			n++;
		if (n < 5 || !options)
			continue;
		if (controller ? strcmp(kind, "cgroup") != 0 ||
					 !group_list_has(options, ",", controller)
			       : strcmp(kind, "cgroup2") != 0)
			continue;
		*ret = (struct mount){ .root = words[3], .point = words[4] };
		return true;
	}
	return false;
}

int group_hierarchy_find(int root_fd, const char *controller, struct group_hierarchy *ret)
{
	cleanup_with(buf_release) struct buf groups = { 0 }, mounts = { 0 };
	cleanup_free char *clean = NULL;
	const char *path, *below;
	struct mount mount;

	if (file_read(root_fd, "proc/self/cgroup", FILE_MAX, &groups) < 0 || !groups.length ||
	    file_read(root_fd, "proc/self/mountinfo", FILE_MAX, &mounts) < 0 || !mounts.length)
		return -ENOENT;
	path = find_path(groups.data, controller);
	/* A group that is outside of our namespace is called "/../x". */
	if (!path || path[0] != '/' || strncmp(path, "/..", 3) == 0 ||
	    !find_mount(mounts.data, controller, &mount) || mount.point[0] != '/')
		return -ENOENT;
	clean = path_clean(path);
	if (!path_is_below(clean, mount.root))
		return -ENOENT;
	below = clean + (strcmp(mount.root, "/") == 0 ? 0 : strlen(mount.root));
	ret->top = xstrdup(mount.point + 1);
	ret->own = strcmp(below, "/") == 0 || !*below ? xstrdup(ret->top)
						      : xasprintf("%s%s", ret->top, below);
	return 0;
}

void group_hierarchy_release(struct group_hierarchy *hierarchy)
{
	free(hierarchy->top);
	free(hierarchy->own);
	*hierarchy = (struct group_hierarchy){ 0 };
}
