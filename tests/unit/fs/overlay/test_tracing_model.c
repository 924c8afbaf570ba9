/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trace promises, tried out: programs that do by chance what everything they have seen so
 * far makes them do run in a tree; something in the tree is changed; where the trace says that the
 * program would see the same, it is run there, and must leave what replaying its changes leaves.
 */
#include <sys/stat.h>

#include "fs/base/hash.h"
#include "fs/tree/replay.h"
#include "tests/lib/trace_fixture.h"

#define ROUNDS 400
#define STEPS  14

struct program {
	struct view *view;
	uint64_t random; /* all it does follows from this */
};

static uint64_t mix(uint64_t value)
{
	return hash64_mix(value + 0x9e3779b97f4a7c15ULL);
}

static unsigned choose(uint64_t *random, unsigned count)
{
	*random = mix(*random);
	return (unsigned)(*random % count);
}

/* Directories "a" to "c" and "a/a" to "c/c", and in each of them files. */
static char *any_path(uint64_t *random, bool dir)
{
	static const char names[] = "abc";
	unsigned depth = choose(random, 3);
	struct buf path = { 0 };

	if (dir && depth == 0)
		depth = 1;
	for (unsigned i = 0; i < depth; i++)
		buf_add_format(&path, "%s%c", i ? "/" : "", names[choose(random, 3)]);
	if (!dir)
		buf_add_format(&path, "%sf%u", depth ? "/" : "", choose(random, 4));
	return buf_take(&path);
}

/* ---- the program ---- */

static void learn(struct program *program, const void *data, size_t size)
{
	program->random = mix(program->random ^ hash64(data, size));
}

static void learn_number(struct program *program, uint64_t number)
{
	learn(program, &number, sizeof number);
}

