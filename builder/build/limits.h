/* SPDX-License-Identifier: Apache-2.0 */
/* What --ulimit, --resource and --add-host ask for every RUN. */
#pragma once

#include <stddef.h>

#include "builder/sandbox/group.h"
#include "builder/sandbox/spec.h"
#include "fs/base/strings.h"

struct error;

/* "nofile=1024:4096", "core=unlimited"; the caller frees the array. */
int ulimits_parse(const struct strings *values, struct spec_ulimit **ret, size_t *ret_count,
		  struct error *err);
/* "memory=1g", "cpuset-cpus=0,2-3", several with commas between; *ret is to be released in any case. */
int resources_parse(const struct strings *values, struct group_limits *ret, struct error *err);
/* "NAME:ADDRESS" or "NAME=ADDRESS", as lines of /etc/hosts. */
int extra_hosts_parse(const struct strings *values, struct strings *ret, struct error *err);
