/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/export/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/export/export_internal.h"
#include "builder/export/originals.h"
#include "builder/image/image_store.h"
#include "builder/image/reference.h"
#include "builder/image/restack.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* ---- names ---- */

static int add_names(const struct strings *names, struct strings *ret, struct error *err)
{
	for (size_t i = 0; names && i < names->count; i++) {
		char *whole;
		int r = reference_normalize(names->items[i], &whole, err);

		if (r < 0)
			return error_prefix(err, r, "'%s'", names->items[i]);
		if (strings_contain(ret, whole))
			free(whole);
		else
			strings_take(ret, whole);
	}
	return 0;
}

bool export_is_index(const struct export *export)
{
	return export->count > 1 || export->as_index;
}

char *export_platform_dir(const struct export *export, size_t index)
{
	const struct output *output = export->output;
	char text[PLATFORM_TEXT_MAX];

	if (output->split_set ? !output->split : !export_is_index(export))
		return NULL;
	platform_format_name(&export->images[index].platform, text);
	return xstrdup(text);
}

/* ---- checks ---- */

static bool is_layout(const struct output *output)
{
	return output->type == OUTPUT_OCI || output->type == OUTPUT_DOCKER;
}

static bool pushes(const struct output *output)
{
	return output->type == OUTPUT_REGISTRY || (output->type == OUTPUT_IMAGE && output->push);
}

static int check_annotations(const struct output *output, bool is_index, struct error *err)
{
	for (size_t i = 0; i < output->annotation_count; i++) {
		enum annotation_level level = output->annotations[i].level;

		if (!is_index &&
		    (level == ANNOTATION_INDEX || level == ANNOTATION_INDEX_DESCRIPTOR))
			return error_set(err, -EINVAL,
					 "annotation '%s' is for an index, which an image for one "
					 "platform has not",
					 output->annotations[i].key);
	}
	return 0;
}

/* Does it lead to a place that can be written to? Nothing is made. */
static int check_dest(const struct output *output, struct error *err)
{
	bool to_stdout = !output->dest || strcmp(output->dest, "-") == 0;
	bool wants_dir = output->type == OUTPUT_LOCAL || output->directory;
	struct stat st;

	if (!is_layout(output) && output->type != OUTPUT_LOCAL && output->type != OUTPUT_TAR)
		return 0;
	if (to_stdout) {
		if (!isatty(STDOUT_FILENO))
			return 0;
		return error_set(err, -EINVAL,
				 "standard output is a terminal: say where it is to go with "
				 "dest=FILE");
	}
	if (stat(output->dest, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : error_errno(err, -errno, "cannot write to '%s'", output->dest);
	if (wants_dir && !S_ISDIR(st.st_mode))
		return error_set(err, -ENOTDIR, "'%s' is no directory", output->dest);
	if (!wants_dir && S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR, "'%s' is a directory: a file is wanted",
				 output->dest);
	return 0;
}

static int check(const struct output *output, const struct strings *names, size_t platform_count,
		 bool as_index, struct error *err)
{
	cleanup_with(strings_release) struct strings all = { 0 };
	bool is_index = platform_count > 1 || as_index;
	int r;

	if (output->type == OUTPUT_DOCKER && is_index)
		return error_set(err, -EINVAL,
				 "docker exporter does not currently support exporting manifest "
				 "lists; type=oci takes several platforms");
	if (platform_count > 1 && output->split_set && !output->split)
		return error_set(err, -EINVAL,
				 "platform-split=false: the files of several platforms do not fit "
				 "into one place");
	r = add_names(&output->names, &all, err);
	if (r == 0)
		r = add_names(names, &all, err);
	if (r == 0 && pushes(output) && !all.count)
		return error_set(err, -EINVAL, "it takes a name to push to: name=NAME, or --tag");
	if (r == 0)
		r = check_annotations(output, is_index, err);
	return r < 0 ? r : check_dest(output, err);
}

int export_check(const struct output *output, const struct strings *names, size_t platform_count,
		 bool as_index, struct error *err)
{
	int r = check(output, names, platform_count, as_index, err);

	return r < 0 ? error_prefix(err, r, "type=%s", output_type_name(output->type)) : 0;
}

/* ---- outputs ---- */

static int tag_all(const struct export *export, const struct strings *names, struct error *err)
{
	cleanup_free struct object_id *snapshots = xcalloc(export->count, sizeof *snapshots);
	int r = 0;

	for (size_t i = 0; i < export->count; i++)
		snapshots[i] = export->images[i].snapshot;
	for (size_t i = 0; i < names->count && r == 0; i++)
		r = image_tag(export->store, export->lease, names->items[i], snapshots,
			      export->count, 0, err);
	return r;
}

static int only_digests(const struct export *export, struct export_result *result,
			struct error *err)
{
	cleanup_with(assembled_release) struct assembled assembled = { 0 };
	cleanup_with(originals_close) struct originals *originals = NULL;
	int r = originals_open(export, &originals, err);

	return r < 0 ? r : export_assemble(export, originals, result, &assembled, err);
}

static int run(const struct export *export, struct export_result *result, struct error *err)
{
	int r = 0;

	switch (export->output->type) {
	case OUTPUT_IMAGE:
		r = tag_all(export, &result->names, err);
		if (r == 0 && pushes(export->output))
			r = export_to_registry(export, result, err);
		break;
	case OUTPUT_OCI:
	case OUTPUT_DOCKER:
		r = export_to_layout(export, result, err);
		break;
	case OUTPUT_TAR:
		r = export_to_archive(export, err);
		break;
	case OUTPUT_LOCAL:
		r = export_to_directory(export, result, err);
		break;
	case OUTPUT_REGISTRY:
		r = export_to_registry(export, result, err);
		break;
	case OUTPUT_CACHE_ONLY:
		break;
	}
	if (r == 0 && export->want_digests && !result->has_digests)
		r = only_digests(export, result, err);
	return r;
}

/* With the layers that the output wants. */
static int run_stacked(const struct export *export, struct export_result *result, struct error *err)
{
	cleanup_free struct export_image *images = xcalloc(export->count, sizeof *images);
	struct export stacked = *export;
	int r = 0;

	for (size_t i = 0; i < export->count && r == 0; i++) {
		images[i] = export->images[i];
		r = restack_image(export->store, export->lease, &export->images[i].snapshot,
				  &export->output->layering, images[i].origins, &images[i].snapshot,
				  err);
	}
	stacked.images = images;
	return r < 0 ? r : run(&stacked, result, err);
}

int export_run(const struct export *export, struct export_result *ret, struct error *err)
{
	const struct output *output = export->output;
	struct export_result result = { 0 };
	int r = check(output, export->names, export->count, export->as_index, err);

	if (r == 0)
		r = add_names(&output->names, &result.names, err);
	if (r == 0)
		r = add_names(export->names, &result.names, err);
	if (r == 0 && output->rewrite_timestamp && !export->has_epoch)
		strings_add(&result.warnings,
			    "rewrite-timestamp=true does nothing without SOURCE_DATE_EPOCH");
	if (r == 0)
		r = (output->layering.kind == LAYERING_STEP ? run : run_stacked)(export, &result,
										 err);
	if (r < 0) {
		export_result_release(&result);
		return error_prefix(err, r, "type=%s", output_type_name(output->type));
	}
	*ret = result;
	return 0;
}

void export_result_release(struct export_result *result)
{
	descriptor_release(&result->descriptor);
	strings_release(&result->names);
	strings_release(&result->warnings);
	*result = (struct export_result){ 0 };
}
