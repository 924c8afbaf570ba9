/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/content_digest.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/dir_cursor.h"
#include "fs/tree/tree_internal.h"

struct known_dir {
	struct object_id id, digest;
	UT_hash_handle hh;
};

struct content_memo {
	struct known_dir *dirs;
};

struct content_memo *content_memo_new(void)
{
	return xcalloc(1, sizeof(struct content_memo));
}

void content_memo_free(struct content_memo *memo)
{
	struct known_dir *dir, *next;

	if (!memo)
		return;
	HASH_ITER(hh, memo->dirs, dir, next) {
		HASH_DEL(memo->dirs, dir);
		free(dir);
	}
	free(memo);
}

static bool memo_find(const struct content_memo *memo, const struct object_id *id,
		      struct object_id *ret)
{
	struct known_dir *dir;

	HASH_FIND(hh, memo->dirs, id, sizeof *id, dir);
	if (dir)
		*ret = dir->digest;
	return dir;
}

static void memo_add(struct content_memo *memo, const struct object_id *id,
		     const struct object_id *digest)
{
	struct known_dir *dir = xcalloc(1, sizeof *dir);

	dir->id = *id;
	dir->digest = *digest;
	HASH_ADD(hh, memo->dirs, id, sizeof dir->id, dir);
}

/* ---- records: what is hashed of one entry ---- */

static bool xattr_counts(const char *key)
{
	if (strcmp(key, "security.capability") == 0)
		return true;
	return strncmp(key, "security.", 9) != 0 && strncmp(key, "system.", 7) != 0;
}

static void add_xattrs(struct buf *record, const struct xattrs *xattrs)
{
	for (size_t i = 0; i < xattrs->count; i++) {
		const struct xattr *item = &xattrs->items[i];

		if (!xattr_counts(item->key))
			continue;
		buf_add_char(record, 'x');
		buf_append(record, item->key, strlen(item->key) + 1);
		buf_add_le64(record, item->size);
		buf_append(record, item->value, item->size);
	}
}

static int add_stored_xattrs(struct store *store, struct buf *record, const struct dir_entry *entry,
			     struct error *err)
{
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r;

	if (!(entry->flags & DIR_ENTRY_XATTRS))
		return 0;
	r = store_read(store, &entry->xattrs, OBJECT_XATTRS, XATTRS_MAX, &bytes, err);
	if (r == 0)
		r = xattrs_decode(bytes.data, bytes.length, &xattrs, err);
	if (r == 0)
		add_xattrs(record, &xattrs);
	return r;
}

/* All but the name, the extended attributes, and what a directory holds. */
static void add_fields(struct buf *record, const struct dir_entry *entry)
{
	buf_add_char(record, (char)entry->type);
	buf_add_le32(record, entry->mode);
	buf_add_le32(record, entry->uid);
	buf_add_le32(record, entry->gid);
	if (entry->type == DIR_ENTRY_DIR)
		return;
	buf_add_le64(record, entry->size);
	if (entry->type == DIR_ENTRY_SYMLINK) {
		buf_append(record, entry->inline_data, entry->size);
	} else if (entry->type == DIR_ENTRY_FILE) {
		struct object_id id = entry->id;

		if (entry->size <= DIR_INLINE_MAX)
			id = object_id_of(entry->inline_data, entry->size);
		buf_append(record, id.bytes, OBJECT_ID_SIZE);
	}
}

static void add_name(struct buf *record, const char *name, size_t length)
{
	buf_add_char(record, 'n');
	buf_add_le16(record, (uint16_t)length);
	buf_append(record, name, length);
}

static void add_digest(struct buf *record, const struct object_id *digest)
{
	buf_append(record, digest->bytes, OBJECT_ID_SIZE);
}

static struct object_id finish(const struct buf *record)
{
	return object_id_of(buf_string(record), record->length);
}

/* ---- stored directories ---- */

struct stored_frame {
	struct object_id id;
	struct dir_cursor cursor;
	struct buf
		record; /* ends where the digest of a sub-directory is to go, while that is made */
};

struct stored_stack {
	struct stored_frame *frames;
	size_t depth, capacity;
};

static int push_stored(struct stored_stack *stack, struct store *store, const struct object_id *id,
		       struct error *err)
{
	struct stored_frame *frame;

	array_reserve_one(stack->frames, stack->depth, stack->capacity);
	frame = &stack->frames[stack->depth++];
	*frame = (struct stored_frame){ .id = *id };
	return dir_cursor_open(store, id, &frame->cursor, err);
}

static void pop_stored(struct stored_stack *stack)
{
	struct stored_frame *frame = &stack->frames[--stack->depth];

	dir_cursor_release(&frame->cursor);
	buf_release(&frame->record);
}

/* Go on in the deepest directory until it ends (0) or a new one has been pushed (1). */
static int step_stored(struct stored_stack *stack, struct store *store, struct content_memo *memo,
		       struct error *err)
{
	struct stored_frame *frame = &stack->frames[stack->depth - 1];
	struct dir_entry entry;
	struct object_id known;
	int r;

