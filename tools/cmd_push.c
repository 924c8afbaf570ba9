/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/export/export.h"
#include "builder/export/output.h"
#include "builder/image/image_store.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/image_transfer.h"
#include "tools/output.h"

struct push_options {
	const char *compression;
	bool quiet, insecure;
};

static const struct option_spec options[] = {
	{ .name = "compression",
	  OPTION_AT(struct push_options, compression),
	  .value = "kind",
	  .help = "Of layers: gzip, zstd, uncompressed; else as they came, or gzip" },
	{ .name = "insecure",
	  OPTION_AT(struct push_options, insecure),
	  .help = "Whoever the registry is, and without encryption if need be" },
	{ .name = "quiet",
	  .letter = 'q',
	  OPTION_AT(struct push_options, quiet),
	  .help = "Print the digest alone" },
	{ 0 },
};

static int set_output(const struct invocation *call, struct output *ret, struct error *err)
{
	const struct push_options *given = call->options;
	cleanup_with(buf_release) struct buf text = { 0 };

	buf_add_string(&text, "type=registry");
	if (given->compression)
		buf_add_format(&text, ",compression=%s,force-compression=true", given->compression);
	if (given->insecure)
		buf_add_string(&text, ",registry.insecure=true");
	return output_parse(buf_string(&text), ret, err);
}

static int find_image(const struct image_transfer *transfer, const char *text,
		      struct export_image *ret, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	cleanup_with(address_release) struct address address = { 0 };
	int r = access_state(transfer->store, text, &address, err);

	if (r == 0)
		r = store_lease_hold(transfer->lease, &address.snapshot, err);
	if (r == 0)
		r = image_read(transfer->store, &address.snapshot, &image, err);
	if (r < 0)
		return r;
	*ret = (struct export_image){ .snapshot = address.snapshot,
				      .platform = image.config.platform };
	return 0;
}

static int push(struct image_transfer *transfer, const struct output *output,
		const struct export_image *image, const char *name, struct export_result *ret,
		struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	const struct export export = { .store = transfer->store,
				       .lease = transfer->lease,
				       .registries = transfer->registries,
				       .output = output,
				       .images = image,
				       .count = 1,
				       .names = &names,
				       .progress = image_transfer_listener(transfer) };
	int r;

	strings_add(&names, name);
	r = export_check(output, &names, 1, false, err);
	if (r < 0)
		return r;
	image_transfer_begin(transfer, "pushing", name);
	return image_transfer_end(transfer, export_run(&export, ret, err), err);
}

static int print(const struct invocation *call, const char *name,
		 const struct export_result *result, struct error *err)
{
	const struct push_options *given = call->options;
	cleanup_with(buf_release) struct buf text = { 0 };

	if (!given->quiet)
		buf_add_format(&text, "Pushed %s: ", name);
	buf_add_format(&text, "sha256:%s\n", object_id_hex(&result->descriptor.digest).text);
	return output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(image_transfer_release) struct image_transfer transfer = { 0 };
	cleanup_with(export_result_release) struct export_result result = { 0 };
	cleanup_with(output_release) struct output output = { 0 };
	const struct push_options *given = call->options;
	const char *name = call->operands[call->operand_count - 1];
	struct export_image image;
	int r = set_output(call, &output, err);

	if (r == 0)
		r = image_transfer_open(call, given->quiet, 0, &transfer, err);
	if (r < 0)
		return r;
	r = find_image(&transfer, call->operands[0], &image, err);
	if (r == 0)
		r = push(&transfer, &output, &image, name, &result, err);
	image_transfer_finish(&transfer);
	for (size_t i = 0; i < result.warnings.count; i++)
		output_warn("%s", result.warnings.items[i]);
	return r < 0 ? r : print(call, name, &result, err);
}

const struct verb verb_push = {
	.name = "push",
	.summary = "Send an image to a registry",
	.operands = "IMAGE|STATE [NAME]",
	.description = "It goes where its name says, or where the other name does.",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct push_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
