/* SPDX-License-Identifier: Apache-2.0 */
/* What --output asks for: "type=oci,dest=app.tar,compression=zstd", "DIR", "-". It does no I/O. */
#pragma once

#include <stdbool.h>

#include "builder/image/compress.h"
#include "builder/image/layer/layering.h"
#include "builder/image/platform.h"
#include "fs/base/strings.h"

struct error;

enum output_type {
	OUTPUT_IMAGE,      /* into the store, with names */
	OUTPUT_REGISTRY,   /* to a registry */
	OUTPUT_OCI,        /* an OCI layout, as an archive or a directory */
	OUTPUT_DOCKER,     /* what `docker load` reads */
	OUTPUT_LOCAL,      /* the files, in a directory */
	OUTPUT_TAR,        /* the files, as an archive */
	OUTPUT_CACHE_ONLY, /* nothing */
};

enum annotation_level {
	ANNOTATION_MANIFEST,
	ANNOTATION_INDEX,
	ANNOTATION_MANIFEST_DESCRIPTOR,
	ANNOTATION_INDEX_DESCRIPTOR,
};

struct output_annotation {
	enum annotation_level level;
	bool has_platform; /* only of the image for that one */
	struct platform platform;
	char *key, *value;
};

/* Made by output_parse(): "type=image" is what a build without any has. */
struct output {
	enum output_type type;
	char *dest;           /* a path; NULL: stdout, or nothing where none is needed */
	struct strings names; /* name=: beside those of the build */
	bool directory;       /* tar=false: a directory instead of an archive */
	bool split;           /* local, tar: a directory for each platform */
	bool split_set;       /* that was said; else only for several platforms */
	enum compression compression;
	bool compression_set; /* else gzip, and layers of base images as they came */
	int level;            /* COMPRESSION_LEVEL_DEFAULT */
	bool force_compression;
	bool push;         /* type=image: to registries as well */
	bool by_digest;    /* no tag of theirs changes */
	bool insecure;     /* see REPOSITORY_INSECURE */
	bool docker_types; /* media types of Docker instead of OCI's */
	bool rewrite_timestamp;
	struct layering layering;
	bool layering_set; /* layers= */
	struct output_annotation *annotations;
	size_t annotation_count, annotation_capacity;
};

/*
 * -EINVAL says which attribute is wrong, and what there is; -EOPNOTSUPP for what is known and not
 * supported, such as estargz.
 */
int output_parse(const char *text, struct output *ret, struct error *err);
/* --annotation: "[LEVEL[PLATFORM][,LEVEL...]:]KEY=VALUE", added to an output. */
int output_annotate(struct output *output, const char *text, struct error *err);
void output_release(struct output *output);
DEFINE_CLEANUP_VALUE(struct output, output_release);
const char *output_type_name(enum output_type type);
