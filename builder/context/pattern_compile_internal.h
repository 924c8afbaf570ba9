/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an expression back into items: shared by the files that do. */
#pragma once

#include "builder/context/pattern_program.h"
#include "fs/base/utf8.h"

struct compiler {
	const char *at, *end; /* of the expression */
	struct pattern_program *program;
	bool repeated; /* the last item had a repetition: there is no second one */
	struct error *err;
	const char *pattern; /* for messages */
};

/* -EINVAL, with the pattern named. */
int compiler_malformed(struct compiler *in);

/* A new item at the end of the branch at hand. */
struct pattern_item *compiler_add(struct compiler *in, enum pattern_item_kind kind);

/* Behind '[', and behind '\\' outside of brackets. */
int compiler_take_class(struct compiler *in);
int compiler_take_escape(struct compiler *in);

static inline bool compiler_next_is(const struct compiler *in, char c)
{
	return in->at < in->end && *in->at == c;
}

static inline uint32_t compiler_take_char(struct compiler *in)
{
	size_t size;
	uint32_t c = utf8_decode(in->at, (size_t)(in->end - in->at), &size);

	in->at += size;
	return c;
}
