/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/users.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/tree/lookup.h"

/* Far more than any image has; what is larger is no such file. */
#define DATABASE_MAX ((size_t)16 << 20)
#define FIELDS_MAX   7

/* The text of a database, "" when the image has none. */
static int read_database(struct tree *tree, const char *path, struct buf *ret, struct error *err)
{
	struct node *node;
	int r = tree_lookup(tree, path, 0, &node, err);

	if (r <= 0)
		return r == -ENOTDIR || r == -ELOOP ? 0 : r;
	r = tree_read_file(tree, node, DATABASE_MAX, ret, err);
	return r < 0 ? error_prefix(err, r, "'%s' of the image", path) : 0;
}

/* Split the next line of `*text` at its colons; false at the end. Lines with too few fields are
 * passed over. */
static bool next_record(char **text, char **fields, size_t needed)
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		size_t count = 0;

		if (!*line || *line == '#')
			continue;
		while (count < FIELDS_MAX && (fields[count] = strsep(&line, ":")))
			count++;
		if (count >= needed)
			return true;
	}
	return false;
}

struct account {
	uint32_t uid, gid;
	char *name, *home;
};

/* By name first; a number also stands for itself. 1 found, 0 not. */
static int find_account(char *passwd, const char *text, struct account *ret)
{
	char *fields[FIELDS_MAX];
	uint32_t number;
	bool is_number = parse_u32(text, &number) == 0;
	struct account by_number = { 0 };

	while (next_record(&passwd, fields, 6)) {
		struct account account = { .name = fields[0], .home = fields[5] };

		if (parse_u32(fields[2], &account.uid) < 0 ||
		    parse_u32(fields[3], &account.gid) < 0)
			continue;
		if (strcmp(fields[0], text) == 0) {
			*ret = account;
			return 1;
		}
		if (is_number && account.uid == number && !by_number.name)
			by_number = account;
	}
	*ret = by_number;
	return by_number.name != NULL;
}

static int find_group(char *group, const char *text, uint32_t *ret)
{
	char *fields[FIELDS_MAX];

	while (next_record(&group, fields, 3)) {
		if (strcmp(fields[0], text) == 0 && parse_u32(fields[2], ret) == 0)
			return 1;
	}
	return 0;
}

static void add_group(struct user *user, uint32_t gid)
{
	if (gid == user->gid)
		return;
	for (size_t i = 0; i < user->group_count; i++) {
		if (user->groups[i] == gid)
			return;
	}
	user->groups = xreallocarray(user->groups, user->group_count + 1, sizeof *user->groups);
	user->groups[user->group_count++] = gid;
}

/* Groups that list the user as a member. */
static void add_memberships(char *group, const char *name, struct user *user)
{
	char *fields[FIELDS_MAX];

	while (next_record(&group, fields, 4)) {
		char *members = fields[3], *member;
		uint32_t gid;

		if (parse_u32(fields[2], &gid) < 0)
			continue;
		while ((member = strsep(&members, ","))) {
			if (strcmp(member, name) == 0)
				add_group(user, gid);
		}
	}
}

/* "user:group" in two; the group NULL when there is none. */
static void split(char *text, char **ret_user, char **ret_group)
{
	*ret_group = strchr(text, ':');
	if (*ret_group)
		*(*ret_group)++ = '\0';
	if (*ret_group && !**ret_group)
		*ret_group = NULL;
	*ret_user = text;
}

static int set_account(struct user *user, char *passwd, const char *name, struct error *err)
{
	struct account account;

	if (find_account(passwd, name, &account)) {
		user->uid = account.uid;
		user->gid = account.gid;
		user->home = xstrdup(account.home);
		user->name = xstrdup(account.name);
		return 0;
	}
	if (parse_u32(name, &user->uid) < 0)
		return error_set(err, -ENOENT,
				 "unable to find user %s: no matching entries in passwd file",
				 name);
	user->gid = 0;
	user->home = xstrdup("/");
	return 0;
}

static int group_number(char *group, const char *name, uint32_t *ret, struct error *err)
{
	if (find_group(group, name, ret) || parse_u32(name, ret) == 0)
		return 0;
	return error_set(err, -ENOENT, "unable to find group %s: no matching entries in group file",
			 name);
}

int user_find(struct tree *tree, const char *text, struct user *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf passwd = { 0 }, group = { 0 };
	cleanup_with(user_release) struct user user = { 0 };
	cleanup_free char *copy = xstrdup(*text ? text : "0"), *again = NULL;
	char *name, *group_name;
	int r = read_database(tree, "/etc/passwd", &passwd, err);

	if (r == 0)
		r = read_database(tree, "/etc/group", &group, err);
	if (r < 0)
		return r;
	split(copy, &name, &group_name);
	buf_reserve(&passwd, 0);
	buf_reserve(&group, 0);
	r = set_account(&user, passwd.data, *name ? name : "0", err);
	if (r == 0 && group_name) {
		again = xstrdup(group.data);
		r = group_number(again, group_name, &user.gid, err);
	} else if (r == 0 && user.name) {
		add_memberships(group.data, user.name, &user);
	}
	if (r < 0)
		return r;
	*ret = user;
	user = (struct user){ 0 };
	return 0;
}

void user_release(struct user *user)
{
	free(user->groups);
	free(user->home);
	free(user->name);
	*user = (struct user){ 0 };
}

int owner_find(struct tree *tree, const char *text, uint32_t *ret_uid, uint32_t *ret_gid,
	       struct error *err)
{
	cleanup_with(buf_release) struct buf passwd = { 0 }, group = { 0 };
	cleanup_free char *copy = xstrdup(text);
	struct account account;
	char *name, *group_name;
	uint32_t uid, gid;
	int r = 0;

	split(copy, &name, &group_name);
	if (parse_u32(name, &uid) < 0) {
		r = read_database(tree, "/etc/passwd", &passwd, err);
		if (r < 0)
			return r;
		buf_reserve(&passwd, 0);
		if (!find_account(passwd.data, name, &account))
			return error_set(err, -ENOENT,
					 "unable to find user %s: no matching entries in passwd "
					 "file",
					 name);
		uid = account.uid;
		gid = account.gid;
	} else {
		gid = uid;
	}
	if (group_name && parse_u32(group_name, &gid) < 0) {
		r = read_database(tree, "/etc/group", &group, err);
		if (r < 0)
			return r;
		buf_reserve(&group, 0);
		r = group_number(group.data, group_name, &gid, err);
	}
	if (r < 0)
		return r;
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}
