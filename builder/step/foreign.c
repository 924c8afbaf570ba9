/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/foreign.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/image/platform.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"
#include "fs/store/store.h"
#include "fs/tree/lookup.h"

/* The kernel matches no byte behind that. */
#define HEAD_SIZE 256
/* Lines of a handler are not longer: magic and mask in hexadecimal digits. */
#define HANDLER_SIZE_MAX ((size_t)4096)

#define WAY_OUT                                                                               \
	"install qemu-user-static, or have its handlers registered with binfmt_misc; or let " \
	"a stage FROM --platform=$BUILDPLATFORM do it"

/* ---- the program ---- */

struct program {
	const char *path;
	uint8_t head[HEAD_SIZE];
	size_t size;
};

static int read_head(struct tree *tree, const char *path, struct program *ret)
{
	struct node *node;
	int r = tree_lookup(tree, path, 0, &node, NULL);
	ssize_t size;

	if (r <= 0)
		return r;
	size = tree_read_head(tree, node, ret->head, sizeof ret->head, NULL);
	if (size < 0)
		return (int)size;
	ret->path = path;
	ret->size = (size_t)size;
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
	return program->size >= sizeof(Elf32_Ehdr) && memcmp(program->head, ELFMAG, SELFMAG) == 0;
}

static unsigned machine_of(const struct program *program)
{
	const uint8_t *at = program->head + offsetof(Elf32_Ehdr, e_machine);

	return program->head[EI_DATA] == ELFDATA2MSB ? at[0] << 8 | at[1] : get_le16(at);
}

static const struct machine {
	unsigned number;
	const char *name;     /* in Go's words */
	const char *hosts[3]; /* whose kernels run it without help */
} machines[] = {
	{ EM_X86_64, "amd64", { "amd64" } },
	{ EM_386, "386", { "386", "amd64" } },
	{ EM_AARCH64, "arm64", { "arm64" } },
	{ EM_ARM, "arm", { "arm", "arm64" } },
	{ EM_RISCV, "riscv64", { "riscv64" } },
	{ EM_S390, "s390x", { "s390x" } },
	{ EM_PPC64, "ppc64le", { "ppc64le", "ppc64" } },
	{ EM_MIPS, "mips", { "mips", "mips64", "mips64le" } },
	{ 258, "loong64", { "loong64" } },
};

/* A machine that is not known here is not judged: NULL. */
static const struct machine *foreign_machine(const struct program *program)
{
	struct platform host = platform_host();

	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		const struct machine *machine = &machines[i];

		if (machine->number != machine_of(program))
			continue;
		for (size_t k = 0; k < 3 && machine->hosts[k]; k++) {
			if (strcmp(machine->hosts[k], host.architecture) == 0)
				return NULL;
		}
		return machine;
	}
	return NULL;
}

/* ---- handlers ---- */

struct handler {
	bool enabled, fixed; /* fixed: the kernel has the interpreter open */
	char *interpreter;
	uint32_t offset;
	uint8_t magic[HEAD_SIZE], mask[HEAD_SIZE];
	size_t magic_size, mask_size;
};

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t read_digits(const char *text, uint8_t ret[HEAD_SIZE])
{
	size_t size = 0;

	while (size < HEAD_SIZE && digit(text[0]) >= 0 && digit(text[1]) >= 0) {
		ret[size++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text += 2;
	}
	return size;
}

static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);

	return strncmp(line, key, length) == 0 ? line + length : NULL;
}

static void read_line(const char *line, struct handler *ret)
{
	const char *value;

	if (strcmp(line, "enabled") == 0)
		ret->enabled = true;
	else if ((value = value_of(line, "interpreter ")) && !ret->interpreter)
		ret->interpreter = xstrdup(value);
	else if ((value = value_of(line, "flags: ")))
		ret->fixed = strchr(value, 'F') != NULL;
	else if ((value = value_of(line, "offset ")))
		(void)parse_u32(value, &ret->offset);
	else if ((value = value_of(line, "magic ")))
		ret->magic_size = read_digits(value, ret->magic);
	else if ((value = value_of(line, "mask ")))
		ret->mask_size = read_digits(value, ret->mask);
}

static bool matches(const struct handler *handler, const struct program *program)
{
	if (!handler->enabled || handler->magic_size == 0 || handler->offset > program->size ||
	    handler->magic_size > program->size - handler->offset)
		return false;
	for (size_t i = 0; i < handler->magic_size; i++) {
		uint8_t mask = i < handler->mask_size ? handler->mask[i] : 0xff;

		if ((program->head[handler->offset + i] ^ handler->magic[i]) & mask)
			return false;
	}
	return true;
}

/* 1 when it runs the program; 0 when it is for something else; -ENOENT: the tree lacks what it
 * needs, which goes to *ret_missing. */
static int try_handler(int dir_fd, const char *name, struct tree *tree,
		       const struct program *program, char **ret_missing)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct handler handler = { 0 };
	struct node *node;
	char *rest, *line;
	int r = file_read(dir_fd, name, HANDLER_SIZE_MAX, &text);

	if (r < 0)
		return 0;
	buf_add_char(&text, '\0');
	rest = text.data;
	while ((line = strsep(&rest, "\n")))
		read_line(line, &handler);
	r = matches(&handler, program);
	if (r && !handler.fixed && handler.interpreter &&
	    tree_lookup(tree, handler.interpreter, 0, &node, NULL) <= 0) {
		free(*ret_missing);
		*ret_missing = take_ptr(&handler.interpreter);
		r = -ENOENT;
	}
	free(handler.interpreter);
	return r;
}

/* As try_handler(), of all of them; -ENODATA: they do not show. */
static int find_handler(const char *path, struct tree *tree, const struct program *program,
			char **ret_missing)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int found = 0;

	if (!dir)
		return -ENODATA;
	if (faccessat(dirfd(dir), "status", R_OK, 0) < 0)
		found = -ENODATA;
	while (found <= 0 && found != -ENODATA && (entry = readdir(dir))) {
		int r = 0;

		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "register") != 0)
			r = try_handler(dirfd(dir), entry->d_name, tree, program, ret_missing);
		if (r != 0)
			found = r;
	}
	closedir(dir);
	return found;
}

int foreign_check(struct tree *tree, const struct strings *argv, const struct strings *env,
		  const char *handlers, char **ret_hint, struct error *err)
{
	cleanup_with(strings_release) struct strings tried = { 0 };
	cleanup_free char *missing = NULL;
	struct platform host = platform_host();
	struct program program = { 0 };
	const struct machine *machine;
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
