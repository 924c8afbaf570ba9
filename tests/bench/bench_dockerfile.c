/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a large generated Dockerfile takes from text to typed instructions. Its shape is that
 * of a generator for hundreds of parallel stages: about 6,000 lines and 500 KB.
 */
#include <stdio.h>

#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"

#define LOCKS  400
#define ROUNDS 20

static void add_lock(struct buf *text, int lock)
{
	buf_add_format(text, "FROM base AS lock-%d\n", lock);
	buf_add_format(text,
		       "COPY --from=base --chown=opam:opam /src/repo-%d/.git builds/%d/.git\n",
		       lock, lock);
	buf_add_format(text, "WORKDIR builds/%d\n", lock);
	for (int i = 0; i < 5; i++)
		buf_add_format(
			text,
			"RUN git -c advice.detachedHead=false checkout %08x && script --return "
			"--quiet --command \"./configure --prefix=/opt/%d && make -j ${JOBS:-2}\" "
			"&& git add --force --all . && git commit --quiet -m 'build %d of %d'\n",
			(unsigned)(lock * 7919 + i), lock, i, lock);
	buf_add_format(text,
		       "FROM lock-%d AS pack-%d\nRUN <<End-of-Script\n"
		       "  git gc --no-prune\n  cat <<\"EOF\" > info\n  $HOME\n  EOF\n"
		       "End-of-Script\n",
		       lock, lock);
}

static void add_collector(struct buf *text, int first, int count)
{
	buf_add_format(text, "FROM base AS collect-%d\n", first);
	buf_add_string(text, "COPY <<EOF relocatable/.git/objects/info/alternates\n");
	for (int i = first; i < first + count; i++)
		buf_add_format(text, "/builds/%d/.git/objects\n", i);
	buf_add_string(text, "EOF\n");
	for (int i = first; i < first + count; i++)
		buf_add_format(text, "COPY --from=pack-%d /builds/%d/.git builds/%d/.git\n", i, i,
			       i);
	buf_add_string(text, "RUN git fetch");
	for (int i = first; i < first + count; i++)
		buf_add_format(text, " builds/%d/.git refs/heads/lock-%d:refs/heads/lock-%d", i, i,
			       i);
	buf_add_string(text, "\n");
}

static void generate(struct buf *text)
{
	buf_add_string(text, "# syntax=docker/dockerfile:1\nFROM ocaml/opam:debian-12 AS base\n"
			     "ENV OPAMYES=1 \\\n    JOBS=4\n");
	for (int i = 0; i < LOCKS; i++)
		add_lock(text, i);
	for (int i = 0; i < LOCKS; i += 16)
		add_collector(text, i, LOCKS - i < 16 ? LOCKS - i : 16);
}

int main(void)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	uint64_t best = UINT64_MAX;
	size_t stages = 0, lines = 0;

	generate(&text);
	for (size_t i = 0; i < text.length; i++)
		lines += text.data[i] == '\n';
	for (int i = 0; i < ROUNDS; i++) {
		cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
		cleanup_with(recipe_free) struct recipe *recipe = NULL;
		struct diagnostic diag = { 0 };
		uint64_t start = clock_monotonic_ns(), took;

		if (dockerfile_parse("Dockerfile", text.data, text.length, &file, &diag) < 0 ||
		    recipe_parse(file, &recipe, &diag) < 0) {
			fprintf(stderr, "line %u: %s\n", diag.line, diag.error.text);
			return 1;
		}
		took = clock_monotonic_ns() - start;
		best = took < best ? took : best;
		stages = recipe->stage_count;
	}
	printf("{\"name\": \"dockerfile-parse\", \"bytes\": %zu, \"lines\": %zu, \"stages\": %zu, "
	       "\"best_us\": %.1f}\n",
	       text.length, lines, stages, (double)best / 1000);
	return 0;
}
