/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand.h"

#include "builder/dockerfile/expand/machine_internal.h"
#include "fs/base/quote.h"

/* As much of a word as an error message quotes. */
#define QUOTED_MAX 200

static const char *env_of_strings(void *context, const char *name)
{
	return strings_env_get(context, name);
}

struct expand_env expand_env_of(const struct strings *list)
{
	union {
		const struct strings *list;
		void *context;
	} pointer = { .list = list }; /* env_of_strings() does not write to it */

	return (struct expand_env){ .get = env_of_strings, .context = pointer.context };
}

/* Add names to a list of the caller's: sorted, each once. */
static void add_names(struct strings *list, struct strings *names)
{
	size_t kept = 0;

	if (!list || !names->count)
		return;
	for (size_t i = 0; i < names->count; i++)
		strings_take(list, take_ptr(&names->items[i]));
	names->count = 0;
	strings_sort(list);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && strcmp(list->items[kept - 1], list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	list->items[kept] = NULL;
}

static int expand(struct machine *m, const char *text)
{
	cleanup_free char *quoted = NULL;
	int r;

	m->at = text;
	m->end = text + strlen(text);
	r = machine_run(m);
	if (r < 0) {
		quoted = m->err ? quote_string(text, QUOTED_MAX) : NULL;
		return error_prefix(m->err, r, "failed to process %s", quoted);
	}
	add_names(m->how->found, &m->found);
	add_names(m->how->missing, &m->missing);
	return 0;
}

/* Nothing in `text` that could mean anything: most words are like that. */
static bool is_plain(const struct expander *expander, const char *text)
{
	const char special[] = { '$', '\'', '"', expander->escape, '\0' };

	return !text[strcspn(text, special)];
}

int expand_word(const struct expander *expander, const char *word, struct buf *ret,
		struct error *err)
{
	cleanup_with(machine_release) struct machine m = { .how = expander, .err = err };
	int r;

	if (is_plain(expander, word)) {
		buf_add_string(ret, word);
		return 0;
	}
	r = expand(&m, word);
	if (r < 0)
		return r;
	buf_append(ret, m.out.data, m.out.length);
	return 0;
}

int expand_words(const struct expander *expander, const char *text, struct strings *ret,
		 struct error *err)
{
	cleanup_with(strings_release) struct strings list = { 0 };
	cleanup_with(machine_release) struct machine m = { .how = expander, .err = err };
	int r;

	m.cutter.list = &list;
	r = expand(&m, text);
	if (r < 0)
		return r;
	machine_end_word(&m);
	for (size_t i = 0; i < list.count; i++)
		strings_take(ret, list.items[i]);
	list.count = 0;
	return 0;
}
