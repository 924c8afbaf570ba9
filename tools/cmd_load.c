/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "builder/image/image_store.h"
#include "builder/image/load.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/output.h"

struct load_options {
	const char *input, *name, *platform, *select;
};

static const struct option_spec options[] = {
	{ .name = "input",
	  .letter = 'i',
	  OPTION_AT(struct load_options, input),
	  .completion = COMPLETE_FILE,
	  .value = "path",
	  .help = "The same as FILE" },
	{ .name = "name",
	  .letter = 't',
	  OPTION_AT(struct load_options, name),
	  .value = "name",
	  .help = "Name for the image, in place of those it brings along" },
	{ .name = "platform",
	  OPTION_AT(struct load_options, platform),
	  .value = "os/arch",
	  .help = "Only what suits this platform best" },
	{ .name = "select",
	  OPTION_AT(struct load_options, select),
	  .value = "image",
	  .help = "Which of several images: a tag, a name or a digest" },
	{ 0 },
};

static int set_load(const struct invocation *call, struct image_load *ret,
		    struct platform *platform, struct error *err)
{
	const struct load_options *given = call->options;
	const char *path = call->operand_count ? call->operands[0] : given->input;

	ret->select = given->select;
	ret->fd = STDIN_FILENO;
	ret->path = path && strcmp(path, "-") != 0 ? path : NULL;
	if (!given->platform)
		return 0;
	ret->platform = platform;
	return platform_parse(given->platform, platform, err);
}

static int print_loaded(const struct loaded_images *images, const struct strings *names,
			struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	for (size_t i = 0; i < names->count; i++) {
		cleanup_free char *name = image_name_familiar(names->items[i]);

		buf_add_format(&text, "Loaded image: %s\n", name);
	}
	for (size_t i = 0; i < images->count && names->count == 0; i++)
		buf_add_format(&text, "Loaded image ID: sha256:%s\n",
			       object_id_hex(&images->items[i].snapshot).text);
	return output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct load_options *given = call->options;
	cleanup_with(loaded_images_release) struct loaded_images images = { 0 };
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	struct image_load load = { 0 };
	struct platform platform;
	int r = set_load(call, &load, &platform, err);

	if (r == 0)
		r = access_store(call, STORE_CREATE, &store, err);
	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	load.store = store;
	load.lease = lease;
	if (r == 0)
		r = image_load(&load, &images, err);
	if (r == 0)
		r = image_load_tag(store, lease, &images, given->name, &names, err);
	return r < 0 ? r : print_loaded(&images, &names, err);
}

const struct verb verb_load = {
	.name = "load",
	.summary = "Bring in images: an OCI layout, or the archive of one or of 'docker save'",
	.operands = "[FILE | DIRECTORY | -]",
	.description = "Without an operand, an archive is read from standard input.",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct load_options),
	.max_operands = 1,
	.operand_completion = COMPLETE_FILE,
	.run = run,
};
