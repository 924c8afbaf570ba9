/* SPDX-License-Identifier: Apache-2.0 */
/* COPY, ADD and WORKDIR: what puts files into the tree without running anything. */
#include <errno.h>
#include <string.h>

#include "builder/plan/created_by.h"
#include "builder/plan/label.h"
#include "builder/plan/lint.h"
#include "builder/plan/lower/findings.h"
#include "builder/plan/lower/lower_internal.h"
#include "builder/plan/lower/remote.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

static const struct copy_instruction *present(const struct lowering *lowering)
{
	return &lowering->instruction->copy;
}

/* ---- flags ---- */

/* A value that comes out empty is as good as none. */
static int expand_flag(struct lowering *lowering, const char *written, const char **ret)
{
	int r;

	if (!written)
		return 0;
	r = scope_expand(lowering->scope, written, 0, ret, lowering->err);
	if (r == 0 && !**ret)
		*ret = NULL;
	return r;
}

/* "u=rwX,go-w", as far as its shape goes. */
static bool is_symbolic_mode(const char *s)
{
	for (;;) {
		s += strspn(s, "ugoa");
		if (!*s || !strchr("+-=", *s))
			return false;
		while (*s && strchr("+-=", *s))
			s += 1 + strspn(s + 1, "rwxXstugo");
		if (*s != ',')
			return !*s;
		s++;
	}
}

static int check_chmod(const char *chmod, struct error *err)
{
	uint32_t mode;

	if (!chmod || parse_octal(chmod, 07777, &mode) == 0 || is_symbolic_mode(chmod))
		return 0;
	return error_set(err, -EINVAL,
			 "invalid chmod parameter: '%s'. it should be octal string and between 0 "
			 "and 07777",
			 chmod);
}

static int check_digest(const char *checksum, struct error *err)
{
	static const char prefix[] = "sha256:";
	const char *colon = strchr(checksum, ':');
	uint8_t digest[DIGEST_SIZE];

	if (!colon || colon == checksum)
		return error_set(err, -EINVAL, "invalid checksum digest format");
	if (strncmp(checksum, prefix, strlen(prefix)) != 0)
		return error_set(err, -EOPNOTSUPP,
				 "unsupported digest algorithm in '%.100s': only sha256 is known",
				 checksum);
	if (strlen(colon + 1) != (size_t)2 * DIGEST_SIZE)
		return error_set(err, -EINVAL, "invalid checksum digest length");
	if (digest_from_hex(colon + 1, digest) < 0)
		return error_set(err, -EINVAL, "invalid checksum digest format");
	return 0;
}

/* A commit's own name is looked at by who fetches it. */
static int check_checksum(const struct copy_work *copy, struct error *err)
{
	enum remote_kind kind;

	if (!copy->checksum)
		return 0;
	if (copy->sources.count != 1)
		return error_set(err, -EINVAL, "checksum can't be specified for multiple sources");
	kind = remote_kind_of(copy->sources.items[0]);
	if (kind == REMOTE_NONE)
		return error_set(err, -EINVAL, "checksum requires HTTP(S) or Git sources");
	return kind == REMOTE_HTTP ? check_digest(copy->checksum, err) : 0;
}

static int set_flags(struct lowering *lowering, struct copy_work *copy)
{
	const struct copy_instruction *instruction = present(lowering);
	int r = expand_flag(lowering, instruction->chown, &copy->chown);

	if (r == 0)
		r = expand_flag(lowering, instruction->chmod, &copy->chmod);
	if (r == 0)
		r = expand_flag(lowering, instruction->checksum, &copy->checksum);
	if (r == 0)
		r = check_chmod(copy->chmod, lowering->err);
	copy->link = instruction->link && !copy->chmod;
	copy->parents = instruction->parents;
	copy->keep_git_dir = instruction->keep_git_dir == TRISTATE_UNSET
				     ? -1
				     : instruction->keep_git_dir == TRISTATE_YES;
	copy->unpack =
		instruction->unpack == TRISTATE_UNSET ? -1 : instruction->unpack == TRISTATE_YES;
	return r;
}

/* ---- sources ---- */

static struct strings keep_words(struct plan_memory *memory, const struct words *words)
{
	struct strings kept = { .count = words->count };

	kept.items = plan_memory_array(memory, words->count + 1, sizeof *kept.items);
	for (size_t i = 0; i < words->count; i++)
		kept.items[i] = plan_memory_string(memory, words->items[i]);
	return kept;
}

static int check_remote(const struct copy_work *copy, size_t *ret_paths, struct error *err)
{
	for (size_t i = 0; i < copy->sources.count; i++) {
		enum remote_kind kind = remote_kind_of(copy->sources.items[i]);

		*ret_paths += kind == REMOTE_NONE;
		if (kind == REMOTE_NONE || copy->add)
			continue;
		return error_set(err, -EINVAL, "source can't be a %s for COPY",
				 kind == REMOTE_GIT ? "git ref" : "URL");
	}
	return 0;
}

static int set_origin(struct lowering *lowering, struct copy_work *copy, size_t paths)
{
	struct origin_use use = { .from = present(lowering)->from };
	int r;

	copy->source.kind = paths ? SOURCE_CONTEXT : SOURCE_EMPTY;
	if (!use.from || !*use.from) {
		find_ignored(lowering, copy);
		return 0;
	}
	r = origin_of_from(lowering->planning, lowering->work->stage->index, &use, lowering->err);
	if (r == 0)
		copy->source = lower_source(lowering, &use.origin);
	return r;
}

