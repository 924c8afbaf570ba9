/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that make no vertex: variables, and what is said of an image. */
#include <errno.h>

#include "builder/plan/created_by.h"
#include "builder/plan/lower/findings.h"
#include "builder/plan/lower/lower_internal.h"
#include "builder/plan/lower/ports.h"
#include "builder/plan/lower/stop_signal.h"
#include "builder/plan/outline.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

static const char *keyword(const struct lowering *lowering)
{
	return keyword_name(lowering->instruction->keyword);
}

/* ---- ARG ---- */

/* What was given comes before what the line says, and that before what all stages share. */
static int arg_value(struct lowering *lowering, const struct arg_item *item, const char **ret)
{
	const struct planning *planning = lowering->planning;

	*ret = build_args_get(planning->options->build_args, item->key);
	if (*ret)
		return 0;
	if (item->value)
		return scope_expand(lowering->scope, item->value, 0, ret, lowering->err);
	*ret = variables_get(&planning->globals.env, item->key);
	return 0;
}

/* One that takes over a global value is described where that is. */
static void note_arg(struct lowering *lowering, const struct arg_item *item, const char *value)
{
	struct planning *planning = lowering->planning;
	struct outline_item note = { .kind = OUTLINE_ARG,
				     .name = item->key,
				     .value = value ? value : "",
				     .doc = item->doc,
				     .where = lowering->instruction->statement->where };

	if (item->value || build_args_get(planning->options->build_args, item->key) ||
	    !variables_contain(&planning->globals.env, item->key))
		outline_note(planning, &note);
}

int lower_arg(struct lowering *lowering)
{
	const struct arg_instruction *arg = &lowering->instruction->arg;
	cleanup_with(buf_release) struct buf created_by = { 0 };

	buf_add_string(&created_by, "ARG");
	for (size_t i = 0; i < arg->count; i++) {
		const struct arg_item *item = &arg->items[i];
		const char *value;
		int r = arg_value(lowering, item, &value);

		find_undefined(lowering);
		find_secret(lowering, item->key);
		if (r == 0)
			note_arg(lowering, item, value);
		if (r == 0)
			r = scope_declare(lowering->scope, item->key, value, lowering->err);
		if (r < 0)
			return r;
		buf_add_char(&created_by, ' ');
		buf_add_string(&created_by, item->key);
		if (!value)
			continue;
		buf_add_char(&created_by, '=');
		buf_add_string(&created_by, value);
	}
	lower_change(lowering, CONFIG_HISTORY, &created_by);
	return 0;
}

/* ---- ENV, LABEL ---- */

/* Every value sees the variables as they were before the line. */
static int expand_pairs(struct lowering *lowering, struct words *ret)
{
	const struct pairs_instruction *pairs = &lowering->instruction->pairs;
	const struct scope *scope = lowering->scope;
	const char **words =
		plan_memory_array(lowering->planning->memory, 2 * pairs->count + 1, sizeof *words);

	for (size_t i = 0; i < pairs->count; i++) {
		const struct key_value *pair = &pairs->items[i];
		int r = scope_expand(scope, pair->key, 0, &words[2 * i], lowering->err);

		if (r == 0)
			r = scope_expand(scope, pair->value, 0, &words[2 * i + 1], lowering->err);
		if (r < 0)
			return r;
		if (!*words[2 * i])
			return error_set(lowering->err, -EINVAL, "%s names can not be blank",
					 keyword(lowering));
	}
	*ret = (struct words){ .items = words, .count = 2 * pairs->count };
	return 0;
}

static int change_pairs(struct lowering *lowering, enum config_change change)
{
	struct buf created_by = { 0 };
	struct words words;
	int r = expand_pairs(lowering, &words);

	find_undefined(lowering);
	find_old_form(lowering);
	for (size_t i = 0; r == 0 && change == CONFIG_ENV && i < words.count; i += 2)
		find_secret(lowering, words.items[i]);
	for (size_t i = 0; r == 0 && change == CONFIG_ENV && i < words.count; i += 2)
		r = scope_set_env(lowering->scope, words.items[i], words.items[i + 1],
				  lowering->err);
	if (r < 0)
		return r;
	created_by_pairs(keyword(lowering), &words, &created_by);
	lower_change(lowering, change, &created_by)->words = words;
	return 0;
}

/* ---- commands ---- */

/* The words of an image's command: with the shell in front, unless it is a list. */
static struct words command_words(const struct lowering *lowering)
{
	const struct command_line *command = &lowering->instruction->command;
	const struct words *shell = &lowering->scope->shell;
	const char **words;

	if (command->exec_form)
		return command->args;
	words = plan_memory_array(lowering->planning->memory, shell->count + 2, sizeof *words);
	for (size_t i = 0; i < shell->count; i++)
		words[i] = shell->items[i];
	words[shell->count] = command->args.count ? command->args.items[0] : "";
	return (struct words){ .items = words, .count = shell->count + 1 };
}

