/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that a Dockerfile is checked against, under the names that BuildKit gave them. */
#pragma once

#include <stdbool.h>

enum lint_rule {
	LINT_STAGE_NAME_CASING,
	LINT_FROM_AS_CASING,
	LINT_NO_EMPTY_CONTINUATION,
	LINT_CONSISTENT_INSTRUCTION_CASING,
	LINT_DUPLICATE_STAGE_NAME,
	LINT_RESERVED_STAGE_NAME,
	LINT_JSON_ARGS_RECOMMENDED,
	LINT_MAINTAINER_DEPRECATED,
	LINT_UNDEFINED_ARG_IN_FROM,
	LINT_WORKDIR_RELATIVE_PATH,
	LINT_UNDEFINED_VAR,
	LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED,
	LINT_LEGACY_KEY_VALUE_FORMAT,
	LINT_INVALID_BASE_IMAGE_PLATFORM,
	LINT_REDUNDANT_TARGET_PLATFORM,
	LINT_SECRETS_USED_IN_ARG_OR_ENV,
	LINT_INVALID_DEFAULT_ARG_IN_FROM,
	LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED,
	LINT_COPY_IGNORED_FILE,
	LINT_INVALID_DEFINITION_DESCRIPTION,
	LINT_EXPOSE_PROTO_CASING,
	LINT_EXPOSE_INVALID_FORMAT,
	LINT_RULE_COUNT,
};

struct lint_rule_facts {
	const char *name;
	const char *reason; /* what the rule is good for, a sentence */
	const char *url;    /* NULL: nobody wrote about it */
	bool experimental;  /* off unless it is asked for by name */
};

const struct lint_rule_facts *lint_rule_facts(enum lint_rule rule);
