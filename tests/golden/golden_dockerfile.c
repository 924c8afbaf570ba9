/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles and what they are understood as, or how they are refused. */
#include "builder/dockerfile/print.h"
#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "tests/golden/golden.h"

/* Parse and understand: the result printed, or the error with its excerpt. */
static void make(const char *name, const char *data, size_t size, struct buf *ret)
{
	cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
	cleanup_with(recipe_free) struct recipe *recipe = NULL;
	struct diagnostic diag = { 0 };

	if (dockerfile_parse(name, data, size, &file, &diag) < 0 ||
	    recipe_parse(file, &recipe, &diag) < 0) {
		diagnostic_format(&diag, ret);
		buf_add_char(ret, '\n');
		diagnostic_excerpt(name, data, size, diag.where, ret);
		return;
	}
	dockerfile_print(file, ret);
	buf_add_char(ret, '\n');
	dockerfile_print_details(file, ret);
	buf_add_char(ret, '\n');
	recipe_print(recipe, ret);
}

int main(int argc, char **argv)
{
	return argc == 3 ? golden_run(argv[1], ".dockerfile", argv[2], make) : 2;
}
