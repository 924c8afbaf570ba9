/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#pragma once

#include <stddef.h>

#include <jansson.h>

struct bake;
struct error;
struct strings;

/* Merge the services of a compose file, of which `root` is the document, into `bake`. */
int compose_read(const json_t *root, struct bake *bake, struct error *err);

/* Replace "$NAME", "${NAME:-word}" and the like by the environment, as compose does; "$$" is "$".
 * The caller frees. */
int compose_interpolate(const char *text, char **ret, struct error *err);

/* YAML as JSON: the first document, merge keys and aliases filled in. */
int yaml_read(const char *text, size_t size, json_t **ret, struct error *err);

/* --set: "PATTERN.KEY[.NAME]=VALUE", with "+=" added to a list; on the resolved `target`. */
int overrides_apply(const struct strings *overrides, const char *name, json_t *target,
		    struct error *err);
/* Every pattern fits one of the names; -EINVAL. */
int overrides_check(const struct strings *overrides, const json_t *targets, struct error *err);
