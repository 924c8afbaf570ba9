/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/copy_files.h"

#include <errno.h>
#include <string.h>

#include "builder/context/context.h"
#include "builder/context/pattern.h"
#include "builder/step/copy_select.h"
#include "builder/step/mode_change.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/store/store.h"
#include "fs/tree/copy.h"
#include "fs/tree/edit.h"
#include "fs/tree/lookup.h"

/* A copy under way, as tree_copy() asks about it. */
struct copier {
	struct tree_copier base;
	const struct copy_job *job;
	struct patterns *excludes, *includes; /* NULL: none */
};

static struct copier *of_base(struct tree_copier *base)
{
	return (struct copier *)base;
}

/* ---- what tree_copy() asks ---- */

static int choose(struct tree_copier *base, const char *path, const struct node *node,
		  enum tree_copy_choice *ret, struct error *err)
{
	const struct copier *copier = of_base(base);
	bool below = node_is_dir(node), taken = true;
	int r;

	if (!*path) {
		*ret = TREE_COPY_TAKE;
		return 0;
	}
	if (copier->includes) {
		r = patterns_match(copier->includes, path, err);
		if (r < 0)
			return r;
		taken = r;
		below = below && (r || patterns_may_match_below(copier->includes, path, false));
	}
	if (copier->excludes) {
		r = patterns_match(copier->excludes, path, err);
		if (r < 0)
			return r;
		taken = taken && !r;
		below = below && (!r || patterns_may_match_below(copier->excludes, path, true));
	}
	*ret = taken ? TREE_COPY_TAKE : below ? TREE_COPY_DESCEND : TREE_COPY_SKIP;
	/* Nothing below it can be left out: no need to look. */
	if (taken && !copier->includes && !patterns_may_match_below(copier->excludes, path, false))
		*ret = TREE_COPY_ALL;
	return 0;
}

static void set_metadata(const struct copy_job *job, struct node *node)
{
	if (job->owner.given) {
		node->uid = job->owner.uid;
		node->gid = job->owner.gid;
	}
	if (job->mode && node->type != DIR_ENTRY_SYMLINK)
		node->mode = (uint16_t)mode_change_apply(job->mode, node->mode, node_is_dir(node));
}

static void adjust(struct tree_copier *base, struct node *copy)
{
	set_metadata(of_base(base)->job, copy);
}

static int take_content(struct tree_copier *base, struct node *node, struct error *err)
{
	const struct copy_job *job = of_base(base)->job;
	struct context *context = job->source.context;
	struct content_resolver *resolver = context_resolver(context);

	if (job->txn)
		return context_ingest(context, job->txn, node, err);
	return resolver->resolve(resolver, node, err);
}

static int compile(const struct strings *list, struct patterns **ret, struct error *err)
{
	if (!list->count)
		return 0;
	return patterns_compile((const char *const *)list->items, list->count, ret, err);
}

static int copier_init(struct copier *copier, const struct copy_job *job, struct error *err)
{
	*copier = (struct copier){ .job = job };
	if (job->owner.given || job->mode)
		copier->base.adjust = adjust;
	if (job->source.context)
		copier->base.content = take_content;
	return compile(&job->work->excludes, &copier->excludes, err);
}

static void copier_release(struct copier *copier)
{
	patterns_free(copier->excludes);
	patterns_free(copier->includes);
}
DEFINE_CLEANUP_VALUE(struct copier, copier_release);

/* ---- where things go ---- */

/* What a directory that has to be made on the way gets: octal modes count for it, too. */
static struct tree_attr parent_attr(const struct copy_job *job)
{
	struct tree_attr attr = { .mode = 0755, .mtime = job->now };

	if (job->owner.given) {
		attr.uid = job->owner.uid;
		attr.gid = job->owner.gid;
	}
	if (job->mode)
		(void)mode_change_octal(job->mode, &attr.mode);
	return attr;
}

/* The directory that the destination is in, and its last name, which is not followed. */
static int split_destination(const struct copy_job *job, struct tree *target, struct node **ret_dir,
			     const char **ret_name, struct error *err)
{
	struct tree_attr attr = parent_attr(job);
	const char *name = path_base(job->work->destination);
	cleanup_free char *parent =
		xstrndup(job->work->destination, (size_t)(name - job->work->destination));

	*ret_name = name;
	return tree_make_dirs(target, parent, &attr, ret_dir, err);
}

