/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same random things are done in a workspace and in a directory of the host. Both must say the
 * same to each of them, and look the same in the end, through commits that succeed, commits that
 * come to nothing, and new mounts.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "fs/base/hash.h"
#include "fs/base/path.h"
#include "tests/lib/overlay_fixture.h"

#define HANDLES  6
#define DEPTH    4
#define DATA_MAX 150000

struct model {
	int kept_fd;      /* where changes are kept, -1: nowhere */
	unsigned journal; /* the number of the present one */
	struct view view;
	uint64_t random;
	char *host;
	int host_fd;
	struct handle {
		struct node *node; /* held once */
		int fd;
	} handles[HANDLES];
	struct node *held[DEPTH * 2]; /* by the operation at hand */
	size_t held_count;
	char *data;
};

static uint64_t any(struct model *model, uint64_t below)
{
	model->random = hash64_mix(model->random + 0x9e3779b97f4a7c15ULL);
	return model->random % below;
}

/* "b/a/c": short enough that things meet. */
static void random_path(struct model *model, char ret[static 16])
{
	uint64_t parts = 1 + any(model, DEPTH - 1);

	for (uint64_t i = 0; i < parts; i++) {
		ret[2 * i] = (char)('a' + any(model, 4));
		ret[2 * i + 1] = i + 1 < parts ? '/' : '\0';
	}
}

/* ---- the workspace as a program sees it ---- */

static void let_go(struct model *model)
{
	/* From the top, as kernels may. */
	for (size_t i = 0; i < model->held_count; i++)
		overlay_forget(model->view.overlay, model->held[i], 1);
	model->held_count = 0;
}

/* The directory that a path is in, held; *ret_name points into the path. */
static int parent_of(struct model *model, const char *path, struct node **ret,
		     const char **ret_name)
{
	struct node *dir = overlay_root(model->view.overlay), *next;
	const char *at = path;

	while (at[1] == '/') {
		char name[2] = { at[0] };
		int r = overlay_lookup(model->view.overlay, dir, name, &next);

		if (r < 0)
			return r;
		model->held[model->held_count++] = next;
		if (next->type == DIR_ENTRY_SYMLINK)
			return -ENOENT; /* all of them lead nowhere */
		if (!node_is_dir(next))
			return -ENOTDIR;
		dir = next;
		at += 2;
	}
	*ret = dir;
	*ret_name = at;
	return 0;
}

static int find(struct model *model, const char *path, struct node **ret)
{
	const char *name;
	struct node *dir;
	int r = parent_of(model, path, &dir, &name);

	if (r == 0)
		r = overlay_lookup(model->view.overlay, dir, name, ret);
	if (r == 0)
		model->held[model->held_count++] = *ret;
	return r;
}

static int make_in_view(struct model *model, const char *path, enum dir_entry_type type)
{
	struct overlay_make what = { .type = type,
				     .mode = type == DIR_ENTRY_SYMLINK ? 0777 : 0755,
				     .target = "nowhere" };
	const char *name;
	struct node *dir, *node;
	int r = parent_of(model, path, &dir, &name);

	if (r == 0)
		r = overlay_make(model->view.overlay, dir, name, &what, &caller, &node);
	if (r == 0)
		model->held[model->held_count++] = node;
	return r;
}

static int rename_in_view(struct model *model, const char *from, const char *to, unsigned flags)
{
	const char *name, *new_name;
	struct node *dir, *new_dir;
	int r = parent_of(model, from, &dir, &name);

	if (r == 0)
		r = parent_of(model, to, &new_dir, &new_name);
	return r < 0 ? r : overlay_rename(model->view.overlay, dir, name, new_dir, new_name, flags);
}

static int link_in_view(struct model *model, const char *from, const char *to)
{
	const char *new_name;
	struct node *node, *new_dir;
	int r = find(model, from, &node);

	if (r == 0)
		r = parent_of(model, to, &new_dir, &new_name);
	if (r == 0)
		r = overlay_link(model->view.overlay, node, new_dir, new_name);
	if (r == 0)
		model->held[model->held_count++] = node;
	return r;
}

static int remove_in_view(struct model *model, const char *path, bool directory)
{
	const char *name;
	struct node *dir;
	int r = parent_of(model, path, &dir, &name);

	if (r < 0)
		return r;
	return directory ? overlay_rmdir(model->view.overlay, dir, name)
			 : overlay_unlink(model->view.overlay, dir, name);
}

/* ---- one thing in both ---- */

static int host_result(int r)
{
	return r < 0 ? -errno : 0;
}

