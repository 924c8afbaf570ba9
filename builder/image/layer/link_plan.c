/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/link_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/object/links.h"
#include "fs/store/store.h"
#include "fs/tree/diff.h"

#define LINKS_OBJECT_MAX ((size_t)256 << 20)

int walk_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	/* What is in a directory comes before what follows it. */
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static void add_member(struct link_member **list, size_t *count, size_t *capacity, uint64_t id,
		       const char *path)
{
	array_reserve_one(*list, *count, *capacity);
	(*list)[(*count)++] = (struct link_member){ .id = id, .path = xstrdup(path) };
}

static int by_id_and_path(const void *a, const void *b)
{
	const struct link_member *left = a, *right = b;

	if (left->id != right->id)
		return left->id < right->id ? -1 : 1;
	return strcmp(left->path, right->path);
}

static int by_walk(const void *a, const void *b)
{
	const struct link_member *left = a, *right = b;

	return walk_order(left->path, right->path);
}

static int by_group(const void *a, const void *b)
{
	const struct planned_group *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

/* Groups are met in no order; they are sorted, and all but one of each dropped, afterwards. */
static void add_group(struct link_plan *plan, const struct dir_entry *entry)
{
	struct planned_group *group;

	array_reserve_one(plan->groups, plan->group_count, plan->group_capacity);
	group = &plan->groups[plan->group_count++];
	*group = (struct planned_group){ .id = entry->link_id, .entry = *entry };
	group->entry.name = NULL;
	group->entry.inline_data = NULL;
	if (!entry->inline_data || !entry->size ||
	    (entry->type != DIR_ENTRY_SYMLINK && !(entry->flags & DIR_ENTRY_INLINE)))
		return;
	group->inline_data = xmemdup(entry->inline_data, entry->size);
	group->entry.inline_data = group->inline_data;
}

static void group_release(struct planned_group *group)
{
	free(group->inline_data);
	free(group->first);
}

static void settle_groups(struct link_plan *plan)
{
	size_t kept = 0;

	if (plan->group_count)
		qsort(plan->groups, plan->group_count, sizeof *plan->groups, by_group);
	for (size_t i = 0; i < plan->group_count; i++) {
		if (kept && plan->groups[kept - 1].id == plan->groups[i].id)
			group_release(&plan->groups[i]);
		else
			plan->groups[kept++] = plan->groups[i];
	}
	plan->group_count = kept;
}

/* Every name in the difference that is one of several. */
static int find_members(struct store *store, const struct tree_root *before,
			const struct tree_root *after, struct link_plan *plan, struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_change change;
	int r;

	tree_diff_begin(&diff, store, before, after);
	while ((r = tree_diff_next(&diff, &change, err)) > 0) {
		if (change.kind == TREE_DELETED || !(change.after.flags & DIR_ENTRY_HARDLINK) ||
		    change.after.type == DIR_ENTRY_SOCKET)
			continue;
		add_member(&plan->members, &plan->member_count, &plan->member_capacity,
			   change.after.link_id, change.path);
		add_group(plan, &change.after);
	}
	return r;
}

/* Names of the groups of this layer that did not change themselves. */
static int find_extras(struct store *store, const struct tree_root *after, struct link_plan *plan,
		       struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_with(links_release) struct links links = { 0 };
	int r = store_read(store, &after->links, OBJECT_LINKS, LINKS_OBJECT_MAX, &bytes, err);

	if (r == 0)
		r = links_decode(bytes.data, bytes.length, &links, err);
	for (size_t i = 0; i < plan->group_count && r == 0; i++) {
		const struct link_group *group = links_find(&links, plan->groups[i].id);

		if (!group)
			return error_set(err, -EBADMSG, "object %s lacks a group of hard links",
					 object_id_hex(&after->links).text);
		for (size_t j = 0; j < group->paths.count; j++) {
			struct link_member key = { .id = group->id, .path = group->paths.items[j] };

			if (bsearch(&key, plan->members, plan->member_count, sizeof key,
				    by_id_and_path))
				continue;
			add_member(&plan->extras, &plan->extra_count, &plan->extra_capacity, key.id,
				   key.path);
		}
	}
	if (plan->extra_count)
		qsort(plan->extras, plan->extra_count, sizeof *plan->extras, by_walk);
	return r;
}

int link_plan_make(struct store *store, const struct tree_root *before,
		   const struct tree_root *after, struct link_plan *ret, struct error *err)
{
	struct link_plan plan = { 0 };
	int r;

	if (object_id_is_zero(&after->links)) {
		*ret = plan;
		return 0;
	}
	r = find_members(store, before, after, &plan, err);
	if (r == 0 && plan.member_count) {
		settle_groups(&plan);
		qsort(plan.members, plan.member_count, sizeof *plan.members, by_id_and_path);
		r = find_extras(store, after, &plan, err);
	}
	if (r < 0) {
		link_plan_release(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

struct planned_group *link_plan_find(const struct link_plan *plan, uint64_t id)
{
	struct planned_group key = { .id = id };

	if (!plan->group_count)
		return NULL;
	return bsearch(&key, plan->groups, plan->group_count, sizeof key, by_group);
}

void link_plan_release(struct link_plan *plan)
{
	for (size_t i = 0; i < plan->group_count; i++)
		group_release(&plan->groups[i]);
	for (size_t i = 0; i < plan->member_count; i++)
		free(plan->members[i].path);
	for (size_t i = 0; i < plan->extra_count; i++)
		free(plan->extras[i].path);
	free(plan->groups);
	free(plan->members);
	free(plan->extras);
	*plan = (struct link_plan){ 0 };
}
