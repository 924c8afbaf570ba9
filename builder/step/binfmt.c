/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/binfmt.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"

/* Files of handlers are not longer: magic and mask in hexadecimal digits. */
#define HANDLER_SIZE_MAX ((size_t)4096)

/* ---- one handler ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t read_digits(const char *text, uint8_t ret[BINFMT_HEAD_SIZE])
{
	size_t size = 0;

	while (size < BINFMT_HEAD_SIZE && digit(text[0]) >= 0 && digit(text[1]) >= 0) {
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

static void read_line(const char *line, struct binfmt_handler *ret)
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

void binfmt_handler_parse(const char *text, struct binfmt_handler *ret)
{
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	*ret = (struct binfmt_handler){ 0 };
	while ((line = strsep(&rest, "\n")))
		read_line(line, ret);
}

bool binfmt_handler_matches(const struct binfmt_handler *handler, const struct binfmt_head *head)
{
	if (!handler->enabled || handler->magic_size == 0 || handler->offset > head->size ||
	    handler->magic_size > head->size - handler->offset)
		return false;
	for (size_t i = 0; i < handler->magic_size; i++) {
		uint8_t mask = i < handler->mask_size ? handler->mask[i] : 0xff;

		if ((head->bytes[handler->offset + i] ^ handler->magic[i]) & mask)
			return false;
	}
	return true;
}

void binfmt_handler_release(struct binfmt_handler *handler)
{
	free(handler->interpreter);
	*handler = (struct binfmt_handler){ 0 };
}

/* ---- all of them ---- */

struct binfmt {
	DIR *dir;
};

int binfmt_open(const char *path, struct binfmt **ret)
{
	DIR *dir = opendir(path);

	if (!dir)
		return -ENODATA;
	if (faccessat(dirfd(dir), "status", R_OK, 0) < 0) {
		closedir(dir);
		return -ENODATA;
	}
	*ret = xcalloc(1, sizeof **ret);
	(*ret)->dir = dir;
	return 0;
}

void binfmt_close(struct binfmt *binfmt)
{
	if (!binfmt)
		return;
	closedir(binfmt->dir);
	free(binfmt);
}

int binfmt_next(struct binfmt *binfmt, const struct binfmt_head *head, struct binfmt_handler *ret)
{
	struct dirent *entry;

	while ((entry = readdir(binfmt->dir))) {
		cleanup_with(binfmt_handler_release) struct binfmt_handler handler = { 0 };
		cleanup_with(buf_release) struct buf text = { 0 };

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "register") == 0 ||
		    file_read(dirfd(binfmt->dir), entry->d_name, HANDLER_SIZE_MAX, &text) < 0)
			continue;
		binfmt_handler_parse(buf_string(&text), &handler);
		if (!binfmt_handler_matches(&handler, head))
			continue;
		*ret = handler;
		handler = (struct binfmt_handler){ 0 };
		return 1;
	}
	return 0;
}

/* ---- machines ---- */

const struct binfmt_machine binfmt_machines[] = {
	{ "amd64", EM_X86_64, ELFCLASS64, ELFDATA2LSB, { "amd64" } },
	{ "386", EM_386, ELFCLASS32, ELFDATA2LSB, { "386", "amd64" } },
	{ "arm64", EM_AARCH64, ELFCLASS64, ELFDATA2LSB, { "arm64" } },
	{ "arm", EM_ARM, ELFCLASS32, ELFDATA2LSB, { "arm", "arm64" } },
	{ "riscv64", EM_RISCV, ELFCLASS64, ELFDATA2LSB, { "riscv64" } },
	{ "s390x", EM_S390, ELFCLASS64, ELFDATA2MSB, { "s390x" } },
	{ "ppc64le", EM_PPC64, ELFCLASS64, ELFDATA2LSB, { "ppc64le", "ppc64" } },
	{ "mips64le", EM_MIPS, ELFCLASS64, ELFDATA2LSB, { "mips", "mips64", "mips64le" } },
	{ "loong64", 258, ELFCLASS64, ELFDATA2LSB, { "loong64" } },
};
const size_t binfmt_machine_count = sizeof binfmt_machines / sizeof *binfmt_machines;

bool binfmt_machine_is_native(const struct binfmt_machine *machine, const char *host)
{
	for (size_t i = 0; i < 3 && machine->hosts[i]; i++) {
		if (strcmp(machine->hosts[i], host) == 0)
			return true;
	}
	return false;
}

void binfmt_machine_head(const struct binfmt_machine *machine, struct binfmt_head *ret)
{
	bool msb = machine->elf_data == ELFDATA2MSB;
	const size_t type = offsetof(Elf64_Ehdr, e_type), number = offsetof(Elf64_Ehdr, e_machine);

	/* Both classes have all that handlers look at in the same places. */
	*ret = (struct binfmt_head){ .size = sizeof(Elf64_Ehdr) };
	memcpy(ret->bytes, ELFMAG, SELFMAG);
	ret->bytes[EI_CLASS] = machine->elf_class;
	ret->bytes[EI_DATA] = machine->elf_data;
	ret->bytes[EI_VERSION] = EV_CURRENT;
	ret->bytes[type + msb] = ET_EXEC;
	ret->bytes[number + msb] = (uint8_t)machine->number;
	ret->bytes[number + !msb] = (uint8_t)(machine->number >> 8);
}
