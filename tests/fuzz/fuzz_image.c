/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of images: what is read, written and read again is written the same. The first byte
 * says which document it is.
 */
#include <stdint.h>
#include <stdlib.h>

#include "builder/image/config.h"
#include "builder/image/manifest.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct buf *first, const struct buf *second)
{
	if (first->length != second->length ||
	    memcmp(buf_string(first), buf_string(second), first->length) != 0)
		abort();
}

static void fuzz_config(const uint8_t *data, size_t size, struct buf *first, struct buf *second)
{
	struct config config = { 0 }, again = { 0 };
	struct error err = { 0 };

	if (config_parse(data, size, "config", &config, &err) == 0) {
		config_write(&config, first);
		if (config_parse(first->data, first->length, "again", &again, &err) < 0)
			abort();
		config_write(&again, second);
		check_same(first, second);
		(void)config_history_layers(&config);
	}
	config_release(&config);
	config_release(&again);
}

static void fuzz_manifest(const uint8_t *data, size_t size, struct buf *first, struct buf *second)
{
	struct manifest manifest = { 0 }, again = { 0 };
	struct error err = { 0 };

	if (manifest_parse(data, size, "manifest", &manifest, &err) == 0) {
		manifest_write(&manifest, first);
		if (manifest_parse(first->data, first->length, "again", &again, &err) < 0)
			abort();
		manifest_write(&again, second);
		check_same(first, second);
	}
	manifest_release(&manifest);
	manifest_release(&again);
}

static void fuzz_index(const uint8_t *data, size_t size, struct buf *first, struct buf *second)
{
	const struct platform host = platform_host();
	struct image_index index = { 0 }, again = { 0 };
	struct error err = { 0 };

	if (image_index_parse(data, size, "index", &index, &err) == 0) {
		free(image_index_platforms(&index));
		(void)image_index_choose(&index, &host);
		image_index_write(&index, first);
		if (image_index_parse(first->data, first->length, "again", &again, &err) < 0)
			abort();
		image_index_write(&again, second);
		check_same(first, second);
	}
	image_index_release(&index);
	image_index_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = { 0 }, second = { 0 };

	if (size == 0)
		return 0;
	if (data[0] == 'c')
		fuzz_config(data + 1, size - 1, &first, &second);
	else if (data[0] == 'm')
		fuzz_manifest(data + 1, size - 1, &first, &second);
	else if (data[0] == 'i')
		fuzz_index(data + 1, size - 1, &first, &second);
	buf_release(&first);
	buf_release(&second);
	return 0;
}
