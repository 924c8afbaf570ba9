/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/scope/build_args.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "builder/plan/scope/platform_args.h"
#include "builder/plan/scope/variables.h"
#include "fs/base/alloc.h"

/* In the order in which commands get them. */
static const char *const proxies[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
				       "all_proxy" };

#define PROXY_COUNT (sizeof proxies / sizeof *proxies)

static bool has_name(const char *pair, const char *name)
{
	size_t length = strlen(name);

	return strncmp(pair, name, length) == 0 && pair[length] == '=';
}

const char *build_args_get(const struct strings *args, const char *name)
{
	for (size_t i = args ? args->count : 0; i > 0; i--) {
		if (has_name(args->items[i - 1], name))
			return args->items[i - 1] + strlen(name) + 1;
	}
	return NULL;
}

/* ---- proxies ---- */

static bool is_proxy(const char *name, size_t length)
{
	for (size_t i = 0; i < PROXY_COUNT; i++) {
		if (strlen(proxies[i]) == length && strncasecmp(proxies[i], name, length) == 0)
			return true;
	}
	return false;
}

/* The value for a proxy in any mixture of letters. When several are given, the one that sorts last
 * counts: small letters come behind capitals. */
static const char *find_proxy(const struct strings *args, const char *proxy)
{
	size_t length = strlen(proxy);
	const char *found = NULL;

	for (size_t i = 0; i < args->count; i++) {
		const char *pair = args->items[i];

		if (strncasecmp(pair, proxy, length) == 0 && pair[length] == '=' &&
		    (!found || strncmp(pair, found, length) >= 0))
			found = pair;
	}
	return found ? found + length + 1 : NULL;
}

static void add_proxy(const char *name, const char *value, const struct variables *declared,
		      struct strings *ret)
{
	if (!variables_contain(declared, name))
		strings_add_format(ret, "%s=%s", name, value);
}

void build_args_proxies(const struct strings *args, const struct variables *declared,
			struct strings *ret)
{
	for (size_t i = 0; args && i < PROXY_COUNT; i++) {
		const char *value = find_proxy(args, proxies[i]);
		char capitals[16] = "";

		if (!value || !*value)
			continue;
		for (size_t k = 0; proxies[i][k]; k++)
			capitals[k] = (char)toupper((unsigned char)proxies[i][k]);
		add_proxy(capitals, value, declared, ret);
		add_proxy(proxies[i], value, declared, ret);
	}
}

/* ---- those that nobody asks for ---- */

static bool has_meaning(const char *name)
{
	static const char prefix[] = "BUILDKIT_";

	return is_proxy(name, strlen(name)) || platform_arg_known(name) ||
	       strncmp(name, prefix, strlen(prefix)) == 0 || strcmp(name, "SOURCE_DATE_EPOCH") == 0;
}

void build_args_unused(const struct strings *args, const struct strings *declared,
		       struct strings *ret)
{
	for (size_t i = 0; args && i < args->count; i++) {
		const char *pair = args->items[i];
		cleanup_free char *name = xstrndup(pair, strcspn(pair, "="));

		if (!has_meaning(name) && !strings_contain(declared, name) &&
		    !strings_contain(ret, name))
			strings_add(ret, name);
	}
}