/* A file is opened in both, and stays open for a while. */
static int open_both(struct model *model, const char *path, int *ret_host)
{
	struct handle *handle = &model->handles[any(model, HANDLES)];
	struct node *node = NULL;
	int r, fd;

	if (handle->node) {
		overlay_forget(model->view.overlay, handle->node, 1);
		close(handle->fd);
		*handle = (struct handle){ 0 };
	}
	r = find(model, path, &node);
	if (r == 0 && node->type == DIR_ENTRY_SYMLINK)
		r = -ELOOP;
	else if (r == 0 && node_is_dir(node))
		r = -EISDIR;
	fd = openat(model->host_fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	*ret_host = host_result(fd);
	if (r == 0) {
		node->lookups++;
		*handle = (struct handle){ node, fd };
	}
	return r;
}

static int write_both(struct model *model, int *ret_host)
{
	static const uint64_t sizes[] = { 1, 20, 100, 5000, DATA_MAX };
	struct handle *handle = &model->handles[any(model, HANDLES)];
	uint64_t size = sizes[any(model, 5)], offset = any(model, sizes[any(model, 5)]);
	char *data = model->data + any(model, 500);

	*ret_host = 0;
	if (!handle->node)
		return 0;
	size = 1 + any(model, size);
	if (any(model, 4) == 0) {
		*ret_host = host_result(ftruncate(handle->fd, (off_t)offset));
		return truncate_to(&model->view, handle->node, offset);
	}
	*ret_host = pwrite(handle->fd, data, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
	return overlay_write(model->view.overlay, handle->node, data, size, offset, false);
}

static int chmod_both(struct model *model, const char *path, int *ret_host)
{
	struct stat attr = { .st_mode = 0600 + (unsigned)any(model, 64) };
	struct node *node;
	int r = find(model, path, &node);

	*ret_host = 0;
	if (r < 0 || node->type == DIR_ENTRY_SYMLINK)
		return 0;
	attr.st_mode |= node_is_dir(node) ? 0700 : 0;
	*ret_host = host_result(fchmodat(model->host_fd, path, attr.st_mode, 0));
	return overlay_setattr(model->view.overlay, node, &attr, OVERLAY_SET_MODE);
}

/* The kernel turns these away by itself, each with an error of its own. */
static bool one_above_the_other(const char *a, const char *b)
{
	size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, shorter) == 0;
}

static int rename_both(struct model *model, const char *from, const char *to, int *ret_host)
{
	static const unsigned flags[] = { 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
	unsigned flag = flags[any(model, 4)];
	int r = rename_in_view(model, from, to, flag);

	*ret_host = host_result(renameat2(model->host_fd, from, model->host_fd, to, flag));
	if (one_above_the_other(from, to) && r < 0 && *ret_host < 0)
		r = *ret_host;
	return r;
}

static int step(struct model *model, const char *path, const char *other, int *ret_host)
{
	int fd = model->host_fd, r;

	switch (any(model, 14)) {
	case 0:
	case 1:
		*ret_host = host_result(mkdirat(fd, path, 0755));
		return make_in_view(model, path, DIR_ENTRY_DIR);
	case 2:
	case 3:
		r = openat(fd, path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0755);
		*ret_host = host_result(r);
		if (r >= 0)
			close(r);
		return make_in_view(model, path, DIR_ENTRY_FILE);
	case 4:
		*ret_host = host_result(symlinkat("nowhere", fd, path));
		return make_in_view(model, path, DIR_ENTRY_SYMLINK);
	case 5:
		*ret_host = host_result(linkat(fd, path, fd, other, 0));
		return link_in_view(model, path, other);
	case 6:
		*ret_host = host_result(unlinkat(fd, path, 0));
		return remove_in_view(model, path, false);
	case 7:
		*ret_host = host_result(unlinkat(fd, path, AT_REMOVEDIR));
		return remove_in_view(model, path, true);
	case 8:
	case 9:
		return rename_both(model, path, other, ret_host);
	case 10:
		return chmod_both(model, path, ret_host);
	case 11:
		return open_both(model, path, ret_host);
	default:
		return write_both(model, ret_host);
	}
}

/* ---- comparing ---- */

static size_t host_entries;

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)type;
	host_entries += ftw->level > 0;
	return 0;
}

static void compare_content(struct model *model, struct node *node, int fd)
{
	cleanup_free char *ours = content_of(&model->view, node);
	cleanup_free char *theirs = xmalloc(node->size + 1);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(node->size, st.st_size);
	assert_int_equal(pread(fd, theirs, node->size, 0), node->size);
	if (node->size)
		assert_memory_equal(ours, theirs, node->size);
}

static void compare_entry(struct model *model, struct view *view, const char *path,
			  struct node *node)
{
	struct stat ours, theirs;

