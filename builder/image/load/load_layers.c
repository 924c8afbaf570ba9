/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "builder/image/layer/chain.h"
#include "builder/image/layer_import.h"
#include "builder/image/load.h"
#include "builder/image/load/load_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

struct loading {
	const struct load_layers *layers;
	struct object_id *chains; /* the names of the chain up to each layer */
};

/* The highest layer up to which everything is in the store: how many that are. */
static int find_known(struct loading *loading, struct object_id *ret_snapshot, size_t *ret,
		      struct error *err)
{
	const struct image_load *load = loading->layers->load;

	for (size_t i = loading->layers->count; i > 0; i--) {
		int r = chain_find(load->store, load->lease, &loading->chains[i - 1], ret_snapshot,
				   err);

		if (r < 0)
			return r;
		if (r > 0) {
			*ret = i;
			return 0;
		}
	}
	*ret = 0;
	return 0;
}

/* Those of a docker archive are files of any name. */
static int find_layer(struct loading *loading, size_t index, struct load_file *ret,
		      struct error *err)
{
	const struct load_layers *layers = loading->layers;
	int r;

	if (layers->manifest->layer_count)
		return load_files_find_blob(layers->files, &layers->manifest->layers[index], ret,
					    err);
	r = load_files_find(layers->files, layers->names[index], ret, err);
	if (r == 0)
		return error_set(err, -ENOENT, "'%s' is missing", layers->names[index]);
	return r < 0 ? r : 0;
}

static int load_layer(struct loading *loading, size_t index, struct object_id *snapshot,
		      struct error *err)
{
	const struct load_layers *layers = loading->layers;
	struct layer_import import = { .store = layers->load->store,
				       .lease = layers->load->lease,
				       .parent = *snapshot,
				       .diff_id = &layers->config->diff_ids[index],
				       .progress = layers->load->progress };
	struct imported_layer layer;
	struct file_source source;
	struct load_file file;
	char what[64], shown[DIGEST_TEXT_SIZE + 16];
	int r = find_layer(loading, index, &file, err);

	if (r < 0)
		return r;
	snprintf(what, sizeof what, "layer %zu/%zu", index + 1, layers->config->diff_id_count);
	import.what = what;
	if (index > 0)
		import.parent_chain = loading->chains[index - 1];
	if (layers->manifest->layer_count) {
		import.received = &layers->manifest->layers[index];
		snprintf(shown, sizeof shown, "extracting %s",
			 digest_text(&import.received->digest).text);
		import.shown = shown;
	}
	file_source_init(&source, file.fd, file.offset, file.size);
	r = layer_import(&import, &source.base, &layer, err);
	close(file.fd);
	if (r == 0)
		*snapshot = layer.snapshot;
	return r;
}

int load_layers(const struct load_layers *layers, struct object_id *ret, struct error *err)
{
	cleanup_free struct object_id *chains = xcalloc(layers->count + 1, sizeof *chains);
	struct loading loading = { .layers = layers, .chains = chains };
	struct object_id snapshot = { 0 }, chain = { 0 };
	size_t at;
	int r;

	for (size_t i = 0; i < layers->count; i++) {
		chain = chain_id_next(&chain, &layers->config->diff_ids[i]);
		chains[i] = chain;
	}
	r = find_known(&loading, &snapshot, &at, err);
	if (r == 0 && layers->manifest->layer_count && at < layers->count)
		load_files_expect(layers->files, layers->manifest->layers + at, layers->count - at);
	for (; r == 0 && at < layers->count; at++)
		r = load_layer(&loading, at, &snapshot, err);
	if (r == 0)
		*ret = snapshot;
	return r;
}

int image_load_layers(const struct image_load *load, const struct manifest *manifest,
		      const struct config *config, size_t count, struct object_id *ret,
		      struct error *err)
{
	cleanup_with(load_files_close) struct load_files *files =
		load_files_fetched(load->fetcher, load->top);
	const struct load_layers layers = {
		.load = load, .files = files, .manifest = manifest, .config = config, .count = count
	};
	int r = load_layers(&layers, ret, err);

	return r < 0 ? error_prefix(err, r, "'%s'", load_files_name(files)) : 0;
}