static void change_command(struct lowering *lowering, enum config_change change)
{
	struct words words = command_words(lowering);
	struct buf created_by = { 0 };
	struct config_chain *link;

	find_in_command(lowering);
	created_by_quoted(keyword(lowering), &words, &created_by);
	link = lower_change(lowering, change, &created_by);
	link->words = words;
	/* A CMD of the base image was meant for its own entrypoint. */
	link->flag = !lowering->scope->cmd_given;
	lowering->scope->cmd_given |= change == CONFIG_CMD;
}

static void change_shell(struct lowering *lowering)
{
	const struct words *words = &lowering->instruction->words.words;
	struct buf created_by = { 0 };

	lowering->scope->shell = *words;
	lowering->scope->shell_given = true;
	created_by_list("SHELL", words, &created_by);
	lower_change(lowering, CONFIG_SHELL, &created_by)->words = *words;
}

static void change_health(struct lowering *lowering)
{
	const struct health_instruction *health = &lowering->instruction->health;
	struct buf created_by = { 0 };

	find_in_command(lowering);
	created_by_health(health, &created_by);
	lower_change(lowering, CONFIG_HEALTH, &created_by)->health = health;
}

/* ---- lists ---- */

static int change_volumes(struct lowering *lowering)
{
	struct buf created_by = { 0 };
	struct words words;
	int r = scope_expand_all(lowering->scope, &lowering->instruction->words.words, &words,
				 lowering->err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < words.count; i++) {
		if (!*words.items[i])
			return error_set(lowering->err, -EINVAL,
					 "VOLUME specified can not be an empty string");
	}
	created_by_list("VOLUME", &words, &created_by);
	lower_change(lowering, CONFIG_VOLUME, &created_by)->words = words;
	return 0;
}

/* A variable may stand for several ports with blanks between them. */
static int change_ports(struct lowering *lowering)
{
	const struct words *written = &lowering->instruction->words.words;
	struct expander expander = { .escape = lowering->scope->escape,
				     .env = scope_expand_env(lowering->scope) };
	cleanup_with(strings_release) struct strings specs = { 0 };
	struct buf created_by = { 0 };
	struct words ports;
	int r = 0;

	for (size_t i = 0; i < written->count && r == 0; i++)
		r = expand_words(&expander, written->items[i], &specs, lowering->err);
	if (r == 0)
		r = ports_parse(lowering->planning, lowering->instruction->statement, &specs,
				&ports, lowering->err);
	if (r < 0)
		return r;
	created_by_list("EXPOSE", &ports, &created_by);
	lower_change(lowering, CONFIG_EXPOSE, &created_by)->words = ports;
	return 0;
}

/* ---- single words ---- */

static int change_text(struct lowering *lowering, enum config_change change)
{
	struct buf created_by = { 0 };
	const char *text;
	int r = scope_expand(lowering->scope, lowering->instruction->text.text, 0, &text,
			     lowering->err);

	if (r == 0 && change == CONFIG_STOP_SIGNAL)
		r = stop_signal_check(text, lowering->err);
	if (r < 0)
		return r;
	if (change == CONFIG_USER)
		lowering->scope->user = text;
	created_by_text(keyword(lowering), text, &created_by);
	lower_change(lowering, change, &created_by)->text = text;
	return 0;
}

static void change_author(struct lowering *lowering)
{
	const char *text = lowering->instruction->text.text;
	struct buf created_by = { 0 };

	created_by_text("MAINTAINER", text, &created_by);
	lower_change(lowering, CONFIG_AUTHOR, &created_by)->text = text;
}

/* It is kept for others, and leaves no trace in the history. */
static void add_trigger(struct lowering *lowering)
{
	lower_change(lowering, CONFIG_ONBUILD, NULL)->text =
		lowering->instruction->onbuild.expression;
}

int lower_config(struct lowering *lowering)
{
	switch (lowering->instruction->keyword) {
	case KEYWORD_ENV:
		return change_pairs(lowering, CONFIG_ENV);
	case KEYWORD_LABEL:
		return change_pairs(lowering, CONFIG_LABEL);
	case KEYWORD_EXPOSE:
		return change_ports(lowering);
	case KEYWORD_VOLUME:
		return change_volumes(lowering);
	case KEYWORD_USER:
		return change_text(lowering, CONFIG_USER);
	case KEYWORD_STOPSIGNAL:
		return change_text(lowering, CONFIG_STOP_SIGNAL);
	case KEYWORD_CMD:
		change_command(lowering, CONFIG_CMD);
		break;
	case KEYWORD_ENTRYPOINT:
		change_command(lowering, CONFIG_ENTRYPOINT);
		break;
	case KEYWORD_HEALTHCHECK:
		change_health(lowering);
		break;
	case KEYWORD_MAINTAINER:
		change_author(lowering);
		break;
	case KEYWORD_ONBUILD:
		add_trigger(lowering);
		break;
	case KEYWORD_SHELL:
		change_shell(lowering);
		break;
	case KEYWORD_ADD:
	case KEYWORD_ARG:
	case KEYWORD_COPY:
	case KEYWORD_FROM:
	case KEYWORD_RUN:
	case KEYWORD_WORKDIR:
	case KEYWORD_UNKNOWN:
	case KEYWORD_COUNT:
		break; /* none of them gets here */
	}
	return 0;
}
