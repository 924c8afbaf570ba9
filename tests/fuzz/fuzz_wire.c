/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between processes, the specification of a step among them, and /etc/subuid. */
#include <stdint.h>
#include <stdlib.h>

#include "builder/sandbox/spec.h"
#include "builder/sandbox/subid.h"
#include "fs/base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_spec(const uint8_t *data, size_t size)
{
	struct wire wire = wire_of(data, size);
	struct buf first = { 0 }, second = { 0 };
	struct spec spec = { 0 }, again = { 0 };

	if (spec_decode(&wire, &spec) == 0) {
		spec_encode(&spec, &first);
		wire = wire_of(first.data, first.length);
		if (spec_decode(&wire, &again) < 0)
			abort();
		spec_encode(&again, &second);
		if (first.length != second.length ||
		    memcmp(first.data, second.data, first.length) != 0)
			abort();
	}
	spec_release(&spec);
	spec_release(&again);
	buf_release(&first);
	buf_release(&second);
}

/* Values of all kinds, in an order that the first of them choose. */
static void fuzz_values(const uint8_t *data, size_t size)
{
	struct wire wire = wire_of(data, size);
	struct strings list = { 0 };
	uint8_t fixed[32];
	uint64_t sum = 0;
	size_t length;

	while (!wire.bad && wire.left > 0) {
		const uint8_t *bytes;

		switch (wire_u32(&wire) % 5) {
		case 0:
			sum += wire_u64(&wire);
			break;
		case 1:
			bytes = wire_bytes(&wire, &length);
			if (length > 0)
				sum += bytes[length - 1];
			break;
		case 2:
			free(wire_string(&wire));
			break;
		case 3:
			wire_strings(&wire, &list);
			break;
		default:
			wire_fixed(&wire, fixed, sizeof fixed);
			sum += fixed[31];
		}
	}
	(void)sum;
	if ((wire_end(&wire) == 0) != (!wire.bad && wire.left == 0))
		abort();
	strings_release(&list);
}

static void fuzz_subid(const uint8_t *data, size_t size)
{
	struct id_ranges ranges = { 0 };

	subid_parse((const char *)data, size, "tester", 1001, &ranges);
	for (size_t i = 0; i < ranges.count; i++) {
		if (ranges.items[i].count == 0 ||
		    ranges.items[i].count > UINT32_MAX - ranges.items[i].start)
			abort();
	}
	id_ranges_release(&ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 's')
		fuzz_spec(data + 1, size - 1);
	else if (data[0] == 'v')
		fuzz_values(data + 1, size - 1);
	else if (data[0] == 'i')
		fuzz_subid(data + 1, size - 1);
	return 0;
}
