/* SPDX-License-Identifier: Apache-2.0 */
/* What the helper reads before it knows whom it talks to: specs, maps of ids, subordinate ids. */
#include <assert.h>
#include <string.h>

#include "builder/sandbox/idmap.h"
#include "builder/sandbox/resolv.h"
#include "builder/sandbox/spec.h"
#include "builder/sandbox/subid.h"
#include "fs/base/alloc.h"
#include "fs/base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood is written again as the same bytes. */
static void try_spec(const uint8_t *data, size_t size)
{
	struct wire wire = wire_of(data, size);
	struct buf again = { 0 }, twice = { 0 };
	struct spec spec = { 0 }, copy = { 0 };

	if (spec_decode(&wire, &spec) == 0) {
		spec_encode(&spec, &again);
		wire = wire_of(again.data, again.length);
		assert(spec_decode(&wire, &copy) == 0);
		spec_encode(&copy, &twice);
		assert(again.length == twice.length);
		assert(memcmp(again.data, twice.data, again.length) == 0);
	}
	spec_release(&spec);
	spec_release(&copy);
	buf_release(&again);
	buf_release(&twice);
}

static void try_texts(const char *text, size_t size)
{
	struct id_ranges ranges = { 0 };
	struct idmap map = { 0 };
	struct buf buf = { 0 };

	if (idmap_parse(text, &map) == 0)
		idmap_format(&map, &buf);
	subid_parse(text, size, "ann", 1001, &ranges);
	assert(subid_free(text, size, 5) >= 5);
	idmap_release(&map);
	idmap_of_user(1001, &ranges, &map);
	assert(idmap_total(&map) >= 1 && idmap_total(&map) <= IDMAP_IDS);
	(void)resolv_filter(text, size, &buf);
	buf_release(&buf);
	idmap_release(&map);
	id_ranges_release(&ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = xstrndup((const char *)data, size);

	try_spec(data, size);
	try_texts(text, strlen(text));
	return 0;
}
