/* SPDX-License-Identifier: Apache-2.0 */
/* Ports behind EXPOSE: "80", "443/tcp", "5000-5005/udp", and the forms of docker run -p. */
#pragma once

#include "builder/dockerfile/lex/words.h"

struct error;
struct planning;
struct statement;
struct strings;

/*
 * Every port of `specs`, of a range each one: "80/tcp". Addresses and ports of the host are checked
 * and dropped; the user is warned of them. -EINVAL, or -E2BIG when the plan gets too large.
 */
int ports_parse(struct planning *planning, const struct statement *statement,
		const struct strings *specs, struct words *ret, struct error *err);
