/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/links.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/path.h"

static const char magic[4] = { 'O', 'S', 'L', 'K' };

uint64_t links_id_of(const char *first_path)
{
	uint8_t digest[DIGEST_SIZE];

	digest_bytes(first_path, strlen(first_path), digest);
	return get_le64(digest);
}

/* Groups are kept ascending by id: index of the first that is not below. */
static size_t position(const struct links *links, uint64_t id)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->groups[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct link_group *links_find(const struct links *links, uint64_t id)
{
	size_t i = position(links, id);

	return i < links->count && links->groups[i].id == id ? &links->groups[i] : NULL;
}

void links_add(struct links *links, uint64_t id, const char *path)
{
	size_t i = position(links, id);

	if (i == links->count || links->groups[i].id != id) {
		array_reserve_one(links->groups, links->count, links->capacity);
		memmove(&links->groups[i + 1], &links->groups[i],
			(links->count - i) * sizeof *links->groups);
		links->groups[i] = (struct link_group){ .id = id };
		links->count++;
	}
	strings_add(&links->groups[i].paths, path);
}

void links_remove(struct links *links, uint64_t id)
{
	struct link_group *group = links_find(links, id);
	size_t i;

	if (!group)
		return;
	i = (size_t)(group - links->groups);
	strings_release(&group->paths);
	links->count--;
	memmove(group, group + 1, (links->count - i) * sizeof *group);
}

void links_release(struct links *links)
{
	for (size_t i = 0; i < links->count; i++)
		strings_release(&links->groups[i].paths);
	free(links->groups);
	*links = (struct links){ 0 };
}

void links_encode(struct links *links, struct buf *ret)
{
	buf_append(ret, magic, sizeof magic);
	buf_add_le32(ret, (uint32_t)links->count);
	for (size_t i = 0; i < links->count; i++) {
		struct link_group *group = &links->groups[i];

		strings_sort(&group->paths);
		buf_add_le64(ret, group->id);
		buf_add_le32(ret, (uint32_t)group->paths.count);
		for (size_t j = 0; j < group->paths.count; j++) {
			buf_add_le16(ret, (uint16_t)strlen(group->paths.items[j]));
			buf_add_string(ret, group->paths.items[j]);
		}
	}
}

/* A relative path of good names. */
static bool path_valid(const char *path)
{
	const char *at = path, *name;
	size_t length;

	if (!*path || *path == '/')
		return false;
	while (path_next(&at, &name, &length)) {
		if (!path_name_valid(name, length))
			return false;
	}
	return !strstr(path, "//") && path[strlen(path) - 1] != '/';
}

/* One path at `*at`, which moves behind it. */
static bool take_path(const uint8_t **at, const uint8_t *end, uint64_t id, struct links *links,
		      char **last)
{
	cleanup_free char *path = NULL;
	size_t length;

	if (end - *at < 2)
		return false;
	length = get_le16(*at);
	*at += 2;
	if ((size_t)(end - *at) < length || memchr(*at, '\0', length))
		return false;
	path = xstrndup((const char *)*at, length);
	*at += length;
	if (!path_valid(path) || (*last && strcmp(*last, path) >= 0))
		return false;
	links_add(links, id, path);
	free(*last);
	*last = take_ptr(&path);
	return true;
}

static bool take_group(const uint8_t **at, const uint8_t *end, struct links *links)
{
	cleanup_free char *last = NULL;
	uint32_t paths;
	uint64_t id;

	if (end - *at < 12)
		return false;
	id = get_le64(*at);
	paths = get_le32(*at + 8);
	*at += 12;
	if (paths < 2 || (links->count && links->groups[links->count - 1].id >= id))
		return false;
	for (uint32_t i = 0; i < paths; i++) {
		if (!take_path(at, end, id, links, &last))
			return false;
	}
	return true;
}

int links_decode(const void *data, size_t size, struct links *ret, struct error *err)
{
	cleanup_with(links_release) struct links links = { 0 };
	const uint8_t *at = data, *end = at + size;
	uint32_t count;

	if (size < 8 || memcmp(at, magic, sizeof magic) != 0)
		return error_set(err, -EBADMSG, "damaged list of hard links");
	count = get_le32(at + 4);
	at += 8;
	for (uint32_t i = 0; i < count; i++) {
		if (!take_group(&at, end, &links))
			return error_set(err, -EBADMSG, "damaged group of hard links");
	}
	if (at != end)
		return error_set(err, -EBADMSG, "bytes behind the last group of hard links");
	*ret = links;
	links = (struct links){ 0 };
	return 0;
}
