/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that load images. */
#pragma once

#include "builder/image/config.h"
#include "builder/image/load/load_files.h"
#include "builder/image/manifest.h"

/* An image that could be loaded. */
struct load_candidate {
	struct strings words; /* what it can be selected by, as it stands there */
	struct strings names; /* whole */
	unsigned group;       /* images for different platforms of one thing share it */
	bool has_top;         /* the index of several platforms that it came from */
	struct object_id top;
	bool has_digest;
	struct descriptor descriptor; /* of its manifest */
	struct strings layer_files;   /* lowest first */
	struct manifest manifest;     /* of a docker archive: empty */
	struct buf document;          /* the configuration, as it is */
	struct config config;
	struct platform platform;
};

/* All zero is an empty list. */
struct load_candidates {
	struct load_candidate *items;
	size_t count, capacity;
};

struct load_candidate *load_candidates_add(struct load_candidates *list);
/* Drop one of them. */
void load_candidates_remove(struct load_candidates *list, size_t index);
void load_candidates_release(struct load_candidates *list);
DEFINE_CLEANUP_VALUE(struct load_candidates, load_candidates_release);

/* Add `name`, in its whole form, to the candidate's, unless it cannot be a name. */
void load_candidate_name(struct load_candidate *candidate, const char *name);

/* What an OCI layout has: 1; 0 when it is none. Manifests are not read yet. */
int load_oci_collect(struct load_files *files, struct load_candidates *ret, struct error *err);
/* Read the manifest and the configuration of one of them. */
int load_oci_read(struct load_files *files, struct load_candidate *candidate, struct error *err);
/* What an archive of `docker save` has, with the configurations: 1; 0 when it is none. */
int load_docker_collect(struct load_files *files, struct load_candidates *ret, struct error *err);

/* The lowest layers of an image. */
struct load_layers {
	const struct image_load *load;
	struct load_files *files;
	const struct manifest *manifest; /* of a docker archive: empty */
	const struct config *config;     /* with as many digests as there are layers */
	char *const *names;              /* of the files of a docker archive */
	size_t count;
};

/* The state that they make; zero when there are none. What the store has is not read. */
int load_layers(const struct load_layers *layers, struct object_id *ret, struct error *err);
