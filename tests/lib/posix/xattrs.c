/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/xattr.h>

#include "tests/lib/posix/posix.h"

static char value[65537];

static bool has(const char *path, const char *key)
{
	return lgetxattr(path, key, NULL, 0) >= 0;
}

static bool listed(const char *path, const char *key)
{
	char list[4096];
	ssize_t size = llistxattr(path, list, sizeof list);

	CHECK(size >= 0);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(list + at) + 1) {
		if (strcmp(list + at, key) == 0)
			return true;
	}
	return false;
}

static void users_attributes_are_kept(void)
{
	char back[64];

	write_text("f", "x");
	CHECK_ERROR(ENODATA, lgetxattr("f", "user.a", back, sizeof back));
	CHECK(lsetxattr("f", "user.a", "1234", 4, 0) == 0);
	CHECK(lgetxattr("f", "user.a", back, sizeof back) == 4 && memcmp(back, "1234", 4) == 0);
	CHECK(lgetxattr("f", "user.a", NULL, 0) == 4 && listed("f", "user.a"));
	CHECK_ERROR(ERANGE, lgetxattr("f", "user.a", back, 3));
	CHECK_ERROR(ERANGE, llistxattr("f", back, 3));
	CHECK_ERROR(EEXIST, lsetxattr("f", "user.a", "5", 1, XATTR_CREATE));
	CHECK_ERROR(ENODATA, lsetxattr("f", "user.b", "5", 1, XATTR_REPLACE));
	CHECK(lsetxattr("f", "user.a", "", 0, XATTR_REPLACE) == 0);
	CHECK(lgetxattr("f", "user.a", back, sizeof back) == 0);
	CHECK(lremovexattr("f", "user.a") == 0 && !listed("f", "user.a"));
	CHECK_ERROR(ENODATA, lremovexattr("f", "user.a"));
	CHECK(mkdir("d", 0755) == 0 && lsetxattr("d", "user.d", "x", 1, 0) == 0 &&
	      has("d", "user.d"));
}

static void attributes_may_be_many_and_long(void)
{
	char key[300], back[3000];

	write_text("f", "x");
	fill_pattern(value, sizeof value, 0);
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof key, "user.key%d", i);
		CHECK(lsetxattr("f", key, value, (size_t)i, 0) == 0);
	}
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof key, "user.key%d", i);
		CHECK(lgetxattr("f", key, back, sizeof back) == i &&
		      is_pattern(back, (size_t)i, 0));
	}
	write_text("g", "x");
	memset(key, 'k', sizeof key);
	memcpy(key, "user.", 5);
	key[255] = '\0';
	CHECK(lsetxattr("g", key, value, 3000, 0) == 0 && has("g", key));
	CHECK(lgetxattr("g", key, back, sizeof back) == 3000 && is_pattern(back, 3000, 0));
	key[255] = 'k';
	key[256] = '\0';
	CHECK_ERROR(ERANGE, lsetxattr("g", key, value, 1, 0));
	if (on_varve()) {
		CHECK(lsetxattr("g", "user.big", value, sizeof value - 1, 0) == 0);
		CHECK(lgetxattr("g", "user.big", value, sizeof value) == sizeof value - 1);
		CHECK(is_pattern(value, sizeof value - 1, 0));
	}
	CHECK_ERROR(E2BIG, lsetxattr("g", "user.more", value, sizeof value, 0));
}

static void not_every_file_and_name_takes_them(void)
{
	write_text("f", "x");
	CHECK(symlink("f", "l") == 0 && mkfifo("p", 0644) == 0);
	CHECK_ERROR(EPERM, lsetxattr("l", "user.a", "x", 1, 0));
	CHECK_ERROR(EPERM, lsetxattr("p", "user.a", "x", 1, 0));
	CHECK_ERROR(EOPNOTSUPP, lsetxattr("f", "nonsense", "x", 1, 0));
	CHECK_ERROR(EOPNOTSUPP, lsetxattr("f", "strange.name", "x", 1, 0));
	CHECK_ERROR(EOPNOTSUPP, lsetxattr("f", "system.strange", "x", 1, 0));
	CHECK_ERROR(EOPNOTSUPP, lgetxattr("f", "strange.name", value, sizeof value));
	CHECK(!listed("f", "strange.name"));
}

