/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names with wildcards, as Go's filepath.Match has them: '*' is any run of characters but '/', '?'
 * is any one but '/', [a-z] and [^a-z] are ranges, '\\' takes the meaning off what follows. The
 * whole name must match.
 */
#pragma once

#include <stdbool.h>

/*
 * 1 it matches, 0 it does not, -EINVAL: the pattern is malformed. What stands behind a star is not
 * looked at when what is in front does not match.
 */
int glob_match(const char *pattern, const char *name);

/* There is a wildcard in `name`: one of "*?[" that no '\\' stands in front of. */
bool glob_has_wildcards(const char *name);
