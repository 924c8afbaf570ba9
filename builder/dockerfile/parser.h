/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Dockerfile taken apart into statements: what stands on which line, without asking whether it
 * makes sense. Pure: bytes in, structs out. See instruction.h and recipe.h for what they mean.
 *
 * Text stays bytes: what is no UTF-8 goes through unchanged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/dockerfile/diagnostic.h"
#include "builder/dockerfile/directive.h"
#include "builder/dockerfile/lex/keyword.h"
#include "builder/dockerfile/lex/words.h"
#include "fs/base/arena.h"

/* What a Dockerfile may be; more is -E2BIG. Of ONBUILD ONBUILD ... what is deeper is not read. */
#define DOCKERFILE_SIZE_MAX          ((size_t)16 << 20)
#define DOCKERFILE_LINE_MAX          ((size_t)65535) /* bytes of a line as it stands in the file */
#define DOCKERFILE_HEREDOCS_MAX      ((size_t)256)   /* of one instruction */
#define DOCKERFILE_TRIGGER_DEPTH_MAX 8

/* A body that follows an instruction: <<EOF */
struct heredoc {
	const char *name;    /* without quotes */
	const char *content; /* as it stands in the file, tabs and line breaks kept; ends in NUL */
	size_t content_size;
	unsigned fd;           /* digits in front of the "<<", else 0 */
	bool expand;           /* no part of the name was quoted: variables are expanded */
	bool chomp;            /* <<-: tabs at the start of lines do not count */
	struct location where; /* its lines, from the first to the terminator */
};

/* One of the words beginning with "--" in front of the arguments; quotes taken off. */
struct statement_flag {
	const char *text;
	size_t offset; /* in the statement's text */
};

/* From `offset` of a statement's text on, it stands at this place of the file. */
struct text_mark {
	size_t offset;
	uint32_t line, column;
};

struct statement {
	enum keyword keyword;  /* KEYWORD_UNKNOWN: there is no such instruction */
	const char *name;      /* the keyword as it is written */
	const char *text;      /* the whole instruction on one line, continuations joined */
	struct location where; /* with the bodies of its heredocs */
	const struct statement_flag *flags;
	size_t flag_count;
	/*
	 * RUN, CMD, ENTRYPOINT, SHELL: the JSON array, or the rest of the line as one string. ADD,
	 * COPY, VOLUME: the JSON array, or the words between blanks. EXPOSE, FROM: the words between
	 * blanks. ENV, LABEL: three for each pair: key, value, and "=" or, of the old form without,
	 * "". ARG: words, quotes kept. HEALTHCHECK: its type, then as for RUN. STOPSIGNAL, USER,
	 * WORKDIR, MAINTAINER: the rest of the line. ONBUILD: none, see `trigger`. Unknown: one "".
	 */
	struct words args;
	bool json; /* the arguments were a JSON array */
	bool nul;  /* with a NUL in it, so that it cannot be carried out: see JSON_NUL */
	const struct heredoc *heredocs;
	size_t heredoc_count;
	struct words comments; /* those above it since the last instruction, without "#" */
	const struct statement *trigger; /* of ONBUILD: what follows; its `where` is all zero */
	/* The last line of the text itself, in front of the bodies. */
	uint32_t text_last_line;
	bool empty_continuation; /* there was an empty line between two joined ones */
	const struct text_mark *marks;
	size_t mark_count;
	size_t text_offset; /* of a trigger: where its text begins in that of the statement */
};

struct dockerfile {
	const char *name; /* for messages */
	const char *source;
	size_t source_size;
	char escape; /* '\\' or '`' */
	struct directive syntax, check;
	const struct statement *statements;
	size_t statement_count; /* never 0 */
	struct arena arena;     /* holds all of the above */
};

/*
 * Parse `size` bytes; nothing of them is kept. 0, -EINVAL when this is no Dockerfile, -E2BIG past a
 * limit above.
 */
int dockerfile_parse(const char *name, const char *data, size_t size, struct dockerfile **ret,
		     struct diagnostic *diag);
void dockerfile_free(struct dockerfile *file);
DEFINE_CLEANUP(struct dockerfile *, dockerfile_free);

/* Line and column of byte `offset` of a statement's text. */
void statement_position(const struct statement *statement, size_t offset, uint32_t *ret_line,
			uint32_t *ret_column);

/*
 * The words of the comment that documents `name`: of the first one that begins with it and a
 * blank. NULL when there is none.
 */
const char *statement_doc(const struct statement *statement, const char *name);
