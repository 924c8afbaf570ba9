/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs from a repository. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* Nobody reads faster than that. */
#define REPORT_NS 100000000u

struct getting {
	const struct descriptor *blob;
	int fd;
	struct digest *digest;
	uint64_t size; /* that has come */
	bool asked_for_rest;
	const struct blob_progress *progress;
	uint64_t reported_ns;
};

static int restart(struct getting *getting)
{
	digest_free(getting->digest);
	getting->digest = digest_new();
	getting->size = 0;
	if (ftruncate(getting->fd, 0) < 0 || lseek(getting->fd, 0, SEEK_SET) < 0)
		return -errno;
	return 0;
}

/* What came before the connection broke is good, or the digest will tell. */
static int begin_getting(void *context, struct strings *headers)
{
	struct getting *getting = context;

	getting->asked_for_rest = getting->size && getting->size < getting->blob->size;
	if (!getting->asked_for_rest)
		return restart(getting);
	strings_add_format(headers, "Range: bytes=%llu-", (unsigned long long)getting->size);
	return 0;
}

static void report(const struct blob_progress *progress, uint64_t *at_ns, uint64_t current,
		   uint64_t total)
{
	uint64_t now = clock_monotonic_ns();

	if (!progress || (current < total && now - *at_ns < REPORT_NS))
		return;
	*at_ns = now;
	progress->report(progress->context, current, total);
}

static int take(void *context, long status, const void *data, size_t size)
{
	struct getting *getting = context;
	int r = 0;

	if (getting->asked_for_rest && status != 206)
		r = restart(getting);
	getting->asked_for_rest = false;
	if (r == 0 && size > getting->blob->size - getting->size)
		return -EBADMSG;
	if (r == 0)
		r = fd_write_all(getting->fd, data, size);
	if (r < 0)
		return r;
	digest_update(getting->digest, data, size);
	getting->size += size;
	report(getting->progress, &getting->reported_ns, getting->size, getting->blob->size);
	return 0;
}

static int check(const struct getting *getting, struct error *err)
{
	const struct descriptor *blob = getting->blob;
	struct object_id digest;

	if (getting->size != blob->size)
		return error_set(err, -EBADMSG, "%s has %llu bytes instead of %llu",
				 digest_text(&blob->digest).text, (unsigned long long)getting->size,
				 (unsigned long long)blob->size);
	digest_peek(getting->digest, digest.bytes);
	if (object_id_equal(&digest, &blob->digest))
		return 0;
	return error_set(err, -EBADMSG, "what came has the digest %s instead of %s",
			 digest_text(&digest).text, digest_text(&blob->digest).text);
}

/* Layers that their makers do not let others hand on are named with addresses of their own. */
static bool is_foreign(const struct descriptor *blob)
{
	return blob->media_type && (strstr(blob->media_type, "foreign") ||
				    strstr(blob->media_type, "nondistributable"));
}

int repository_get_blob(struct repository *repository, const struct descriptor *blob, int fd,
			const struct blob_progress *progress, struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	struct getting getting = {
		.blob = blob, .fd = fd, .digest = digest_new(), .progress = progress
	};
	struct digest_text name = digest_text(&blob->digest);
	cleanup_free char *path = xasprintf("blobs/%s", name.text);
	const struct registry_request request = { .method = "GET",
						  .path = path,
						  .what = name.text,
						  .begin = begin_getting,
						  .take = take,
						  .context = &getting };
	int r = registry_request(repository, &request, &answer, err);

	if (r == 0)
		r = check(&getting, err);
	else if (r == -EBADMSG)
		r = error_set(err, r, "%s is longer than the %llu bytes that it should have",
			      name.text, (unsigned long long)blob->size);
	else if (r == -ENOENT && is_foreign(blob))
		r = error_set(
			err, -EOPNOTSUPP,
			"the layer %s is not kept by the registry but elsewhere, and foreign "
			"layers are not fetched; 'skopeo copy' can make it one of the image's "
			"own",
			name.text);
	digest_free(getting.digest);
	return r;
}

int repository_has_blob(struct repository *repository, const struct object_id *digest,
			struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_free char *path = xasprintf("blobs/%s", digest_text(digest).text);
	struct digest_text name = digest_text(digest);
	const struct registry_request request = { .method = "HEAD",
						  .path = path,
						  .what = name.text };
	int r = registry_request(repository, &request, &answer, err);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}
