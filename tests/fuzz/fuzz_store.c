/* SPDX-License-Identifier: Apache-2.0 */
/* The small files of a store: its description, the index of steps, refs. The first byte says which. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "fs/base/buf.h"
#include "fs/store/config.h"
#include "fs/store/pack/pack.h"
#include "fs/store/ref_file.h"
#include "fs/store/step_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_log(const uint8_t *data, size_t size)
{
	struct step_list list = { 0 };
	struct step_record record;
	struct buf text = { 0 };
	struct step_table table;
	const uint8_t *encoded;
	size_t offset = 0;

	while (step_log_next(data, size, &offset, &record)) {
		assert(offset <= size);
		step_list_add(&list, &record);
	}
	step_list_settle(&list);
	step_table_encode(&list, &text);
	encoded = (const uint8_t *)text.data;
	if (step_table_parse(encoded, text.length, &table, NULL) < 0 ||
	    !step_table_is_sound(encoded, text.length) || table.count != list.count)
		abort();
	for (size_t i = 0; i < list.count; i++) {
		if (!step_table_find(&table, &list.items[i].key, &record))
			abort();
	}
	step_list_release(&list);
	buf_release(&text);
}

static void fuzz_table(const uint8_t *data, size_t size)
{
	struct step_table table;
	struct step_record record;
	struct object_id key = { { 7 } };

	if (step_table_parse(data, size, &table, NULL) < 0)
		return;
	(void)step_table_is_sound(data, size);
	(void)step_table_find(&table, &key, &record);
	for (size_t i = 0; i < table.count; i++) {
		if (step_record_decode(table.records + i * STEP_RECORD_SIZE, &record))
			(void)step_table_find(&table, &record.key, &record);
	}
}

/* What is read from a ref's file is what writing it again would have read. */
static void check_ref(const struct ref *ref, const char *file_name)
{
	struct buf path = { 0 }, again = { 0 };
	struct ref same;

	ref_encode(ref->name, &ref->id, ref->time_s, &again);
	if (ref_path(ref->name, &path, NULL) < 0 ||
	    strcmp(buf_string(&path) + strlen("tag/"), file_name) != 0 ||
	    ref_decode("tag", file_name, again.data, again.length, &same) < 0 ||
	    strcmp(same.name, ref->name) != 0 || same.time_s != ref->time_s ||
	    !object_id_equal(&same.id, &ref->id))
		abort();
	free(same.name);
	buf_release(&path);
	buf_release(&again);
}

/* The name of the file, which no file lacks, stands in front of its content and a newline. */
static void fuzz_ref(const uint8_t *data, size_t size)
{
	struct buf name = { 0 };
	const uint8_t *end = memchr(data, '\n', size);
	struct ref ref;

	if (!end || !*data || end == data)
		return;
	buf_append(&name, data, (size_t)(end - data));
	size -= (size_t)(end + 1 - data);
	if (ref_decode("tag", buf_string(&name), (const char *)end + 1, size, &ref) == 0) {
		check_ref(&ref, buf_string(&name));
		free(ref.name);
	}
	buf_release(&name);
}

static void fuzz_names(const uint8_t *data, size_t size)
{
	struct buf text = { 0 }, path = { 0 };
	char name[PACK_NAME_SIZE];

	buf_append(&text, data, size);
	(void)pack_name_parse(buf_string(&text), name);
	(void)ref_path(buf_string(&text), &path, NULL);
	buf_release(&text);
	buf_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_config config;

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'c':
		(void)store_config_parse((const char *)data + 1, size - 1, &config, NULL);
		break;
	case 'l':
		fuzz_log(data + 1, size - 1);
		break;
	case 't':
		fuzz_table(data + 1, size - 1);
		break;
	case 'r':
		fuzz_ref(data + 1, size - 1);
		break;
	case 'n':
		fuzz_names(data + 1, size - 1);
		break;
	default:
		break;
	}
	return 0;
}