static int set_it(const char *path)
{
	return lsetxattr(path, "user.a", "x", 1, 0);
}
static int get_it(const char *path)
{
	return (int)lgetxattr(path, "user.a", value, sizeof value);
}
static int get_trusted(const char *path)
{
	return (int)lgetxattr(path, "trusted.a", value, sizeof value);
}
static int lists_trusted(const char *path)
{
	return listed(path, "trusted.a");
}

static void attributes_are_for_those_who_may(void)
{
	need_users();
	write_text("f", "x");
	CHECK(lsetxattr("f", "user.a", "x", 1, 0) == 0 && chmod("f", 0644) == 0);
	CHECK_ERROR(EACCES, as_user(1000, 1000, set_it, "f"));
	CHECK(as_user(1000, 1000, get_it, "f") == 1);
	CHECK(chmod("f", 0600) == 0);
	CHECK_ERROR(EACCES, as_user(1000, 1000, get_it, "f"));
	CHECK(chmod("f", 0644) == 0);
	if (lsetxattr("f", "trusted.a", "x", 1, 0) < 0)
		posix_skip("trusted attributes are for the host's root");
	CHECK(listed("f", "trusted.a"));
	CHECK_ERROR(ENODATA, as_user(1000, 1000, get_trusted, "f"));
	CHECK(as_user(1000, 1000, lists_trusted, "f") == 0);
}

/* cap_net_raw, permitted and effective, as setcap(8) writes it. */
static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };

static int write_it(const char *path)
{
	int fd = open(path, O_WRONLY);

	return fd < 0 ? -1 : (int)write(fd, "y", 1);
}

static void set_capability(const char *path)
{
	CHECK(lsetxattr(path, "security.capability", capability, sizeof capability, 0) == 0);
}

static void capabilities_go_when_a_file_changes(void)
{
	unsigned char back[64];

	write_text("f", "x");
	CHECK(chmod("f", 0777) == 0);
	set_capability("f");
	CHECK(lgetxattr("f", "security.capability", back, sizeof back) == 20);
	CHECK(memcmp(back, capability, 20) == 0 && listed("f", "security.capability"));
	CHECK(rename("f", "g") == 0 && has("g", "security.capability"));
	CHECK(chmod("g", 0777) == 0 && has("g", "security.capability"));
	CHECK(chown("g", 0, 0) == 0 && !has("g", "security.capability"));
	set_capability("g");
	CHECK(as_user(1000, 1000, write_it, "g") == 1 && !has("g", "security.capability"));
	set_capability("g");
	CHECK(truncate("g", 0) == 0);
	CHECK(lremovexattr("g", "security.capability") == 0 || errno == ENODATA);
}

static void setting_one_changes_only_the_change_time(void)
{
	struct stat before;

	write_text("f", "x");
	before = stat_of("f");
	let_time_pass();
	CHECK(lsetxattr("f", "user.a", "x", 1, 0) == 0);
	CHECK(!mtime_later("f", &before));
	CHECK(ctime_later("f", &before));
	before = stat_of("f");
	let_time_pass();
	CHECK(lremovexattr("f", "user.a") == 0 && ctime_later("f", &before));
}

const struct posix_test tests_of_xattrs[] = {
	{ "user", users_attributes_are_kept },
	{ "many", attributes_may_be_many_and_long },
	{ "refused", not_every_file_and_name_takes_them },
	{ "permissions", attributes_are_for_those_who_may },
	{ "capability", capabilities_go_when_a_file_changes },
	{ "times", setting_one_changes_only_the_change_time },
	{ 0 },
};
