/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "builder/sandbox/identity.h"
#include "fs/ids/credentials.h"
#include "tests/lib/unit.h"

#define SAME UINT32_MAX

static void expect_uids(const struct credentials *c, uint32_t r, uint32_t e, uint32_t s, uint32_t f)
{
	assert_int_equal(c->ruid, r);
	assert_int_equal(c->euid, e);
	assert_int_equal(c->suid, s);
	assert_int_equal(c->fsuid, f);
}

static void expect_gids(const struct credentials *c, uint32_t r, uint32_t e, uint32_t s, uint32_t f)
{
	assert_int_equal(c->rgid, r);
	assert_int_equal(c->egid, e);
	assert_int_equal(c->sgid, s);
	assert_int_equal(c->fsgid, f);
}

static struct credentials user(uint32_t r, uint32_t e, uint32_t s)
{
	return (struct credentials){ .ruid = r, .euid = e, .suid = s, .fsuid = e };
}

static void test_root_becomes_anybody_and_cannot_return(void **state)
{
	struct credentials c = { 0 };

	(void)state;
	assert_int_equal(identity_setgid(&c, 60), 0);
	expect_gids(&c, 60, 60, 60, 60);
	assert_int_equal(identity_setuid(&c, 1000), 0);
	expect_uids(&c, 1000, 1000, 1000, 1000);
	assert_false(identity_privileged(&c));
	assert_int_equal(identity_setuid(&c, 0), -EPERM);
	assert_int_equal(identity_setresuid(&c, SAME, 0, SAME), -EPERM);
	assert_int_equal(identity_setgid(&c, 0), -EPERM);
	assert_int_equal(identity_setgroups(&c, NULL, 0), -EPERM);
	expect_uids(&c, 1000, 1000, 1000, 1000);
}

static void test_who_has_changed_its_effective_id_may_return(void **state)
{
	struct credentials c = { 0 };

	(void)state;
	assert_int_equal(identity_setresuid(&c, SAME, 33, SAME), 0);
	expect_uids(&c, 0, 33, 0, 33);
	assert_false(identity_privileged(&c));
	assert_int_equal(identity_setuid(&c, 7), -EPERM);
	assert_int_equal(identity_setuid(&c, 0), 0);
	/* Not being privileged, it has set the effective one alone. */
	expect_uids(&c, 0, 0, 0, 0);
	assert_true(identity_privileged(&c));
}

static void test_setreuid_sets_the_saved_id_when_the_real_one_changes(void **state)
{
	struct credentials c = user(1000, 0, 0);

	(void)state;
	assert_int_equal(identity_setreuid(&c, 0, 1000), 0);
	expect_uids(&c, 0, 1000, 1000, 1000);
	c = user(1000, 2000, 3000);
	assert_int_equal(identity_setreuid(&c, SAME, 3000), 0);
	expect_uids(&c, 1000, 3000, 3000, 3000);
	assert_int_equal(identity_setreuid(&c, SAME, 1000), 0);
	expect_uids(&c, 1000, 1000, 3000, 1000);
	assert_int_equal(identity_setreuid(&c, 3000, SAME), -EPERM);
	assert_int_equal(identity_setreuid(&c, SAME, SAME), 0);
	expect_uids(&c, 1000, 1000, 3000, 1000);
	assert_int_equal(identity_setregid(&c, SAME, 9), -EPERM);
}

static void test_setresuid_takes_any_of_the_three(void **state)
{
	struct credentials c = user(1, 2, 3);

	(void)state;
	assert_int_equal(identity_setresuid(&c, 3, 1, 2), 0);
	expect_uids(&c, 3, 1, 2, 1);
	assert_int_equal(identity_setresuid(&c, 3, 4, 2), -EPERM);
	expect_uids(&c, 3, 1, 2, 1);
	c.rgid = 10;
	c.egid = 11;
	c.sgid = 12;
	assert_int_equal(identity_setresgid(&c, 12, 10, SAME), 0);
	expect_gids(&c, 12, 10, 12, 10);
}

static void test_ids_that_would_not_be_mapped_are_invalid(void **state)
{
	struct credentials c = { 0 };
	const uint32_t groups[] = { 1, CREDENTIALS_IDS };

	(void)state;
	assert_int_equal(identity_setuid(&c, CREDENTIALS_IDS), -EINVAL);
	assert_int_equal(identity_setuid(&c, SAME), -EINVAL);
	assert_int_equal(identity_setresgid(&c, SAME, 70000, SAME), -EINVAL);
	assert_int_equal(identity_setreuid(&c, 70000, SAME), -EINVAL);
	assert_int_equal(identity_setgroups(&c, groups, 2), -EINVAL);
	assert_int_equal(identity_setuid(&c, CREDENTIALS_IDS - 1), 0);
}

