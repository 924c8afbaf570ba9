/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/export/export.h"
#include "builder/export/output.h"
#include "builder/image/image_store.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/environment.h"
#include "tools/output.h"

static const char *const formats[] = { "docker", "oci", NULL };

struct save_options {
	const char *format, *output, *compression, *layers;
};

static const struct option_spec options[] = {
	{ .name = "compression",
	  OPTION_AT(struct save_options, compression),
	  .value = "kind",
	  .help = "Of layers: gzip, zstd, uncompressed; else as they came, or gzip" },
	{ .name = "format",
	  OPTION_AT(struct save_options, format),
	  .initial = "docker",
	  .choices = formats,
	  .value = "format",
	  .help = "What 'docker load' reads, or an OCI layout" },
	{ .name = "layers",
	  OPTION_AT(struct save_options, layers),
	  .initial = "step",
	  .value = "how",
	  .help = "One for each step, squash for one on top of what was imported, or pack:N for at "
		  "most N" },
	{ .name = "output",
	  .letter = 'o',
	  OPTION_AT(struct save_options, output),
	  .completion = COMPLETE_FILE,
	  .value = "path",
	  .help = "Where to write it, in place of standard output" },
	{ 0 },
};

static int set_output(const struct save_options *given, struct output *ret, struct error *err)
{
	cleanup_free char *text =
		given->compression ? xasprintf("type=%s,compression=%s,force-compression=true",
					       given->format, given->compression)
				   : xasprintf("type=%s", given->format);
	int r = output_parse(text, ret, err);

	if (r == 0)
		r = layering_parse(given->layers, &ret->layering, err);
	if (r == 0 && ret->layering.kind == LAYERING_STAGE)
		r = error_set(err, -EINVAL,
			      "--layers=stage: stages are known to 'varve build' alone");

	/* A path may have commas in it. */
	if (r == 0 && given->output) {
		free(ret->dest);
		ret->dest = xstrdup(given->output);
	}
	return r;
}

/* The names it has among those that were asked for; an id has none. */
static int find_image(struct store *store, struct store_lease *lease, const char *text,
		      struct export_image *ret, struct strings *ret_names, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	cleanup_with(address_release) struct address address = { 0 };
	int r = access_state(store, text, &address, err);

	if (r == 0)
		r = store_lease_hold(lease, &address.snapshot, err);
	if (r == 0)
		r = image_read(store, &address.snapshot, &image, err);
	if (r < 0)
		return r;
	*ret = (struct export_image){ .snapshot = address.snapshot,
				      .platform = image.config.platform };
	if (image_find(store, NULL, text, NULL, &image, NULL) > 0)
		strings_add(ret_names, text);
	return 0;
}

static int save(const struct invocation *call, struct store *store, const struct output *output,
		struct error *err)
{
	cleanup_with(registries_free) struct registries *registries = NULL;
	cleanup_with(strings_release) struct strings insecure = { 0 };
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(export_result_release) struct export_result result = { 0 };
	cleanup_with(strings_release) struct strings names = { 0 };
	struct export_image image;
	struct export export = {
		.store = store, .output = output, .images = &image, .count = 1, .names = &names
	};
	int r = store_lease_begin(store, &lease, err);

	export.lease = lease;
	if (r == 0)
		r = environment_insecure_registries(call->environment, &insecure, err);
	/* Layers of base images may have to be had from there once more. */
	export.registries = registries = registries_new(&insecure, -1);
	if (r == 0)
		r = find_image(store, lease, call->operands[0], &image, &names, err);
	if (r == 0)
		r = export_check(output, &names, 1, false, err);
	if (r == 0)
		r = export_run(&export, &result, err);
	for (size_t i = 0; i < result.warnings.count; i++)
		output_warn("%s", result.warnings.items[i]);
	return r;
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(output_release) struct output output = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	int r = set_output(call->options, &output, err);

	if (r == 0)
		r = access_store(call, 0, &store, err);
	return r < 0 ? r : save(call, store, &output, err);
}

const struct verb verb_save = {
	.name = "save",
	.summary = "Write an image as an archive",
	.operands = "IMAGE|STATE",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct save_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
