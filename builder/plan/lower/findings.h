/* SPDX-License-Identifier: Apache-2.0 */
/* What rules find in instructions as they are lowered. */
#pragma once

struct copy_work;
struct key_value;
struct lowering;

/* The variables that were asked for since the last time, and that nothing had set. */
void find_undefined(struct lowering *lowering);
/* CMD, ENTRYPOINT and HEALTHCHECK: there was one in this stage, or it is run by a shell. */
void find_in_command(struct lowering *lowering);
/* ENV and LABEL in their old form. */
void find_old_form(struct lowering *lowering);
/* ARG or ENV of something that should be secret. */
void find_secret(struct lowering *lowering, const char *key);
/* Sources that .dockerignore keeps out. */
void find_ignored(struct lowering *lowering, const struct copy_work *copy);
