/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image-run STORE VERB…: drive images and outputs from the command line, for tests. Options stand
 * before the store. Exits 1 with the words of the error on standard error.
 *
 *   import NAME PATH       the directory or archive (-: standard input) as an image
 *   load PATH              all images of a layout or archive, with their names
 *   stack NAME BASE TOP    the files of TOP as a layer on BASE
 *   images                 NAME PLATFORM SIZE, one a line
 *   find NAME              SNAPSHOT PLATFORM NAME
 *   config NAME            the configuration as it is
 *   tag NAME IMAGE…, untag NAME
 *   output SPEC IMAGE…     hand out images
 */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "builder/export/export.h"
#include "builder/export/output.h"
#include "builder/image/assemble.h"
#include "builder/image/image_store.h"
#include "builder/image/import.h"
#include "builder/image/layer/chain.h"
#include "builder/image/load.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/store/store.h"

static struct {
	struct strings names;
	bool has_platform, has_epoch, one, digests;
	struct platform platform;
	int64_t epoch_s;
	const char *select;
	struct store *store;
	struct store_lease *lease;
	struct error err;
} options;

__attribute__((noreturn)) static void die(void)
{
	fprintf(stderr, "%s\n", options.err.text);
	exit(1);
}

static void check(int r)
{
	if (r < 0)
		die();
}

static struct stored_image find(const char *name)
{
	struct stored_image image = { 0 };
	int r = image_find(options.store, options.lease, name,
			   options.has_platform ? &options.platform : NULL, &image, &options.err);

	if (r == 0)
		error_set(&options.err, -ENOENT, "no image '%s'", name);
	if (r <= 0)
		die();
	return image;
}

/* ---- making ---- */

static void import_path(const struct image_import *import, const char *path, struct object_id *ret)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct pipe_source source;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(&options.err, -errno, "cannot open '%s'", path);
		die();
	}
	if (S_ISDIR(st.st_mode)) {
		check(image_import_directory(import, path, ret, &options.err));
	} else {
		pipe_source_init(&source, fd);
		check(image_import_tar(import, &source.base, ret, &options.err));
	}
	if (fd > 0)
		close(fd);
}

static void verb_import(char **args)
{
	cleanup_with(config_release) struct config config = { 0 };
	struct platform host = platform_host();
	struct image_import import = { .store = options.store,
				       .lease = options.lease,
				       .config = &config,
				       .comment = "imported",
				       .created_s = options.has_epoch ? options.epoch_s : -1 };
	struct object_id id;

	config_init_scratch(&config, options.has_platform ? &options.platform : &host);
	import_path(&import, args[1], &id);
	check(image_tag(options.store, options.lease, args[0], &id, 1, IMAGE_TAG_ADD,
			&options.err));
}

static void verb_load(char **args)
{
	cleanup_with(loaded_images_release) struct loaded_images images = { 0 };
	cleanup_with(strings_release) struct strings names = { 0 };
	const struct image_load load = {
		.store = options.store,
		.lease = options.lease,
		.path = strcmp(args[0], "-") == 0 ? NULL : args[0],
		.select = options.select,
		.platform = options.has_platform ? &options.platform : NULL,
		.one = options.one,
	};

	check(image_load(&load, &images, &options.err));
	check(image_load_tag(options.store, options.lease, &images,
			     options.names.count ? options.names.items[0] : NULL, &names,
			     &options.err));
	for (size_t i = 0; i < names.count; i++)
		puts(names.items[i]);
}

static void verb_stack(char **args)
{
	cleanup_with(stored_image_release) struct stored_image base = find(args[1]);
	cleanup_with(stored_image_release) struct stored_image top = find(args[2]);
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { .parent = base.snapshot }, upper;
	struct object_id id;

	check(snapshot_read(options.store, &top.snapshot, &upper, &options.err));
	record.root = upper.root;
	snapshot_record_encode(&record, &bytes);
	check(store_txn_begin(options.store, options.lease, &txn, &options.err));
	check(store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, &id, &options.err));
	check(store_txn_hold(txn, store_lease_name(options.lease), &id, &options.err));
	check(store_txn_commit(txn, &options.err));
	config_add_history(&base.config)->created_by = xstrdup("STACK");
	check(image_make(options.store, options.lease, &id, &base.config, 0, &id, &options.err));
	check(image_tag(options.store, options.lease, args[0], &id, 1, IMAGE_TAG_ADD,
			&options.err));
}

/* ---- looking ---- */

static void verb_images(char **args)
{
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	cleanup_with(strings_release) struct strings warnings = { 0 };

	(void)args;
	check(image_list(options.store, &rows, &warnings, &options.err));
	for (size_t i = 0; i < rows.count; i++) {
		cleanup_free char *name = image_name_familiar(rows.items[i].name);
		char text[PLATFORM_TEXT_MAX];

		platform_format(&rows.items[i].platform, text);
		printf("%s %s %" PRIu64 "\n", name, text, rows.items[i].size);
	}
	for (size_t i = 0; i < warnings.count; i++)
		fprintf(stderr, "%s\n", warnings.items[i]);
}