	overlay_stat(view->overlay, node, &ours);
	if (fstatat(model->host_fd, path, &theirs, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("'%s' is missing on the host", path);
	assert_int_equal(ours.st_mode, theirs.st_mode);
	/* Not all filesystems count directories like this. */
	if (!node_is_dir(node))
		assert_int_equal(ours.st_nlink, theirs.st_nlink);
	if (node_is_file(node)) {
		cleanup_fd int fd = openat(model->host_fd, path, O_RDONLY | O_CLOEXEC);

		compare_content(model, node, fd);
	}
}

/* All names of `view`, which is the workspace or a new mount of what it was committed as. */
static void compare(struct model *model, struct view *view)
{
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	struct fixture *f = model->view.f;
	struct dir_entry entry;
	const char *path;
	size_t count = 0;
	int r;

	assert_ok(tree_walk_begin(&walk, f->store, &view->root.dir, &f->err), f->err);
	while ((r = tree_walk_next(&walk, &entry, &path, &f->err)) > 0) {
		struct node *node = at(view, path);

		if (!node)
			fail_msg("'%s' is stored but not shown", path);
		compare_entry(model, view, path, node);
		count++;
	}
	assert_ok(r, f->err);
	host_entries = 0;
	assert_int_equal(nftw(model->host, count_entry, 16, FTW_PHYS), 0);
	assert_int_equal(count, host_entries);
}

static void compare_handles(struct model *model)
{
	for (size_t i = 0; i < HANDLES; i++) {
		if (model->handles[i].node)
			compare_content(model, model->handles[i].node, model->handles[i].fd);
	}
}

static void close_handles(struct model *model)
{
	for (size_t i = 0; i < HANDLES; i++) {
		if (!model->handles[i].node)
			continue;
		overlay_forget(model->view.overlay, model->handles[i].node, 1);
		close(model->handles[i].fd);
		model->handles[i] = (struct handle){ 0 };
	}
}

static void open_kept(struct model *model)
{
	cleanup_free char *journal = xasprintf("journal.%u", model->journal);
	struct view *view = &model->view;

	assert_ok(overlay_open_kept(view->f->store, view->f->lease, &view->root, model->kept_fd,
				    journal, &view->overlay, &view->f->err),
		  view->f->err);
}

/* The server dies behind a note, and another one goes on. */
static void die(struct model *model)
{
	struct overlay *overlay = model->view.overlay;

	close_handles(model);
	assert_int_equal(any(model, 2) ? overlay_note(overlay) : overlay_sync(overlay, NULL), 0);
	overlay_close(overlay);
	open_kept(model);
}

static void restart_journal(struct model *model)
{
	cleanup_free char *journal = xasprintf("journal.%u", ++model->journal);
	struct view *view = &model->view;

	assert_ok(overlay_restart_journal(view->overlay, &view->root, model->kept_fd, journal,
					  &view->f->err),
		  view->f->err);
}

static void commit_and_compare(struct model *model)
{
	struct view again;

	compare_handles(model);
	if (any(model, 3) == 0)
		view_abort(&model->view);
	if (model->kept_fd >= 0)
		assert_int_equal(overlay_sync(model->view.overlay, NULL), 0);
	view_commit(&model->view);
	if (model->kept_fd >= 0)
		restart_journal(model);
	compare_handles(model);
	compare(model, &model->view);
	view_open_root(&again, model->view.f, &model->view.root);
	compare(model, &again);
	if (model->kept_fd >= 0 || any(model, 2)) {
		view_close(&again);
		return;
	}
	close_handles(model);
	view_close(&model->view);
	model->view = again;
}

static void begin(struct model *model, struct fixture *f, uint64_t seed, bool kept)
{
	*model = (struct model){ .random = seed, .host = test_directory(), .kept_fd = -1 };
	model->host_fd = open(model->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(model->host_fd >= 0);
	model->data = xmalloc(DATA_MAX + 500);
	for (size_t i = 0; i < DATA_MAX + 500; i++)
		model->data[i] = (char)hash64_mix(i / 3);
	view_open(&model->view, f, "");
	if (!kept)
		return;
	view_close(&model->view);
	assert_int_equal(dir_remove_all(store_dir_fd(f->store), "kept"), 0);
	assert_int_equal(dir_make(store_dir_fd(f->store), "kept", 0700), 0);
	model->kept_fd = openat(store_dir_fd(f->store), "kept", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	open_kept(model);
}

static void end(struct model *model)
{
	close_handles(model);
	view_close(&model->view);
	close(model->host_fd);
	if (model->kept_fd >= 0)
		close(model->kept_fd);
	test_directory_remove(model->host);
	free(model->data);
}

static void try_seeds(void **state, bool kept)
{
	const char *seeds = getenv("MODEL_SEEDS"); /* NOLINT(concurrency-mt-unsafe): no threads */
	uint64_t count = seeds ? strtoull(seeds, NULL, 10) : 3;

	for (uint64_t seed = 1; seed <= count; seed++) {
		struct model model;

		begin(&model, *state, seed, kept);
		for (int i = 0; i < 1500; i++) {
			char path[16], other[16];
			int ours, theirs = 0;

			random_path(&model, path);
			random_path(&model, other);
			ours = step(&model, path, other, &theirs);
			if (ours != theirs)
				fail_msg("seed %" PRIu64 " step %d, '%s' and '%s': %d, not %d",
					 seed, i, path, other, ours, theirs);
			let_go(&model);
			if (kept && any(&model, 60) == 0)
				die(&model);
			if (any(&model, 100) == 0)
				commit_and_compare(&model);
		}
		commit_and_compare(&model);
		end(&model);
	}
}

static void test_a_workspace_does_what_a_directory_of_the_host_does(void **state)
{
	try_seeds(state, false);
}

static void test_a_workspace_that_is_kept_does_so_through_the_deaths_of_its_servers(void **state)
{
	try_seeds(state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_workspace_does_what_a_directory_of_the_host_does),
		CASE(test_a_workspace_that_is_kept_does_so_through_the_deaths_of_its_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
