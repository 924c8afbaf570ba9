/* SPDX-License-Identifier: Apache-2.0 */
/* What --ulimit and --add-host ask for every RUN. */
#pragma once

#include <stddef.h>

#include "builder/sandbox/spec.h"
#include "fs/base/strings.h"

struct error;

/* "nofile=1024:4096", "core=unlimited"; the caller frees the array. */
int ulimits_parse(const struct strings *values, struct spec_ulimit **ret, size_t *ret_count,
		  struct error *err);
/* "NAME:ADDRESS" or "NAME=ADDRESS", as lines of /etc/hosts. */
int extra_hosts_parse(const struct strings *values, struct strings *ret, struct error *err);
