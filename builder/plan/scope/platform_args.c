/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/scope/platform_args.h"

#include <stdio.h>
#include <string.h>

#include "builder/plan/plan.h"
#include "builder/plan/scope/build_args.h"
#include "builder/plan/scope/variables.h"

enum platform_arg {
	BUILD_PLATFORM,
	BUILD_OS,
	BUILD_OS_VERSION,
	BUILD_ARCH,
	BUILD_VARIANT,
	TARGET_PLATFORM,
	TARGET_OS,
	TARGET_OS_VERSION,
	TARGET_ARCH,
	TARGET_VARIANT,
	TARGET_STAGE,
	PLATFORM_ARG_COUNT,
};

static const char *const names[PLATFORM_ARG_COUNT] = {
	[BUILD_PLATFORM] = "BUILDPLATFORM",
	[BUILD_OS] = "BUILDOS",
	[BUILD_OS_VERSION] = "BUILDOSVERSION",
	[BUILD_ARCH] = "BUILDARCH",
	[BUILD_VARIANT] = "BUILDVARIANT",
	[TARGET_PLATFORM] = "TARGETPLATFORM",
	[TARGET_OS] = "TARGETOS",
	[TARGET_OS_VERSION] = "TARGETOSVERSION",
	[TARGET_ARCH] = "TARGETARCH",
	[TARGET_VARIANT] = "TARGETVARIANT",
	[TARGET_STAGE] = "TARGETSTAGE",
};

#define TEXT_MAX (PLATFORM_TEXT_MAX + sizeof((struct platform){ 0 }.os_version) + 3)

/* "linux(10.0)/amd64" when there is a version, which only the target's has in BuildKit. */
static void format_target(const struct platform *platform, char ret[TEXT_MAX])
{
	char text[PLATFORM_TEXT_MAX];
	const char *slash;

	platform_format(platform, text);
	slash = strchrnul(text, '/');
	if (*platform->os_version)
		snprintf(ret, TEXT_MAX, "%.*s(%s)%s", (int)(slash - text), text,
			 platform->os_version, slash);
	else
		snprintf(ret, TEXT_MAX, "%s", text);
}

void platform_args_add(const struct plan_options *options, const char *target,
		       struct plan_memory *memory, struct variables *ret)
{
	const struct platform *build = &options->build_platform,
			      *wanted = &options->target_platform;
	char build_text[PLATFORM_TEXT_MAX], target_text[TEXT_MAX];
	const char *const values[PLATFORM_ARG_COUNT] = {
		[BUILD_PLATFORM] = build_text,
		[BUILD_OS] = build->os,
		[BUILD_OS_VERSION] = build->os_version,
		[BUILD_ARCH] = build->architecture,
		[BUILD_VARIANT] = build->variant,
		[TARGET_PLATFORM] = target_text,
		[TARGET_OS] = wanted->os,
		[TARGET_OS_VERSION] = wanted->os_version,
		[TARGET_ARCH] = wanted->architecture,
		[TARGET_VARIANT] = wanted->variant,
		[TARGET_STAGE] = *target ? target : "default",
	};

	platform_format(build, build_text);
	format_target(wanted, target_text);
	for (unsigned i = 0; i < PLATFORM_ARG_COUNT; i++) {
		const char *given = build_args_get(options->build_args, names[i]);

		/* A handful is far from too many. */
		(void)variables_set(ret, memory, names[i], given ? given : values[i]);
	}
}

bool platform_arg_known(const char *name)
{
	for (unsigned i = 0; i < PLATFORM_ARG_COUNT; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}
