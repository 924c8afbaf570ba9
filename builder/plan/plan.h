/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the instructions of a Dockerfile to the work to be done for its targets. Pure: the only thing
 * from outside is what the base images say of themselves, which the caller looks up.
 */
#pragma once

#include "builder/dockerfile/recipe.h"
#include "builder/image/config.h"
#include "builder/plan/vertex.h"
#include "fs/base/cleanup.h"

struct error;
struct lint;
struct outline;
struct plan;

/* What is known of an image that a stage builds on, or that files are taken from. */
struct plan_image {
	struct config config; /* taken over by the plan */
	char *name;           /* whole, with a digest where there is one; taken over */
	struct object_id snapshot;
	bool unknown; /* there is none; it stands there so that the rest can be looked at */
};

/* What planning may make of a Dockerfile; more is -E2BIG. */
#define PLAN_TEXT_MAX      ((size_t)256 << 20) /* bytes of all that it writes down */
#define PLAN_VARIABLES_MAX 2048                /* ENV and ARG that are in scope at once */

/*
 * Look up an image, for the platform. `name` is what FROM or --from says, expanded. The text of an
 * error is shown to the user as it is.
 */
struct plan_images {
	int (*find)(struct plan_images *images, const char *name, const struct platform *platform,
		    struct plan_image *ret, struct error *err);
};

enum plan_context_kind {
	PLAN_CONTEXT_DIRECTORY, /* files of the host */
	PLAN_CONTEXT_IMAGE,     /* an image: `image` is what to ask plan_images for */
};

/*
 * --build-context: stands for stages and images of its name, which may be written "alpine" for
 * docker.io/library/alpine:latest, and "alpine::linux/arm64" for one platform only. Of equal names
 * the last counts. The image "scratch" is an empty tree.
 */
struct plan_context {
	const char *name;
	enum plan_context_kind kind;
	const char *image;
};

/* What .dockerignore says. */
struct plan_ignore {
	/* Is the path, clean and relative or "." for all, certainly not there? */
	bool (*matches)(const struct plan_ignore *ignore, const char *path);
};

struct plan_options {
	const struct strings *build_args; /* "NAME=value" */
	/* Stages: names, numbers, labels ("stage-2"), or patterns of fnmatch(3) for labels. NULL
	 * or none: the last one. */
	const struct strings *targets;
	struct platform target_platform, build_platform;
	/* The user chose the target's platform; else an image keeps what its base says. */
	bool platform_given;
	bool several_platforms; /* are built: labels of steps say which one they are for */
	const struct plan_context *contexts;
	size_t context_count;
	const struct strings *labels; /* "NAME=value", added to the configurations of the targets */
	bool no_cache;
	const struct strings *no_cache_stages; /* names or labels; NULL: none */
	bool network_none, network_host;       /* for every RUN that does not say otherwise */
	/* Time for configurations and history, as they write it. NULL: that of SOURCE_DATE_EPOCH,
	 * a build argument or a global ARG; none without it. */
	const char *created;
	struct lint *lint;          /* told what is worth saying; NULL: nobody is */
	bool all_stages;            /* are planned, not only what the targets need */
	struct plan_ignore *ignore; /* NULL: nothing is left out of the build context */
	struct outline *outline;    /* gets what the targets can be given; NULL: nobody asks */
};

struct plan {
	struct vertex **vertices; /* all that the targets need; inputs before what they go into */
	size_t vertex_count;
	struct plan_stage *stages; /* all of the Dockerfile, for each platform */
	size_t stage_count;
	/* In the order of the Dockerfile, those of one platform behind those of the one before it;
	 * their configurations have the labels of the options. */
	struct plan_stage **targets;
	size_t target_count;
	size_t platform_count;     /* it is for */
	struct plan_stage *target; /* the last of them */
	/* Secrets and ssh agents that its RUN instructions cannot do without, for an early error. */
	struct strings required_secrets, required_ssh;
	const char *created;        /* the time that was settled on; NULL: none */
	struct plan_memory *memory; /* holds all of the above */
	struct plan **parts;        /* of several platforms, each plan holds what it brought */
};

/*
 * The recipe outlives the plan. -EINVAL, -E2BIG past a limit, -EOPNOTSUPP: `diag` says where and
 * what; otherwise what `images` failed with, its words at the FROM or COPY that named the image.
 * Images are asked for of the stages that the targets need alone, each once for a platform.
 */
int plan_make(const struct recipe *recipe, const struct plan_options *options,
	      struct plan_images *images, struct plan **ret, struct diagnostic *diag);
/*
 * For each of `count` platforms, all different, instead of the options' target_platform: one plan,
 * in which what several of them have in common is there once, such as the stages that compile for
 * other machines. Stages are called "build+linux_arm64" unless `count` is 1.
 */
int plan_make_several(const struct recipe *recipe, const struct plan_options *options,
		      const struct platform *platforms, size_t count, struct plan_images *images,
		      struct plan **ret, struct diagnostic *diag);
void plan_free(struct plan *plan);
DEFINE_CLEANUP(struct plan *, plan_free);
