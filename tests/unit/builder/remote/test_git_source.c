/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/remote/git_source.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

static struct error err;

static const char *or_none(const char *s)
{
	return s ? s : "-";
}

/* "URL REF SUBDIR CHECKSUM KEEP SUBMODULES" */
static void assert_source(const char *text, unsigned flags, const char *wanted)
{
	cleanup_with(git_source_release) struct git_source source;
	cleanup_free char *got = NULL;
	int r = git_source_parse(text, flags, &source, &err);

	assert_ok(r, err);
	assert_int_equal(r, 1);
	got = xasprintf("%s %s %s %s %d %d", source.url, or_none(source.ref),
			or_none(source.subdir), or_none(source.checksum), source.keep_git_dir,
			source.submodules);
	assert_string_equal(got, wanted);
}

static void assert_none(const char *text, unsigned flags)
{
	struct git_source source;

	assert_int_equal(git_source_parse(text, flags, &source, &err), 0);
}

static void assert_refused(const char *text, int code, const char *words)
{
	struct git_source source;

	assert_int_equal(git_source_parse(text, 0, &source, &err), code);
	if (!strstr(err.text, words))
		fail_msg("no '%s' in '%s'", words, err.text);
}

static void test_K12_names_of_repositories(void **state)
{
	(void)state;
	assert_source("https://h/a/b.git", 0, "https://h/a/b.git - - - -1 -1");
	assert_source("http://h/b.git/", 0, "http://h/b.git/ - - - -1 -1");
	assert_source("git://h/b", 0, "git://h/b - - - -1 -1");
	assert_source("ssh://u@h:22/b", 0, "ssh://u@h:22/b - - - -1 -1");
	assert_source("git@h.example:a/b.git", 0, "git@h.example:a/b.git - - - -1 -1");
	assert_none("https://h/a.tar.gz", 0);
	assert_none("https://h.git", 0);
	assert_none("dir/a.git", 0);
	assert_none("a@b", 0);
	assert_none("-oProxyCommand=x@h:b", 0);
	assert_none("-@h:b", 0);
	assert_none("", 0);
}

static void test_K12_ref_and_directory_behind_a_hash(void **state)
{
	(void)state;
	assert_source("https://h/b.git#v1:docker/x/", 0, "https://h/b.git v1 docker/x - -1 -1");
	assert_source("git@h:b#:/../d", 0, "git@h:b - d - -1 -1");
	assert_source("git://h/b#", 0, "git://h/b - - - -1 -1");
	assert_source("git://h/b#a/b", 0, "git://h/b a/b - - -1 -1");
}

static void test_K12_queries(void **state)
{
	(void)state;
	assert_source("https://h/b.git?branch=x&subdir=a%2fb&submodules=false&keep-git-dir", 0,
		      "https://h/b.git refs/heads/x a/b - 1 0");
	assert_source("https://h/b.git?tag=v1&commit=0123abc&fetch-by-commit=true&mtime=checkout",
		      0, "https://h/b.git refs/tags/v1 - 0123abc -1 -1");
	assert_source("git://h/b?ref=x#x:d", 0, "git://h/b x d - -1 -1");
}

static void test_K12_what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	assert_refused("git://h/b?nosuch=1", -EINVAL, "unexpected query 'nosuch'");
	assert_refused("git://h/b?ref=x#y", -EINVAL, "both 'x' and 'y'");
	assert_refused("git://h/b#--upload-pack=x", -EINVAL, "no name of a branch");
	assert_refused("git://h/b#a..b", -EINVAL, "no name of a branch");
	assert_refused("git://h/b#a b", -EINVAL, "no name of a branch");
	assert_refused("git://h/b?ref=a%0ab", -EINVAL, "no name of a branch");
	assert_refused("git://h/b c", -EINVAL, "blanks");
	assert_refused("git://h/b\v", -EINVAL, "blanks");
	assert_refused("git://h/b?checksum=xyz", -EINVAL, "invalid checksum");
	assert_refused("git://h/b?submodules=perhaps", -EINVAL, "submodules");
	assert_refused("git://h/b?mtime=commit", -EOPNOTSUPP, "mtime=commit");
}

static void test_X01_only_the_user_names_repositories_of_this_host(void **state)
{
	(void)state;
	assert_none("file:///srv/a.git", 0);
	assert_none("github.com/a/b", 0);
	assert_source("file:///srv/a.git#x", GIT_SOURCE_CONTEXT, "file:///srv/a.git x - - -1 -1");
	assert_source("github.com/a/b", GIT_SOURCE_CONTEXT, "https://github.com/a/b - - - -1 -1");
	assert_none("file:///srv/a", GIT_SOURCE_CONTEXT);
	assert_none(".", GIT_SOURCE_CONTEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_K12_names_of_repositories),
		cmocka_unit_test(test_K12_ref_and_directory_behind_a_hash),
		cmocka_unit_test(test_K12_queries),
		cmocka_unit_test(test_K12_what_makes_no_sense_is_refused),
		cmocka_unit_test(test_X01_only_the_user_names_repositories_of_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
