/* SPDX-License-Identifier: Apache-2.0 */
/* Images to registries, under all names. */
#include <errno.h>

#include "builder/export/export_internal.h"
#include "builder/export/originals.h"
#include "builder/image/layout.h"
#include "builder/image/reference.h"
#include "builder/registry/push.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* To all names, with the same digest. */
static int push_all(const struct export *export, struct originals *originals,
		    const struct assembled *assembled, const struct strings *names,
		    struct error *err)
{
	const struct output *output = export->output;
	struct layout_image image = { 0 };
	struct registry_push push = { .registries = export->registries,
				      .image = &image,
				      .blobs = originals_push_blobs(originals),
				      .by_digest = output->by_digest,
				      .flags = output->insecure ? REPOSITORY_INSECURE : 0,
				      .progress = export->progress };

	assembled_set(assembled, &image);
	for (size_t i = 0; i < names->count; i++) {
		cleanup_with(reference_release) struct reference name = { 0 };
		cleanup_free char *place = NULL;
		int r;

		push.name = names->items[i];
		r = registry_push(&push, err);
		if (r == 0)
			r = reference_parse(push.name, &name, err);
		if (r < 0)
			return r;
		place = xasprintf("%s/%s", name.domain, name.path);
		originals_note_place(originals, &image, place);
	}
	return 0;
}

int export_to_registry(const struct export *export, struct export_result *result, struct error *err)
{
	cleanup_with(originals_close) struct originals *originals = NULL;
	int r;

	if (!export->registries)
		return error_set(err, -EOPNOTSUPP, "registries are not spoken to from here");
	r = originals_open(export, &originals, err);
	while (r == 0) {
		cleanup_with(assembled_release) struct assembled assembled = { 0 };

		r = export_assemble(export, originals, result, &assembled, err);
		if (r == 0)
			r = push_all(export, originals, &assembled, &result->names, err);
		if (r == 0)
			break;
		if (r == -ENODATA && originals_are_lost(originals, result))
			r = 0;
	}
	return r;
}
