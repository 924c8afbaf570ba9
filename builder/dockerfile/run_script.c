/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/run_script.h"

#include <errno.h>

#include "builder/dockerfile/instruction.h"
#include "builder/dockerfile/lex/heredoc.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/path.h"

/* The line, with each body behind it up to its terminator, for the shell to take apart. */
static void rebuild(const struct command_line *command, struct buf *ret)
{
	buf_add_string(ret, command->args.items[0]);
	for (size_t i = 0; i < command->heredoc_count; i++) {
		const struct heredoc *heredoc = &command->heredocs[i];

		buf_add_char(ret, '\n');
		buf_append(ret, heredoc->content, heredoc->content_size);
		buf_add_string(ret, heredoc->name);
	}
}

static void take_body(const struct heredoc *heredoc, struct buf *ret)
{
	if (heredoc->chomp)
		heredoc_chomp(heredoc, ret);
	else
		buf_append(ret, heredoc->content, heredoc->content_size);
}

int run_script_make(const struct command_line *command, struct run_script *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(arena_release) struct arena arena = { 0 };
	struct run_script script = { .kind = RUN_SCRIPT_SHELL };
	struct heredoc alone;

	if (command->heredoc_count == 0) {
		*ret = (struct run_script){ 0 };
		return 0;
	}
	/* Quotes mean one thing in flags and another to heredocs: one may lie within a flag. */
	if (command->args.count != 1 || command->exec_form)
		return error_set(
			err, -EINVAL,
			"there is a heredoc but no command line for it: is a quote left open "
			"in a flag?");
	if (heredoc_of_word(command->args.items[0], &arena, &alone, NULL) <= 0) {
		rebuild(command, &text);
	} else {
		const char *name = command->heredocs[0].name;

		take_body(&command->heredocs[0], &text);
		if (strncmp(buf_string(&text), "#!", 2) == 0) {
			if (!path_name_valid(name, strlen(name)))
				return error_set(err, -EINVAL,
						 "'%s' cannot be the name of a script's file",
						 name);
			script.kind = RUN_SCRIPT_FILE;
			script.name = xstrdup(name);
		}
	}
	script.size = text.length;
	script.text = buf_take(&text);
	*ret = script;
	return 0;
}

void run_script_release(struct run_script *script)
{
	free(script->text);
	free(script->name);
	*script = (struct run_script){ 0 };
}