static void test_keeping_capabilities_lasts_until_execve(void **state)
{
	struct credentials c = { 0 };

	(void)state;
	assert_int_equal(identity_keep_caps(&c, 2), -EINVAL);
	assert_int_equal(identity_keep_caps(&c, 1), 0);
	assert_int_equal(identity_setresuid(&c, 5, 5, 5), 0);
	assert_true(identity_privileged(&c));
	assert_int_equal(identity_setgid(&c, 6), 0);
	identity_execute(&c, 0755, 0, 0);
	assert_false(identity_privileged(&c));
	assert_int_equal(identity_setgid(&c, 0), -EPERM);
	expect_uids(&c, 5, 5, 5, 5);
}

static void test_the_filesystem_id_returns_what_it_was(void **state)
{
	struct credentials c = { 0 };

	(void)state;
	assert_int_equal(identity_setfsuid(&c, 12), 0);
	assert_int_equal(identity_setfsuid(&c, SAME), 12);
	expect_uids(&c, 0, 0, 0, 12);
	assert_int_equal(identity_setfsgid(&c, 13), 0);
	assert_int_equal(identity_setfsgid(&c, 14), 13);
	c = user(1, 2, 3);
	assert_int_equal(identity_setfsuid(&c, 9), 2);
	assert_int_equal(identity_setfsuid(&c, 3), 2);
	assert_int_equal(c.fsuid, 3);
}

static void test_groups_are_sorted_and_counted(void **state)
{
	struct credentials c = { 0 };
	uint32_t groups[CREDENTIALS_GROUPS + 1] = { 30, 10, 20 };

	(void)state;
	assert_int_equal(identity_setgroups(&c, groups, 3), 0);
	assert_int_equal(c.group_count, 3);
	assert_int_equal(c.groups[0], 10);
	assert_int_equal(c.groups[2], 30);
	assert_true(identity_in_group(&c, 20));
	assert_true(identity_in_group(&c, 0));
	assert_false(identity_in_group(&c, 21));
	assert_int_equal(identity_setgroups(&c, groups, CREDENTIALS_GROUPS + 1), -ENOMEM);
	assert_int_equal(identity_setgroups(&c, groups, 0), 0);
	assert_int_equal(c.groups[0], 0);
}

static void test_set_id_programs_run_as_their_owners(void **state)
{
	struct credentials c = user(1000, 1000, 1000);

	(void)state;
	c.rgid = c.egid = c.sgid = c.fsgid = 1000;
	identity_execute(&c, S_ISUID | S_ISGID | 0755, 0, 42);
	expect_uids(&c, 1000, 0, 0, 0);
	expect_gids(&c, 1000, 42, 42, 42);
	assert_true(identity_privileged(&c));
	/* Without group execution the bit stands for locking. */
	identity_execute(&c, S_ISGID | 0705, 0, 8);
	expect_gids(&c, 1000, 42, 42, 42);
	assert_int_equal(identity_setuid(&c, 1000), 0);
	expect_uids(&c, 1000, 1000, 1000, 1000);
}

static void test_an_owner_gives_files_to_its_groups_only(void **state)
{
	const struct identity_owner mine = { 1000, 1000 }, roots = { 0, 0 };
	struct credentials c = user(1000, 1000, 1000), root = { 0 };

	(void)state;
	c.fsgid = 1000;
	c.group_count = 1;
	c.groups[0] = 27;
	assert_int_equal(identity_chown(&root, mine, (struct identity_owner){ 5, 5 }), 0);
	assert_int_equal(identity_chown(&c, mine, (struct identity_owner){ SAME, 27 }), 0);
	assert_int_equal(identity_chown(&c, mine, (struct identity_owner){ 1000, 1000 }), 0);
	assert_int_equal(identity_chown(&c, mine, (struct identity_owner){ SAME, 28 }), -EPERM);
	assert_int_equal(identity_chown(&c, mine, (struct identity_owner){ 1001, SAME }), -EPERM);
	assert_int_equal(identity_chown(&c, roots, (struct identity_owner){ SAME, 27 }), -EPERM);
	assert_int_equal(identity_chown(&c, roots, (struct identity_owner){ 1000, SAME }), -EPERM);
	assert_int_equal(identity_chown(&c, roots, (struct identity_owner){ SAME, SAME }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_becomes_anybody_and_cannot_return),
		cmocka_unit_test(test_who_has_changed_its_effective_id_may_return),
		cmocka_unit_test(test_setreuid_sets_the_saved_id_when_the_real_one_changes),
		cmocka_unit_test(test_setresuid_takes_any_of_the_three),
		cmocka_unit_test(test_ids_that_would_not_be_mapped_are_invalid),
		cmocka_unit_test(test_keeping_capabilities_lasts_until_execve),
		cmocka_unit_test(test_the_filesystem_id_returns_what_it_was),
		cmocka_unit_test(test_groups_are_sorted_and_counted),
		cmocka_unit_test(test_set_id_programs_run_as_their_owners),
		cmocka_unit_test(test_an_owner_gives_files_to_its_groups_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