/* What is at the destination: its node, or NULL. */
static int find_destination(const struct copy_job *job, struct tree *target, struct node **ret,
			    struct error *err)
{
	*ret = NULL;
	return tree_lookup(target, job->work->destination, 0, ret, err);
}

static int copy_one_file(struct copier *copier, struct tree *target,
			 const struct selected *selected, struct error *err)
{
	const struct copy_job *job = copier->job;
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	struct tree_attr attr = parent_attr(job);
	struct node *present, *dir;
	const char *name;
	int r = find_destination(job, target, &present, err);

	if (r < 0)
		return r;
	if ((r && node_is_dir(present)) || job->work->destination_is_dir) {
		r = tree_make_dirs(target, job->work->destination, &attr, &dir, err);
		if (r < 0)
			return r;
		return tree_copy(target, dir, selected->name, strlen(selected->name),
				 job->source.tree, selected->node, &copier->base, err);
	}
	/* A symlink at the destination is followed, also one that leads nowhere yet. */
	r = tree_resolve(target, NULL, job->work->destination, 0, &place, err);
	if (r < 0)
		return r;
	if (place.dentry) {
		/* What is there goes, and its name with it. */
		cleanup_free char *there = xstrndup(place.dentry->name, place.dentry->length);

		return tree_copy(target, place.dir, there, strlen(there), job->source.tree,
				 selected->node, &copier->base, err);
	}
	if (place.missing && !strchr(place.missing, '/'))
		return tree_copy(target, place.dir, place.missing, strlen(place.missing),
				 job->source.tree, selected->node, &copier->base, err);
	r = split_destination(job, target, &dir, &name, err);
	return r < 0 ? r
		     : tree_copy(target, dir, name, strlen(name), job->source.tree, selected->node,
				 &copier->base, err);
}

/* The directory itself, when it is made for this, looks like its source. */
static int copy_directory(struct copier *copier, struct tree *target,
			  const struct selected *selected, struct error *err)
{
	const struct copy_job *job = copier->job;
	struct tree_attr attr = parent_attr(job);
	struct node *dir;
	int r = find_destination(job, target, &dir, err);

	if (r < 0)
		return r;
	if (r && !node_is_dir(dir))
		return error_set(err, -EEXIST, "cannot copy to non-directory: %s",
				 job->work->destination);
	if (!r) {
		const char *name;
		struct node *parent;

		if (strcmp(job->work->destination, "/") != 0 && !copier->base.choose &&
		    !job->work->destination_is_dir) {
			r = split_destination(job, target, &parent, &name, err);
			return r < 0 ? r
				     : tree_copy(target, parent, name, strlen(name),
						 job->source.tree, selected->node, &copier->base,
						 err);
		}
		r = tree_make_dirs(target, job->work->destination, &attr, &dir, err);
		if (r < 0)
			return r;
	}
	return tree_copy_children(target, dir, job->source.tree, selected->node, &copier->base,
				  err);
}

/* ---- the sources ---- */

static int unpack_archive(const struct copy_job *job, struct tree *target,
			  const struct selected *selected, struct error *err)
{
	struct tree_attr attr = parent_attr(job);
	struct copy_job *mutable = (struct copy_job *)(uintptr_t)job;

	if (!job->unpack || !node_is_file(selected->node))
		return 0;
	return job->unpack(mutable, selected->node, target, &attr, err);
}

static int copy_selected(struct copier *copier, struct tree *target,
			 const struct selected *selected, struct error *err)
{
	const struct copy_job *job = copier->job;
	int r = 0;

	if (job->source.context && node_is_dir(selected->node))
		r = context_load_all(job->source.context, selected->node, err);
	if (r == 0)
		r = unpack_archive(job, target, selected, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!node_is_dir(selected->node))
		return copy_one_file(copier, target, selected, err);
	return copy_directory(copier, target, selected, err);
}

/*
 * --parents: the path of each file, from the pivot "/./" on, is kept. Everything below the pivot
 * is looked at, and taken when the pattern matches it.
 */
static int copy_with_parents(const struct copy_job *job, struct tree *target, const char *source,
			     struct error *err)
{
	cleanup_with(copier_release) struct copier copier;
	const char *pivot = strstr(source, "/./");
	cleanup_free char *top = pivot ? xstrndup(source, (size_t)(pivot - source)) : xstrdup("/");
	cleanup_free char *rest = path_join("/", pivot ? pivot + 3 : source);
	const char *pattern = rest + 1;
	cleanup_with(selection_release) struct selection tops = { 0 };
	int r = copier_init(&copier, job, err);

