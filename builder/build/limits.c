/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

/* ---- ulimits ---- */

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

static int find_resource(const char *name)
{
	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		if (strcmp(resources[i].name, name) == 0)
			return resources[i].resource;
	}
	return -1;
}

static int parse_limit(const char *text, rlim_t *ret)
{
	uint64_t value;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	if (parse_u64(text, &value) < 0)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int parse_ulimit(const char *value, struct spec_ulimit *ret, struct error *err)
{
	cleanup_free char *name = xstrdup(value);
	char *soft = strchr(name, '='), *hard;

	if (!soft)
		return error_set(err, -EINVAL, "--ulimit '%s' is not of the form NAME=SOFT[:HARD]",
				 value);
	*soft++ = '\0';
	hard = strchr(soft, ':');
	if (hard)
		*hard++ = '\0';
	ret->resource = find_resource(name);
	if (ret->resource < 0)
		return error_set(err, -EINVAL, "--ulimit '%s': there is no limit '%s'", value,
				 name);
	if (parse_limit(soft, &ret->limit.rlim_cur) < 0 ||
	    parse_limit(hard ? hard : soft, &ret->limit.rlim_max) < 0)
		return error_set(err, -EINVAL, "--ulimit '%s': limits are numbers, or 'unlimited'",
				 value);
	if (ret->limit.rlim_cur > ret->limit.rlim_max)
		return error_set(err, -EINVAL,
				 "--ulimit '%s': the soft limit is above the hard one", value);
	return 0;
}

int ulimits_parse(const struct strings *values, struct spec_ulimit **ret, size_t *ret_count,
		  struct error *err)
{
	cleanup_free struct spec_ulimit *limits = xcalloc(values->count + 1, sizeof *limits);

	for (size_t i = 0; i < values->count; i++) {
		int r = parse_ulimit(values->items[i], &limits[i], err);

		if (r < 0)
			return r;
	}
	*ret_count = values->count;
	*ret = take_ptr(&limits);
	return 0;
}

/* ---- resources ---- */

/* With less no shell would start. */
#define MEMORY_MIN ((uint64_t)6 << 20)
#define SHARES_MIN 2
#define SHARES_MAX 262144

static int bad_resource(const char *name, const char *value, const char *what, struct error *err)
{
	return error_set(err, -EINVAL, "--resource %s=%s: %s", name, value, what);
}

static int set_memory(const char *name, const char *value, struct group_limits *ret,
		      struct error *err)
{
	bool swap = strcmp(name, "memory-swap") == 0;
	uint64_t bytes;

	if (swap && strcmp(value, "-1") == 0) {
		ret->memory_swap = GROUP_NO_LIMIT;
		return 0;
	}
	if (parse_size(value, &bytes) < 0 || bytes > INT64_MAX)
		return bad_resource(name, value, "that is no number of bytes, such as 512m", err);
	if (bytes < MEMORY_MIN)
		return bad_resource(name, value, "a step needs at least 6m", err);
	if (swap)
		ret->memory_swap = (int64_t)bytes;
	else
		ret->memory = bytes;
	return 0;
}

static int set_cpu(const char *name, const char *value, struct group_limits *ret, struct error *err)
{
	uint64_t number;

	if (strcmp(name, "cpu-quota") == 0 && strcmp(value, "-1") == 0) {
		ret->cpu_quota = GROUP_NO_LIMIT;
		return 0;
	}
	if (parse_u64(value, &number) < 0 || number == 0 || number > INT64_MAX)
		return bad_resource(name, value, "that is no number above 0", err);
	if (strcmp(name, "cpu-period") == 0)
		ret->cpu_period = number;
	else if (strcmp(name, "cpu-quota") == 0)
		ret->cpu_quota = (int64_t)number;
	else if (number < SHARES_MIN || number > SHARES_MAX)
		return bad_resource(name, value, "shares are from 2 to 262144", err);
	else
		ret->cpu_shares = number;
	return 0;
}

static int set_cpuset(const char *name, const char *value, struct group_limits *ret,
		      struct error *err)
{
	char **set = strcmp(name, "cpuset-cpus") == 0 ? &ret->cpuset_cpus : &ret->cpuset_mems;

	if (!*value || value[strspn(value, "0123456789,-")])
		return bad_resource(name, value, "that is no list of numbers, such as 0-2,4", err);
	free(*set);
	*set = xstrdup(value);
	return 0;
}

static const struct {
	const char *name;
	int (*set)(const char *name, const char *value, struct group_limits *ret,
		   struct error *err);
} resource_keys[] = {
	{ "memory", set_memory },      { "memory-swap", set_memory }, { "cpu-shares", set_cpu },
	{ "cpu-period", set_cpu },     { "cpu-quota", set_cpu },      { "cpuset-cpus", set_cpuset },
	{ "cpuset-mems", set_cpuset },
};

static int set_resource(char *text, struct group_limits *ret, struct error *err)
{
	char *value = strchr(text, '=');

	if (!value)
		return error_set(err, -EINVAL, "--resource '%s' is not of the form NAME=VALUE",
				 text);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof resource_keys / sizeof resource_keys[0]; i++) {
		if (strcmp(resource_keys[i].name, text) == 0)
			return resource_keys[i].set(text, value, ret, err);
	}
	return error_set(err, -EINVAL,
			 "--resource '%s=%s': there is no resource '%s'; there are memory, "
			 "memory-swap, cpu-shares, cpu-period, cpu-quota, cpuset-cpus and "
			 "cpuset-mems",
			 text, value, text);
}

