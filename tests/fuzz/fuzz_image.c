/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of images: what can be read is written, and read as the same. */
#include <stdlib.h>

#include "builder/image/config.h"
#include "builder/image/docker_archive.h"
#include "builder/image/manifest.h"
#include "fs/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct buf *a, const struct buf *b)
{
	if (a->length != b->length || memcmp(a->data, b->data, a->length) != 0)
		abort();
}

static void check_config(const void *data, size_t size)
{
	cleanup_with(config_release) struct config config = { 0 }, again = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 }, second = { 0 };
	struct error err;

	if (config_parse(data, size, "config", &config, &err) < 0)
		return;
	config_write(&config, &text);
	if (config_parse(text.data, text.length, "config", &again, &err) < 0)
		abort();
	config_write(&again, &second);
	expect_same(&text, &second);
}

static void check_manifest(const void *data, size_t size)
{
	cleanup_with(manifest_release) struct manifest manifest = { 0 }, again = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 }, second = { 0 };
	struct error err;

	if (manifest_parse(data, size, "manifest", &manifest, &err) < 0)
		return;
	manifest_write(&manifest, &text);
	if (manifest_parse(text.data, text.length, "manifest", &again, &err) < 0)
		abort();
	manifest_write(&again, &second);
	expect_same(&text, &second);
}

static void check_index(const void *data, size_t size)
{
	cleanup_with(image_index_release) struct image_index index = { 0 }, again = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 }, second = { 0 };
	struct error err;

	if (image_index_parse(data, size, "index", &index, &err) < 0)
		return;
	image_index_write(&index, &text);
	if (image_index_parse(text.data, text.length, "index", &again, &err) < 0)
		abort();
	image_index_write(&again, &second);
	expect_same(&text, &second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(docker_manifest_release) struct docker_manifest list = { 0 };
	struct error err;

	check_config(data, size);
	check_manifest(data, size);
	check_index(data, size);
	(void)docker_manifest_parse(data, size, &list, &err);
	return 0;
}
