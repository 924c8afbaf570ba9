/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <errno.h>
#include <stddef.h>

#include "builder/image/platform.h"
#include "builder/step/binfmt.h"
#include "builder/step/foreign.h"
#include "tests/lib/handlers_fixture.h"
#include "tests/lib/tree_fixture.h"

/* What a test looks at: a tree with a program in it, and handlers. */
struct looking {
	struct fixture *f;
	struct tree *tree;
	char *handlers;
	char *hint;
	struct error err;
};

static struct looking begin(void **state)
{
	struct fixture *f = *state;
	struct tree_root empty = tree_root_empty();
	struct looking looking = { .f = f, .tree = open_tree(f, &empty) };

	looking.handlers = test_directory();
	write_handler(looking.handlers, "status", "enabled\n");
	return looking;
}

static void end(struct looking *looking)
{
	test_directory_remove(looking->handlers);
	free(looking->hint);
	tree_close(looking->tree);
}

/* A machine that is not this host's, nor one that its kernel runs. */
static const struct binfmt_machine *other_machine(void)
{
	struct platform host = platform_host();
	const struct binfmt_machine *s390x = &binfmt_machines[5];

	assert_string_equal(s390x->name, "s390x");
	return binfmt_machine_is_native(s390x, host.architecture) ? &binfmt_machines[4] : s390x;
}

static void put_program(struct looking *looking, const char *path,
			const struct binfmt_machine *machine)
{
	struct node *node = put(looking->f, looking->tree, path, "x");
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct fixture *f = looking->f;
	struct binfmt_head head;
	struct object_id id;

	binfmt_machine_head(machine, &head);
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(store_txn_put(txn, OBJECT_BLOB, head.bytes, head.size, &id, &f->err), f->err);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	node_set_blob(looking->tree, node, &id, head.size);
}

static int look_at(struct looking *looking, const char *program, const char *handlers)
{
	cleanup_with(strings_release) struct strings argv = { 0 }, env = { 0 };

	strings_add(&argv, program);
	strings_add(&env, "PATH=/sbin:/usr/bin");
	return foreign_check(looking->tree, &argv, &env, handlers, &looking->hint, &looking->err);
}

/* One that runs every program that is ELF. */
static void handle_all(struct looking *looking, const char *flags)
{
	cleanup_free char *text = xasprintf(
		"enabled\ninterpreter /usr/bin/qemu\nflags: %s\noffset 0\nmagic 7f454c46\n", flags);

	write_handler(looking->handlers, "all", text);
}

static void test_what_is_no_program_of_another_machine_is_left_alone(void **state)
{
	struct looking looking = begin(state);
	struct platform host = platform_host();

	put(looking.f, looking.tree, "/bin/script", "#!/bin/sh\n");
	put(looking.f, looking.tree, "/bin/short", "\177ELF");
	for (size_t i = 0; i < binfmt_machine_count; i++) {
		cleanup_free char *path = xasprintf("/bin/%s", binfmt_machines[i].name);

		if (!binfmt_machine_is_native(&binfmt_machines[i], host.architecture))
			continue;
		put_program(&looking, path, &binfmt_machines[i]);
		assert_int_equal(look_at(&looking, path, looking.handlers), 0);
	}
	assert_int_equal(look_at(&looking, "/bin/script", looking.handlers), 0);
	assert_int_equal(look_at(&looking, "/bin/short", looking.handlers), 0);
	assert_int_equal(look_at(&looking, "/bin/missing", looking.handlers), 0);
	assert_int_equal(look_at(&looking, "missing", looking.handlers), 0);
	end(&looking);
}

static void test_without_a_handler_it_is_refused_with_the_way_out(void **state)
{
	struct looking looking = begin(state);

	put_program(&looking, "/usr/bin/cc", other_machine());
	assert_int_equal(look_at(&looking, "cc", looking.handlers), -ENOEXEC);
	assert_non_null(strstr(looking.err.text, "/usr/bin/cc is a program for "));
	assert_non_null(strstr(looking.err.text, other_machine()->name));
	assert_non_null(strstr(looking.err.text, "qemu-user-static"));
	end(&looking);
}

static void test_a_handler_that_the_kernel_has_open_is_enough(void **state)
{
	struct looking looking = begin(state);

	put_program(&looking, "/bin/sh", other_machine());
	handle_all(&looking, "OCF");
	assert_int_equal(look_at(&looking, "/bin/sh", looking.handlers), 0);
	end(&looking);
}

static void test_another_handler_has_to_be_in_the_tree(void **state)
{
	struct looking looking = begin(state);

	put_program(&looking, "/bin/sh", other_machine());
	handle_all(&looking, "OC");
	assert_int_equal(look_at(&looking, "/bin/sh", looking.handlers), -ENOEXEC);
	assert_non_null(strstr(looking.err.text, "'/usr/bin/qemu'"));
	put(looking.f, looking.tree, "/usr/bin/qemu", "x");
	assert_int_equal(look_at(&looking, "/bin/sh", looking.handlers), 0);
	end(&looking);
}

static void test_a_later_handler_counts_when_the_first_cannot(void **state)
{
	struct looking looking = begin(state);

	put_program(&looking, "/bin/sh", other_machine());
	handle_all(&looking, "OC");
	write_handler(looking.handlers, "fixed",
		      "enabled\ninterpreter /x\nflags: F\nmagic 7f454c46\n");
	write_handler(looking.handlers, "zz", "enabled\ninterpreter /y\nmagic 7f454c46\n");
	assert_int_equal(look_at(&looking, "/bin/sh", looking.handlers), 0);
	end(&looking);
}

static void test_where_handlers_do_not_show_there_is_a_hint(void **state)
{
	struct looking looking = begin(state);

	put_program(&looking, "/bin/sh", other_machine());
	assert_int_equal(look_at(&looking, "/bin/sh", "/no/such"), 1);
	assert_non_null(strstr(looking.hint, "may have nothing that runs"));
	end(&looking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_is_no_program_of_another_machine_is_left_alone),
		CASE(test_without_a_handler_it_is_refused_with_the_way_out),
		CASE(test_a_handler_that_the_kernel_has_open_is_enough),
		CASE(test_another_handler_has_to_be_in_the_tree),
		CASE(test_a_later_handler_counts_when_the_first_cannot),
		CASE(test_where_handlers_do_not_show_there_is_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