/* What is behind a comma and has no name belongs to the list before it. */
static int parse_resources(const char *values, struct group_limits *ret, struct error *err)
{
	cleanup_free char *copy = xstrdup(values);
	char *at = copy;
	int r = 0;

	while (r == 0 && at) {
		char *end = strchr(at, ',');

		while (end && end[1 + strcspn(end + 1, ",=")] != '=')
			end = strchr(end + 1, ',');
		if (end)
			*end++ = '\0';
		r = set_resource(at, ret, err);
		at = end;
	}
	return r;
}

int resources_parse(const struct strings *values, struct group_limits *ret, struct error *err)
{
	for (size_t i = 0; i < values->count; i++) {
		int r = parse_resources(values->items[i], ret, err);

		if (r < 0)
			return r;
	}
	if (ret->memory_swap && !ret->memory)
		return error_set(err, -EINVAL,
				 "--resource memory-swap is for both together: give "
				 "memory, too");
	if (ret->memory_swap > 0 && (uint64_t)ret->memory_swap < ret->memory)
		return error_set(err, -EINVAL,
				 "--resource memory-swap is for both together: it cannot be less "
				 "than memory");
	return 0;
}

/* ---- hosts ---- */

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static int parse_host(const char *value, struct strings *ret, struct error *err)
{
	cleanup_free char *name = xstrdup(value);
	char *address = name + strcspn(name, "=:");
	size_t length;

	if (!*address || address == name)
		return error_set(err, -EINVAL, "--add-host '%s' is not of the form NAME:ADDRESS",
				 value);
	*address++ = '\0';
	length = strlen(address);
	if (length > 2 && address[0] == '[' && address[length - 1] == ']') {
		address[length - 1] = '\0';
		address++;
	}
	if (strcmp(address, "host-gateway") == 0)
		return error_set(err, -EOPNOTSUPP,
				 "--add-host '%s': host-gateway is not supported; name an address",
				 value);
	if (!is_address(address))
		return error_set(err, -EINVAL, "--add-host '%s': '%s' is no IP address", value,
				 address);
	if (name[strcspn(name, " \t\n")])
		return error_set(err, -EINVAL, "--add-host '%s': '%s' is no name of a host", value,
				 name);
	strings_add_format(ret, "%s %s", address, name);
	return 0;
}

int extra_hosts_parse(const struct strings *values, struct strings *ret, struct error *err)
{
	for (size_t i = 0; i < values->count; i++) {
		int r = parse_host(values->items[i], ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}
