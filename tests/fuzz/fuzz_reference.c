/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images, platforms, digests and times: what is read from one is written as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/config.h"
#include "builder/image/descriptor.h"
#include "builder/image/reference.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_reference(const char *text)
{
	struct reference reference = { 0 }, again = { 0 };
	struct error err = { 0 };

	if (reference_parse(text, &reference, &err) == 0) {
		char *full = reference_string(&reference);
		char *familiar = reference_familiar(&reference);
		char *full_again;

		if (reference_parse(familiar, &again, &err) < 0)
			abort();
		full_again = reference_string(&again);
		if (strcmp(full, full_again) != 0)
			abort();
		if (reference.tag && !reference_tag_valid(reference.tag))
			abort();
		free(full);
		free(familiar);
		free(full_again);
	} else if (!*err.text) {
		abort();
	}
	reference_release(&reference);
	reference_release(&again);
}

static void fuzz_platform(const char *text)
{
	struct platform platform, again;
	char formatted[PLATFORM_TEXT_MAX];

	if (platform_parse(text, &platform, NULL) < 0)
		return;
	platform_format(&platform, formatted);
	if (platform_parse(formatted, &again, NULL) < 0 || !platform_equal(&platform, &again) ||
	    platform_match(&platform, &again) == 0)
		abort();
}

static void fuzz_digest(const char *text)
{
	struct object_id id;

	if (digest_parse(text, &id, NULL) == 0 && strcmp(digest_text(&id).text, text) != 0)
		abort();
}

static void fuzz_time(const char *text)
{
	int64_t ns, again;
	char *written;

	if (config_time_parse(text, &ns) < 0)
		return;
	written = config_time(ns);
	if (config_time_parse(written, &again) < 0 || again != ns)
		abort();
	free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = { 0 };

	buf_append(&text, data, size);
	fuzz_reference(buf_string(&text));
	fuzz_platform(buf_string(&text));
	fuzz_digest(buf_string(&text));
	fuzz_time(buf_string(&text));
	buf_release(&text);
	return 0;
}
