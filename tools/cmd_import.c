/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/image/image_store.h"
#include "builder/image/import.h"
#include "builder/image/reference.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/output.h"

struct import_options {
	const char *name, *platform, *message;
};

static const struct option_spec options[] = {
	{ .name = "message",
	  .letter = 'm',
	  OPTION_AT(struct import_options, message),
	  .value = "text",
	  .help = "What the image's history says of it" },
	{ .name = "name",
	  .letter = 't',
	  OPTION_AT(struct import_options, name),
	  .value = "name",
	  .help = "Name of the image, NAME[:TAG]" },
	{ .name = "platform",
	  OPTION_AT(struct import_options, platform),
	  .value = "os/arch",
	  .help = "What machine it is for (default: this one)" },
	{ 0 },
};

static int import_fd(const struct image_import *import, int fd, struct object_id *ret,
		     struct error *err)
{
	struct pipe_source source;

	pipe_source_init(&source, fd);
	return image_import_tar(import, &source.base, ret, err);
}

static int import_path(const struct image_import *import, const char *path, struct object_id *ret,
		       struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat st;
	int r;

	if (strcmp(path, "-") == 0)
		return import_fd(import, STDIN_FILENO, ret, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot open '%s'", path);
	r = S_ISDIR(st.st_mode) ? image_import_directory(import, path, ret, err)
				: import_fd(import, fd, ret, err);
	return r < 0 ? error_prefix(err, r, "cannot import '%s'", path) : 0;
}

static int set_config(const struct import_options *given, struct config *ret, struct error *err)
{
	struct platform platform = platform_host();
	int r = given->platform ? platform_parse(given->platform, &platform, err) : 0;

	config_init_scratch(ret, &platform);
	return r;
}

static int check_name(const char *name, struct error *err)
{
	cleanup_free char *whole = NULL;

	return name ? reference_normalize(name, &whole, err) : 0;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct import_options *given = call->options;
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(buf_release) struct buf text = { 0 };
	struct image_import import = { .config = &config,
				       .comment = given->message,
				       .created_s = clock_realtime_ns() / 1000000000 };
	struct object_id image;
	int r = set_config(given, &config, err);

	if (r == 0)
		r = check_name(given->name, err);
	if (r == 0)
		r = access_store(call, STORE_CREATE, &store, err);
	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	import.store = store;
	import.lease = lease;
	if (r == 0)
		r = import_path(&import, call->operands[0], &image, err);
	if (r == 0 && given->name)
		r = image_tag(store, lease, given->name, &image, 1, 0, err);
	if (r < 0)
		return r;
	buf_add_format(&text, "sha256:%s\n", object_id_hex(&image).text);
	return output_write(&text, err);
}

const struct verb verb_import = {
	.name = "import",
	.summary = "Make an image of a root filesystem: an archive or a directory",
	.operands = "FILE | DIRECTORY | -",
	.description =
		"The archive may be compressed. Without --name the image can be used by the id\n"
		"that is printed, until the next collection of garbage.",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct import_options),
	.min_operands = 1,
	.max_operands = 1,
	.operand_completion = COMPLETE_FILE,
	.run = run,
};
