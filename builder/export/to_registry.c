/* SPDX-License-Identifier: Apache-2.0 */
/* Images to registries, under all names. */
#include <errno.h>

#include "builder/export/export_internal.h"
#include "builder/image/layout.h"
#include "builder/registry/push.h"
#include "builder/registry/registry.h"
#include "fs/base/error.h"

int export_to_registry(const struct export *export, struct export_result *result, struct error *err)
{
	cleanup_with(assembled_release) struct assembled assembled = { 0 };
	const struct output *output = export->output;
	struct layout_image image = { 0 };
	struct registry_push push = { .registries = export->registries,
				      .image = &image,
				      .by_digest = output->by_digest,
				      .flags = output->insecure ? REPOSITORY_INSECURE : 0,
				      .progress = export->progress };
	int r;

	if (!export->registries)
		return error_set(err, -EOPNOTSUPP, "registries are not spoken to from here");
	r = export_assemble(export, result, &assembled, err);
	if (r < 0)
		return r;
	image.images = assembled.images;
	image.count = assembled.count;
	image.descriptor = &assembled.descriptor;
	image.index = assembled.has_index ? &assembled.index : NULL;
	for (size_t i = 0; i < result->names.count && r == 0; i++) {
		push.name = result->names.items[i];
		r = registry_push(&push, err);
	}
	return r;
}
