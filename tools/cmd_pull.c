/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image_store.h"
#include "builder/registry/pull.h"
#include "builder/registry/registry.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/image_transfer.h"
#include "tools/output.h"

struct pull_options {
	const char *platform;
	bool quiet, insecure;
};

static const struct option_spec options[] = {
	{ .name = "insecure",
	  OPTION_AT(struct pull_options, insecure),
	  .help = "Whoever the registry is, and without encryption if need be" },
	{ .name = "platform",
	  OPTION_AT(struct pull_options, platform),
	  .value = "os/arch",
	  .help = "The image that suits this platform best" },
	{ .name = "quiet",
	  .letter = 'q',
	  OPTION_AT(struct pull_options, quiet),
	  .help = "Print the digests alone" },
	{ 0 },
};

static void describe(const char *name, const struct pulled_image *pulled, bool quiet,
		     struct buf *ret)
{
	if (!quiet)
		buf_add_format(ret, "%s %s: ", pulled->was_there ? "Unchanged" : "Pulled", name);
	buf_add_format(ret, "sha256:%s\n", object_id_hex(&pulled->digest).text);
}

static int pull_one(struct image_transfer *transfer, const char *name,
		    const struct platform *platform, const struct pull_options *given,
		    struct buf *text, struct error *err)
{
	const struct registry_pull pull = { .registries = transfer->registries,
					    .store = transfer->store,
					    .lease = transfer->lease,
					    .tmp_fd = store_lease_tmp_fd(transfer->lease),
					    .name = name,
					    .platform = platform,
					    .flags = given->insecure ? REPOSITORY_INSECURE : 0,
					    .progress = image_transfer_listener(transfer) };
	struct pulled_image pulled;
	int r;

	image_transfer_begin(transfer, "pulling", name);
	r = image_transfer_end(transfer, registry_pull(&pull, &pulled, err), err);
	if (r == 0)
		describe(name, &pulled, given->quiet, text);
	return r;
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(image_transfer_release) struct image_transfer transfer = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	const struct pull_options *given = call->options;
	struct platform platform;
	int r = given->platform ? platform_parse(given->platform, &platform, err) : 0;

	if (r == 0)
		r = image_transfer_open(call, given->quiet, STORE_CREATE, &transfer, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < call->operand_count && r == 0; i++)
		r = pull_one(&transfer, call->operands[i], given->platform ? &platform : NULL,
			     given, &text, err);
	image_transfer_finish(&transfer);
	/* Those before the one that failed are there. */
	(void)output_write(&text, r < 0 ? NULL : err);
	return r;
}

const struct verb verb_pull = {
	.name = "pull",
	.summary = "Bring in images from their registries",
	.operands = "IMAGE...",
	.description =
		"What the store has already, whole or by layers, is not fetched again. 'varve build'\n"
		"does the same with what a Dockerfile names and the store has not.",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct pull_options),
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
