/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#pragma once

#include "fs/base/error.h"
#include "fs/overlay/overlay.h"
#include "fs/overlay/staged.h"
#include "fs/overlay/tracing.h"
#include "fs/tree/commit.h"
#include "fs/tree/tree.h"

struct overlay {
	struct error why; /* the last failure of the store or its disk, see overlay_complaint() */
	struct store *store;
	struct tree *tree;
	bool read_only;
	struct staging staging;
	struct tree_staging drop;  /* drops staged content for the tree */
	struct tree_storer storer; /* stores it at a commit */
	struct node **ghosts;      /* each of them held once, outer ones first */
	size_t ghost_count, ghost_capacity;
	struct overlay_lister *lister; /* of directories that are not stored; else NULL */
	struct journal *journal;       /* NULL: changes are not kept */
	struct tracing *tracing;       /* NULL: nobody wants to know what is looked at */
	struct node *found;            /* by overlay_find_number(), and held once; NULL: none */
};

/* `above` is the directory `dir` or one that it is in. */
bool overlay_is_above(const struct node *above, struct node *dir);
/* A listed directory as it is now; others are loaded. */
int overlay_refresh(struct overlay *overlay, struct node *dir);
/* What all overlays begin with; the caller opens the tree. */
struct overlay *overlay_new(struct store *store, const struct tree_root *root, bool read_only);
struct node_time overlay_now(void);
/* What a program hears when the store fails with `r`: a missing object is no missing name. */
int overlay_io(int r);
/* The same for what staged content answered, noting what it does not say itself. */
int overlay_staged(struct overlay *overlay, int r);
/* `r` says that the disk is full: whether what was deleted has given some room, once that was made
 * durable. Try again then. */
bool overlay_make_room(struct overlay *overlay, int r);
/* Mark as changed, with a new change time: all that every change of attributes needs. */
int overlay_touch(struct overlay *overlay, struct node *node);
/* The content in a form that can be written; the node is touched. */
int overlay_stage(struct overlay *overlay, struct node *node, struct staged **ret);
/* Take away set-id bits and file capabilities, as a write by an ordinary user does. */
int overlay_kill_priv(struct overlay *overlay, struct node *node);
/* The mode is about to become this one: so does the list of who may do what, if there is one. */
int overlay_acl_follow(struct overlay *overlay, struct node *node, uint16_t mode);
/* The mode and the lists of something that is being made in `dir`, which has the mode asked for. */
int overlay_acl_inherit(struct overlay *overlay, struct node *dir, struct node *node,
			uint32_t umask);
