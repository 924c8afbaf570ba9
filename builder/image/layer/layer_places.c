/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/layer_places.h"

#include <string.h>

#include "builder/image/descriptor.h"
#include "builder/image/layer/layer_cache_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"

#define FILE_NAME "places"
#define LOCK_NAME "places.lock"
#define FILE_MAX  ((size_t)LAYER_PLACES_MAX * 512)
/* A digest and the blank behind it. */
#define DIGEST_LENGTH ((size_t)DIGEST_TEXT_SIZE - 1)

static bool is_line(const char *line, size_t length)
{
	return length > DIGEST_LENGTH + 1 && length <= DIGEST_LENGTH + 1 + 256 &&
	       line[DIGEST_LENGTH] == ' ' && !memchr(line, '\0', length);
}

void layer_places_read(struct layer_cache *cache, struct layer_places *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *at;

	*ret = (struct layer_places){ 0 };
	if (file_read(cache->fd, FILE_NAME, FILE_MAX, &text) < 0)
		return;
	at = buf_string(&text);
	while (*at) {
		size_t length = strcspn(at, "\n");

		if (is_line(at, length))
			strings_add_range(&ret->lines, at, length);
		at += length + (at[length] == '\n');
	}
}

void layer_places_find(const struct layer_places *places, const struct object_id *digest,
		       struct strings *ret)
{
	struct digest_text name = digest_text(digest);

	for (size_t i = places->lines.count; i-- > 0;) {
		const char *line = places->lines.items[i];

		if (memcmp(line, name.text, DIGEST_LENGTH) == 0 &&
		    !strings_contain(ret, line + DIGEST_LENGTH + 1))
			strings_add(ret, line + DIGEST_LENGTH + 1);
	}
}

void layer_places_release(struct layer_places *places)
{
	strings_release(&places->lines);
}

/* The lines that are not said again, then the new ones. */
static int rewrite(struct layer_cache *cache, const struct layer_places *old,
		   const struct strings *added)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	size_t all = old->lines.count + added->count;
	size_t skip = all > LAYER_PLACES_MAX ? all - LAYER_PLACES_MAX : 0;

	for (size_t i = skip; i < old->lines.count; i++) {
		if (!strings_contain(added, old->lines.items[i]))
			buf_add_format(&text, "%s\n", old->lines.items[i]);
	}
	for (size_t i = 0; i < added->count; i++)
		buf_add_format(&text, "%s\n", added->items[i]);
	return file_replace(cache->fd, FILE_NAME, text.data, text.length, 0600, false);
}

/* The end of the file says it all already. */
static bool is_said(const struct layer_places *places, const struct strings *added)
{
	const struct strings *lines = &places->lines;

	if (lines->count < added->count)
		return false;
	for (size_t i = 0; i < added->count; i++) {
		if (strcmp(lines->items[lines->count - added->count + i], added->items[i]) != 0)
			return false;
	}
	return true;
}

int layer_places_add(struct layer_cache *cache, const char *place, const struct object_id *digests,
		     size_t count, struct error *err)
{
	cleanup_with(layer_places_release) struct layer_places places = { 0 };
	cleanup_with(strings_release) struct strings added = { 0 };
	cleanup_fd int lock = -1;
	int r;

	for (size_t i = 0; i < count; i++) {
		cleanup_free char *line = xasprintf("%s %s", digest_text(&digests[i]).text, place);

		if (!strings_contain(&added, line))
			strings_take(&added, take_ptr(&line));
	}
	if (!added.count)
		return 0;
	r = lockfile_open(cache->fd, LOCK_NAME, LOCKFILE_EXCLUSIVE, true, &lock);
	if (r == 0) {
		layer_places_read(cache, &places);
		r = is_said(&places, &added) ? 0 : rewrite(cache, &places, &added);
	}
	return r < 0 ? error_errno(err, r, "cannot remember where layers are") : 0;
}
