/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file behind a URL. What is known of one is kept in the store, in "urls/" and the SHA-256 of the
 * URL, so that the next build only has to ask whether it has changed:
 *
 *	string "url 1"; strings ETag and Last-Modified; u64 mtime; u64 size; 32 bytes SHA-256;
 *	the content, if it is so short that no blob of the store has it
 *
 * Losing it costs fetching the file again.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/remote/http.h"
#include "builder/step/remote_internal.h"
#include "builder/step/step.h"
#include "fs/base/alloc.h"
#include "fs/base/base64.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "fs/base/wire.h"
#include "fs/object/dir.h"
#include "fs/store/store.h"

#define MAGIC      "url 1"
#define RECORD_MAX ((size_t)16384)
#define UNNAMED    "__unnamed__"

/* What is remembered of a URL. */
struct known {
	bool any;
	char *etag, *last_modified;
	int64_t mtime_s;
	uint64_t size;
	struct object_id digest;
	struct buf content; /* of a short one */
};

static void known_release(struct known *known)
{
	free(known->etag);
	free(known->last_modified);
	buf_release(&known->content);
}
DEFINE_CLEANUP_VALUE(struct known, known_release);

/* ---- the record ---- */

static char *record_path(const char *url)
{
	struct object_id id = object_id_of(url, strlen(url));

	return xasprintf("urls/%s", object_id_hex(&id).text);
}

static void recall(struct store *store, const char *url, struct known *ret)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_free char *path = record_path(url), *magic = NULL;
	struct object_id sum;
	struct wire wire;
	const void *content;
	size_t size;

	if (file_read(store_dir_fd(store), path, RECORD_MAX, &bytes) < 0)
		return;
	wire = wire_of(buf_string(&bytes), bytes.length);
	magic = wire_string(&wire);
	if (!magic || strcmp(magic, MAGIC) != 0)
		return;
	ret->etag = wire_string(&wire);
	ret->last_modified = wire_string(&wire);
	ret->mtime_s = (int64_t)wire_u64(&wire);
	ret->size = wire_u64(&wire);
	wire_fixed(&wire, ret->digest.bytes, OBJECT_ID_SIZE);
	content = wire_bytes(&wire, &size);
	if (wire_end(&wire) < 0)
		return;
	sum = object_id_of(content, size);
	if (size == ret->size && object_id_equal(&sum, &ret->digest))
		buf_append(&ret->content, content, size);
	ret->any = true;
}

static void remember(struct store *store, const char *url, const struct http_response *response,
		     int fd)
{
	cleanup_with(buf_release) struct buf record = { 0 };
	cleanup_free char *path = record_path(url);
	char content[DIR_INLINE_MAX];
	size_t size = response->size <= sizeof content ? response->size : 0;

	if (fd_pread_exactly(fd, content, size, 0) < 0)
		return;
	wire_put_string(&record, MAGIC);
	wire_put_string(&record, response->etag);
	wire_put_string(&record, response->last_modified);
	wire_put_u64(&record, (uint64_t)response->mtime_s);
	wire_put_u64(&record, response->size);
	buf_append(&record, response->digest, DIGEST_SIZE);
	wire_put_bytes(&record, content, size);
	if (record.length <= RECORD_MAX && dir_make(store_dir_fd(store), "urls", 0700) == 0)
		(void)file_replace(store_dir_fd(store), path, record.data, record.length, 0600,
				   false);
}