static int set_sources(struct lowering *lowering, struct copy_work *copy)
{
	struct plan_memory *memory = lowering->planning->memory;
	struct words sources;
	size_t paths = 0;
	int r = scope_expand_all(lowering->scope, &present(lowering)->sources, &sources,
				 lowering->err);

	if (r < 0)
		return r;
	copy->sources = keep_words(memory, &sources);
	copy->excludes = keep_words(memory, &present(lowering)->excludes);
	r = check_checksum(copy, lowering->err);
	if (r == 0)
		r = check_remote(copy, &paths, lowering->err);
	return r < 0 ? r : set_origin(lowering, copy, paths);
}

static int set_files(struct lowering *lowering, struct copy_work *copy)
{
	const struct copy_instruction *instruction = present(lowering);

	copy->files = plan_memory_array(lowering->planning->memory, instruction->file_count,
					sizeof *copy->files);
	copy->file_count = instruction->file_count;
	for (size_t i = 0; i < instruction->file_count; i++) {
		const struct copy_file *file = &instruction->files[i];
		struct inline_file *made = &copy->files[i];
		int r;

		*made = (struct inline_file){ .name = file->name,
					      .content = file->content,
					      .size = file->content_size };
		if (!file->expand)
			continue;
		r = scope_expand(lowering->scope, file->content, EXPAND_NO_QUOTES, &made->content,
				 lowering->err);
		if (r < 0)
			return r;
		made->size = strlen(made->content);
	}
	return 0;
}

/* ---- destination ---- */

static bool names_directory(const char *path)
{
	size_t length = strlen(path);

	if (length == 0 || strcmp(path, ".") == 0)
		return true;
	return path[length - 1] == '/' || (length > 1 && strcmp(path + length - 2, "/.") == 0);
}

static int set_destination(struct lowering *lowering, struct copy_work *copy,
			   const char **ret_written)
{
	cleanup_free char *path = NULL;
	int r = scope_expand(lowering->scope, present(lowering)->destination, 0, ret_written,
			     lowering->err);

	if (r < 0)
		return r;
	path = scope_path(lowering->scope, *ret_written);
	copy->destination = plan_memory_string(lowering->planning->memory, path);
	/* Several sources cannot be one file, of which the last would be left. */
	copy->destination_is_dir =
		names_directory(*ret_written) || copy->sources.count + copy->file_count > 1;
	return 0;
}

/* ---- the whole ---- */

static void finish_copy(struct lowering *lowering, const struct copy_work *copy,
			const char *destination)
{
	struct config_record record = { .suffix = " # buildkit" };
	cleanup_with(buf_release) struct buf created_by = { 0 };
	struct buf command = { 0 };
	struct vertex *vertex;

	label_command(lowering, NULL, &command);
	vertex = lower_vertex(lowering, VERTEX_COPY, &command, 1);
	vertex->copy = *copy;
	vertex->no_cache = lowering->work->no_cache;
	if (copy->source.kind == SOURCE_VERTEX)
		lower_add_input(vertex, copy->source.vertex);
	created_by_copy(copy, destination, &created_by);
	record.created_by = plan_memory_take(lowering->planning->memory, &created_by);
	record.created = lowering->planning->plan->created;
	lower_advance(lowering, vertex, &record);
}

int lower_copy(struct lowering *lowering)
{
	struct copy_work copy = { .add = lowering->instruction->keyword == KEYWORD_ADD };
	const char *destination;
	int r = set_flags(lowering, &copy);

	if (r == 0)
		r = set_sources(lowering, &copy);
	if (r == 0)
		r = set_files(lowering, &copy);
	if (r == 0)
		r = set_destination(lowering, &copy, &destination);
	if (r == 0)
		finish_copy(lowering, &copy, destination);
	return r;
}

/* ---- WORKDIR ---- */

static void make_directory(struct lowering *lowering, const struct config_record *record)
{
	const struct scope *scope = lowering->scope;
	struct buf command = { 0 };
	struct vertex *vertex;

	label_command(lowering, NULL, &command);
	vertex = lower_vertex(lowering, VERTEX_WORKDIR, &command, 0);
	vertex->workdir = (struct workdir_work){ .path = scope->cwd, .user = scope->user };
	vertex->no_cache = lowering->work->no_cache;
	lower_advance(lowering, vertex, record);
}

/* The root is there in any case: to go there makes nothing. */
int lower_workdir(struct lowering *lowering)
{
	struct config_record record = { .created = lowering->planning->plan->created };
	struct scope *scope = lowering->scope;
	struct buf created_by = { 0 };
	const char *path;
	int r = scope_expand(scope, lowering->instruction->text.text, 0, &path, lowering->err);

	if (r < 0)
		return r;
	if (*path != '/' && !scope->workdir_given)
		lint_warn(lowering->planning->lint, lowering->instruction->statement,
			  LINT_WORKDIR_RELATIVE_PATH,
			  "Relative workdir \"%.200s\" can have "
			  "unexpected results if the base image changes",
			  path);
	scope_change_dir(scope, path);
	scope->workdir_given = true;
	created_by_text("WORKDIR", scope->working_dir, &created_by);
	if (strcmp(scope->cwd, "/") == 0) {
		lower_change(lowering, CONFIG_WORKING_DIR, &created_by)->text = scope->working_dir;
		return 0;
	}
	lower_change(lowering, CONFIG_WORKING_DIR, NULL)->text = scope->working_dir;
	record.created_by = plan_memory_take(lowering->planning->memory, &created_by);
	make_directory(lowering, &record);
	return 0;
}
