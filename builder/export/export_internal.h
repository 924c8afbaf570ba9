/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that hand out results. */
#pragma once

#include "builder/export/export.h"
#include "builder/export/output.h"
#include "builder/image/assemble.h"

/* ---- where an output that is one file goes ---- */

/* A file that takes its place when it is whole, or stdout. */
struct out_file {
	int fd;
	char *path; /* NULL: stdout, or what cannot be replaced, such as a pipe */
	char *tmp;
	bool own_fd;
};

/* `dest` NULL or "-": stdout, which must not be a terminal. */
int out_file_open(const char *dest, struct out_file *ret, struct error *err);
int out_file_keep(struct out_file *file, struct error *err);
/* Without keeping it before, nothing has happened. */
void out_file_release(struct out_file *file);
DEFINE_CLEANUP_VALUE(struct out_file, out_file_release);

/* ---- images ---- */

struct layout_image;

/* The images of a build, and the index of several. */
struct assembled {
	struct image *images;
	size_t count;
	bool has_index;
	struct buf index;
	struct descriptor descriptor; /* of the manifest or the index */
};

struct originals;

/* Lowest layers first, as the output wants them. Some may have no file yet, see originals.h. */
int export_assemble(const struct export *export, const struct originals *originals,
		    struct export_result *result, struct assembled *ret, struct error *err);
void assembled_release(struct assembled *assembled);
DEFINE_CLEANUP_VALUE(struct assembled, assembled_release);

/* As layouts and registries take them; all of it stays the assembled ones'. */
void assembled_set(const struct assembled *assembled, struct layout_image *ret);

/* ---- one output each ---- */

int export_to_layout(const struct export *export, struct export_result *result, struct error *err);
int export_to_registry(const struct export *export, struct export_result *result,
		       struct error *err);
int export_to_archive(const struct export *export, struct error *err);
int export_to_directory(const struct export *export, struct export_result *result,
			struct error *err);

/* Several images, or one that is to look like them. */
bool export_is_index(const struct export *export);
/* "linux_arm64": the directory of a platform, where each has one; NULL otherwise. The caller
 * frees. */
char *export_platform_dir(const struct export *export, size_t index);
