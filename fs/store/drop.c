/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/drop.h"

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/store/gc/marker.h"
#include "fs/store/gc/roots.h"
#include "fs/store/ref_file.h"
#include "fs/store/step_log.h"
#include "fs/store/store_internal.h"

static const char *consequence(const struct root *root)
{
	switch (root->type) {
	case ROOT_REF:
		return ref_is_durable(root->name) ? "it has to be built or pulled again"
						  : "it counts as not cached";
	case ROOT_STEP:
		return "it will be carried out again";
	case ROOT_LEASE:
	default:
		return "its build may fail";
	}
}

/* Everything that something is lost below. */
static int find_broken(struct marker *marker, const struct root_list *roots, struct root_list *ret,
		       struct strings *problems, struct error *err)
{
	for (size_t i = 0; i < roots->count; i++) {
		const struct root *root = &roots->items[i];
		cleanup_free char *name = NULL;
		const char *lost;
		int r = marker_mark(marker, &root->id, &lost, err);

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		name = root_describe(root);
		strings_add_format(problems, "%s needs what is lost: %s; %s", name, lost,
				   consequence(root));
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count] = *root;
		ret->items[ret->count].name = root->name ? xstrdup(root->name) : NULL;
		ret->count++;
	}
	return 0;
}

static bool is_one_of(void *context, const struct step_record *record)
{
	return id_set_contains(context, &record->snapshot);
}

static int drop_broken(struct store *store, const struct root_list *broken, struct error *err)
{
	struct id_set snapshots = { 0 };
	int r = 0;

	for (size_t i = 0; i < broken->count && r >= 0; i++) {
		const struct root *root = &broken->items[i];

		if (root->type == ROOT_REF)
			r = store_ref_delete(store, root->name, err);
		else if (root->type == ROOT_STEP)
			(void)id_set_add(&snapshots, &root->id);
	}
	if (r >= 0)
		r = step_log_merge(store, is_one_of, &snapshots, err);
	id_set_release(&snapshots);
	return r < 0 ? r : 0;
}

int roots_check(struct store *store, struct marker *marker, bool drop, struct strings *problems,
		struct error *err)
{
	cleanup_with(root_list_release) struct root_list roots = { 0 };
	cleanup_with(root_list_release) struct root_list broken = { 0 };
	size_t before = problems->count;
	int r = roots_read(store, &roots, problems, err);

	if (r == 0)
		r = find_broken(marker, &roots, &broken, problems, err);
	if (r < 0 || !drop || problems->count == before)
		return r;
	r = ref_drop_damaged(store, err);
	return r < 0 ? r : drop_broken(store, &broken, err);
}
