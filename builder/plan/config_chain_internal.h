/* SPDX-License-Identifier: Apache-2.0 */
/* The links of a chain, for those who make them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/dockerfile/lex/words.h"
#include "builder/plan/config_chain.h"

struct health_instruction;
struct plan_memory;
struct platform;
struct strings;

enum config_change {
	CONFIG_BASE,        /* the first link: `base` */
	CONFIG_BEGIN,       /* a stage begins: no triggers, no time but `text`, a PATH if `flag` */
	CONFIG_HISTORY,     /* nothing but the record */
	CONFIG_ENV,         /* `words`: names and values */
	CONFIG_LABEL,       /* the same */
	CONFIG_CMD,         /* `words` */
	CONFIG_ENTRYPOINT,  /* `words`; `flag`: what CMD there is goes */
	CONFIG_EXPOSE,      /* `words` */
	CONFIG_VOLUME,      /* `words` */
	CONFIG_SHELL,       /* `words` */
	CONFIG_USER,        /* `text` */
	CONFIG_WORKING_DIR, /* `text` */
	CONFIG_STOP_SIGNAL, /* `text` */
	CONFIG_AUTHOR,      /* `text` */
	CONFIG_ONBUILD,     /* `text` */
	CONFIG_HEALTH,      /* `health` */
	CONFIG_PLATFORM,    /* `platform`; NULL: only written as it should be */
};

/* A record of history. All zero: there is none. */
struct config_record {
	const char *created_by;
	/* Of RUN: words that follow, with a blank between them. */
	const struct strings *argv;
	const char *suffix;  /* NULL: none */
	const char *created; /* NULL: no time */
	bool empty_layer;
};

struct config_chain {
	const struct config_chain *before; /* NULL: this is the first */
	size_t length;                     /* links up to here */
	size_t records;                    /* of history up to here */
	enum config_change change;
	bool flag;
	union {
		const struct config *base;
		struct words words;
		const char *text;
		const struct health_instruction *health;
		const struct platform *platform;
	};
	struct config_record record;
};

/* A new link, to be filled in by the caller, and with a record or (NULL) without. */
struct config_chain *config_chain_add(struct plan_memory *memory, const struct config_chain *before,
				      enum config_change change,
				      const struct config_record *record);
