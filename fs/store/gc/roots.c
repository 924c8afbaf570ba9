/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/roots.h"

#include "fs/base/alloc.h"
#include "fs/store/lease.h"
#include "fs/store/ref_file.h"
#include "fs/store/step_file.h"
#include "fs/store/step_index.h"
#include "fs/store/store_internal.h"

static struct root *add(struct root_list *list, enum root_type type, const struct object_id *id)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count] = (struct root){ .type = type, .id = *id };
	return &list->items[list->count++];
}

static int add_refs(struct store *store, struct root_list *ret, struct strings *problems,
		    struct error *err)
{
	struct ref_list refs = { 0 };
	int r = ref_read_all(store, &refs, problems, err);

	for (size_t i = 0; i < refs.count && r == 0; i++)
		add(ret, ROOT_REF, &refs.items[i].id)->name = take_ptr(&refs.items[i].name);
	ret->ref_count = refs.count;
	ref_list_release(&refs);
	return r;
}

static int add_steps(struct store *store, struct root_list *ret, struct strings *problems,
		     struct error *err)
{
	struct step_list steps = { 0 };
	int r = step_files_read(store->dir_fd, &steps, problems, err);

	step_list_settle(&steps);
	for (size_t i = 0; i < steps.count && r == 0; i++)
		add(ret, ROOT_STEP, &steps.items[i].snapshot)->step = steps.items[i];
	ret->step_count = steps.count;
	step_list_release(&steps);
	return r;
}

static int add_leases(struct store *store, struct root_list *ret, struct error *err)
{
	struct id_list ids = { 0 };
	int r = lease_read_all(store, &ids, err);

	for (size_t i = 0; i < ids.count && r == 0; i++)
		add(ret, ROOT_LEASE, &ids.items[i]);
	id_list_release(&ids);
	return r;
}

int roots_read(struct store *store, struct root_list *ret, struct strings *problems,
	       struct error *err)
{
	/* Leases last: what was a ref or a step a moment ago is held before it goes. */
	int r = add_refs(store, ret, problems, err);

	if (r == 0)
		r = add_steps(store, ret, problems, err);
	if (r == 0)
		r = add_leases(store, ret, err);
	return r;
}

void root_list_release(struct root_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct root_list){ 0 };
}

char *root_describe(const struct root *root)
{
	switch (root->type) {
	case ROOT_REF:
		return xasprintf("the ref '%s'", root->name);
	case ROOT_STEP:
		return xasprintf("the step %.12s", object_id_hex(&root->step.key).text);
	case ROOT_LEASE:
	default:
		return xstrdup("a running process");
	}
}