	while ((r = dir_cursor_next(&frame->cursor, &entry, err)) > 0) {
		add_name(&frame->record, entry.name, entry.name_length);
		add_fields(&frame->record, &entry);
		r = add_stored_xattrs(store, &frame->record, &entry, err);
		if (r < 0)
			return r;
		if (entry.type != DIR_ENTRY_DIR)
			continue;
		if (!memo_find(memo, &entry.id, &known)) {
			r = push_stored(stack, store, &entry.id, err);
			return r < 0 ? r : 1;
		}
		add_digest(&frame->record, &known);
	}
	return r;
}

static int digest_stored(struct store *store, const struct object_id *id, struct content_memo *memo,
			 struct object_id *ret, struct error *err)
{
	struct stored_stack stack = { 0 };
	int r = 0;

	if (memo_find(memo, id, ret))
		return 0;
	r = push_stored(&stack, store, id, err);
	while (r >= 0 && stack.depth > 0) {
		r = step_stored(&stack, store, memo, err);
		if (r != 0)
			continue;
		*ret = finish(&stack.frames[stack.depth - 1].record);
		memo_add(memo, &stack.frames[stack.depth - 1].id, ret);
		pop_stored(&stack);
		if (stack.depth > 0)
			add_digest(&stack.frames[stack.depth - 1].record, ret);
	}
	while (stack.depth > 0)
		pop_stored(&stack);
	free(stack.frames);
	return r < 0 ? r : 0;
}

/* ---- trees in memory ---- */

struct live_frame {
	struct dentry **sorted;
	uint32_t count, next;
	struct buf record;
};

struct live {
	struct tree *tree;
	struct content_memo *memo;
	struct content_resolver *resolver;
	struct live_frame *frames;
	size_t depth, capacity;
};

static bool is_stored(const struct node *dir)
{
	return !(dir->flags & NODE_DIR_CHANGED);
}

static int push_live(struct live *live, struct node *dir, struct error *err)
{
	int r = tree_load(live->tree, dir, err);

	if (r < 0)
		return r;
	array_reserve_one(live->frames, live->depth, live->capacity);
	live->frames[live->depth++] =
		(struct live_frame){ .sorted = name_table_sorted(dir->dir.children),
				     .count = dir->dir.children->count };
	return 0;
}

static void pop_live(struct live *live)
{
	struct live_frame *frame = &live->frames[--live->depth];

	free(frame->sorted);
	buf_release(&frame->record);
}

/* Add everything about a node, or (1) leave its directory's digest to be added by a new frame. */
static int add_node(struct live *live, struct buf *record, struct node *node, struct error *err)
{
	const struct xattrs *xattrs;
	struct object_id digest;
	struct dir_entry entry;
	int r = 0;

	if (node_is_file(node) && node->content == CONTENT_STAGED) {
		if (!live->resolver)
			return error_set(err, -EBUSY, "a file has not been stored yet");
		r = live->resolver->resolve(live->resolver, node, err);
		if (r < 0)
			return r;
	}
	node_entry(node, NULL, &entry);
	add_fields(record, &entry);
	r = node_xattrs_load(live->tree, node, &xattrs, err);
	if (r < 0)
		return r;
	add_xattrs(record, xattrs);
	if (!node_is_dir(node))
		return 0;
	if (!is_stored(node)) {
		r = push_live(live, node, err);
		return r < 0 ? r : 1;
	}
	r = digest_stored(live->tree->store, &node->dir.id, live->memo, &digest, err);
	if (r == 0)
		add_digest(record, &digest);
	return r;
}

static int step_live(struct live *live, struct error *err)
{
	size_t at = live->depth - 1;

	while (live->frames[at].next < live->frames[at].count) {
		struct live_frame *frame = &live->frames[at];
		const struct dentry *name = frame->sorted[frame->next++];
		struct buf record = frame->record;
		int r;

		if (name->node->flags & NODE_GHOST)
			continue;
		add_name(&record, name->name, name->length);
		/* The array of frames may move meanwhile. */
		r = add_node(live, &record, name->node, err);
		live->frames[at].record = record;
		if (r != 0)
			return r;
	}
	return 0;
}

int content_digest_node(struct tree *tree, struct node *node, struct content_memo *memo,
			struct content_resolver *resolver, struct object_id *ret, struct error *err)
{
	struct live live = { .tree = tree, .memo = memo, .resolver = resolver };
	cleanup_with(buf_release) struct buf top = { 0 };
	int r = add_node(&live, &top, node, err);

	while (r >= 0 && live.depth > 0) {
		struct object_id digest;

		r = step_live(&live, err);
		if (r != 0)
			continue;
		digest = finish(&live.frames[live.depth - 1].record);
		pop_live(&live);
		add_digest(live.depth > 0 ? &live.frames[live.depth - 1].record : &top, &digest);
	}
	while (live.depth > 0)
		pop_live(&live);
	free(live.frames);
	if (r < 0)
		return r;
	*ret = finish(&top);
	return 0;
}

int content_digest_root(struct store *store, const struct tree_root *root,
			struct content_memo *memo, struct object_id *ret, struct error *err)
{
	cleanup_with(tree_close) struct tree *tree = tree_open(store, root);

	return content_digest_node(tree, tree_root_node(tree), memo, NULL, ret, err);
}
