/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/complete.h"
#include "tools/output.h"
#include "tools/verb.h"

static const struct {
	const char *shell;
	void (*write)(struct buf *ret, const struct verb *root);
} writers[] = {
	{ "bash", complete_bash },
	{ "zsh", complete_zsh },
	{ "fish", complete_fish },
};

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

static int run_completions(const struct invocation *call, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
		if (strcmp(writers[i].shell, call->operands[0]) == 0) {
			writers[i].write(&text, call->root);
			return output_write(&text, err);
		}
	}
	return error_set(err, -EINVAL,
			 "no completions for '%s'; there are some for bash, zsh and fish",
			 call->operands[0]);
}

static const struct verb completions = {
	.name = "completions",
	.summary = "Print the completions for a shell",
	.operands = "bash|zsh|fish",
	.min_operands = 1,
	.max_operands = 1,
	.operand_choices = shells,
	.run = run_completions,
};

static const struct verb *const children[] = { &completions, NULL };

const struct verb verb_debug = {
	.name = "debug",
	.summary = "Look inside varve itself",
	.children = children,
};
