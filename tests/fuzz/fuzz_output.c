/* SPDX-License-Identifier: Apache-2.0 */
/* --output, and what it says behind a NUL as --annotation. */
#include "builder/export/output.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(output_release) struct output output = { 0 };
	cleanup_free char *text = xstrndup((const char *)data, size);
	size_t length = strlen(text);
	struct error err;

	if (output_parse(text, &output, &err) == 0 && length < size) {
		cleanup_free char *annotation =
			xstrndup((const char *)data + length + 1, size - length - 1);

		(void)output_annotate(&output, annotation, &err);
	}
	return 0;
}
