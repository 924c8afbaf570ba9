/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/context/context.h"
#include "builder/image/decompress.h"
#include "builder/image/layer_apply.h"
#include "builder/image/tar/tar_read.h"
#include "builder/step/mode_change.h"
#include "builder/step/step_internal.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/edit.h"

/* The bytes of a file of a tree, from wherever it is. */
struct node_source {
	struct byte_source base;
	struct tree *tree;
	const struct node *node;
	int fd; /* of the context's file; -1: it is in the store */
	uint64_t offset;
};

static ssize_t read_node(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct node_source *source = (struct node_source *)base;
	const struct node *node = source->node;
	ssize_t n;

	if (source->offset >= node->size)
		return 0;
	if (size > node->size - source->offset)
		size = (size_t)(node->size - source->offset);
	if (node->content == CONTENT_INLINE) {
		memcpy(data, node->bytes + source->offset, size);
		n = (ssize_t)size;
	} else if (source->fd >= 0) {
		n = pread(source->fd, data, size, (off_t)source->offset);
		if (n < 0)
			return error_errno(err, -errno, "cannot read the archive");
	} else {
		n = store_pread(tree_store(source->tree), &node->blob, data, size, source->offset,
				err);
	}
	if (n > 0)
		source->offset += (uint64_t)n;
	return n;
}

static int open_node(const struct copy_job *job, struct node *node, struct node_source *ret,
		     struct error *err)
{
	*ret = (struct node_source){
		.base = { .read = read_node }, .tree = job->source.tree, .node = node, .fd = -1
	};
	if (!job->source.context || node->content == CONTENT_INLINE)
		return 0;
	return context_open_file(job->source.context, node, &ret->fd, err);
}

/* An archive is what begins with a good header, whatever its name is. */
static bool is_archive(struct node_source *source)
{
	cleanup_with(decompress_close) struct decompress *plain = NULL;
	cleanup_with(tar_reader_free) struct tar_reader *reader = NULL;
	const struct tar_entry *entry;
	bool archive;

	if (decompress_open(&source->base, &plain, NULL) < 0)
		return false;
	reader = tar_reader_new(decompress_source(plain));
	archive = tar_reader_next(reader, &entry, NULL) > 0;
	source->offset = 0;
	return archive;
}

/* Modes stay those of the archive; owners too, unless others were asked for. */
static int apply(const struct copy_job *job, struct node_source *source, struct tree *target,
		 struct node *dir, struct error *err)
{
	cleanup_with(decompress_close) struct decompress *plain = NULL;
	struct layer_owner owner = { job->owner.uid, job->owner.gid };
	const struct progress progress = { .cancel_fd = job->cancel_fd };
	struct layer_apply run = { .progress = &progress,
				   .tree = target,
				   .txn = job->txn,
				   .plain = true,
				   .dir = dir,
				   .owner = job->owner.given ? &owner : NULL };
	int r = decompress_open(&source->base, &plain, err);

	if (r == 0)
		r = layer_apply(&run, decompress_source(plain), err);
	layer_apply_release(&run);
	return r;
}

int step_unpack(struct copy_job *job, struct node *archive, struct tree *target,
		const struct tree_attr *attr, struct error *err)
{
	struct node_source source;
	struct node *dir;
	int r = open_node(job, archive, &source, err);

	if (r == 0 && is_archive(&source)) {
		r = tree_make_dirs(target, job->work->destination, attr, &dir, err);
		if (r == 0)
			r = apply(job, &source, target, dir, err);
		if (r == 0)
			r = 1;
		else
			error_prefix(err, r, "cannot unpack '%s'", archive->names->name);
	}
	if (source.fd >= 0)
		close(source.fd);
	return r;
}
