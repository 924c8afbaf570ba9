/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that write caches. */
#pragma once

#include "builder/cache/cache_export.h"
#include "fs/store/steps.h"

/* Of all steps that the store knows those of the build, as they are called under a tag (NULL: none). */
int cache_steps_choose(const struct cache_export *export, const char *tag, struct step_list *ret,
		       struct error *err);
/* cache_export() to a registry. */
int cache_upload(const struct cache_export *export, const struct cache_place *place,
		 struct cache_exported *ret, struct error *err);
