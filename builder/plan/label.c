/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/label.h"

#include <stdio.h>
#include <string.h>

#include "builder/dockerfile/lex/heredoc.h"
#include "builder/dockerfile/lex/span.h"
#include "builder/plan/lower/lower_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"

/* What becomes longer with its variables keeps their names. */
#define EXPANDED_MAX ((size_t)64 << 10)

/* ---- the command ---- */

struct masked_env {
	struct expand_env env;
	const struct run_mounts *mounts;
};

/* A variable whose value is a secret, which nobody knows here. */
static const char *get_masked(void *context, const char *name)
{
	const struct masked_env *masked = context;

	for (size_t i = 0; masked->mounts && i < masked->mounts->count; i++) {
		const struct run_mount *mount = &masked->mounts->items[i];

		if (mount->type == RUN_MOUNT_SECRET && mount->env && strcmp(mount->env, name) == 0)
			return "****";
	}
	return masked->env.get(masked->env.context, name);
}

/* The first line of `text`, and "..." when there are more. */
static void summarize(const char *content, struct buf *ret)
{
	struct span text = span_trim(span_of(content));
	const char *end = memchr(text.at, '\n', text.length);
	size_t length = end ? (size_t)(end - text.at) : text.length;

	if (end && length && text.at[length - 1] == '\r')
		length--;
	buf_add_string(ret, " (");
	buf_append(ret, text.at, length);
	buf_add_string(ret, end ? "...)" : ")");
}

/* RUN with a heredoc as all of its command. */
static const struct heredoc *lone_heredoc(const struct lowering *lowering)
{
	const struct instruction *instruction = lowering->instruction;
	const struct command_line *command = &instruction->run.command;
	struct heredoc ignored;

	if (instruction->keyword != KEYWORD_RUN || command->heredoc_count == 0 ||
	    command->args.count == 0)
		return NULL;
	if (heredoc_of_word(command->args.items[0], &lowering->planning->memory->arena, &ignored,
			    NULL) <= 0)
		return NULL;
	return &command->heredocs[0];
}

static void expand(const struct lowering *lowering, const struct run_mounts *mounts,
		   const char *text, struct buf *ret)
{
	struct masked_env masked = { .env = scope_expand_env(lowering->scope), .mounts = mounts };
	cleanup_with(buf_release) struct buf expanded = { 0 };
	struct expander expander = { .escape = lowering->scope->escape,
				     .env = { .get = get_masked, .context = &masked } };

	if (lowering->instruction->keyword == KEYWORD_RUN)
		expander.flags = EXPAND_RAW_QUOTES | EXPAND_KEEP_UNSET;
	if (expand_word(&expander, text, &expanded, NULL) == 0 &&
	    expanded.length <= EXPANDED_MAX + strlen(text))
		buf_append(ret, buf_string(&expanded), expanded.length);
	else
		buf_add_string(ret, text);
}

static void raise_keyword(char *text)
{
	for (; *text && !strchr(" \t", *text); text++) {
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
	}
}

void label_command(const struct lowering *lowering, const struct run_mounts *mounts,
		   struct buf *ret)
{
	struct span line = span_trim(span_of(lowering->instruction->statement->text));
	const struct heredoc *heredoc = lone_heredoc(lowering);
	cleanup_with(buf_release) struct buf text = { 0 };
	size_t start;

	buf_append(&text, line.at, line.length);
	if (heredoc)
		summarize(heredoc->content, &text);
	if (lowering->is_trigger)
		buf_add_string(ret, "ONBUILD ");
	start = ret->length;
	expand(lowering, mounts, buf_string(&text), ret);
	if (ret->length > start)
		raise_keyword(ret->data + start);
}

/* ---- in front of it ---- */

static void set_field(char field[], size_t size, const char *value)
{
	if (value)
		(void)platform_set(field, size, value, NULL); /* nonsense shows nothing */
}

/* What the stage says it makes things for, if it asked for it. */
static bool target_of(const struct variables *env, const struct platform *base,
		      struct platform *ret)
{
	const char *whole = variables_get(env, "TARGETPLATFORM");
	const char *os = variables_get(env, "TARGETOS");
	const char *architecture = variables_get(env, "TARGETARCH");
	const char *variant = variables_get(env, "TARGETVARIANT");

	*ret = (struct platform){ 0 };
	if (whole && platform_parse(whole, ret, NULL) == 0)
		return true;
	set_field(ret->os, sizeof ret->os, os ? os : base->os);
	set_field(ret->architecture, sizeof ret->architecture,
		  architecture ? architecture : base->architecture);
	set_field(ret->variant, sizeof ret->variant, variant);
	platform_normalize(ret);
	return os || architecture || variant;
}

/* "linux/amd64", or "linux/amd64->arm64" for a stage that compiles for another machine. */
static void add_platform(const struct lowering *lowering, struct buf *ret)
{
	const struct platform *base = &lowering->work->plan->platform;
	char text[PLATFORM_TEXT_MAX];
	struct platform target;

	platform_format(base, text);
	buf_add_string(ret, text);
	if (lowering->instruction && target_of(&lowering->scope->env, base, &target)) {
		bool same_os = strcmp(target.os, base->os) == 0;
		const char *slash;

		platform_format(&target, text);
		slash = strchrnul(text, '/');
		if (!same_os)
			buf_add_format(ret, "->%s", text);
		else if (strcmp(target.architecture, base->architecture) != 0)
			buf_add_format(ret, "->%s", *slash ? slash + 1 : text);
	}
	buf_add_char(ret, ' ');
}

void label_prefix(const struct lowering *lowering, struct buf *ret)
{
	const struct plan_stage *stage = lowering->work->plan;
	bool alone = lowering->planning->recipe->stage_count == 1 && !stage->name;
	int width = snprintf(NULL, 0, "%u", stage->steps);

	buf_add_char(ret, '[');
	if (lowering->planning->options->several_platforms)
		add_platform(lowering, ret);
	if (!alone)
		buf_add_format(ret, "%s ", stage->label);
	buf_add_format(ret, "%*u/%u] ", width, lowering->step, stage->steps);
}
