/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/several/same.h"

#include <string.h>

#include "builder/plan/vertex.h"

/* ---- values ---- */

static bool text_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool list_same(const struct strings *a, const struct strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static bool bytes_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool source_same(const struct source *a, const struct source *b)
{
	return a->kind == b->kind && a->vertex == b->vertex && text_same(a->name, b->name);
}

/* ---- what the kinds of vertices do ---- */

static bool base_same(const struct base_work *a, const struct base_work *b)
{
	return text_same(a->name, b->name) && object_id_equal(&a->snapshot, &b->snapshot) &&
	       source_same(&a->source, &b->source);
}

static bool mount_same(const struct run_work_mount *left, const struct run_work_mount *right)
{
	const struct run_mount *a = &left->mount, *b = &right->mount;

	return source_same(&left->source, &right->source) && a->type == b->type &&
	       text_same(a->source, b->source) && text_same(a->target, b->target) &&
	       text_same(a->id, b->id) && text_same(a->env, b->env) &&
	       a->read_only == b->read_only && a->required == b->required &&
	       a->sharing == b->sharing && a->size_limit == b->size_limit && a->given == b->given &&
	       a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

static bool mounts_same(const struct run_work *a, const struct run_work *b)
{
	if (a->mount_count != b->mount_count)
		return false;
	for (size_t i = 0; i < a->mount_count; i++) {
		if (!mount_same(&a->mounts[i], &b->mounts[i]))
			return false;
	}
	return true;
}

static bool run_same(const struct run_work *a, const struct run_work *b)
{
	return list_same(&a->argv, &b->argv) && list_same(&a->env, &b->env) &&
	       list_same(&a->hidden_env, &b->hidden_env) && text_same(a->cwd, b->cwd) &&
	       text_same(a->user, b->user) && a->network == b->network &&
	       a->security == b->security && text_same(a->script_path, b->script_path) &&
	       bytes_same(a->script, a->script_size, b->script, b->script_size) &&
	       text_same(a->hostname, b->hostname) && mounts_same(a, b);
}

static bool files_same(const struct copy_work *a, const struct copy_work *b)
{
	if (a->file_count != b->file_count)
		return false;
	for (size_t i = 0; i < a->file_count; i++) {
		const struct inline_file *left = &a->files[i], *right = &b->files[i];

		if (!text_same(left->name, right->name) ||
		    !bytes_same(left->content, left->size, right->content, right->size))
			return false;
	}
	return true;
}

static bool copy_same(const struct copy_work *a, const struct copy_work *b)
{
	return a->add == b->add && source_same(&a->source, &b->source) &&
	       list_same(&a->sources, &b->sources) && text_same(a->destination, b->destination) &&
	       a->destination_is_dir == b->destination_is_dir && text_same(a->chown, b->chown) &&
	       text_same(a->chmod, b->chmod) && text_same(a->checksum, b->checksum) &&
	       list_same(&a->excludes, &b->excludes) && a->link == b->link &&
	       a->parents == b->parents && a->keep_git_dir == b->keep_git_dir &&
	       a->unpack == b->unpack && files_same(a, b);
}

bool vertex_same(const struct vertex *a, const struct vertex *b)
{
	if (a->kind != b->kind || a->parent != b->parent || a->no_cache != b->no_cache)
		return false;
	if (a->kind != VERTEX_BASE && !platform_equal(&a->stage->platform, &b->stage->platform))
		return false;
	switch (a->kind) {
	case VERTEX_BASE:
		return base_same(&a->base, &b->base);
	case VERTEX_RUN:
		return run_same(&a->run, &b->run);
	case VERTEX_COPY:
		return copy_same(&a->copy, &b->copy);
	case VERTEX_WORKDIR:
		return text_same(a->workdir.path, b->workdir.path) &&
		       text_same(a->workdir.user, b->workdir.user);
	}
	return false;
}