	if (r == 0)
		r = select_required(&job->source, top, pattern, err);
	if (r == 0)
		r = patterns_compile(&pattern, 1, &copier.includes, err);
	if (r == 0)
		r = select_sources(&job->source, top, &tops, err);
	copier.base.choose = choose;
	for (size_t i = 0; i < tops.count && r == 0; i++)
		r = copy_selected(&copier, target, &tops.items[i], err);
	return r;
}

static int copy_source(const struct copy_job *job, struct tree *target, const char *source,
		       struct error *err)
{
	cleanup_with(copier_release) struct copier copier;
	cleanup_with(selection_release) struct selection selection = { 0 };
	int r = copier_init(&copier, job, err);

	if (r == 0)
		r = select_sources(&job->source, source, &selection, err);
	if (copier.excludes)
		copier.base.choose = choose;
	for (size_t i = 0; i < selection.count && r == 0; i++)
		r = copy_selected(&copier, target, &selection.items[i], err);
	return r;
}

/* ---- files that stand in the Dockerfile ---- */

static int set_inline_content(const struct copy_job *job, struct tree *target, struct node *node,
			      const struct inline_file *file, struct error *err)
{
	struct object_id id;
	int r = 0;

	if (file->size <= DIR_INLINE_MAX) {
		node_set_inline(target, node, file->content, file->size);
		return 0;
	}
	if (job->txn)
		r = store_txn_put(job->txn, OBJECT_BLOB, file->content, file->size, &id, err);
	else
		id = object_id_of(file->content, file->size);
	if (r == 0)
		node_set_blob(target, node, &id, file->size);
	return r;
}

static int write_inline_file(const struct copy_job *job, struct tree *target,
			     const struct inline_file *file, struct error *err)
{
	struct tree_attr attr = parent_attr(job), file_attr = attr;
	const char *name = file->name;
	struct node *dir, *node;
	int r = find_destination(job, target, &dir, err);

	if (r < 0)
		return r;
	if ((r && node_is_dir(dir)) || job->work->destination_is_dir)
		r = tree_make_dirs(target, job->work->destination, &attr, &dir, err);
	else
		r = split_destination(job, target, &dir, &name, err);
	file_attr.mode = 0644;
	if (job->mode)
		file_attr.mode = mode_change_apply(job->mode, 0644, false);
	if (r == 0)
		r = tree_put(target, dir, name, strlen(name), DIR_ENTRY_FILE, &file_attr, &node,
			     err);
	return r < 0 ? r : set_inline_content(job, target, node, file, err);
}

static int copy_found(const struct copy_job *job, const char *path, struct tree *target,
		      struct error *err)
{
	cleanup_with(copier_release) struct copier copier;
	cleanup_free char *name = xstrdup(path_base(path));
	struct selected selected;
	int r = copier_init(&copier, job, err);

	if (r == 0)
		r = select_path(&job->source, path, &selected, err);
	if (r < 0)
		return r;
	selected.name = name;
	if (copier.excludes)
		copier.base.choose = choose;
	return copy_selected(&copier, target, &selected, err);
}

/* From somewhere else; archives from there stay what they are, unless it is said otherwise. */
static int copy_remote(const struct copy_job *job, const struct copy_remote *remote,
		       struct tree *target, struct error *err)
{
	struct copy_job here = *job;
	int r;

	if (!remote->source.tree)
		return 0;
	here.source = remote->source;
	if (job->work->unpack != 1)
		here.unpack = NULL;
	context_lock(here.source.context);
	r = copy_found(&here, remote->path, target, err);
	context_unlock(here.source.context);
	return r;
}

static int copy_one_source(const struct copy_job *job, struct tree *target, size_t index,
			   struct error *err)
{
	const char *source = job->work->sources.items[index];

	if (job->remotes && job->remotes[index].is_remote)
		return copy_remote(job, &job->remotes[index], target, err);
	if (job->work->parents)
		return copy_with_parents(job, target, source, err);
	return copy_source(job, target, source, err);
}

int copy_files(const struct copy_job *job, struct tree *target, struct error *err)
{
	const struct copy_work *work = job->work;
	int r = 0;

	for (size_t i = 0; i < work->sources.count && r == 0; i++)
		r = copy_one_source(job, target, i, err);
	for (size_t i = 0; i < work->file_count && r == 0; i++)
		r = write_inline_file(job, target, &work->files[i], err);
	return r;
}
