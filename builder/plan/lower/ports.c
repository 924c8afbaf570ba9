/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lower/ports.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "builder/plan/lint.h"
#include "builder/plan/plan_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define PORT_MAX   65535
#define QUOTED_MAX 200

/* "[ip:][host:]container[/protocol]" taken apart. */
struct spec {
	char *ip, *host;       /* "" when not given */
	char *port, *protocol; /* in small letters */
};

struct range {
	uint32_t first, last;
};

/* What was added up to now. */
struct ports {
	struct plan_memory *memory;
	struct word_list list;
};

static void spec_release(struct spec *spec)
{
	free(spec->ip);
	free(spec->host);
	free(spec->port);
	free(spec->protocol);
}
DEFINE_CLEANUP_VALUE(struct spec, spec_release);

/* ---- the parts ---- */

/* The last two colons count: an address may have more of them. */
static void split(const char *text, struct spec *ret)
{
	const char *port = strrchr(text, ':'), *host = NULL;
	const char *slash;

	port = port ? port + 1 : text;
	if (port > text)
		host = memrchr(text, ':', (size_t)(port - 1 - text));
	host = host ? host + 1 : text;
	ret->ip = xstrndup(text, host > text ? (size_t)(host - 1 - text) : 0);
	ret->host = xstrndup(host, port > host ? (size_t)(port - 1 - host) : 0);
	slash = strchrnul(port, '/');
	ret->port = xstrndup(port, (size_t)(slash - port));
	ret->protocol = xstrdup(*slash && slash[1] ? slash + 1 : "tcp");
	for (char *c = ret->protocol; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

static bool is_protocol(const char *name)
{
	return strcmp(name, "tcp") == 0 || strcmp(name, "udp") == 0 || strcmp(name, "sctp") == 0;
}

static bool is_address(const char *text)
{
	size_t length = strlen(text);
	cleanup_free char *plain = NULL;
	uint8_t address[sizeof(struct in6_addr)];

	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		plain = xstrndup(text + 1, length - 2);
	else
		plain = xstrdup(text);
	return inet_pton(AF_INET, plain, address) == 1 || inet_pton(AF_INET6, plain, address) == 1;
}

static int parse_range(const char *text, struct range *ret)
{
	const char *dash = strchr(text, '-');
	cleanup_free char *first = xstrndup(text, dash ? (size_t)(dash - text) : strlen(text));

	if (parse_u32(first, &ret->first) < 0 || ret->first > PORT_MAX)
		return -EINVAL;
	ret->last = ret->first;
	if (dash && (parse_u32(dash + 1, &ret->last) < 0 || ret->last > PORT_MAX))
		return -EINVAL;
	return ret->last < ret->first ? -EINVAL : 0;
}

/* ---- one of them ---- */

static int check_parts(const struct spec *spec, const char *quoted, struct error *err)
{
	if (!*spec->port)
		return error_set(err, -EINVAL, "invalid port: %s: no port specified", quoted);
	if (!is_protocol(spec->protocol))
		return error_set(err, -EINVAL, "invalid port: %s: invalid proto: %.20s", quoted,
				 spec->protocol);
	if (*spec->ip && !is_address(spec->ip))
		return error_set(err, -EINVAL, "invalid IP address: %.60s", spec->ip);
	return 0;
}

/* A single port may be any of several of the host. */
static int check_ranges(const struct spec *spec, struct range *ret, struct error *err)
{
	struct range host;

	if (parse_range(spec->port, ret) < 0)
		return error_set(err, -EINVAL, "invalid containerPort: %.60s", spec->port);
	if (!*spec->host)
		return 0;
	if (parse_range(spec->host, &host) < 0)
		return error_set(err, -EINVAL, "invalid hostPort: %.60s", spec->host);
	if (ret->first != ret->last && ret->last - ret->first != host.last - host.first)
		return error_set(err, -EINVAL,
				 "invalid ranges specified for container and host Ports: %.60s "
				 "and %.60s",
				 spec->port, spec->host);
	return 0;
}

static int add(struct ports *ports, const struct spec *spec, const struct range *range,
	       struct error *err)
{
	for (uint32_t port = range->first; port <= range->last; port++) {
		char text[24];

		snprintf(text, sizeof text, "%u/%s", port, spec->protocol);
		word_list_add(&ports->list, plan_memory_string(ports->memory, text));
	}
	if (plan_memory_full(ports->memory))
		return error_set(err, -E2BIG, "ports make more than %zu MiB of text",
				 PLAN_TEXT_MAX >> 20);
	return 0;
}

static void warn(struct planning *planning, const struct statement *statement,
		 const struct spec *spec, const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash && slash[1] && strcmp(slash + 1, spec->protocol) != 0)
		lint_warn(planning->lint, statement, LINT_EXPOSE_PROTO_CASING,
			  "Defined protocol '%.200s' in EXPOSE instruction "
			  "should be lowercase",
			  text);
	if (*spec->ip || *spec->host)
		lint_warn(planning->lint, statement, LINT_EXPOSE_INVALID_FORMAT,
			  "EXPOSE instruction should not define an IP "
			  "address or host-port mapping, found '%.200s'",
			  text);
}

static int parse(struct planning *planning, const struct statement *statement, const char *text,
		 struct ports *ports, struct error *err)
{
	cleanup_free char *quoted = quote_string(text, QUOTED_MAX);
	cleanup_with(spec_release) struct spec spec = { 0 };
	struct range range;
	int r;

	split(text, &spec);
	r = check_parts(&spec, quoted, err);
	if (r == 0)
		r = check_ranges(&spec, &range, err);
	if (r < 0)
		return r;
	warn(planning, statement, &spec, text);
	return add(ports, &spec, &range, err);
}

int ports_parse(struct planning *planning, const struct statement *statement,
		const struct strings *specs, struct words *ret, struct error *err)
{
	struct ports ports = { .memory = planning->memory };
	int r = 0;

	for (size_t i = 0; i < specs->count && r == 0; i++)
		r = parse(planning, statement, specs->items[i], &ports, err);
	if (r == 0)
		*ret = word_list_take(&ports.list, &planning->memory->arena);
	word_list_release(&ports.list);
	return r;
}
