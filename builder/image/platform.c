/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/platform.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"

/* Other names, in lower case, of the machines that Go knows. */
static const struct alias {
	const char *name, *architecture, *variant;
} aliases[] = {
	{ "i386", "386", "" },      { "i486", "386", "" },
	{ "i586", "386", "" },      { "i686", "386", "" },
	{ "x86_64", "amd64", "" },  { "x86-64", "amd64", "" },
	{ "aarch64", "arm64", "" }, { "armhf", "arm", "v7" },
	{ "armv7l", "arm", "v7" },  { "armv8l", "arm", "v8" },
	{ "armel", "arm", "v6" },   { "armv6l", "arm", "v6" },
	{ "armv5l", "arm", "v5" },  { "loongarch64", "loong64", "" },
};

static const char *const architectures[] = {
	"386",    "amd64",    "arm",   "arm64",   "loong64", "mips",  "mipsle",
	"mips64", "mips64le", "ppc64", "ppc64le", "riscv64", "s390x", "wasm",
};

int platform_set(char field[], unsigned long size, const char *word, struct error *err)
{
	size_t length = strlen(word);

	if (length >= size)
		return error_set(err, -EINVAL, "'%.40s…' is too long for a platform", word);
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)word[i]) && !strchr("_.-", word[i]))
			return error_set(err, -EINVAL, "'%s' has characters no platform has", word);
	}
	memcpy(field, word, length + 1);
	return 0;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* "8" is written for "v8" by some. */
static void add_v(struct platform *platform)
{
	char *variant = platform->variant;

	if (!isdigit((unsigned char)variant[0]) || strlen(variant) + 2 > sizeof platform->variant)
		return;
	memmove(variant + 1, variant, strlen(variant) + 1);
	variant[0] = 'v';
}

void platform_normalize(struct platform *platform)
{
	lower(platform->os);
	lower(platform->architecture);
	lower(platform->variant);
	if (strcmp(platform->os, "macos") == 0)
		memcpy(platform->os, "darwin", sizeof "darwin");
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		const struct alias *alias = &aliases[i];

		if (strcmp(platform->architecture, alias->name) != 0)
			continue;
		memcpy(platform->architecture, alias->architecture,
		       strlen(alias->architecture) + 1);
		if (*alias->variant)
			memcpy(platform->variant, alias->variant, strlen(alias->variant) + 1);
		break;
	}
	if (strncmp(platform->architecture, "arm", 3) == 0)
		add_v(platform);
	if (strcmp(platform->architecture, "arm") == 0 && !*platform->variant)
		memcpy(platform->variant, "v7", sizeof "v7");
	if ((strcmp(platform->architecture, "arm64") == 0 &&
	     strcmp(platform->variant, "v8") == 0) ||
	    (strcmp(platform->architecture, "amd64") == 0 && strcmp(platform->variant, "v1") == 0))
		platform->variant[0] = '\0';
}

struct platform platform_host(void)
{
	struct platform host = { .os = "linux" };
	struct utsname name;

	if (uname(&name) < 0 ||
	    platform_set(host.architecture, sizeof host.architecture, name.machine, NULL) < 0)
		memcpy(host.architecture, "unknown", sizeof "unknown");
	platform_normalize(&host);
	return host;
}

static bool is_architecture(const char *word)
{
	struct platform platform = { 0 };

	if (platform_set(platform.architecture, sizeof platform.architecture, word, NULL) < 0)
		return false;
	platform_normalize(&platform);
	for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
		if (strcmp(platform.architecture, architectures[i]) == 0)
			return true;
	}
	return false;
}

static int parse_single(const char *word, struct platform *ret, struct error *err)
{
	struct platform host = platform_host();

	if (is_architecture(word)) {
		memcpy(ret->os, host.os, sizeof ret->os);
		return platform_set(ret->architecture, sizeof ret->architecture, word, err);
	}
	if (strcmp(word, "linux") != 0)
		return error_set(err, -EINVAL,
				 "'%s' is neither an operating system nor an architecture that is "
				 "known; write OS/ARCH",
				 word);
	*ret = host;
	return 0;
}

int platform_parse(const char *text, struct platform *ret, struct error *err)
{
	cleanup_free char *copy = xstrdup(text);
	struct platform platform = { 0 };
	char *rest = copy, *words[4] = { NULL };
	size_t count = 0;
	int r;

	while (rest && count < 4)
		words[count++] = strsep(&rest, "/");
	for (size_t i = 0; i < count; i++) {
		if (count > 3 || !*words[i])
			return error_set(err, -EINVAL, "'%s' is no platform: OS/ARCH[/VARIANT]",
					 text);
	}
	if (count == 1) {
		r = parse_single(words[0], &platform, err);
	} else {
		r = platform_set(platform.os, sizeof platform.os, words[0], err);
		if (r == 0)
			r = platform_set(platform.architecture, sizeof platform.architecture,
					 words[1], err);
		if (r == 0 && words[2])
			r = platform_set(platform.variant, sizeof platform.variant, words[2], err);
	}
	if (r < 0)
		return r;
	platform_normalize(&platform);
	*ret = platform;
	return 0;
}

void platform_format(const struct platform *platform, char ret[PLATFORM_TEXT_MAX])
{
	snprintf(ret, PLATFORM_TEXT_MAX, "%s/%s%s%s", platform->os, platform->architecture,
		 *platform->variant ? "/" : "", platform->variant);
}

void platform_format_name(const struct platform *platform, char ret[PLATFORM_TEXT_MAX])
{
	platform_format(platform, ret);
	for (char *slash = ret; (slash = strchr(slash, '/'));)
		*slash = '_';
}

bool platform_equal(const struct platform *a, const struct platform *b)
{
	return strcmp(a->os, b->os) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
	       strcmp(a->variant, b->variant) == 0;
}

/* The number in "v7"; `usual` when there is none. */
static unsigned variant_number(const struct platform *platform, unsigned usual)
{
	const char *s = platform->variant;

	if (s[0] == 'v' && s[1] >= '1' && s[1] <= '9')
		return (unsigned)(s[1] - '0');
	return usual;
}

/* The newest level that a machine has; 0 for machines without levels. */
static unsigned usual_level(const char *architecture)
{
	if (strcmp(architecture, "arm64") == 0)
		return 8;
	if (strcmp(architecture, "arm") == 0)
		return 7;
	return strcmp(architecture, "amd64") == 0 ? 1 : 0;
}

#define MATCH_EXACT 100
#define MATCH_LEVEL 50 /* less a little for every level below */
#define MATCH_32BIT 20

unsigned platform_match(const struct platform *want, const struct platform *have)
{
	unsigned usual = usual_level(want->architecture);
	unsigned want_level = variant_number(want, usual), have_level = variant_number(have, usual);

	if (strcmp(want->os, have->os) != 0)
		return 0;
	if (platform_equal(want, have))
		return MATCH_EXACT;
	if (strcmp(want->architecture, have->architecture) == 0) {
		if (!usual)
			return !*want->variant || !*have->variant ? MATCH_LEVEL : 0;
		return have_level <= want_level ? MATCH_LEVEL - (want_level - have_level) : 0;
	}
	if (strcmp(want->architecture, "arm64") == 0 && strcmp(have->architecture, "arm") == 0)
		return variant_number(have, 7) <= 8 ? MATCH_32BIT - (8 - variant_number(have, 7))
						    : 0;
	if (strcmp(want->architecture, "amd64") == 0 && strcmp(have->architecture, "386") == 0)
		return MATCH_32BIT;
	return 0;
}
