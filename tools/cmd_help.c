/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/help.h"
#include "tools/output.h"
#include "tools/verb.h"

static const struct verb *child_of(const struct verb *verb, const char *name)
{
	for (const struct verb *const *child = verb->children; child && *child; child++) {
		if (strcmp((*child)->name, name) == 0)
			return *child;
	}
	return NULL;
}

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(buf_release) struct buf path = { 0 };
	const struct verb *verb = call->root;

	buf_add_string(&path, verb->name);
	for (size_t i = 0; i < call->operand_count; i++) {
		const struct verb *child = child_of(verb, call->operands[i]);

		if (!child)
			return error_set(err, -EINVAL, "'%s' is no command of %s",
					 call->operands[i], buf_string(&path));
		verb = child;
		buf_add_format(&path, " %s", verb->name);
	}
	help_add(&text, call->root, verb, buf_string(&path), output_width(1, 80));
	return output_write(&text, err);
}

const struct verb verb_help = {
	.name = "help",
	.summary = "Explain a command",
	.operands = "[COMMAND...]",
	.max_operands = VERB_ANY_COUNT,
	.operand_completion = COMPLETE_VERB,
	.run = run,
};
