/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write-layer FILE: the layer between two trees that the file describes, as its digest and its
 * entries. The file holds a tree as in tests/lib/tree_text.h, then behind a line "==" what changes
 * in it; a line "- PATH" takes something away.
 */
#include <fcntl.h>

#include "builder/image/descriptor.h"
#include "builder/image/layer_write.h"
#include "builder/image/tar/tar_read.h"
#include "tests/lib/snapshot_fixture.h"

static void print_entries(const struct buf *tar)
{
	struct error err = { 0 };
	const struct tar_entry *entry;
	struct memory_source source;
	struct tar_reader *reader;

	memory_source_init(&source, tar->data, tar->length);
	reader = tar_reader_new(&source.base);
	while (tar_reader_next(reader, &entry, &err) > 0) {
		printf("%c %04o %u:%u %" PRId64 ".%09u %" PRIu64 " %s", (int)entry->type,
		       entry->mode, entry->uid, entry->gid, entry->mtime_s, entry->mtime_ns,
		       entry->size, entry->name);
		printf(*entry->link ? " -> %s\n" : "\n", entry->link);
	}
	tar_reader_free(reader);
}

int main(int argc, char **argv)
{
	struct layer_write write = { .before = tree_root_empty() };
	struct object_id id = { 0 }, digest;
	struct buf text = { 0 }, tar = { 0 };
	struct snapshot_record record;
	struct buf_sink sink;
	struct fixture *f;
	char *changes;

	if (argc != 2 || file_read(AT_FDCWD, argv[1], 1 << 20, &text) < 0)
		return 2;
	set_up((void **)&f);
	changes = strstr(text.data, "\n==\n");
	if (changes) {
		*changes = '\0';
		id = snapshot_on(f, &id, text.data);
		assert_ok(snapshot_read(f->store, &id, &record, &f->err), f->err);
		write.before = record.root;
		changes += 4;
	}
	id = snapshot_on(f, &id, changes ? changes : text.data);
	assert_ok(snapshot_read(f->store, &id, &record, &f->err), f->err);
	write.store = f->store;
	write.after = record.root;
	buf_sink_init(&sink, &tar);
	assert_ok(layer_write(&write, &sink.base, &f->err), f->err);
	digest = object_id_of(tar.data, tar.length);
	printf("%s %zu\n", digest_text(&digest).text, tar.length);
	print_entries(&tar);
	buf_release(&text);
	buf_release(&tar);
	tear_down((void **)&f);
	return 0;
}
