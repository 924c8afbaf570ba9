/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a state as an ordinary archive. */
#include <errno.h>

#include "builder/export/export_internal.h"
#include "builder/image/layer/chain.h"
#include "builder/image/layer_write.h"

static int write_tree(const struct export *export, size_t index, struct byte_sink *sink,
		      struct error *err)
{
	cleanup_free char *prefix = export_platform_dir(export, index);
	struct snapshot_record record;
	struct layer_write write = { .store = export->store,
				     .before = tree_root_empty(),
				     .plain = true,
				     .prefix = prefix,
				     .more = index + 1 < export->count,
				     .has_epoch = export->has_epoch,
				     .epoch_s = export->epoch_s,
				     .progress = export->progress,
				     .what = "writing the archive" };
	int r = snapshot_read(export->store, &export->images[index].snapshot, &record, err);

	if (r < 0)
		return r;
	write.after = record.root;
	return layer_write(&write, sink, err);
}

int export_to_archive(const struct export *export, struct error *err)
{
	cleanup_with(out_file_release) struct out_file file = { .fd = -1 };
	const char *dest = export->output->dest;
	struct guard_sink guard;
	struct file_sink sink;
	int r = out_file_open(dest, &file, err);

	if (r < 0)
		return r;
	file_sink_init(&sink, file.fd, dest ? dest : "standard output");
	guard_sink_init(&guard, &sink.base, export->progress);
	for (size_t i = 0; i < export->count && r == 0; i++)
		r = write_tree(export, i, &guard.base, err);
	return r < 0 ? r : out_file_keep(&file, err);
}
