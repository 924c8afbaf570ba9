/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "builder/dockerfile/print.h"
#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "fs/base/quote.h"

static void add_quoted(struct buf *ret, const char *s)
{
	quote_append(ret, s, strlen(s));
}

static void add_words(struct buf *ret, const char *label, const struct words *words)
{
	if (words->count == 0)
		return;
	buf_add_format(ret, " %s=[", label);
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			buf_add_char(ret, ' ');
		add_quoted(ret, words->items[i]);
	}
	buf_add_char(ret, ']');
}

static void add_text(struct buf *ret, const char *label, const char *text)
{
	if (!text)
		return;
	buf_add_format(ret, " %s=", label);
	add_quoted(ret, text);
}

static void add_tristate(struct buf *ret, const char *label, enum tristate value)
{
	if (value != TRISTATE_UNSET)
		buf_add_format(ret, " %s=%s", label, value == TRISTATE_YES ? "yes" : "no");
}

static void print_command(const struct command_line *command, struct buf *ret)
{
	buf_add_string(ret, command->exec_form ? " exec" : " shell");
	add_words(ret, "args", &command->args);
	for (size_t i = 0; i < command->heredoc_count; i++)
		add_text(ret, "heredoc", command->heredocs[i].name);
}

static void print_copy(const struct copy_instruction *copy, struct buf *ret)
{
	add_words(ret, "sources", &copy->sources);
	for (size_t i = 0; i < copy->file_count; i++) {
		add_text(ret, copy->files[i].expand ? "file" : "raw-file", copy->files[i].name);
		add_text(ret, "content", copy->files[i].content);
	}
	add_text(ret, "to", copy->destination);
	add_text(ret, "from", copy->from);
	add_text(ret, "chown", copy->chown);
	add_text(ret, "chmod", copy->chmod);
	add_text(ret, "checksum", copy->checksum);
	add_words(ret, "exclude", &copy->excludes);
	if (copy->link)
		buf_add_string(ret, " link");
	if (copy->parents)
		buf_add_string(ret, " parents");
	add_tristate(ret, "keep-git-dir", copy->keep_git_dir);
	add_tristate(ret, "unpack", copy->unpack);
}

static void print_run(const struct run_instruction *run, struct buf *ret)
{
	print_command(&run->command, ret);
	add_words(ret, "mounts", &run->mounts);
	if (run->network != RUN_NETWORK_DEFAULT)
		buf_add_string(ret, run->network == RUN_NETWORK_HOST ? " network=host"
								     : " network=none");
	if (run->security == RUN_SECURITY_INSECURE)
		buf_add_string(ret, " security=insecure");
	for (size_t i = 0; i < run->device_count; i++)
		add_text(ret, run->devices[i].required ? "device!" : "device",
			 run->devices[i].name);
}

static void print_args(const struct arg_instruction *arg, struct buf *ret)
{
	for (size_t i = 0; i < arg->count; i++) {
		buf_add_char(ret, ' ');
		add_quoted(ret, arg->items[i].key);
		if (arg->items[i].value) {
			buf_add_char(ret, '=');
			add_quoted(ret, arg->items[i].value);
		}
		add_text(ret, "doc", arg->items[i].doc);
	}
}

static void print_pairs(const struct pairs_instruction *pairs, struct buf *ret)
{
	for (size_t i = 0; i < pairs->count; i++) {
		buf_add_char(ret, ' ');
		add_quoted(ret, pairs->items[i].key);
		buf_add_char(ret, pairs->items[i].old_form ? ' ' : '=');
		add_quoted(ret, pairs->items[i].value);
	}
}

static void print_health(const struct health_instruction *health, struct buf *ret)
{
	add_words(ret, "test", &health->test);
	buf_add_format(ret,
		       " interval=%" PRId64 " timeout=%" PRId64 " start-period=%" PRId64
		       " start-interval=%" PRId64 " retries=%u",
		       health->interval_ns, health->timeout_ns, health->start_period_ns,
		       health->start_interval_ns, health->retries);
}

static void print_from(const struct from_instruction *from, struct buf *ret)
{
	add_text(ret, "base", from->base);
	add_text(ret, "name", from->name);
	add_text(ret, "platform", from->platform);
	add_text(ret, "doc", from->doc);
}

static void print_body(const struct instruction *instruction, struct buf *ret)
{
	switch (instruction->keyword) {
	case KEYWORD_ADD:
	case KEYWORD_COPY:
		print_copy(&instruction->copy, ret);
		break;
	case KEYWORD_ARG:
		print_args(&instruction->arg, ret);
		break;
	case KEYWORD_CMD:
	case KEYWORD_ENTRYPOINT:
		print_command(&instruction->command, ret);
		break;
	case KEYWORD_ENV:
	case KEYWORD_LABEL:
		print_pairs(&instruction->pairs, ret);
		break;
	case KEYWORD_EXPOSE:
	case KEYWORD_SHELL:
	case KEYWORD_VOLUME:
		add_words(ret, "words", &instruction->words.words);
		break;
	case KEYWORD_FROM:
		print_from(&instruction->from, ret);
		break;
	case KEYWORD_HEALTHCHECK:
		print_health(&instruction->health, ret);
		break;
	case KEYWORD_ONBUILD:
		add_text(ret, "expression", instruction->onbuild.expression);
		break;
	case KEYWORD_RUN:
		print_run(&instruction->run, ret);
		break;
	case KEYWORD_MAINTAINER:
	case KEYWORD_STOPSIGNAL:
	case KEYWORD_USER:
	case KEYWORD_WORKDIR:
		add_text(ret, "text", instruction->text.text);
		break;
	case KEYWORD_UNKNOWN:
	case KEYWORD_COUNT:
		break;
	}
}

static void print_instruction(const struct instruction *instruction, struct buf *ret)
{
	buf_add_string(ret, keyword_name(instruction->keyword));
	print_body(instruction, ret);
	buf_add_char(ret, '\n');
}

void recipe_print(const struct recipe *recipe, struct buf *ret)
{
	for (size_t i = 0; i < recipe->global_count; i++)
		print_instruction(&recipe->globals[i], ret);
	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage *stage = &recipe->stages[i];

		buf_add_format(ret, "stage %zu\n  ", stage->index);
		print_instruction(stage->from, ret);
		for (size_t k = 0; k < stage->count; k++) {
			buf_add_string(ret, "  ");
			print_instruction(&stage->instructions[k], ret);
		}
	}
}
