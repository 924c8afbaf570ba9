/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work of a build as plain data: a vertex for each thing that makes a new state out of others.
 * Everything that the Dockerfile leaves open has been decided: variables have values, paths are
 * absolute, names of stages are the vertices they stand for. Instructions that only change the
 * configuration are no vertices; they show in the configuration of the next one.
 *
 * Strings and arrays belong to the struct plan.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/dockerfile/instruction.h"
#include "builder/dockerfile/run_mount.h"
#include "builder/image/platform.h"
#include "fs/base/strings.h"
#include "fs/object/id.h"

struct config_chain; /* see config_chain.h: config_chain_make() */
struct plan_stage;
struct vertex;

/* Where files come from that a step copies or mounts. */
enum source_kind {
	SOURCE_EMPTY,   /* "scratch": nothing in it */
	SOURCE_CONTEXT, /* the build context */
	SOURCE_NAMED,   /* the directory given with --build-context under `name` */
	SOURCE_VERTEX,  /* the files that a vertex ends with */
	SOURCE_CACHE,   /* the newest version of the cache whose id is `name` */
};

struct source {
	enum source_kind kind;
	const struct vertex *vertex;
	const char *name;
};

/* FROM an image or a directory. FROM a stage or scratch is no vertex. */
struct base_work {
	const char *reference;     /* as written, expanded */
	const char *name;          /* the image's whole name; NULL for a named context */
	struct object_id snapshot; /* of the image; zero for SOURCE_NAMED */
	struct source source;      /* SOURCE_NAMED for a directory, else SOURCE_EMPTY */
};

struct run_work_mount {
	struct run_mount mount;
	struct source source; /* of a bind, or what a new cache begins with (else SOURCE_EMPTY) */
};

struct run_work {
	struct strings argv; /* shell in front, for the shell form */
	/* All ENV and ARG in scope, in the order of their last assignment; SSH_AUTH_SOCK at the
	 * end where there is an ssh mount and nobody set it. */
	struct strings env;
	/* Proxy settings given as build arguments: in the environment, not in the key. */
	struct strings hidden_env;
	const char *cwd;  /* absolute and clean */
	const char *user; /* as in the configuration, "" for root */
	/* Sorted by target, as they have to be mounted; then secrets; then ssh agents. */
	struct run_work_mount *mounts;
	size_t mount_count;
	enum run_network network;
	enum run_security security;
	/* A heredoc that begins with "#!": to be at this path, mode 0755; NULL: none. */
	const char *script_path;
	const char *script;
	size_t script_size;
	const char *hostname; /* NULL: the usual one */
};

/* A file whose content stands in the Dockerfile, expanded. */
struct inline_file {
	const char *name;
	const char *content;
	size_t size;
};

/* COPY and ADD */
struct copy_work {
	bool add;
	struct source source;   /* SOURCE_EMPTY when nothing is taken from one: URLs, files below */
	struct strings sources; /* paths with wildcards, or (ADD) URLs, as written, expanded */
	struct inline_file *files;
	size_t file_count;
	const char *destination;   /* absolute and clean */
	bool destination_is_dir;   /* it was written with a slash or "." at its end, or as "" */
	const char *chown, *chmod; /* NULL: none */
	const char *checksum;      /* NULL: none */
	struct strings excludes;
	bool link; /* never with `chmod` */
	bool parents;
	int keep_git_dir, unpack; /* -1: not said, 0, 1 */
};

struct workdir_work {
	const char *path; /* absolute and clean */
	const char *user; /* who is to own what is made */
};

enum vertex_kind { VERTEX_BASE, VERTEX_RUN, VERTEX_COPY, VERTEX_WORKDIR };

struct vertex {
	enum vertex_kind kind;
	unsigned index; /* in plan->vertices; inputs have lower ones */
	/* Of a base that several share: the first one that is FROM it, else the first that takes
	 * files from it. Of what several platforms share: that of the first of them. */
	const struct plan_stage *stage;
	unsigned step;       /* in the stage, as the label counts; FROM is 1; 0: only copied from */
	const char *name;    /* "[build 2/5] RUN make" */
	const char *command; /* "RUN make" */
	struct location where;
	const struct vertex *parent;  /* the state it changes; NULL: an empty tree */
	const struct vertex **inputs; /* all that have to be done before, parent included */
	size_t input_count;
	const struct config_chain *config; /* of an image that would end here */
	bool no_cache;                     /* do it again in any case */
	union {
		struct base_work base;
		struct run_work run;
		struct copy_work copy;
		struct workdir_work workdir;
	};
};

struct plan_stage {
	size_t index;      /* among all of the Dockerfile */
	size_t number;     /* among all of the plan, which has them for each platform */
	const char *name;  /* as written after AS, in small letters; NULL */
	const char *label; /* the name, or "stage-2"; of several platforms "stage-2+linux_arm64" */
	/* NULL: an empty tree, from scratch without any step; or the stage is only copied from, and
	 * a directory given with --build-context stands for it. */
	const struct vertex *last;
	const struct config_chain *config; /* at its end; NULL unless needed */
	struct platform platform;
	struct location where; /* its FROM */
	unsigned steps;        /* how many it has, FROM included */
	bool needed;           /* else nothing of it was planned */
};
