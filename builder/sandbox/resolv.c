/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/resolv.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

#define MAX_FILE ((size_t)1 << 20)

void resolv_hosts(const char *hostname, const struct strings *extra, struct buf *ret)
{
	buf_add_format(ret, "127.0.0.1\tlocalhost %s\n", hostname);
	buf_add_string(ret, "::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (size_t i = 0; i < extra->count; i++)
		buf_add_format(ret, "%s\n", extra->items[i]);
}

/* Whether a nameserver of that address is another than the host's own. */
static bool is_elsewhere(const char *word)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, word, &four) == 1) {
		uint32_t address = ntohl(four.s_addr);

		return address >> 24 != 127 && address >> 16 != 0xa9fe && address != 0;
	}
	/* With a zone ("%eth0") it is no plain address, and means an interface of the host. */
	if (inet_pton(AF_INET6, word, &six) == 1)
		return !IN6_IS_ADDR_LOOPBACK(&six) && !IN6_IS_ADDR_LINKLOCAL(&six) &&
		       !IN6_IS_ADDR_UNSPECIFIED(&six);
	return false;
}

/* The second word of a "nameserver ADDRESS" line; the caller frees. NULL: another line. */
static char *nameserver_of(const char *line, size_t length)
{
	static const char word[] = "nameserver";
	const char *end = line + length, *at = line, *start;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if ((size_t)(end - at) <= sizeof word - 1 || memcmp(at, word, sizeof word - 1) != 0)
		return NULL;
	at += sizeof word - 1;
	if (*at != ' ' && *at != '\t')
		return NULL;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	for (start = at; at<end && * at> ' ' && *at != '#' && *at != ';'; at++)
		;
	return xstrndup(start, (size_t)(at - start));
}

bool resolv_filter(const char *text, size_t size, struct buf *ret)
{
	bool any = false;

	while (size > 0) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;
		size_t step = length + (newline ? 1 : 0);
		cleanup_free char *address = nameserver_of(text, length);

		if (!address || is_elsewhere(address)) {
			any |= address != NULL;
			buf_append(ret, text, length);
			buf_add_char(ret, '\n');
		}
		text += step;
		size -= step;
	}
	return any;
}

void resolv_of_host(struct buf *ret)
{
	(void)file_read(AT_FDCWD, "/etc/resolv.conf", MAX_FILE, ret);
}

bool resolv_of_network(const char *forwarder, struct buf *ret)
{
	static const char *const paths[] = { "/etc/resolv.conf",
					     "/run/systemd/resolve/resolv.conf" };
	cleanup_with(buf_release) struct buf first = { 0 };

	for (size_t i = 0; i < 2; i++) {
		cleanup_with(buf_release) struct buf text = { 0 }, kept = { 0 };
		bool any = file_read(AT_FDCWD, paths[i], MAX_FILE, &text) == 0 &&
			   resolv_filter(buf_string(&text), text.length, &kept);

		if (any) {
			buf_append(ret, kept.data, kept.length);
			return true;
		}
		if (i == 0)
			buf_append(&first, kept.data, kept.length);
	}
	if (forwarder)
		buf_add_format(ret, "nameserver %s\n", forwarder);
	buf_append(ret, first.data, first.length); /* search domains and options */
	return false;
}
