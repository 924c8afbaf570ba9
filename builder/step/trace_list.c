/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/trace_list.h"

#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

#define VERSION 1
/* One for each mount, of which no step has so many. */
#define TRACES_MAX 4096

void trace_list_begin(struct buf *ret, size_t count)
{
	wire_put_u32(ret, VERSION);
	wire_put_u32(ret, (uint32_t)count);
}

void trace_list_add(struct buf *ret, const struct buf *trace)
{
	wire_put_bytes(ret, buf_string(trace), trace->length);
}

int trace_list_decode(const void *data, size_t size, struct trace_list *ret, struct error *err)
{
	cleanup_with(trace_list_release) struct trace_list list = { 0 };
	struct wire wire = wire_of(data, size);
	uint32_t version = wire_u32(&wire), count = wire_u32(&wire);

	if (wire.bad || version != VERSION || count == 0 || count > TRACES_MAX)
		return error_set(err, -EBADMSG, "damaged traces, or of an unknown version");
	for (uint32_t i = 0; i < count; i++) {
		size_t length;
		const void *bytes = wire_bytes(&wire, &length);
		int r = wire.bad ? -EBADMSG : 0;

		array_reserve_one(list.items, list.count, list.capacity);
		list.items[list.count++] = (struct trace){ 0 };
		if (r == 0)
			r = trace_decode(bytes, length, &list.items[i], err);
		if (r < 0)
			return wire.bad ? error_set(err, r, "damaged traces") : r;
	}
	if (wire_end(&wire) < 0)
		return error_set(err, -EBADMSG, "bytes behind the last trace");
	*ret = list;
	list = (struct trace_list){ 0 };
	return 0;
}

void trace_list_release(struct trace_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		trace_release(&list->items[i]);
	free(list->items);
	*list = (struct trace_list){ 0 };
}
