/* SPDX-License-Identifier: Apache-2.0 */
/* Steps from other stores and for them: --cache-from and --cache-to. */
#pragma once

struct building;
struct cache_import;
struct error;

/* What is there to be found; warns of what is not. NULL: nothing was asked for. */
struct cache_import *caches_open(struct building *building);
/* Give the steps of a build that has succeeded to all that are to have them. */
int caches_write(struct building *building, struct error *err);
