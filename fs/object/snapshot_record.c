/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/snapshot_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

struct tree_root tree_root_empty(void)
{
	return (struct tree_root){ .mode = 0755 };
}

bool tree_root_equal(const struct tree_root *a, const struct tree_root *b)
{
	return object_id_equal(&a->dir, &b->dir) && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
	       object_id_equal(&a->xattrs, &b->xattrs) && object_id_equal(&a->links, &b->links);
}

/* "-" for the zero id. */
static struct id_hex id_text(const struct object_id *id)
{
	if (object_id_is_zero(id))
		return (struct id_hex){ "-" };
	return object_id_hex(id);
}

void snapshot_record_encode(const struct snapshot_record *record, struct buf *ret)
{
	const struct tree_root *root = &record->root;

	buf_add_string(ret, "snapshot 1\n");
	buf_add_format(ret, "root %s\n", id_text(&root->dir).text);
	buf_add_format(ret,
		       "rootmeta %" PRIo32 " %" PRIu32 " %" PRIu32 " %" PRId64 " %" PRIu32 " %s\n",
		       root->mode, root->uid, root->gid, root->mtime_s, root->mtime_ns,
		       id_text(&root->xattrs).text);
	buf_add_format(ret, "parent %s\n", id_text(&record->parent).text);
	buf_add_format(ret, "links %s\n", id_text(&root->links).text);
	buf_add_format(ret, "step %s\n", id_text(&record->step).text);
	buf_add_format(ret, "config %s\n", id_text(&record->config).text);
	buf_add_format(ret, "layer %s\n", id_text(&record->layer).text);
	buf_add_format(ret, "created %" PRId64 "\n", record->created_s);
}

/* The words behind `label` on the next line, split in place; false when it is another line. */
static bool take_line(char **text, const char *label, char **words, size_t word_count)
{
	char *line = strsep(text, "\n");
	char *word = line ? strsep(&line, " ") : NULL;

	if (!word || strcmp(word, label) != 0)
		return false;
	for (size_t i = 0; i < word_count; i++) {
		words[i] = strsep(&line, " ");
		if (!words[i] || !*words[i])
			return false;
	}
	return line == NULL;
}

static bool parse_id(const char *word, struct object_id *ret)
{
	if (strcmp(word, "-") == 0) {
		*ret = (struct object_id){ 0 };
		return true;
	}
	return object_id_parse(word, ret) == 0 && !object_id_is_zero(ret);
}

static bool take_id(char **text, const char *label, struct object_id *ret)
{
	char *word;

	return take_line(text, label, &word, 1) && parse_id(word, ret);
}

static bool take_rootmeta(char **text, struct tree_root *root)
{
	char *words[6];

	return take_line(text, "rootmeta", words, 6) &&
	       parse_octal(words[0], 07777, &root->mode) == 0 &&
	       parse_u32(words[1], &root->uid) == 0 && parse_u32(words[2], &root->gid) == 0 &&
	       parse_i64(words[3], &root->mtime_s) == 0 &&
	       parse_u32(words[4], &root->mtime_ns) == 0 && root->mtime_ns < 1000000000 &&
	       parse_id(words[5], &root->xattrs);
}

static bool decode_text(char *text, struct snapshot_record *ret)
{
	char *word;

	return take_line(&text, "snapshot", &word, 1) && strcmp(word, "1") == 0 &&
	       take_id(&text, "root", &ret->root.dir) && take_rootmeta(&text, &ret->root) &&
	       take_id(&text, "parent", &ret->parent) &&
	       take_id(&text, "links", &ret->root.links) && take_id(&text, "step", &ret->step) &&
	       take_id(&text, "config", &ret->config) && take_id(&text, "layer", &ret->layer) &&
	       take_line(&text, "created", &word, 1) && parse_i64(word, &ret->created_s) == 0 &&
	       text && !*text;
}

int snapshot_record_decode(const void *data, size_t size, struct snapshot_record *ret,
			   struct error *err)
{
	cleanup_with(buf_release) struct buf again = { 0 };
	cleanup_free char *text = NULL;
	struct snapshot_record record = { 0 };

	if (size > SNAPSHOT_RECORD_MAX)
		return error_set(err, -EBADMSG, "damaged snapshot: too long");
	text = xstrndup(data, size);
	if (!decode_text(text, &record))
		return error_set(err, -EBADMSG, "damaged snapshot");
	/* Leading zeros and the like parse, but would give one snapshot two ids. */
	snapshot_record_encode(&record, &again);
	if (again.length != size || memcmp(again.data, data, size) != 0)
		return error_set(err, -EBADMSG, "damaged snapshot: not in canonical form");
	*ret = record;
	return 0;
}
