/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/http.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "builder/remote/curl_library.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define TRIES            3
#define PAUSE_MS         500
#define REDIRECTIONS_MAX 10L
#define CONNECT_S        30L
#define STALLED_S        60L
#define HEADER_MAX       ((size_t)4096)

/* One try. */
struct transfer {
	const struct curl_library *curl;
	const struct http_request *request;
	struct http_response *response;
	struct digest *digest;
	int fd;
	int failed; /* negative errno of writing, or -ECANCELED */
	char message[CURL_ERROR_SIZE];
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

/* ---- what curl calls ---- */

static bool is_cancelled(const struct http_request *request)
{
	struct pollfd state = { .fd = request->cancel_fd, .events = POLLIN };

	return request->cancel_fd >= 0 && poll(&state, 1, 0) > 0;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	int r = fd_write_all(transfer->fd, data, size * count);

	if (r < 0) {
		transfer->failed = r;
		return 0;
	}
	digest_update(transfer->digest, data, size * count);
	transfer->response->size += size * count;
	return size * count;
}

/* The value of a header of this name, in a line that ends in CR LF; NULL: it is another. */
static char *header_value(const char *line, size_t length, const char *name)
{
	size_t name_length = strlen(name);

	if (length <= name_length || length > HEADER_MAX || line[name_length] != ':' ||
	    strncasecmp(line, name, name_length) != 0)
		return NULL;
	line += name_length + 1;
	length -= name_length + 1;
	while (length && (line[0] == ' ' || line[0] == '\t')) {
		line++;
		length--;
	}
	while (length && strchr(" \t\r\n", line[length - 1]))
		length--;
	return memchr(line, '\0', length) ? NULL : xstrndup(line, length);
}

static void keep(char **at, char *value)
{
	if (!value)
		return;
	free(*at);
	*at = value;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct http_response *response = transfer->response;
	size_t length = size * count;

	/* Those of a redirection do not count. */
	if (length > 5 && strncasecmp(data, "HTTP/", 5) == 0)
		forget(response);
	keep(&response->etag, header_value(data, length, "ETag"));
	keep(&response->last_modified, header_value(data, length, "Last-Modified"));
	return length;
}

static int tell(void *context, curl_off_t total, curl_off_t current, curl_off_t up_total,
		curl_off_t up)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;

	(void)up_total;
	(void)up;
	if (request->progress && current > 0)
		request->progress(request->context, (uint64_t)current, (uint64_t)total);
	if (!is_cancelled(request))
		return 0;
	transfer->failed = -ECANCELED;
	return 1;
}

/* ---- one try ---- */

static struct curl_slist *add_header(const struct curl_library *curl, struct curl_slist *list,
				     const char *name, const char *value)
{
	cleanup_free char *line = NULL;
	struct curl_slist *longer;

	if (!value || strpbrk(value, "\r\n"))
		return list;
	line = xasprintf("%s: %s", name, value);
	longer = curl->slist_append(list, line);
	return longer ? longer : list;
}

static struct curl_slist *make_headers(const struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	struct curl_slist *list = NULL;

	/* What is fetched is stored as it is, so nothing is asked to be compressed on the way. */
	list = add_header(transfer->curl, list, "If-None-Match", request->etag);
	list = add_header(transfer->curl, list, "If-Modified-Since", request->last_modified);
	return add_header(transfer->curl, list, "Authorization", request->authorization);
}

static void set_up(struct transfer *transfer, CURL *handle, struct curl_slist *headers)
{
	const struct curl_library *curl = transfer->curl;

	curl->easy_setopt(handle, CURLOPT_URL, transfer->request->url);
	curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
	curl->easy_setopt(handle, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX);
	curl->easy_setopt(handle, CURLOPT_USERAGENT, "varve");
	curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
	curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, STALLED_S);
	curl->easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
	curl->easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
	curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
	curl->easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
	curl->easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, tell);
	curl->easy_setopt(handle, CURLOPT_XFERINFODATA, transfer);
	curl->easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->message);
}

static int judge(struct transfer *transfer, CURLcode code, long status, struct error *err)
{
	const char *url = transfer->request->url;

	if (transfer->failed == -ECANCELED)
		return error_set(err, -ECANCELED, "cancelled");
	if (transfer->failed < 0)
		return error_errno(err, transfer->failed, "cannot keep what '%s' is", url);
	if (code == CURLE_OK && (status == 200 || status == 304))
		return 0;
	if (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)
		return error_set(err,
				 status == 404 || status == 410   ? -ENOENT
				 : status == 401 || status == 403 ? -EACCES
								  : -EPROTO,
				 "invalid response status %ld for '%s'", status, url);
	return error_set(err, -EIO, "cannot fetch '%s': %s", url,
			 transfer->message[0] ? transfer->message
					      : transfer->curl->easy_strerror(code));
}

/* 5xx and 429, and whatever broke on the way. */
static bool may_pass(CURLcode code, long status)
{
	static const CURLcode broken[] = {
		CURLE_COULDNT_CONNECT,    CURLE_COULDNT_RESOLVE_HOST, CURLE_GOT_NOTHING,
		CURLE_OPERATION_TIMEDOUT, CURLE_PARTIAL_FILE,         CURLE_RECV_ERROR,
		CURLE_SEND_ERROR,
	};

	if (code == CURLE_HTTP_RETURNED_ERROR)
		return status >= 500 || status == 429;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		if (code == broken[i])
			return true;
	}
	return false;
}

static int try(struct transfer *transfer, bool *ret_again, struct error *err)
{
	const struct curl_library *curl = transfer->curl;
	CURL *handle = curl->easy_init();
	struct curl_slist *headers;
	CURLcode code;
	long status = 0;

	if (!handle)
		return error_set(err, -ENOMEM, "no memory to fetch '%s'", transfer->request->url);
	headers = make_headers(transfer);
	transfer->digest = digest_new();
	transfer->failed = 0;
	set_up(transfer, handle, headers);
	code = curl->easy_perform(handle);
	curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	curl->easy_cleanup(handle);
	curl->slist_free_all(headers);
	digest_peek(transfer->digest, transfer->response->digest);
	digest_free(transfer->digest);
	transfer->response->not_modified = status == 304;
	*ret_again = may_pass(code, status) && transfer->failed == 0;
	return judge(transfer, code, status, err);
}

/* ---- the whole ---- */

/* False: there is no point in it any more. */
static bool wait_to_try_again(const struct http_request *request, unsigned tries)
{
	struct pollfd state = { .fd = request->cancel_fd, .events = POLLIN };

	return tries < TRIES && poll(&state, 1, (int)(PAUSE_MS * tries)) == 0;
}

int http_get(const struct http_request *request, int fd, struct http_response *ret,
	     struct error *err)
{
	cleanup_with(http_response_release) struct http_response response = { 0 };
	struct transfer transfer = { .request = request, .response = &response, .fd = fd };
	bool again = false;
	unsigned tries = 1;
	time_t time;
	int r = curl_library_load(&transfer.curl, err);

	if (r < 0)
		return r;
	while ((r = try(&transfer, &again, err)) < 0 && again &&
	       wait_to_try_again(request, tries++)) {
		forget(&response);
		if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return error_errno(err, -errno, "cannot fetch '%s' once more",
					   request->url);
	}
	if (r < 0)
		return r;
	time = response.last_modified ? transfer.curl->getdate(response.last_modified, NULL) : 0;
	response.mtime_s = time > 0 ? time : 0;
	*ret = response;
	response = (struct http_response){ 0 };
	return 0;
}