static void verb_find(char **args)
{
	cleanup_with(stored_image_release) struct stored_image image = find(args[0]);
	char text[PLATFORM_TEXT_MAX];

	platform_format(&image.config.platform, text);
	printf("%s %s %s\n", object_id_hex(&image.snapshot).text, text, image.name);
}

static void verb_config(char **args)
{
	cleanup_with(stored_image_release) struct stored_image image = find(args[0]);
	cleanup_with(buf_release) struct buf document = { 0 };
	struct snapshot_record record;

	check(snapshot_read(options.store, &image.snapshot, &record, &options.err));
	check(image_config_read(options.store, &record.config, &document, &options.err));
	puts(buf_string(&document));
}

static size_t count_of(char **args)
{
	size_t count = 0;

	while (args[count])
		count++;
	return count;
}

static void verb_tag(char **args)
{
	size_t count = count_of(args + 1);
	cleanup_free struct object_id *ids = xcalloc(count + 1, sizeof *ids);

	for (size_t i = 0; i < count; i++) {
		cleanup_with(stored_image_release) struct stored_image image = find(args[1 + i]);

		ids[i] = image.snapshot;
	}
	check(image_tag(options.store, options.lease, args[0], ids, count, 0, &options.err));
}

static void verb_untag(char **args)
{
	int r = image_untag(options.store, args[0], &options.err);

	check(r);
	puts(r ? "removed" : "none");
}

/* ---- handing out ---- */

static void report(const struct export_result *result)
{
	for (size_t i = 0; i < result->warnings.count; i++)
		fprintf(stderr, "warning: %s\n", result->warnings.items[i]);
	if (!options.digests)
		return;
	fprintf(stderr, "config %s\n", digest_text(&result->config_digest).text);
	fprintf(stderr, "digest %s\n", digest_text(&result->descriptor.digest).text);
}

static void verb_output(char **args)
{
	cleanup_with(export_result_release) struct export_result result = { 0 };
	cleanup_with(output_release) struct output output = { 0 };
	size_t count = count_of(args + 1);
	cleanup_free struct export_image *images = xcalloc(count + 1, sizeof *images);
	struct export export = { .store = options.store,
				 .lease = options.lease,
				 .output = &output,
				 .images = images,
				 .count = count,
				 .names = &options.names,
				 .has_epoch = options.has_epoch,
				 .epoch_s = options.epoch_s,
				 .want_digests = options.digests };

	check(output_parse(args[0], &output, &options.err));
	for (size_t i = 0; i < count; i++) {
		cleanup_with(stored_image_release) struct stored_image image = find(args[1 + i]);

		images[i] = (struct export_image){ .snapshot = image.snapshot,
						   .platform = image.config.platform };
	}
	check(export_check(&output, &options.names, count, false, &options.err));
	check(export_run(&export, &result, &options.err));
	report(&result);
}

/* ---- the whole ---- */

static const struct verb {
	const char *name;
	int args;
	void (*run)(char **args);
} verbs[] = {
	{ "import", 2, verb_import }, { "load", 1, verb_load },   { "stack", 3, verb_stack },
	{ "images", 0, verb_images }, { "find", 1, verb_find },   { "config", 1, verb_config },
	{ "tag", 2, verb_tag },       { "untag", 1, verb_untag }, { "output", 2, verb_output },
};

static void parse_options(int argc, char **argv)
{
	static const struct option table[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "platform", required_argument, NULL, 'p' },
		{ "epoch", required_argument, NULL, 'e' },
		{ "select", required_argument, NULL, 's' },
		{ "one", no_argument, NULL, '1' },
		{ "digests", no_argument, NULL, 'd' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", table, NULL)) != -1) {
		if (c == 'n')
			strings_add(&options.names, optarg);
		else if (c == 'p')
			check(platform_parse(optarg, &options.platform, &options.err));
		else if (c == 'e')
			check(parse_i64(optarg, &options.epoch_s));
		else if (c == 's')
			options.select = optarg;
		else if (c == '?')
			exit(2);
		options.has_platform |= c == 'p';
		options.has_epoch |= c == 'e';
		options.one |= c == '1';
		options.digests |= c == 'd';
	}
}

int main(int argc, char **argv)
{
	const struct verb *verb = NULL;

	parse_options(argc, argv);
	argv += optind;
	argc -= optind;
	for (size_t i = 0; argc >= 2 && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 >= verbs[i].args)
			verb = &verbs[i];
	}
	if (!verb)
		return 2;
	check(store_open(argv[0], STORE_CREATE, &options.store, &options.err));
	check(store_lease_begin(options.store, &options.lease, &options.err));
	verb->run(argv + 2);
	store_lease_end(options.lease);
	store_close(options.store);
	strings_release(&options.names);
	return 0;
}