/* ---- names ---- */

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The last part of the URL's path. */
static char *file_name(const char *url)
{
	const char *path = strchrnul(strstr(url, "://") + 3, '/');
	cleanup_free char *whole = xstrndup(path, strcspn(path, "?#")), *clean = NULL;
	char *to = whole;

	for (const char *at = whole; *at; at++) {
		if (*at == '%' && isxdigit((unsigned char)at[1]) &&
		    isxdigit((unsigned char)at[2])) {
			*to++ = (char)(hex_value(at[1]) << 4 | hex_value(at[2]));
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	clean = path_join("/", whole);
	if (!path_name_valid(path_base(clean), strlen(path_base(clean))))
		return xstrdup("/" UNNAMED);
	return xasprintf("/%s", path_base(clean));
}

/* ---- fetching ---- */

struct telling {
	struct step_output *output;
	const char *id;
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	struct telling *telling = context;

	telling->output->status(telling->output, telling->id, current, total, true, false);
}

static char *authorization(struct step_task *task, const char *url)
{
	cleanup_free char *host = remote_host(url);
	const char *header = remote_secret(task, "HTTP_AUTH_HEADER", '_', host);
	const char *token = remote_secret(task, "HTTP_AUTH_TOKEN", '_', host);

	if (header)
		return xstrdup(header);
	return token ? xasprintf("Bearer %s", token) : NULL;
}

static int open_file(struct step_task *task, struct remote *remote, int *ret_fd, struct error *err)
{
	cleanup_free char *path = NULL;
	int r = remote->directory ? 0 : remote_make_directory(task, &remote->directory, err);

	if (r < 0)
		return r;
	path = xasprintf("%s%s", remote->directory, remote->path);
	*ret_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *ret_fd < 0 ? error_errno(err, -errno, "cannot make '%s'", path) : 0;
}

/* Root's alone, as old as the server says. */
static int finish_file(const struct remote *remote, int fd, struct error *err)
{
	struct timespec times[2] = { { .tv_sec = remote->mtime_s }, { .tv_sec = remote->mtime_s } };

	if (fchmod(fd, 0600) < 0 || futimens(fd, times) < 0)
		return error_errno(err, -errno, "cannot set the time of '%s'", remote->text);
	return 0;
}

/* 1: it is as `known` has it; 0: it is in the directory now. */
static int get(struct step_task *task, struct remote *remote, const struct known *known,
	       struct error *err)
{
	cleanup_with(http_response_release) struct http_response response = { 0 };
	cleanup_free char *secret = authorization(task, remote->text);
	cleanup_free char *title = xasprintf("fetching %s", remote->text);
	struct telling telling = { task->output, title };
	struct http_request request = { .url = remote->text,
					.authorization = secret,
					.cancel_fd = task->env->cancel_fd,
					.progress = tell,
					.context = &telling };
	cleanup_fd int fd = -1;
	int r = open_file(task, remote, &fd, err);

	if (known->any) {
		request.etag = known->etag;
		request.last_modified = known->last_modified;
	}
	if (r == 0)
		r = http_get(&request, fd, &response, err);
	if (r < 0)
		return r;
	if (response.not_modified)
		return 1;
	task->output->status(task->output, title, response.size, response.size, true, true);
	memcpy(remote->digest.bytes, response.digest, OBJECT_ID_SIZE);
	remote->mtime_s = response.mtime_s;
	remote->at_hand = true;
	remember(task->env->store, remote->text, &response, fd);
	return finish_file(remote, fd, err);
}

/* From what an earlier build fetched: 1, or 0 when it is gone. */
static int take_known(struct step_task *task, struct remote *remote, const struct known *known,
		      struct error *err)
{
	struct object_info info;
	cleanup_fd int fd = -1;
	int r;

	if (!known->content.length && known->size > 0 &&
	    store_stat(task->env->store, &remote->digest, &info, NULL) <= 0)
		return 0;
	r = open_file(task, remote, &fd, err);
	if (r < 0)
		return r;
	if (known->size <= DIR_INLINE_MAX)
		r = fd_write_all(fd, buf_string(&known->content), known->content.length);
	else if (store_copy_to_fd(task->env->store, &remote->digest, fd, 0, NULL) < 0)
		return 0; /* collected meanwhile: it is fetched again */
	if (r < 0)
		return error_errno(err, r, "cannot write '%s'", remote->text);
	r = finish_file(remote, fd, err);
	remote->at_hand = r == 0;
	return r < 0 ? r : 1;
}

/* ---- the whole ---- */

static int check(const struct remote *remote, const struct object_id *wanted, struct error *err)
{
	if (object_id_equal(&remote->digest, wanted))
		return 0;
	return error_set(err, -EBADMSG, "digest mismatch sha256:%s: sha256:%s",
			 object_id_hex(&remote->digest).text, object_id_hex(wanted).text);
}

int remote_url_identify(struct step_task *task, struct remote *remote, struct error *err)
{
	cleanup_with(known_release) struct known known = { 0 };
	int r;

	if (remote->identified)
		return 0;
	free(remote->path);
	remote->path = file_name(remote->text);
	/* What it has to be is what it is: nobody need be asked. */
	if (remote->checksum) {
		r = digest_from_hex(strchr(remote->checksum, ':') + 1, remote->digest.bytes);
		if (r < 0)
			return error_set(err, r, "invalid checksum '%s'", remote->checksum);
		remote->identified = true;
		return 0;
	}
	recall(task->env->store, remote->text, &known);
	r = get(task, remote, &known, err);
	if (r < 0)
		return r;
	if (r > 0) {
		remote->digest = known.digest;
		remote->mtime_s = known.mtime_s;
	}
	remote->identified = true;
	return 0;
}

int remote_url_fetch(struct step_task *task, struct remote *remote, struct error *err)
{
	cleanup_with(known_release) struct known known = { 0 };
	struct known nothing = { 0 };
	struct object_id wanted;
	int r = remote_url_identify(task, remote, err);

	if (r < 0 || remote->at_hand)
		return r;
	recall(task->env->store, remote->text, &known);
	wanted = remote->digest;
	if (known.any && object_id_equal(&known.digest, &wanted)) {
		remote->mtime_s = known.mtime_s;
		r = take_known(task, remote, &known, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	r = get(task, remote, &nothing, err);
	if (r < 0)
		return r;
	r = check(remote, &wanted, err);
	remote->digest = wanted;
	remote->at_hand = r == 0;
	return r;
}
