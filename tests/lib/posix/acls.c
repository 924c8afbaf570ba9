/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX access control lists, in the form that extended attributes have. */
#include <sys/xattr.h>

#include "tests/lib/posix/posix.h"

#define ACCESS     "system.posix_acl_access"
#define DEFAULT    "system.posix_acl_default"
#define NOBODY     UINT32_MAX
#define MODE(path) (stat_of(path).st_mode & 07777)

enum { USER_OWNER = 1, USER = 2, GROUP_OWNER = 4, GROUP = 8, MASK = 16, OTHER = 32 };

struct acl {
	uint32_t version;
	struct {
		uint16_t tag, permissions;
		uint32_t id;
	} entries[8];
};

/* rwx for the owner, `user` for user 1000, r-x for the group, `mask`, nothing for others. */
static struct acl acl_with(uint16_t user, uint16_t mask)
{
	return (struct acl){ 2,
			     { { USER_OWNER, 7, NOBODY },
			       { USER, user, 1000 },
			       { GROUP_OWNER, 5, NOBODY },
			       { MASK, mask, NOBODY },
			       { OTHER, 0, NOBODY } } };
}

static int set_acl(const char *path, const char *key, const struct acl *acl, size_t count)
{
	int r = lsetxattr(path, key, acl, 4 + 8 * count, 0);

	if (r < 0 && errno == EOPNOTSUPP && !on_varve())
		posix_skip("no access control lists here");
	if (r < 0 && !has_users())
		posix_skip("there are no other users here");
	return r;
}

static bool is_acl(const char *path, const char *key, const struct acl *acl, size_t count)
{
	struct acl found;
	ssize_t n = lgetxattr(path, key, &found, sizeof found);

	return n == (ssize_t)(4 + 8 * count) && memcmp(&found, acl, (size_t)n) == 0;
}

static int read_it(const char *path)
{
	return open(path, O_RDONLY) < 0 ? -1 : 0;
}

static int write_it(const char *path)
{
	return open(path, O_WRONLY) < 0 ? -1 : 0;
}

static void lists_decide_who_may(void)
{
	const struct acl acl = acl_with(6, 4);

	need_users();
	write_text("f", "x");
	CHECK(chmod("f", 0600) == 0);
	CHECK_ERROR(EACCES, as_user(1000, 1000, read_it, "f"));
	CHECK(set_acl("f", ACCESS, &acl, 5) == 0 && is_acl("f", ACCESS, &acl, 5));
	CHECK(as_user(1000, 1000, read_it, "f") == 0);
	CHECK_ERROR(EACCES, as_user(1000, 1000, write_it, "f"));
	CHECK_ERROR(EACCES, as_user(1001, 1001, read_it, "f"));
	CHECK(lremovexattr("f", ACCESS) == 0);
	CHECK_ERROR(ENODATA, lgetxattr("f", ACCESS, NULL, 0));
	CHECK_ERROR(EACCES, as_user(1001, 1001, write_it, "f"));
}

static void mode_and_list_agree(void)
{
	struct acl acl = acl_with(6, 4);

	write_text("f", "x");
	CHECK(set_acl("f", ACCESS, &acl, 5) == 0);
	CHECK(MODE("f") == 0740);
	CHECK(chmod("f", 04671) == 0 && MODE("f") == 04671);
	acl.entries[0].permissions = 6;
	acl.entries[3].permissions = 7;
	acl.entries[4].permissions = 1;
	CHECK(is_acl("f", ACCESS, &acl, 5));
	CHECK(as_user(1000, 1000, write_it, "f") == 0);
	CHECK(chmod("f", 0600) == 0);
	acl.entries[3].permissions = acl.entries[4].permissions = 0;
	CHECK(is_acl("f", ACCESS, &acl, 5));
	CHECK_ERROR(EACCES, as_user(1000, 1000, read_it, "f"));
}

static void modes_are_known_at_once(void)
{
	const struct acl acl = acl_with(6, 4);

	write_text("f", "x");
	CHECK(MODE("f") == 0644 && MODE("f") == 0644);
	CHECK(set_acl("f", ACCESS, &acl, 5) == 0 && MODE("f") == 0740);
}

static void a_list_that_says_no_more_than_a_mode_is_one(void)
{
	const struct acl acl = {
		2, { { USER_OWNER, 7, NOBODY }, { GROUP_OWNER, 1, NOBODY }, { OTHER, 2, NOBODY } }
	};

	write_text("f", "x");
	CHECK(set_acl("f", ACCESS, &acl, 3) == 0 && MODE("f") == 0712);
	CHECK_ERROR(ENODATA, lgetxattr("f", ACCESS, NULL, 0));
}