static void look_well(struct program *program, struct node *node)
{
	struct stat attr;

	learn_number(program, node != NULL);
	if (!node)
		return;
	overlay_stat(program->view->overlay, node, &attr);
	learn_number(program, attr.st_mode);
	learn_number(program, attr.st_uid);
	learn_number(program, attr.st_nlink);
	learn_number(program, attr.st_ino >> 63 ? 0 : attr.st_ino);
	if (node_is_file(node)) {
		cleanup_free char *content = content_of(program->view, node);

		learn(program, content ? content : "", node->size);
	} else if (node->type == DIR_ENTRY_SYMLINK) {
		learn(program, node->target, node->size);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of names: where what was made comes in a listing is of no interest. */
static void list_well(struct program *program, struct node *dir)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	struct dentry *dentry;
	uint64_t position = 0;

	if (!dir || !node_is_dir(dir))
		return;
	while (overlay_list(program->view->overlay, dir, position, &dentry) > 0) {
		cleanup_free char *text = xasprintf("%s %c", dentry->name, dentry->node->type);

		strings_add(&names, text);
		position = dentry->position + 1;
	}
	if (names.count)
		qsort(names.items, names.count, sizeof *names.items, compare_names);
	for (size_t i = 0; i < names.count; i++)
		learn(program, names.items[i], strlen(names.items[i]));
}

static void do_make(struct program *program, const char *path, enum dir_entry_type type)
{
	struct overlay_make what = { .type = type, .mode = 0755, .target = "a/f1" };
	cleanup_free char *content = NULL;
	struct node *node;
	const char *name;
	struct node *dir = see_dir(program->view, path, &name);
	int r = dir ? overlay_make(program->view->overlay, dir, name, &what, &caller, &node) : -1;

	learn_number(program, (uint64_t)r);
	if (r == 0)
		(void)hold(node);
	if (r < 0 || type != DIR_ENTRY_FILE)
		return;
	content = xasprintf("%llx", (unsigned long long)program->random);
	assert_int_equal(write_to(program->view, node, content, 0), 0);
}

static void do_remove(struct program *program, const char *path)
{
	struct node *node = see(program->view, path), *dir;
	const char *name;
	int r = -1;

	if (node) {
		dir = see_dir(program->view, path, &name);
		r = node_is_dir(node) ? overlay_rmdir(program->view->overlay, dir, name)
				      : overlay_unlink(program->view->overlay, dir, name);
	}
	learn_number(program, (uint64_t)r);
}

static void do_rename(struct program *program, const char *from, const char *to, unsigned flags)
{
	const char *name, *new_name;
	struct node *dir = see_dir(program->view, from, &name);
	struct node *new_dir = dir ? see_dir(program->view, to, &new_name) : NULL;
	int r = -1;

	if (new_dir)
		r = overlay_rename(program->view->overlay, dir, name, new_dir, new_name, flags);
	learn_number(program, (uint64_t)r);
}

static void do_link(struct program *program, const char *from, const char *to)
{
	const char *name;
	struct node *node = see(program->view, from);
	struct node *dir = node ? see_dir(program->view, to, &name) : NULL;
	int r = dir ? overlay_link(program->view->overlay, node, dir, name) : 1;

	if (r == 0)
		(void)hold(node);
	learn_number(program, (uint64_t)r);
}

static void do_change(struct program *program, const char *path, bool content)
{
	struct node *node = see(program->view, path);
	struct stat attr = { .st_mode = 0700 | (program->random & 077) };

	look_well(program, node);
	if (node && content && node_is_file(node))
		assert_int_equal(write_to(program->view, node, "written", program->random % 5), 0);
	else if (node && !content && node->type != DIR_ENTRY_SYMLINK)
		assert_int_equal(
			overlay_setattr(program->view->overlay, node, &attr, OVERLAY_SET_MODE), 0);
}

static void do_step(struct program *program)
{
	unsigned what = choose(&program->random, 16);
	cleanup_free char *path = any_path(&program->random, what % 2);
	cleanup_free char *other = any_path(&program->random, what % 2);

	if (what < 5)
		look_well(program, see(program->view, path));
	else if (what < 7)
		list_well(program, see(program->view, path));
	else if (what < 9)
		do_make(program, path, what % 2 ? DIR_ENTRY_DIR : DIR_ENTRY_FILE);
	else if (what < 11)
		do_remove(program, path);
	else if (what < 13)
		do_rename(program, path, other, program->random % 4 ? 0 : RENAME_EXCHANGE);
	else if (what == 13)
		do_make(program, path, DIR_ENTRY_SYMLINK);
	else if (what == 14)
		do_link(program, path, other);
	else
		do_change(program, path, program->random % 2);
}

static struct tree_root run(struct fixture *f, const struct tree_root *root, uint64_t seed,
			    struct trace *ret_trace, uint64_t *ret_random)
{
	struct view view;
	struct program program = { &view, seed };
	struct tree_root result;

	traced_open(&view, f, root);
	for (int i = 0; i < STEPS; i++)
		do_step(&program);
	if (ret_trace && !take_trace(&view, ret_trace)) {
		traced_close(&view);
		return *root;
	}
	settle(&view);
	view_commit(&view);
	result = view.root;
	traced_close(&view);
	*ret_random = program.random;
	return result;
}

/* ---- trees ---- */

/* Another name of the first file there is. */
static bool add_link(struct buf *text, const char *path)
{
	const char *file = strstr(text->data, "f ");
	size_t length = file ? strcspn(file + 2, " ") : 0;
	cleanup_free char *first = file ? xstrndup(file + 2, length) : NULL;

	if (first)
		buf_add_format(text, "h %s %s\n", path, first);
	return first;
}

static void add_dir(struct buf *text, uint64_t *random, const char *dir, bool nested)
{
	if (*dir)
		buf_add_format(text, "d %s 0755 0:0 %u\n", dir, 1 + choose(random, 2));
	for (unsigned i = 0; i < 4; i++) {
		cleanup_free char *path = xasprintf("%s%sf%u", dir, *dir ? "/" : "", i);

		if (choose(random, 3) == 0)
			continue;
		if (text->length && choose(random, 6) == 0 && add_link(text, path))
			continue;
		buf_add_format(text, "f %s 0644 0:0 %u c%u\n", path, 1 + choose(random, 2),
			       choose(random, 3));
	}
	for (char c = 'a'; nested && c <= 'c'; c++) {
		cleanup_free char *path = xasprintf("%s%s%c", dir, *dir ? "/" : "", c);

		if (choose(random, 4))
			add_dir(text, random, path, !*dir);
	}
}

/* One line of it, with its time, is other, or has gone, or there is one more. */
static char *change_text(const char *text, uint64_t *random)
{
	struct buf changed = { 0 };
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;
	unsigned count = 0, at, what = choose(random, 5);
	char *other;

	for (const char *c = text; *c; c++)
		count += *c == '\n';
	at = choose(random, count ? count : 1);
	while ((line = strsep(&rest, "\n"))) {
		if (*line && at-- == 0 && line[0] == 'f') {
			*strchr(line + 2, ' ') = '\0';
			if (what == 0 && !strstr(text, "\nh "))
				continue;
			buf_add_format(&changed, "%s %s 0:0 %u c%u\n", line,
				       what == 1 ? "0600" : "0644", 3 + choose(random, 3),
				       choose(random, 6));
			/* Of the names in its directory any other, new or not. */
			other = xasprintf("%.*s%u", (int)strlen(line + 2) - 1, line + 2,
					  choose(random, 4));
			if (what == 2 && strcmp(other, line + 2) != 0)
				buf_add_format(&changed, "f %s 0644 0:0 9 new\n", other);
			if (what == 3 && strcmp(other, line + 2) != 0)
				buf_add_format(&changed, "h %s %s\n", other, line + 2);
			free(other);
			continue;
		}
		if (*line)
			buf_add_format(&changed, "%s\n", line);
	}
	return buf_take(&changed);
}

/* Directories get a new time when something comes or goes, as on every filesystem. */
static char *stamp(const char *text)
{
	struct buf stamped = { 0 };
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *end = strrchr(line, ' ');

		if (*line == 'd') {
			*end = '\0';
			buf_add_format(&stamped, "%s 8\n", line);
		} else if (*line) {
			buf_add_format(&stamped, "%s\n", line);
		}
	}
	return buf_take(&stamped);
}

