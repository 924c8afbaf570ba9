/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/remote/curl_library.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"

#define TRIES            3
#define PAUSE_MS         500
#define REDIRECTIONS_MAX 10L
#define CONNECT_S        30L
#define STALLED_S        60L
#define UPLOAD_BLOCK     (256L << 10)

struct exchange_client {
	const struct curl_library *curl;
	CURL *handle;
};

/* One request on its way. */
struct transfer {
	const struct curl_library *curl;
	CURL *handle;
	const struct exchange *exchange;
	struct exchange_answer *answer;
	size_t header_bytes;
	uint64_t sent;
	int failed; /* negative errno */
	char message[CURL_ERROR_SIZE];
};

int exchange_client_new(struct exchange_client **ret, struct error *err)
{
	struct exchange_client *client;
	const struct curl_library *curl;
	int r = curl_library_load(&curl, err);

	if (r < 0)
		return r;
	client = xcalloc(1, sizeof *client);
	client->curl = curl;
	client->handle = curl->easy_init();
	if (!client->handle) {
		free(client);
		return error_set(err, -ENOMEM, "no memory to fetch anything");
	}
	*ret = client;
	return 0;
}

void exchange_client_free(struct exchange_client *client)
{
	if (!client)
		return;
	client->curl->easy_cleanup(client->handle);
	free(client);
}

/* ---- what curl calls ---- */

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct exchange *exchange = transfer->exchange;
	long status = 0;
	int r;

	transfer->curl->easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
	r = exchange->take ? exchange->take(exchange->context, status, data, size * count) : 0;
	if (r < 0) {
		transfer->failed = r;
		return 0;
	}
	return size * count;
}

/* A line that ends in CR LF, kept without them. */
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * count, end = length;

	/* Those of a redirection, or of "100 Continue", do not count. */
	if (length > 5 && strncasecmp(data, "HTTP/", 5) == 0) {
		strings_clear(&transfer->answer->headers);
		return length;
	}
	transfer->header_bytes += length;
	if (transfer->header_bytes > EXCHANGE_HEADERS_MAX) {
		transfer->failed = -E2BIG;
		return 0;
	}
	while (end && strchr(" \t\r\n", data[end - 1]))
		end--;
	if (end && !memchr(data, '\0', end))
		strings_add_range(&transfer->answer->headers, data, end);
	return length;
}

static size_t give_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct exchange *exchange = transfer->exchange;
	uint64_t left = exchange->size - transfer->sent;
	size_t room = size * count;
	ssize_t n;

	if (room > left)
		room = (size_t)left;
	if (exchange->data) {
		memcpy(data, (const char *)exchange->data + transfer->sent, room);
		n = (ssize_t)room;
	} else {
		n = pread(exchange->fd, data, room, (off_t)(exchange->offset + transfer->sent));
	}
	if (n < 0 || (n == 0 && room)) {
		transfer->failed = n < 0 ? -errno : -ENODATA;
		return CURL_READFUNC_ABORT;
	}
	transfer->sent += (uint64_t)n;
	return (size_t)n;
}

/* A kept connection may turn out to be gone only once something was sent on it. */
static int seek_body(void *context, curl_off_t offset, int origin)
{
	struct transfer *transfer = context;

	if ((transfer->exchange->once && transfer->sent) || origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > transfer->exchange->size)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int tell(void *context, curl_off_t total, curl_off_t current, curl_off_t up_total,
		curl_off_t up)
{
	struct transfer *transfer = context;
	const struct exchange *exchange = transfer->exchange;

	if (exchange->progress && exchange->has_body && up > 0)
		exchange->progress(exchange->context, (uint64_t)up, (uint64_t)up_total);
	else if (exchange->progress && !exchange->has_body && current > 0)
		exchange->progress(exchange->context, (uint64_t)current, (uint64_t)total);
	if (!cancelled(exchange->cancel_fd))
		return 0;
	transfer->failed = -ECANCELED;
	return 1;
}

/* ---- setting up ---- */

static struct curl_slist *add_header(const struct curl_library *curl, struct curl_slist *list,
				     const char *line)
{
	struct curl_slist *longer;

	if (strpbrk(line, "\r\n"))
		return list;
	longer = curl->slist_append(list, line);
	return longer ? longer : list;
}

static struct curl_slist *make_headers(const struct transfer *transfer)
{
	const struct strings *lines = transfer->exchange->headers;
	struct curl_slist *list = NULL;

	for (size_t i = 0; lines && i < lines->count; i++)
		list = add_header(transfer->curl, list, lines->items[i]);
	/* Waiting to be told to go on costs a second with those who never say it. */
	return add_header(transfer->curl, list, "Expect:");
}

static void set_method(struct transfer *transfer)
{
	const struct exchange *exchange = transfer->exchange;
	const struct curl_library *curl = transfer->curl;
	CURL *handle = transfer->handle;

	if (strcmp(exchange->method, "HEAD") == 0)
		curl->easy_setopt(handle, CURLOPT_NOBODY, 1L);
	else if (exchange->has_body)
		curl->easy_setopt(handle, CURLOPT_UPLOAD, 1L);
	else
		curl->easy_setopt(handle, CURLOPT_HTTPGET, 1L);
	if (!exchange->has_body)
		return;
	curl->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, exchange->method);
	curl->easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->size);
	curl->easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BLOCK);
	curl->easy_setopt(handle, CURLOPT_READFUNCTION, give_body);
	curl->easy_setopt(handle, CURLOPT_READDATA, transfer);
	curl->easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek_body);
	curl->easy_setopt(handle, CURLOPT_SEEKDATA, transfer);
}

