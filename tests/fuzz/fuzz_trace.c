/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces: the check sum is put right first, so that what comes behind it is reached; what decodes
 * encodes to the same bytes, and every path in it comes to an end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/hash.h"
#include "fs/object/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(trace_release) struct trace trace = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 }, again = { 0 };

	(void)trace_decode(data, size, &trace, NULL);
	trace_release(&trace);
	if (size < 4)
		return 0;
	buf_append(&bytes, data, size);
	put_le32(bytes.data + size - 4, crc32c(0, bytes.data, size - 4));
	if (trace_decode(bytes.data, bytes.length, &trace, NULL) < 0)
		return 0;
	trace_encode(&trace, &again);
	if (again.length != bytes.length || memcmp(again.data, bytes.data, again.length) != 0)
		abort();
	for (uint32_t i = 0; i < trace.count; i++) {
		cleanup_free char *path = trace_path(&trace, i);

		if (strlen(path) > size)
			abort();
	}
	return 0;
}
