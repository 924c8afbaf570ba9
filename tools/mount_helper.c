/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mount_helper.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "tools/environment.h"
#include "tools/mounting.h"
#include "tools/output.h"
#include "tools/verb.h"

/* Of mount(8). */
enum mount_status { MOUNT_OK = 0, MOUNT_USAGE = 1, MOUNT_FAILED = 32 };

bool mount_helper_called(int argc, char *const *argv, bool is_verb)
{
	const char *name = argc > 0 ? path_base(argv[0]) : "";

	if (strcmp(name, "mount.fuse.varve") == 0 || strcmp(name, "mount.varve") == 0)
		return true;
	return argc == 5 && !is_verb && argv[1][0] != '-' && strcmp(argv[3], "-o") == 0;
}

/* ---- options ---- */

/* Words for mount(8), systemd and the like; the kernel would not know them. */
static bool is_for_others(const char *word)
{
	static const char *const words[] = { "defaults", "auto",   "noauto", "user",
					     "nouser",   "users",  "owner",  "group",
					     "_netdev",  "nofail", "quiet" };
	static const char *const beginnings[] = { "x-",    "X-",       "comment=",
						  "user=", "uhelper=", "helper=" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
		if (strncmp(word, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	}
	return false;
}

static bool take_value(const char *word, const char *name, char **ret)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0)
		return false;
	free(*ret);
	*ret = xstrdup(word + length);
	return true;
}

static void take_word(const char *word, struct mount_list *ret, struct buf *rest)
{
	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
		ret->read_only = word[1] == 'o';
	} else if (strcmp(word, "all") == 0) {
		ret->all = true;
	} else if (strcmp(word, "remount") == 0) {
		ret->remount = true;
	} else if (*word && !take_value(word, "store=", &ret->store) &&
		   !take_value(word, "setuid=", &ret->user) && !is_for_others(word)) {
		if (rest->length)
			buf_add_char(rest, ',');
		buf_add_string(rest, word);
	}
}

void mount_list_parse(const char *text, struct mount_list *ret)
{
	cleanup_free char *copy = xstrdup(text);
	struct buf rest = { 0 };
	char *left = copy, *word;

	*ret = (struct mount_list){ 0 };
	while ((word = strsep(&left, ",")))
		take_word(word, ret, &rest);
	ret->rest = rest.length ? buf_take(&rest) : xstrdup("");
}

void mount_list_release(struct mount_list *list)
{
	free(list->store);
	free(list->user);
	free(list->rest);
	*list = (struct mount_list){ 0 };
}

/* ---- the call ---- */

struct call {
	const char *state, *directory;
	bool fake;
	struct mount_list list;
};

static int read_arguments(int argc, char *const *argv, struct call *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf list = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "sfnvN:t:o:")) !=
	       -1) { /* NOLINT(concurrency-mt-unsafe) */
		if (option == '?')
			return error_set(err, -EINVAL, "unknown option '-%c'", optopt);
		if (option == 'N')
			return error_set(err, -EOPNOTSUPP,
					 "mounting in another namespace: run mount there, with "
					 "nsenter");
		if (option == 'f')
			ret->fake = true;
		if (option == 'o')
			buf_add_format(&list, "%s,", optarg);
	}
	if (argc - optind != 2)
		return error_set(err, -EINVAL, "a state and a directory are needed");
	ret->state = argv[optind];
	ret->directory = argv[optind + 1];
	mount_list_parse(buf_string(&list), &ret->list);
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length) {
		if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

/* mount(8) leaves out what is its default; that of FUSE is the contrary. */
static char *with_defaults(const char *rest)
{
	static const char *const words[] = { "suid", "dev" };
	struct buf list = { 0 };

	buf_add_string(&list, rest);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		cleanup_free char *contrary = xasprintf("no%s", words[i]);

		if (!has_word(rest, words[i]) && !has_word(rest, contrary))
			buf_add_format(&list, "%s%s", list.length ? "," : "", words[i]);
	}
	return list.length ? buf_take(&list) : xstrdup("");
}

/* The store is that user's then, and so is the mount. */
static int become(const char *name, struct error *err)
{
	const struct passwd *user = getpwnam(name); /* NOLINT(concurrency-mt-unsafe) */

	if (!user)
		return error_set(err, -ENOENT, "there is no user '%s'", name);
	if (setgid(user->pw_gid) < 0 || initgroups(name, user->pw_gid) < 0 ||
	    setuid(user->pw_uid) < 0)
		return error_errno(err, -errno, "cannot become '%s'", name);
	setenv("HOME", user->pw_dir, 1); /* NOLINT(concurrency-mt-unsafe) */
	return 0;
}

/* Flags of mount(2) for what is left of the list; words of FUSE that mount(8) repeats are none. */
static unsigned long flags_of(const char *rest)
{
	static const struct {
		const char *word;
		unsigned long flag;
	} table[] = { { "nosuid", MS_NOSUID },     { "nodev", MS_NODEV },
		      { "noexec", MS_NOEXEC },     { "noatime", MS_NOATIME },
		      { "relatime", MS_RELATIME }, { "nodiratime", MS_NODIRATIME } };
	cleanup_free char *copy = xstrdup(rest);
	unsigned long flags = 0;
	char *left = copy, *word;

	while ((word = strsep(&left, ","))) {
		for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
			flags |= strcmp(word, table[i].word) == 0 ? table[i].flag : 0;
	}
	return flags;
}

/* What is served stays, and with it what is open; only how it may be used changes. */
static int remount(const struct call *call, struct error *err)
{
	unsigned long flags = MS_REMOUNT | flags_of(call->list.rest);

	if (call->list.read_only)
		flags |= MS_RDONLY;
	if (call->fake || mount(NULL, call->directory, NULL, flags, NULL) == 0)
		return 0;
	return error_errno(err, -errno, "cannot change the mount at '%s'", call->directory);
}

static int run(struct call *call, struct error *err)
{
	bool is_root = geteuid() == 0 && !call->list.user;
	cleanup_free char *options =
		is_root ? with_defaults(call->list.rest) : xstrdup(call->list.rest);
	struct environment environment = { .store_option = call->list.store };
	struct invocation invocation = { .path = "mount", .environment = &environment };
	struct mounting mounting = { .state = call->list.all ? NULL : call->state,
				     .directory = call->directory,
				     .writable = !call->list.read_only,
				     .options = options,
				     .only_check = call->fake };
	cleanup_free char *directory = NULL;
	int r;

	if (call->list.remount)
		return remount(call, err);
	r = call->list.user ? become(call->list.user, err) : 0;
	if (r == 0)
		r = mounting_do(&invocation, &mounting, &directory, err);
	environment_release(&environment);
	return r;
}

int mount_helper_main(int argc, char *const *argv)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct call call = { 0 };
	struct error err = { 0 };
	int r = read_arguments(argc, argv, &call, &err);
	int status = r < 0 ? MOUNT_USAGE : MOUNT_FAILED;

	if (r == 0)
		r = run(&call, &err);
	mount_list_release(&call.list);
	if (r == 0)
		return MOUNT_OK;
	buf_add_format(&text, "varve: %s\n", err.text[0] ? err.text : error_words(r));
	(void)output_write_fd(STDERR_FILENO, text.data, text.length);
	return status;
}
