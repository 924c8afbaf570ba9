/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/order.h"

#include <stdlib.h>

#include "fs/base/alloc.h"

int pack_place_compare(const struct pack_object *a, const struct pack_object *b)
{
	if (a->frame != b->frame)
		return a->frame < b->frame ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	/* One of no length comes before what begins at the same place. */
	return a->length < b->length ? -1 : a->length > b->length;
}

static int compare(const void *a, const void *b)
{
	return pack_place_compare(&((const struct pack_placed *)a)->entry.object,
				  &((const struct pack_placed *)b)->entry.object);
}

bool pack_order(const struct pack_index *index, struct pack_placed **ret, size_t *ret_count)
{
	struct pack_placed *list = xcalloc(index->object_count, sizeof *list);
	size_t count = 0;

	for (uint32_t i = 0; i < index->object_count; i++) {
		if (!pack_index_object(index, i, &list[count].entry.object))
			continue;
		list[count].entry.id = pack_index_id(index, i);
		list[count++].position = i;
	}
	if (count > 1)
		qsort(list, count, sizeof *list, compare);
	*ret = list;
	*ret_count = count;
	return count == index->object_count;
}
