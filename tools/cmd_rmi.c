/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/image/image_store.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/output.h"

struct rmi_options {
	bool force;
};

static const struct option_spec options[] = {
	{ .name = "force",
	  .letter = 'f',
	  OPTION_AT(struct rmi_options, force),
	  .help = "All names of an id, and no complaint about what is not there" },
	{ 0 },
};

#define PREFIX_MIN 4

static bool has_id(const struct image_row *row, const char *text)
{
	if (strncmp(text, "sha256:", 7) == 0)
		text += 7;
	return strlen(text) >= PREFIX_MIN &&
	       strncmp(object_id_hex(&row->snapshot).text, text, strlen(text)) == 0;
}

static int untag(struct store *store, const char *name, struct buf *told, struct error *err)
{
	cleanup_free char *familiar = NULL;
	int r = image_untag(store, name, err);

	if (r <= 0)
		return r;
	familiar = image_name_familiar(name);
	buf_add_format(told, "Untagged: %s\n", familiar);
	return r;
}

/* Names of images whose id begins like that. */
static void names_of(const struct image_rows *rows, const char *text, struct strings *ret)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (has_id(&rows->items[i], text) && !strings_contain(ret, rows->items[i].name))
			strings_add(ret, rows->items[i].name);
	}
}

static int remove_id(struct store *store, const char *text, bool force, struct buf *told,
		     struct error *err)
{
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = image_list(store, &rows, NULL, err);

	if (r < 0)
		return r;
	names_of(&rows, text, &names);
	if (names.count > 1 && !force)
		return error_set(err, -EBUSY,
				 "'%s' has %zu names: give one of them, or say --force", text,
				 names.count);
	for (size_t i = 0; i < names.count && r >= 0; i++)
		r = untag(store, names.items[i], told, err);
	return r < 0 ? r : names.count > 0;
}

static int remove_one(struct store *store, const char *text, bool force, struct buf *told,
		      struct error *err)
{
	struct error inner = { 0 };
	int r = untag(store, text, told, &inner);

	/* What is no name can be an id. */
	if (r == 0 || r == -EINVAL)
		r = remove_id(store, text, force, told, err);
	else if (r < 0 && err)
		*err = inner;
	if (r == 0 && !force)
		return error_set(err, -ENOENT, "there is no image '%s'; 'varve images' lists them",
				 text);
	return r < 0 ? r : 0;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct rmi_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(buf_release) struct buf told = { 0 };
	int r = access_store(call, 0, &store, err), written;

	for (size_t i = 0; i < call->operand_count && r == 0; i++)
		r = remove_one(store, call->operands[i], given->force, &told, err);
	written = output_write(&told, r < 0 ? NULL : err);
	return r < 0 ? r : written;
}

const struct verb verb_rmi = {
	.name = "rmi",
	.summary = "Take names of images away",
	.operands = "IMAGE...",
	.description =
		"IMAGE is a name, or the beginning of an id. What nothing else needs goes with the\n"
		"next 'varve prune' or 'varve gc'.",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct rmi_options),
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
