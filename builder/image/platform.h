/* SPDX-License-Identifier: Apache-2.0 */
/* What machine an image is for: "linux/arm64/v8", in Go's words, and which images run where. */
#pragma once

#include <stdbool.h>

struct error;

/* A value; all zero is "not said". Words longer than the fields are refused. */
struct platform {
	char os[32], architecture[32], variant[32], os_version[64];
};

/* "OS/ARCH[/VARIANT]", or an architecture or "linux" alone, the rest being the host's; normalised.
 * -EINVAL when it is none. */
int platform_parse(const char *text, struct platform *ret, struct error *err);
/* Set one of the fields: -EINVAL when the word is too long or has other than name characters. */
int platform_set(char field[], unsigned long size, const char *word, struct error *err);
/* Other names of a machine become Go's ("x86_64", "aarch64"), a variant that is the usual one
 * goes away. */
void platform_normalize(struct platform *platform);
/* Where this program runs. */
struct platform platform_host(void);

/* "linux/arm/v7"; room for any. */
#define PLATFORM_TEXT_MAX 100
void platform_format(const struct platform *platform, char ret[PLATFORM_TEXT_MAX]);
/* The same as the name of a file: "linux_arm_v7". */
void platform_format_name(const struct platform *platform, char ret[PLATFORM_TEXT_MAX]);
bool platform_equal(const struct platform *a, const struct platform *b);

/* How well what was made for `have` runs on `want`, both normalised: 0 not at all, the more the
 * better. arm/v6 runs on arm/v7, 32-bit programs on their 64-bit machines. */
unsigned platform_match(const struct platform *want, const struct platform *have);
