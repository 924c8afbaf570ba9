/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/foreign.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/platform.h"
#include "builder/step/binfmt.h"
#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/tree/lookup.h"

#define WAY_OUT                                                                               \
	"install qemu-user-static, or have its handlers registered with binfmt_misc; or let " \
	"a stage FROM --platform=$BUILDPLATFORM do it"

/* ---- the program ---- */

struct program {
	const char *path;
	struct binfmt_head head;
};

static int read_head(struct tree *tree, const char *path, struct program *ret)
{
	struct node *node;
	int r = tree_lookup(tree, path, 0, &node, NULL);
	ssize_t size;

	if (r <= 0)
		return r;
	size = tree_read_head(tree, node, ret->head.bytes, sizeof ret->head.bytes, NULL);
	if (size < 0)
		return (int)size;
	ret->path = path;
	ret->head.size = (size_t)size;
	return 1;
}

/* 1 found, 0 not, or it cannot be read: whoever runs it will say so. */
static int find_program(struct tree *tree, const char *name, const char *path,
			struct strings *tried, struct program *ret)
{
	if (strchr(name, '/'))
		return read_head(tree, name, ret) > 0;
	for (const char *at = path, *end; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ':');
		strings_add_format(tried, "%.*s/%s", (int)(end - at), at, name);
		if (read_head(tree, tried->items[tried->count - 1], ret) > 0)
			return 1;
	}
	return 0;
}

static bool is_elf(const struct program *program)
{
	return program->head.size >= sizeof(Elf32_Ehdr) &&
	       memcmp(program->head.bytes, ELFMAG, SELFMAG) == 0;
}

static unsigned machine_of(const struct program *program)
{
	const uint8_t *at = program->head.bytes + offsetof(Elf32_Ehdr, e_machine);

	return program->head.bytes[EI_DATA] == ELFDATA2MSB ? at[0] << 8 | at[1] : get_le16(at);
}

/* A machine that is not known here is not judged: NULL. */
static const struct binfmt_machine *foreign_machine(const struct program *program)
{
	struct platform host = platform_host();

	for (size_t i = 0; i < binfmt_machine_count; i++) {
		const struct binfmt_machine *machine = &binfmt_machines[i];

		if (machine->number == machine_of(program))
			return binfmt_machine_is_native(machine, host.architecture) ? NULL
										    : machine;
	}
	return NULL;
}

/* ---- handlers ---- */

/* 1 when one runs the program; 0 when there is none; -ENOENT: the tree lacks what it needs, which
 * goes to *ret_missing; -ENODATA: they do not show. */
static int find_handler(const char *path, struct tree *tree, const struct program *program,
			char **ret_missing)
{
	cleanup_with(binfmt_close) struct binfmt *handlers = NULL;
	int r = binfmt_open(path, &handlers), found = 0;

	if (r < 0)
		return r;
	while (found <= 0) {
		cleanup_with(binfmt_handler_release) struct binfmt_handler handler = { 0 };
		struct node *node;

		if (binfmt_next(handlers, &program->head, &handler) == 0)
			break;
		if (handler.fixed || !handler.interpreter ||
		    tree_lookup(tree, handler.interpreter, 0, &node, NULL) > 0) {
			found = 1;
		} else {
			found = -ENOENT;
			free(*ret_missing);
			*ret_missing = take_ptr(&handler.interpreter);
		}
	}
	return found;
}

int foreign_check(struct tree *tree, const struct strings *argv, const struct strings *env,
		  const char *handlers, char **ret_hint, struct error *err)
{
	cleanup_with(strings_release) struct strings tried = { 0 };
	cleanup_free char *missing = NULL;
	struct platform host = platform_host();
	struct program program = { 0 };
	const struct binfmt_machine *machine;
	int r;

	if (!find_program(tree, argv->items[0], strings_env_get(env, "PATH"), &tried, &program) ||
	    !is_elf(&program))
		return 0;
	machine = foreign_machine(&program);
	if (!machine)
		return 0;
	r = find_handler(handlers, tree, &program, &missing);
	if (r > 0)
		return 0;
	if (r == -ENOENT)
		return error_set(
			err, -ENOEXEC,
			"%s is a program for %s, and what runs it on this host (%s), '%s', "
			"is not in the image: register it with the flag F (fix-binary), "
			"or copy it there",
			program.path, machine->name, host.architecture, missing);
	if (r == 0)
		return error_set(
			err, -ENOEXEC,
			"%s is a program for %s, and nothing runs those on this host (%s): " WAY_OUT,
			program.path, machine->name, host.architecture);
	*ret_hint =
		xasprintf("%s is a program for %s, and this host (%s) may have nothing that runs "
			  "those: " WAY_OUT,
			  program.path, machine->name, host.architecture);
	return 1;
}
