/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/failures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "fs/base/wire.h"

/* The items are in the order of their numbers. */
static void remove_at(struct failures *failures, size_t index)
{
	free(failures->items[index].text);
	memmove(&failures->items[index], &failures->items[index + 1],
		(--failures->count - index) * sizeof failures->items[0]);
}

void failures_add(struct failures *failures, const char *text)
{
	size_t i = 0;

	while (i < failures->count && strcmp(failures->items[i].text, text) != 0)
		i++;
	if (i < failures->count)
		remove_at(failures, i);
	else if (failures->count == FAILURES_MAX)
		remove_at(failures, 0);
	failures->items[failures->count++] =
		(struct failure){ .text = xstrdup(text), .number = ++failures->last };
}

void failures_release(struct failures *failures)
{
	for (size_t i = 0; i < failures->count; i++)
		free(failures->items[i].text);
	*failures = (struct failures){ 0 };
}

void failures_encode(const struct failures *failures, uint64_t since, struct buf *ret)
{
	size_t first = 0;

	while (first < failures->count && failures->items[first].number <= since)
		first++;
	wire_put_u64(ret, failures->last);
	wire_put_u32(ret, (uint32_t)(failures->count - first));
	for (size_t i = first; i < failures->count; i++)
		wire_put_string(ret, failures->items[i].text);
}

int failures_decode(struct wire *wire, uint64_t *ret_last, struct strings *ret)
{
	uint64_t last = wire_u64(wire);
	uint32_t count = wire_u32(wire);

	if (wire->bad || count > FAILURES_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < count; i++) {
		char *text = wire_string(wire);

		if (!text)
			return -EPROTO;
		strings_take(ret, text);
	}
	*ret_last = last;
	return 0;
}
