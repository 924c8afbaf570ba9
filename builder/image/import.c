/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/import.h"

#include <errno.h>

#include "builder/image/image_store.h"
#include "builder/image/import_internal.h"
#include "builder/image/layer_import.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define NS_PER_S 1000000000LL

/* The configuration of an image that has this one layer. */
static void make_config(const struct image_import *import, const struct object_id *diff_id,
			struct config *ret)
{
	struct platform host = platform_host();
	struct config_history *record;

	if (import->config)
		config_copy(ret, import->config);
	else
		config_init_scratch(ret, &host);
	if (diff_id)
		config_add_diff_id(ret, diff_id);
	record = config_add_history(ret);
	record->comment = import->comment ? xstrdup(import->comment) : NULL;
	if (import->created_s < 0)
		return;
	record->created = config_time(import->created_s * NS_PER_S);
	config_set_string(&ret->created, record->created);
}

int import_finish(const struct image_import *import, const struct object_id *layer,
		  const struct object_id *diff_id, struct object_id *ret, struct error *err)
{
	cleanup_with(config_release) struct config config = { 0 };
	int64_t created_s = import->created_s < 0 ? 0 : import->created_s;

	make_config(import, diff_id, &config);
	return image_make(import->store, import->lease, layer, &config, created_s, ret, err);
}

int image_import_tar(const struct image_import *import, struct byte_source *tar,
		     struct object_id *ret, struct error *err)
{
	const struct layer_import one = { .store = import->store,
					  .lease = import->lease,
					  .progress = import->progress,
					  .what = "the archive" };
	struct imported_layer layer;
	int r = layer_import(&one, tar, &layer, err);

	return r < 0 ? r : import_finish(import, &layer.snapshot, &layer.diff_id, ret, err);
}
