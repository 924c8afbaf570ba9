/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/remote/curl_library.h"
#include "builder/remote/exchange.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* One try. */
struct transfer {
	const struct http_request *request;
	struct http_response *response;
	struct digest *digest;
	int fd;
};

static void forget(struct http_response *response)
{
	free(response->etag);
	free(response->last_modified);
	*response = (struct http_response){ 0 };
}

void http_response_release(struct http_response *response)
{
	forget(response);
}

static int take(void *context, long status, const void *data, size_t size)
{
	struct transfer *transfer = context;
	int r;

	if (status != 200)
		return 0;
	r = fd_write_all(transfer->fd, data, size);
	if (r < 0)
		return r;
	digest_update(transfer->digest, data, size);
	transfer->response->size += size;
	return 0;
}

static void tell(void *context, uint64_t current, uint64_t total)
{
	const struct http_request *request = ((struct transfer *)context)->request;

	request->progress(request->context, current, total);
}

/* ---- one try ---- */

static void add_header(struct strings *headers, const char *name, const char *value)
{
	if (value)
		strings_add_format(headers, "%s: %s", name, value);
}

static char *copy_header(const struct exchange_answer *answer, const char *name)
{
	const char *value = exchange_header(answer, name);

	return value ? xstrdup(value) : NULL;
}

static int judge(const char *url, long status, struct error *err)
{
	if (status == 200 || status == 304)
		return 0;
	return error_set(err,
			 status == 404 || status == 410   ? -ENOENT
			 : status == 401 || status == 403 ? -EACCES
							  : -EPROTO,
			 "invalid response status %ld for '%s'", status, url);
}

static int try(struct exchange_client *client, struct transfer *transfer, bool *ret_again,
	       struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_with(strings_release) struct strings headers = { 0 };
	const struct http_request *request = transfer->request;
	const struct exchange exchange = { .method = "GET",
					   .url = request->url,
					   .headers = &headers,
					   .follow = true,
					   .cancel_fd = request->cancel_fd,
					   .take = take,
					   .progress = request->progress ? tell : NULL,
					   .context = transfer };
	int r;

	/* What is fetched is stored as it is, so nothing is asked to be compressed on the way. */
	add_header(&headers, "If-None-Match", request->etag);
	add_header(&headers, "If-Modified-Since", request->last_modified);
	add_header(&headers, "Authorization", request->authorization);
	transfer->digest = digest_new();
	r = exchange_perform(client, &exchange, &answer, err);
	digest_peek(transfer->digest, transfer->response->digest);
	digest_free(transfer->digest);
	*ret_again = answer.may_pass;
	if (r < 0)
		return r;
	transfer->response->etag = copy_header(&answer, "ETag");
	transfer->response->last_modified = copy_header(&answer, "Last-Modified");
	transfer->response->not_modified = answer.status == 304;
	return judge(request->url, answer.status, err);
}

/* ---- the whole ---- */

int http_get(const struct http_request *request, int fd, struct http_response *ret,
	     struct error *err)
{
	cleanup_with(http_response_release) struct http_response response = { 0 };
	cleanup_with(exchange_client_free) struct exchange_client *client = NULL;
	struct transfer transfer = { .request = request, .response = &response, .fd = fd };
	const struct curl_library *curl;
	bool again = false;
	unsigned tries = 1;
	time_t time;
	int r = exchange_client_new(&client, err);

	if (r == 0)
		r = curl_library_load(&curl, err);
	if (r < 0)
		return r;
	while ((r = try(client, &transfer, &again, err)) < 0 && again &&
	       exchange_wait(request->cancel_fd, tries++)) {
		forget(&response);
		if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return error_errno(err, -errno, "cannot fetch '%s' once more",
					   request->url);
	}
	if (r < 0)
		return r;
	time = response.last_modified ? curl->getdate(response.last_modified, NULL) : 0;
	response.mtime_s = time > 0 ? time : 0;
	*ret = response;
	response = (struct http_response){ 0 };
	return 0;
}
