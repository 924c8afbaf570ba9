/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: one JSON object of known keys, whose values are strings, numbers or truths. */
#pragma once

struct config;
struct error;

/*
 * Read the file; where there is none, the result is empty. `keys` (NULL-terminated) are those that
 * may occur. -EINVAL with the place in the file for anything else.
 */
int config_read(const char *path, const char *const *keys, struct config **ret, struct error *err);
void config_free(struct config *config);

/* The value of a key as text, or NULL. */
const char *config_get(const struct config *config, const char *key);
