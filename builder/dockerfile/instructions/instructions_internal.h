/* SPDX-License-Identifier: Apache-2.0 */
/* From statements to instructions: what the files of this folder share. */
#pragma once

#include "builder/dockerfile/instruction.h"

/* One statement on its way. */
struct understanding {
	const struct statement *statement;
	struct arena *arena;
	struct word_list *words; /* scratch, empty between uses */
	struct diagnostic *diag;
};

/* Record words about the statement: -EINVAL. The second is for a flag of it. */
int refuse(const struct understanding *u, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int refuse_flag(const struct understanding *u, const struct statement_flag *flag,
		const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Understand u->statement. */
int instruction_parse(const struct understanding *u, struct instruction *ret);

/* One for each kind; they fill in the union only. */
int add_or_copy_parse(const struct understanding *u, struct copy_instruction *ret);
int run_parse(const struct understanding *u, struct run_instruction *ret);
int health_parse(const struct understanding *u, struct health_instruction *ret);
int from_parse(const struct understanding *u, struct from_instruction *ret);
int pairs_parse(const struct understanding *u, struct pairs_instruction *ret);
int arg_parse(const struct understanding *u, struct arg_instruction *ret);
int onbuild_parse(const struct understanding *u, struct onbuild_instruction *ret);

enum argument_count { AT_LEAST_ONE, EXACTLY_ONE };
int check_argument_count(const struct understanding *u, enum argument_count wanted);