static char *without_times(struct fixture *f, const struct tree_root *root)
{
	cleanup_free char *text = text_of_tree(f, root);
	struct buf bare = { 0 };
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *owner = strstr(line, " 0:0 ");
		char *content = owner ? strchr(owner + 5, ' ') : NULL;

		if (owner)
			*owner = '\0';
		buf_add_format(&bare, "%s%s\n", line, content ? content : "");
	}
	return buf_take(&bare);
}

static void test_what_sees_the_same_does_the_same(void **state)
{
	struct fixture *f = *state;
	unsigned same = 0, changed = 0;

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		cleanup_with(trace_release) struct trace trace = { 0 };
		cleanup_with(buf_release) struct buf text = { 0 };
		cleanup_free char *other_text = NULL, *stamped = NULL, *verdict = NULL;
		cleanup_free char *wanted = NULL, *got = NULL;
		struct tree_root before, after, other, again, replayed;
		uint64_t random = mix(round), first = 0, second = 0;
		struct tree *tree;

		add_dir(&text, &random, "", true);
		before = stored_tree(f, buf_string(&text));
		other_text = change_text(buf_string(&text), &random);
		stamped = round % 2 ? stamp(other_text ? other_text : "")
				    : xstrdup(other_text ? other_text : "");
		other = stored_tree(f, stamped ? stamped : "");
		after = run(f, &before, round, &trace, &first);
		if (!trace.count)
			continue; /* a directory was moved, and there are hard links */
		verdict = hold_against(f, &trace, &other);
		if (strcmp(verdict, "same") != 0) {
			changed++;
			continue;
		}
		same++;
		again = run(f, &other, round, NULL, &second);
		if (first != second)
			fail_msg("round %u: the program saw something else", (unsigned)round);
		tree = open_tree(f, &other);
		assert_ok(tree_replay(tree, &before, &after, &f->err), f->err);
		replayed = commit(f, tree);
		tree_close(tree);
		wanted = without_times(f, &again);
		got = without_times(f, &replayed);
		assert_string_equal(got, wanted);
	}
	print_message("# %u the same, %u changed\n", same, changed);
	assert_true(same > ROUNDS / 10);
	assert_true(changed > ROUNDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_sees_the_same_does_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
