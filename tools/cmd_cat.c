/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/output.h"

#define READ_SIZE ((size_t)1 << 20)

static int write_bytes(const void *data, size_t size, struct error *err)
{
	int r = output_write_fd(STDOUT_FILENO, data, size);

	return r < 0 ? error_errno(err, r, "cannot write to standard output") : 0;
}

static int write_blob(struct store *store, const struct object_id *id, struct error *err)
{
	cleanup_free char *bytes = xmalloc(READ_SIZE);
	uint64_t offset = 0;
	int r = 0;

	while (r == 0) {
		ssize_t n = store_pread(store, id, bytes, READ_SIZE, offset, err);

		if (n <= 0)
			return (int)n;
		offset += (uint64_t)n;
		r = write_bytes(bytes, (size_t)n, err);
	}
	return r;
}

static int write_file(struct store *store, const char *name, struct error *err)
{
	cleanup_with(access_file_release) struct access_file file = { 0 };
	int r = access_file(store, name, 0, &file, err);

	if (r < 0)
		return r;
	if (node_is_dir(file.node))
		return error_set(err, -EISDIR, "'%s' is a directory; 'varve ls' lists it", name);
	if (!node_is_file(file.node))
		return error_set(err, -EINVAL, "'%s' is no regular file", name);
	if (file.node->content == CONTENT_INLINE)
		return write_bytes(file.node->bytes, file.node->size, err);
	if (file.node->content == CONTENT_BLOB)
		return write_blob(store, &file.node->blob, err);
	return 0;
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	for (size_t i = 0; i < call->operand_count && r == 0; i++)
		r = write_file(store, call->operands[i], err);
	return r;
}

const struct verb verb_cat = {
	.name = "cat",
	.summary = "Write the content of files of a state",
	.operands = "STATE:/PATH...",
	.description = "Symlinks are followed inside the state. Nothing is mounted.",
	.group = "States",
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