static void set_trust(struct transfer *transfer)
{
	const struct exchange *exchange = transfer->exchange;
	const struct curl_library *curl = transfer->curl;
	/* Where programs in Go, and so the tools beside this one, look for it. */
	const struct exchange_certificates *files = &exchange->certificates;
	const char *file = files->authority ? files->authority : getenv("SSL_CERT_FILE");

	if (file && *file)
		curl->easy_setopt(transfer->handle, CURLOPT_CAINFO, file);
	if (files->client && files->key) {
		curl->easy_setopt(transfer->handle, CURLOPT_SSLCERT, files->client);
		curl->easy_setopt(transfer->handle, CURLOPT_SSLKEY, files->key);
	}
	if (!exchange->unverified)
		return;
	curl->easy_setopt(transfer->handle, CURLOPT_SSL_VERIFYPEER, 0L);
	curl->easy_setopt(transfer->handle, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void set_up(struct transfer *transfer, struct curl_slist *headers)
{
	const struct curl_library *curl = transfer->curl;
	CURL *handle = transfer->handle;

	curl->easy_setopt(handle, CURLOPT_URL, transfer->exchange->url);
	curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, transfer->exchange->follow ? 1L : 0L);
	curl->easy_setopt(handle, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX);
	curl->easy_setopt(handle, CURLOPT_USERAGENT, "varve");
	curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
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
	set_method(transfer);
	set_trust(transfer);
}

/* ---- what came of it ---- */

/* 5xx and 429, and whatever broke on the way. */
static bool may_pass(CURLcode code, long status)
{
	static const CURLcode broken[] = {
		CURLE_COULDNT_CONNECT,    CURLE_COULDNT_RESOLVE_HOST, CURLE_GOT_NOTHING,
		CURLE_OPERATION_TIMEDOUT, CURLE_PARTIAL_FILE,         CURLE_RECV_ERROR,
		CURLE_SEND_ERROR,         CURLE_SEND_FAIL_REWIND,     CURLE_HTTP2,
		CURLE_HTTP2_STREAM,
	};

	if (code == CURLE_OK)
		return status >= 500 || status == 429;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		if (code == broken[i])
			return true;
	}
	return false;
}

static int judge(struct transfer *transfer, CURLcode code, struct error *err)
{
	const char *url = transfer->exchange->url;

	if (transfer->failed == -ECANCELED)
		return error_set(err, -ECANCELED, "cancelled");
	if (transfer->failed == -E2BIG)
		return error_set(err, -E2BIG, "'%s' answers with too much", url);
	if (transfer->failed < 0)
		return error_errno(err, transfer->failed,
				   transfer->exchange->has_body ? "cannot send what '%s' is to get"
								: "cannot keep what '%s' is",
				   url);
	if (code == CURLE_OK)
		return 0;
	return error_set(err, -EIO, "cannot %s '%s': %s",
			 transfer->exchange->size ? "send to" : "fetch", url,
			 transfer->message[0] ? transfer->message
					      : transfer->curl->easy_strerror(code));
}

int exchange_perform(struct exchange_client *client, const struct exchange *exchange,
		     struct exchange_answer *ret, struct error *err)
{
	const struct curl_library *curl = client->curl;
	struct transfer transfer = {
		.curl = curl, .handle = client->handle, .exchange = exchange, .answer = ret
	};
	struct curl_slist *headers;
	const char *redirect = NULL;
	CURLcode code;

	exchange_answer_release(ret);
	if (cancelled(exchange->cancel_fd))
		return error_set(err, -ECANCELED, "cancelled");
	/* Connections stay, and so does what is known of names and sessions. */
	curl->easy_reset(client->handle);
	headers = make_headers(&transfer);
	set_up(&transfer, headers);
	code = curl->easy_perform(client->handle);
	curl->easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &ret->status);
	curl->easy_getinfo(client->handle, CURLINFO_REDIRECT_URL, &redirect);
	if (redirect)
		ret->redirect = xstrdup(redirect);
	curl->easy_setopt(client->handle, CURLOPT_HTTPHEADER, NULL);
	curl->easy_setopt(client->handle, CURLOPT_ERRORBUFFER, NULL);
	curl->slist_free_all(headers);
	ret->may_pass = transfer.failed == 0 && may_pass(code, ret->status);
	ret->no_tls = code == CURLE_SSL_CONNECT_ERROR;
	ret->untrusted = code == CURLE_PEER_FAILED_VERIFICATION;
	return judge(&transfer, code, err);
}

const char *exchange_header(const struct exchange_answer *answer, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < answer->headers.count; i++) {
		const char *line = answer->headers.items[i];

		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
	}
	return NULL;
}

void exchange_answer_release(struct exchange_answer *answer)
{
	strings_release(&answer->headers);
	free(answer->redirect);
	*answer = (struct exchange_answer){ 0 };
}

bool exchange_wait(int cancel_fd, unsigned tries)
{
	struct pollfd state = { .fd = cancel_fd, .events = POLLIN };

	return tries < TRIES && poll(&state, 1, (int)(PAUSE_MS * tries)) == 0;
}
