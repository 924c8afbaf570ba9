/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/ref_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "fs/base/alloc.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/store/store_internal.h"

#define CLASS_MAX     32
#define REST_MAX      4096
#define FILE_NAME_MAX 200

static bool class_valid(const char *name, size_t length)
{
	if (length == 0 || length > CLASS_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!(name[i] >= 'a' && name[i] <= 'z') && !isdigit((unsigned char)name[i]) &&
		    name[i] != '-' && name[i] != '_')
			return false;
	}
	return true;
}

static bool stands_for_itself(unsigned char c, bool first)
{
	if (c == '.')
		return !first;
	return c < 0x80 && (isalnum(c) || c == '-' || c == '_');
}

static void escape(const char *rest, struct buf *ret)
{
	for (const char *at = rest; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (stands_for_itself(c, at == rest))
			buf_add_char(ret, *at);
		else
			buf_add_format(ret, "%%%02X", c);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The other way; false for what escape() would not have written. */
static bool unescape(const char *text, struct buf *ret)
{
	for (const char *at = text; *at; at++) {
		int high, low;

		if (*at != '%') {
			if (!stands_for_itself((unsigned char)*at, at == text))
				return false;
			buf_add_char(ret, *at);
			continue;
		}
		high = hex_digit(at[1]);
		low = high < 0 ? -1 : hex_digit(at[2]);
		if (low < 0 || (high == 0 && low == 0) ||
		    stands_for_itself((unsigned char)(high << 4 | low), at == text))
			return false;
		buf_add_char(ret, (char)(high << 4 | low));
		at += 2;
	}
	return ret->length > 0;
}

/* The file's name for the part behind the class; true when that does not tell the part itself. */
static bool file_name_of(const char *rest, struct buf *ret)
{
	cleanup_with(buf_release) struct buf escaped = { 0 };
	struct object_id id;

	escape(rest, &escaped);
	if (escaped.length <= FILE_NAME_MAX) {
		buf_append(ret, escaped.data, escaped.length);
		return false;
	}
	id = object_id_of(rest, strlen(rest));
	buf_add_format(ret, "%%-%s", object_id_hex(&id).text);
	return true;
}

int ref_path(const char *name, struct buf *ret, struct error *err)
{
	const char *slash = strchr(name, '/');

	if (!slash || !slash[1] || strlen(slash + 1) > REST_MAX ||
	    !class_valid(name, (size_t)(slash - name)))
		return error_set(err, -EINVAL, "'%s' is no name for a ref", name);
	buf_append(ret, name, (size_t)(slash - name) + 1);
	(void)file_name_of(slash + 1, ret);
	return 0;
}

void ref_encode(const char *name, const struct object_id *id, int64_t time_s, struct buf *ret)
{
	cleanup_with(buf_release) struct buf file_name = { 0 };
	const char *rest = strchr(name, '/') + 1;

	buf_add_format(ret, "%s %" PRId64 "\n", object_id_hex(id).text, time_s);
	if (file_name_of(rest, &file_name)) {
		escape(rest, ret);
		buf_add_char(ret, '\n');
	}
}

int ref_decode(const char *class_name, const char *file_name, const char *text, size_t size,
	       struct ref *ret)
{
	cleanup_with(buf_release) struct buf rest = { 0 };
	cleanup_with(buf_release) struct buf again = { 0 };
	cleanup_free char *copy = xstrndup(text, size);
	char *at = copy, *line = strsep(&at, "\n"), *id = strsep(&line, " ");
	struct ref ref = { 0 };

	if (!at || !line || !class_valid(class_name, strlen(class_name)) ||
	    object_id_parse(id, &ref.id) < 0 || parse_i64(line, &ref.time_s) < 0)
		return -EBADMSG;
	if (strncmp(file_name, "%-", 2) == 0) {
		const char *escaped = strsep(&at, "\n");

		if (!at || !unescape(escaped, &rest))
			return -EBADMSG;
	} else if (!unescape(file_name, &rest)) {
		return -EBADMSG;
	}
	(void)file_name_of(buf_string(&rest), &again);
	if (*at || strcmp(buf_string(&again), file_name) != 0 || rest.length > REST_MAX)
		return -EBADMSG;
	ref.name = xasprintf("%s/%s", class_name, buf_string(&rest));
	*ret = ref;
	return 0;
}

bool ref_is_durable(const char *name)
{
	static const char *const classes[] = { "tag/", "pin/", "snapshot/", "work/" };

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (strncmp(name, classes[i], strlen(classes[i])) == 0)
			return true;
	}
	return false;
}

/* Writing */

static int write_tmp(int tmp_fd, const char *tmp_name, const struct buf *text, bool sync)
{
	cleanup_fd int fd = openat(tmp_fd, tmp_name,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text->data, text->length);
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int sync_class(struct store *store, const char *class_name)
{
	cleanup_fd int fd = openat(store->refs_fd, class_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0 || fsync(store->refs_fd) < 0)
		return -errno;
	return 0;
}

int ref_write(struct store *store, int tmp_fd, const char *tmp_name, const struct ref *ref,
	      struct error *err)
{
	cleanup_with(buf_release) struct buf path = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *class_name = NULL;
	bool sync = ref_is_durable(ref->name);
	int r = ref_path(ref->name, &path, err);

	if (r < 0)
		return r;
	class_name = xstrndup(buf_string(&path), strcspn(buf_string(&path), "/"));
	ref_encode(ref->name, &ref->id, ref->time_s, &text);
	r = fault("refs.write");
	if (r == 0)
		r = write_tmp(tmp_fd, tmp_name, &text, sync);
	if (r == 0 && renameat(tmp_fd, tmp_name, store->refs_fd, path.data) < 0)
		r = -errno;
	if (r == -ENOENT) {
		r = dir_make(store->refs_fd, class_name, 0700);
		if (r == 0 && renameat(tmp_fd, tmp_name, store->refs_fd, path.data) < 0)
			r = -errno;
	}
	if (r == 0 && sync)
		r = sync_class(store, class_name);
	if (r < 0) {
		(void)unlinkat(tmp_fd, tmp_name, 0);
		return error_errno(err, r, "cannot write the ref '%s'", ref->name);
	}
	return 0;
}
