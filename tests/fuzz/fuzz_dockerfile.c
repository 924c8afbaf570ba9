/* SPDX-License-Identifier: Apache-2.0 */
/* A whole Dockerfile: to typed instructions, printed, mounts and scripts understood. */
#include "builder/dockerfile/check_options.h"
#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/print.h"
#include "builder/dockerfile/recipe.h"
#include "builder/dockerfile/run_mount.h"
#include "builder/dockerfile/run_script.h"
#include "fs/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_run(const struct run_instruction *run, const struct expander *expander)
{
	cleanup_with(run_script_release) struct run_script script = { 0 };
	struct run_mounts mounts = { 0 };
	struct error err;

	(void)run_mounts_parse(&run->mounts, expander, "/work", &mounts, &err);
	(void)run_script_make(&run->command, &script, &err);
	run_mounts_release(&mounts);
}

static void use_onbuild(const struct instruction *instruction)
{
	cleanup_with(trigger_free) struct trigger *trigger = NULL;
	struct diagnostic diag = { 0 };

	(void)trigger_parse(instruction->onbuild.expression, instruction->statement->where,
			    &trigger, &diag);
}

static void use(const struct recipe *recipe)
{
	struct expander expander = { .escape = recipe->file->escape };

	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage *stage = &recipe->stages[i];

		(void)recipe_stage(recipe, stage->name, stage->index);
		for (size_t k = 0; k < stage->count; k++) {
			const struct instruction *instruction = &stage->instructions[k];
			cleanup_with(check_options_release) struct check_options options = { 0 };

			(void)check_options_of(instruction->statement, &options);
			if (instruction->keyword == KEYWORD_RUN)
				use_run(&instruction->run, &expander);
			if (instruction->keyword == KEYWORD_ONBUILD)
				use_onbuild(instruction);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
	cleanup_with(recipe_free) struct recipe *recipe = NULL;
	cleanup_with(buf_release) struct buf text = { 0 };
	struct diagnostic diag = { 0 };

	if (dockerfile_parse("Dockerfile", (const char *)data, size, &file, &diag) == 0) {
		dockerfile_print(file, &text);
		dockerfile_print_details(file, &text);
		if (recipe_parse(file, &recipe, &diag) == 0) {
			recipe_print(recipe, &text);
			use(recipe);
		}
	}
	if (!recipe) {
		diagnostic_format(&diag, &text);
		diagnostic_excerpt("Dockerfile", (const char *)data, size, diag.where, &text);
	}
	return 0;
}
