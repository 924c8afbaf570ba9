/* SPDX-License-Identifier: Apache-2.0 */
/* Parsed Dockerfiles as text, for golden tests and for people who wonder. */
#pragma once

struct buf;
struct dockerfile;
struct recipe;

/* One s-expression for each statement, as BuildKit's parser dumps them: (copy "a" "b") */
void dockerfile_print(const struct dockerfile *file, struct buf *ret);

/* Directives, comments, lines, bodies of heredocs: what the s-expressions leave out. */
void dockerfile_print_details(const struct dockerfile *file, struct buf *ret);

/* Stages and their instructions, each with what it is understood to say. */
void recipe_print(const struct recipe *recipe, struct buf *ret);
