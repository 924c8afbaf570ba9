/* SPDX-License-Identifier: Apache-2.0 */
/* Where requests go, in libcurl's own understanding of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "builder/remote/curl_library.h"
#include "builder/remote/exchange.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

static char *part_of(const struct curl_library *curl, CURLU *handle, CURLUPart part, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl->url_get(handle, part, &text, flags) != CURLUE_OK || !text)
		return NULL;
	copy = xstrdup(text);
	curl->free(text);
	return copy;
}

static bool is_http(const struct curl_library *curl, CURLU *handle)
{
	cleanup_free char *scheme = part_of(curl, handle, CURLUPART_SCHEME, 0);

	return scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
}

int exchange_url_resolve(const char *base, const char *url, char **ret, struct error *err)
{
	const struct curl_library *curl;
	char *whole = NULL;
	CURLU *handle;
	int r = curl_library_load(&curl, err);

	if (r < 0)
		return r;
	handle = curl->url();
	if (handle && curl->url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl->url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK && is_http(curl, handle))
		whole = part_of(curl, handle, CURLUPART_URL, 0);
	curl->url_cleanup(handle);
	if (!whole)
		return error_set(err, -EINVAL, "'%.200s' is no address of http or https", url);
	*ret = whole;
	return 0;
}

int exchange_url_origin(const char *url, char **ret, struct error *err)
{
	const struct curl_library *curl;
	cleanup_free char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *handle;
	int r = curl_library_load(&curl, err);

	if (r < 0)
		return r;
	handle = curl->url();
	if (handle && curl->url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    is_http(curl, handle)) {
		scheme = part_of(curl, handle, CURLUPART_SCHEME, 0);
		host = part_of(curl, handle, CURLUPART_HOST, 0);
		port = part_of(curl, handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	}
	curl->url_cleanup(handle);
	if (!scheme || !host || !port)
		return error_set(err, -EINVAL, "'%.200s' is no address of http or https", url);
	for (char *at = host; *at; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	*ret = xasprintf("%s://%s:%s", scheme, host, port);
	return 0;
}

bool exchange_host_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
