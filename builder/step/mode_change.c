/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/mode_change.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

#define CLAUSES_MAX 64

/* One operation on the bits of some classes: "go+rX". */
struct clause {
	uint32_t who;    /* bits of the classes concerned: 0700, 0070, 0007 and their set-id bits */
	char op;         /* '=', '+' or '-' */
	uint32_t bits;   /* rwx, s and t for all classes, cut to `who` when applied */
	bool execute_if; /* X */
	char copy_from;  /* 'u', 'g', 'o', or 0 */
};

struct mode_change {
	bool octal;
	uint32_t mode;
	struct clause clauses[CLAUSES_MAX];
	unsigned count;
};

static uint32_t class_bits(char class)
{
	switch (class) {
	case 'u':
		return S_ISUID | S_IRWXU;
	case 'g':
		return S_ISGID | S_IRWXG;
	case 'o':
		return S_IRWXO;
	case 'a':
		return S_ISUID | S_ISGID | S_ISVTX | S_IRWXU | S_IRWXG | S_IRWXO;
	default:
		return 0;
	}
}

static uint32_t permission_bits(char permission)
{
	switch (permission) {
	case 'r':
		return 0444;
	case 'w':
		return 0222;
	case 'x':
		return 0111;
	case 's':
		return S_ISUID | S_ISGID;
	case 't':
		return S_ISVTX;
	default:
		return 0;
	}
}

/* What stands behind the operator, up to the next one or the end of the clause. */
static bool take_permissions(const char **at, struct clause *clause)
{
	if (**at && strchr("ugo", **at)) {
		clause->copy_from = *(*at)++;
		return true;
	}
	for (; **at && !strchr("=+-,", **at); (*at)++) {
		uint32_t bits = permission_bits(**at);

		if (**at == 'X')
			clause->execute_if = true;
		else if (!bits)
			return false;
		clause->bits |= bits;
	}
	return true;
}

static bool parse_symbolic(const char *text, struct mode_change *change)
{
	const char *at = text;

	for (;;) {
		uint32_t who = 0;
		bool any = false;

		for (; class_bits(*at); at++)
			who |= class_bits(*at);
		if (!who)
			who = class_bits('a');
		else
			who |= who & S_IRWXO ? S_ISVTX : 0;
		while (*at && strchr("=+-", *at)) {
			struct clause *clause = &change->clauses[change->count];

			if (change->count++ == CLAUSES_MAX - 1)
				return false;
			*clause = (struct clause){ .who = who, .op = *at++ };
			if (!take_permissions(&at, clause))
				return false;
			any = true;
		}
		if (!any || (*at && *at != ','))
			return false;
		if (!*at++)
			return true;
	}
}

int mode_change_parse(const char *text, struct mode_change **ret, struct error *err)
{
	cleanup_with(mode_change_free) struct mode_change *change = xcalloc(1, sizeof *change);

	if (parse_octal(text, 07777, &change->mode) == 0)
		change->octal = true;
	else if (!*text || !parse_symbolic(text, change))
		return error_set(err, -EINVAL,
				 "invalid chmod parameter: '%s'. it should be octal string and "
				 "between 0 and 07777, or symbolic",
				 text);
	*ret = take_ptr(&change);
	return 0;
}

bool mode_change_octal(const struct mode_change *change, uint32_t *ret)
{
	if (change->octal)
		*ret = change->mode;
	return change->octal;
}

static uint32_t copied_bits(uint32_t mode, char class)
{
	uint32_t bits = class == 'u' ? mode >> 6 : class == 'g' ? mode >> 3 : mode;

	bits &= 7;
	return bits << 6 | bits << 3 | bits;
}

uint32_t mode_change_apply(const struct mode_change *change, uint32_t mode, bool directory)
{
	if (change->octal)
		return change->mode;
	for (unsigned i = 0; i < change->count; i++) {
		const struct clause *clause = &change->clauses[i];
		uint32_t bits = clause->bits, who = clause->who;

		if (clause->copy_from)
			bits = copied_bits(mode, clause->copy_from);
		if (clause->execute_if && (directory || mode & 0111))
			bits |= 0111;
		bits &= who;
		if (clause->op == '+')
			mode |= bits;
		else if (clause->op == '-')
			mode &= ~bits;
		else
			mode = (mode & ~who) | bits;
	}
	return mode & 07777;
}

void mode_change_free(struct mode_change *change)
{
	free(change);
}
