/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs to a repository: sent, or taken over from another one of the same registry. */
#include <errno.h>
#include <string.h>

#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"

/* Nobody reads faster than that. */
#define REPORT_NS 100000000u

struct putting {
	const struct blob_progress *progress;
	uint64_t reported_ns, size;
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	struct putting *putting = context;
	uint64_t now = clock_monotonic_ns();

	(void)total;
	if (!putting->progress ||
	    (current < putting->size && now - putting->reported_ns < REPORT_NS))
		return;
	putting->reported_ns = now;
	putting->progress->report(putting->progress->context, current, putting->size);
}

/* Where the upload that has begun goes on. */
static int next_url(struct repository *repository, const struct exchange_answer *answer, char **ret,
		    struct error *err)
{
	const char *location = exchange_header(answer, "Location");
	cleanup_with(registry_host_release) struct registry_host host = { 0 };
	struct exchange_client *client;
	cleanup_free char *base = NULL;
	int r;

	if (!location)
		return error_set(err, -EPROTO, "%s does not say where a blob is to go",
				 repository->domain);
	client = registries_take_client(repository->registries, err);
	if (!client)
		return -EOPNOTSUPP;
	r = registry_host_find(repository, client, &host, err);
	registries_give_client(repository->registries, client);
	if (r < 0)
		return r;
	base = xasprintf("%s/v2/%s/blobs/uploads/", host.base, repository->path);
	return exchange_url_resolve(base, location, ret, err);
}

static int begin(struct repository *repository, const char *what, char **ret_location,
		 struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	const struct blob_content nothing = { .data = "", .fd = -1 };
	const struct registry_request start = {
		.method = "POST", .path = "blobs/uploads/", .body = &nothing, .what = what
	};
	int r = registry_request(repository, &start, &answer, err);

	return r < 0 ? r : next_url(repository, &answer, ret_location, err);
}

/* All of it in one request; *ret_again says whether there is hope in another. */
static int send(struct repository *repository, const struct object_id *digest, const char *location,
		const struct blob_content *content, struct putting *putting, bool *ret_again,
		struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_with(strings_release) struct strings headers = { 0 };
	struct digest_text name = digest_text(digest);
	cleanup_free char *url =
		xasprintf("%s%cdigest=%s", location, strchr(location, '?') ? '&' : '?', name.text);
	const struct registry_request request = { .method = "PUT",
						  .url = url,
						  .headers = &headers,
						  .body = content,
						  .what = name.text,
						  .once = true,
						  .progress = tell,
						  .context = putting };
	int r;

	strings_add(&headers, "Content-Type: application/octet-stream");
	r = registry_request(repository, &request, &answer, err);
	*ret_again = answer.may_pass;
	return r;
}

/*
 * An upload that broke off is not gone on with: what the registry has of it nobody knows, and some
 * append what comes next. The next try begins another.
 */
int repository_put_blob(struct repository *repository, const struct object_id *digest,
			const struct blob_content *content, const struct blob_progress *progress,
			struct error *err)
{
	cleanup_free char *location = content->upload ? xstrdup(content->upload) : NULL;
	struct digest_text name = digest_text(digest);
	struct putting putting = { .progress = progress, .size = content->size };
	unsigned tries = 0;
	bool again;
	int r;

	do {
		again = false;
		r = location ? 0 : begin(repository, name.text, &location, err);
		if (r == 0)
			r = send(repository, digest, location, content, &putting, &again, err);
		free(take_ptr(&location));
	} while (r < 0 && again && exchange_wait(repository->cancel_fd, ++tries));
	return r;
}

/* Whoever may read the one and write to the other gets one token for both. */
static struct repository *with_source(const struct repository *repository, const char *from)
{
	struct repository *both = repository_new(repository->registries, repository->domain,
						 repository->path, repository->flags);
	cleanup_free char *scope = take_ptr(&both->scope);

	both->scope = xasprintf("%s repository:%s:pull", scope, from);
	free(both->key);
	both->key = xasprintf("%s %s", both->domain, both->scope);
	both->cancel_fd = repository->cancel_fd;
	return both;
}

int repository_mount_blob(struct repository *repository, const struct object_id *digest,
			  const char *from, char **ret_upload, struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_with(repository_free) struct repository *both = with_source(repository, from);
	struct digest_text name = digest_text(digest);
	cleanup_free char *path = xasprintf("blobs/uploads/?mount=%s&from=%s", name.text, from);
	const struct blob_content nothing = { .data = "", .fd = -1 };
	const struct registry_request request = {
		.method = "POST", .path = path, .body = &nothing, .what = name.text
	};
	int r = registry_request(both, &request, &answer, err);

	*ret_upload = NULL;
	if (r < 0)
		return r == -ECANCELED ? r : 0;
	if (answer.status == 201)
		return 1;
	/* It has begun an upload instead. */
	return answer.status == 202 ? next_url(repository, &answer, ret_upload, err) : 0;
}
