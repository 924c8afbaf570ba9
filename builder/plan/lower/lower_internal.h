/* SPDX-License-Identifier: Apache-2.0 */
/* From the instructions of one stage to vertices: shared by the files that do it. */
#pragma once

#include "builder/plan/config_chain_internal.h"
#include "builder/plan/plan_internal.h"

/* A stage while it is lowered, line by line. */
struct lowering {
	struct planning *planning;
	struct stage_work *work;
	struct scope *scope;                   /* of the present line */
	const struct config_chain *chain;      /* up to the present line */
	const struct vertex *parent;           /* NULL: an empty tree */
	const struct instruction *instruction; /* NULL: FROM */
	bool is_trigger;                       /* ... of the base */
	unsigned step;
	struct location cmd, entrypoint, health; /* the last one of the stage */
	struct error *err;
};

/* Each carries out one kind of line; words for an error go to lowering->err. */
int lower_from(struct lowering *lowering);
int lower_run(struct lowering *lowering);
int lower_copy(struct lowering *lowering);
int lower_workdir(struct lowering *lowering);
int lower_arg(struct lowering *lowering);
/* All the others, which only change the configuration. */
int lower_config(struct lowering *lowering);

/* The vertex of the present line, called as `command` says, with room for so many inputs beside
 * the parent, which is one already. `command` is empty after. */
struct vertex *lower_vertex(struct lowering *lowering, enum vertex_kind kind, struct buf *command,
			    size_t more_inputs);
void lower_add_input(struct vertex *vertex, const struct vertex *input);
/* The stage goes on from there; the record of history is that of a layer. */
void lower_advance(struct lowering *lowering, struct vertex *vertex,
		   const struct config_record *record);

/* A link of the configuration without a layer. `created_by` is empty after; NULL: no record. */
struct config_chain *lower_change(struct lowering *lowering, enum config_change change,
				  struct buf *created_by);

/* Where files come from; makes the vertex of an image that was not needed before. */
struct source lower_source(struct lowering *lowering, const struct origin *origin);
