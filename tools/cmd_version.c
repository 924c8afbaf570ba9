/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/utsname.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/verb.h"
#include "tools/version.h"

struct version_options {
	const char *format;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct version_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

static int run(const struct invocation *call, struct error *err)
{
	const struct version_options *given = call->options;
	cleanup_with(buf_release) struct buf text = { 0 };
	struct utsname host;

	if (uname(&host) < 0)
		return error_errno(err, -errno, "cannot tell the kernel's version");
	if (output_format_of(given->format) == OUTPUT_JSON) {
		buf_add_char(&text, '{');
		json_add_field(&text, "version", VARVE_VERSION);
		json_add_field(&text, "compiler", VARVE_COMPILER);
		json_add_field(&text, "architecture", host.machine);
		json_add_field(&text, "kernel", host.release);
		buf_add_string(&text, "}\n");
	} else {
		buf_add_format(&text,
			       "Version:       %s\n"
			       "Compiler:      %s\n"
			       "Architecture:  %s\n"
			       "Kernel:        %s\n",
			       VARVE_VERSION, VARVE_COMPILER, host.machine, host.release);
	}
	return output_write(&text, err);
}

const struct verb verb_version = {
	.name = "version",
	.summary = "Show the version, and what it was built with and runs on",
	.options = options,
	.values_size = sizeof(struct version_options),
	.run = run,
};