static void default_lists_are_inherited(void)
{
	struct acl acl = acl_with(7, 7), inherited = acl_with(7, 6);

	CHECK(mkdir("d", 0755) == 0);
	CHECK(set_acl("d", DEFAULT, &acl, 5) == 0 && MODE("d") == 0755);
	umask(0777); /* a default list takes its place */
	CHECK(close(open("d/f", O_CREAT | O_WRONLY, 0666)) == 0 && MODE("d/f") == 0660);
	inherited.entries[0].permissions = 6;
	CHECK(is_acl("d/f", ACCESS, &inherited, 5));
	CHECK_ERROR(ENODATA, lgetxattr("d/f", DEFAULT, NULL, 0));
	CHECK(mkdir("d/e", 0750) == 0 && MODE("d/e") == 0750);
	CHECK(is_acl("d/e", DEFAULT, &acl, 5));
	inherited = acl_with(7, 5);
	CHECK(is_acl("d/e", ACCESS, &inherited, 5));
	CHECK(mkfifo("d/p", 0666) == 0 && MODE("d/p") == 0660);
	CHECK(symlink("x", "d/l") == 0 && stat_of("d/l").st_nlink == 1);
	CHECK(lremovexattr("d", DEFAULT) == 0);
	umask(022);
	CHECK(close(open("d/g", O_CREAT | O_WRONLY, 0666)) == 0 && MODE("d/g") == 0644);
	CHECK_ERROR(ENODATA, lgetxattr("d/g", ACCESS, NULL, 0));
}

static void a_short_default_list_makes_plain_modes(void)
{
	const struct acl acl = {
		2, { { USER_OWNER, 7, NOBODY }, { GROUP_OWNER, 5, NOBODY }, { OTHER, 0, NOBODY } }
	};
	int fd;

	CHECK(mkdir("d", 0755) == 0 && set_acl("d", DEFAULT, &acl, 3) == 0);
	umask(0);
	CHECK(close(open("d/f", O_CREAT | O_WRONLY, 0666)) == 0 && MODE("d/f") == 0640);
	CHECK_ERROR(ENODATA, lgetxattr("d/f", ACCESS, NULL, 0));
	CHECK(mkdir("d/e", 0777) == 0 && MODE("d/e") == 0750 && is_acl("d/e", DEFAULT, &acl, 3));
	fd = open("d", O_TMPFILE | O_RDWR, 0666);
	CHECK(fd >= 0);
	close(fd);
}

static void only_sound_lists_are_taken(void)
{
	struct acl acl = acl_with(6, 4), broken = acl;

	write_text("f", "x");
	CHECK(mkdir("d", 0755) == 0 && symlink("f", "l") == 0);
	CHECK(set_acl("d", DEFAULT, &acl, 5) == 0);
	CHECK_ERROR(EACCES, set_acl("f", DEFAULT, &acl, 5));
	CHECK_ERROR(EOPNOTSUPP, lsetxattr("l", ACCESS, &acl, 4 + 8 * 5, 0));
	broken.version = 3;
	CHECK_ERROR(EOPNOTSUPP, lsetxattr("f", ACCESS, &broken, 4 + 8 * 5, 0));
	broken = acl;
	broken.entries[0].tag = 64;
	CHECK_ERROR(EINVAL, set_acl("f", ACCESS, &broken, 5));
	CHECK_ERROR(EINVAL, set_acl("f", ACCESS, &acl, 4)); /* nothing for others */
	CHECK_ERROR(ENODATA, lgetxattr("f", ACCESS, NULL, 0));
	CHECK(MODE("f") == 0644);
}

static int set_own(const char *path)
{
	const struct acl acl = acl_with(6, 4);

	return set_acl(path, ACCESS, &acl, 5);
}

static void lists_are_set_by_owners(void)
{
	write_text("f", "x");
	CHECK_ERROR(EPERM, as_user(1000, 1000, set_own, "f"));
	CHECK(chown("f", 1000, 7) == 0 && chmod("f", 02770) == 0);
	CHECK(as_user(1000, 1000, set_own, "f") == 0);
	/* Not being in the file's group, its owner may not keep the bit. */
	CHECK(MODE("f") == 0740);
	CHECK(chown("f", 1000, 1000) == 0 && chmod("f", 02770) == 0);
	CHECK(as_user(1000, 1000, set_own, "f") == 0 && MODE("f") == 02740);
}

const struct posix_test tests_of_acls[] = {
	{ "access", lists_decide_who_may },
	{ "mode", mode_and_list_agree },
	{ "known", modes_are_known_at_once },
	{ "minimal", a_list_that_says_no_more_than_a_mode_is_one },
	{ "default", default_lists_are_inherited },
	{ "short-default", a_short_default_list_makes_plain_modes },
	{ "refused", only_sound_lists_are_taken },
	{ "owner", lists_are_set_by_owners },
	{ 0 },
};
