/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tools/complete.h"
#include "tools/verb.h"

/* What does not depend on the tables. The command line is read as options_parse() does. */
static const char engine[] = "_varve_offer()\n"
			     "{\n"
			     "\t# $1: words to choose from\n"
			     "\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
			     "}\n"
			     "\n"
			     "_varve_offer_files()\n"
			     "{\n"
			     "\tcompopt -o filenames\n"
			     "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
			     "}\n"
			     "\n"
			     "# $1: the option whose value is wanted\n"
			     "_varve_value()\n"
			     "{\n"
			     "\tlocal word offered=''\n"
			     "\tfor word in $choices; do\n"
			     "\t\t[[ $word == \"$1=\"* ]] && offered+=\" ${word#*=}\"\n"
			     "\tdone\n"
			     "\tif [[ $offered ]]; then\n"
			     "\t\t_varve_offer \"$offered\"\n"
			     "\telif [[ \" $files \" == *\" $1 \"* ]]; then\n"
			     "\t\t_varve_offer_files -f\n"
			     "\telif [[ \" $directories \" == *\" $1 \"* ]]; then\n"
			     "\t\t_varve_offer_files -d\n"
			     "\tfi\n"
			     "}\n"
			     "\n"
			     "_varve()\n"
			     "{\n"
			     "\tlocal words=() cur word path='' wanted='' glue=0 i\n"
			     "\tlocal verbs options valued files directories choices operands\n"
			     "\tCOMPREPLY=()\n"
			     "\t# Words are broken at \"=\": put them together again.\n"
			     "\tfor ((i = 1; i <= COMP_CWORD; i++)); do\n"
			     "\t\tword=${COMP_WORDS[i]}\n"
			     "\t\tif [[ $word == '=' && ${#words[@]} -gt 0 ]]; then\n"
			     "\t\t\twords[${#words[@]}-1]+='='\n"
			     "\t\t\tglue=1\n"
			     "\t\telif ((glue)); then\n"
			     "\t\t\twords[${#words[@]}-1]+=$word\n"
			     "\t\t\tglue=0\n"
			     "\t\telse\n"
			     "\t\t\twords+=(\"$word\")\n"
			     "\t\tfi\n"
			     "\tdone\n"
			     "\t_varve_table ''\n"
			     "\tfor ((i = 0; i < ${#words[@]} - 1; i++)); do\n"
			     "\t\tword=${words[i]}\n"
			     "\t\tif [[ $wanted ]]; then\n"
			     "\t\t\twanted=''\n"
			     "\t\telif [[ $word == '--' ]]; then\n"
			     "\t\t\tverbs='' options=''\n"
			     "\t\t\tbreak\n"
			     "\t\telif [[ \" $valued \" == *\" $word \"* ]]; then\n"
			     "\t\t\twanted=$word\n"
			     "\t\telif [[ \" $verbs \" == *\" $word \"* ]]; then\n"
			     "\t\t\tpath+=\"${path:+ }$word\"\n"
			     "\t\t\t_varve_table \"$path\"\n"
			     "\t\tfi\n"
			     "\tdone\n"
			     "\tcur=${words[${#words[@]}-1]}\n"
			     "\tif [[ $wanted ]]; then\n"
			     "\t\t_varve_value \"$wanted\"\n"
			     "\telif [[ $cur == --*=* ]]; then\n"
			     "\t\twanted=${cur%%=*} cur=${cur#*=}\n"
			     "\t\t_varve_value \"$wanted\"\n"
			     "\telif [[ $cur == -* ]]; then\n"
			     "\t\t_varve_offer \"$options\"\n"
			     "\telif [[ $verbs ]]; then\n"
			     "\t\t_varve_offer \"$verbs\"\n"
			     "\telif [[ $operands == -[fd] ]]; then\n"
			     "\t\t_varve_offer_files \"$operands\"\n"
			     "\telse\n"
			     "\t\t_varve_offer \"$operands\"\n"
			     "\tfi\n"
			     "}\n"
			     "\n"
			     "complete -F _varve varve\n";

/* The lists of one verb, side by side. */
struct lists {
	struct buf verbs, options, valued, files, directories, choices;
};

static void add_word(struct buf *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_word(struct buf *list, const char *format, ...)
{
	va_list args;

	if (list->length > 0)
		buf_add_char(list, ' ');
	va_start(args, format);
	buf_add_vformat(list, format, args);
	va_end(args);
}

static void add_option(struct lists *lists, const struct option_spec *spec)
{
	add_word(&lists->options, "--%s", spec->name);
	if (spec->letter)
		add_word(&lists->options, "-%c", spec->letter);
	if (!option_takes_value(spec))
		return;
	if (!spec->implied) {
		add_word(&lists->valued, "--%s", spec->name);
		if (spec->letter)
			add_word(&lists->valued, "-%c", spec->letter);
	}
	for (int letter = 0; letter <= (spec->letter != 0); letter++) {
		char name[80];

		if (letter)
			snprintf(name, sizeof name, "-%c", spec->letter);
		else
			snprintf(name, sizeof name, "--%s", spec->name);
		for (const char *const *choice = spec->choices; choice && *choice; choice++)
			add_word(&lists->choices, "%s=%s", name, *choice);
		if (spec->completion == COMPLETE_FILE)
			add_word(&lists->files, "%s", name);
		if (spec->completion == COMPLETE_DIRECTORY)
			add_word(&lists->directories, "%s", name);
	}
}

/* `name='a b c'`, for a list that is not empty. */
static void write_list(struct buf *ret, const char *name, struct buf *list)
{
	if (list->length > 0)
		buf_add_format(ret, "\t\t%s='%s'\n", name, buf_string(list));
	buf_release(list);
}

static void write_verb(struct buf *ret, const struct verb *root, const struct verb_path *at)
{
	const struct verb *verb = at->verb;
	const struct option_spec *spec = NULL;
	struct lists lists = { 0 };
	cleanup_with(strings_release) struct strings words = { 0 };
	struct buf operands = { 0 };

	for (const struct verb *const *child = verb->children; child && *child; child++) {
		if (!((*child)->flags & VERB_HIDDEN))
			add_word(&lists.verbs, "%s", (*child)->name);
	}
	while ((spec = verb_option_next(verb, root, spec)) != NULL)
		add_option(&lists, spec);
	verb_operand_words(verb, root, &words);
	for (size_t i = 0; i < words.count; i++)
		add_word(&operands, "%s", words.items[i]);
	if (verb->operand_completion == COMPLETE_FILE)
		add_word(&operands, "-f");
	if (verb->operand_completion == COMPLETE_DIRECTORY)
		add_word(&operands, "-d");
	buf_add_format(ret, "\t'%s')\n", at->path);
	write_list(ret, "verbs", &lists.verbs);
	write_list(ret, "options", &lists.options);
	write_list(ret, "valued", &lists.valued);
	write_list(ret, "files", &lists.files);
	write_list(ret, "directories", &lists.directories);
	write_list(ret, "choices", &lists.choices);
	write_list(ret, "operands", &operands);
	buf_add_string(ret, "\t\t;;\n");
}

void complete_bash(struct buf *ret, const struct verb *root)
{
	cleanup_with(verb_paths_release) struct verb_paths paths = { 0 };

	verb_paths_collect(&paths, root);
	buf_add_string(
		ret,
		"# shellcheck shell=bash\n"
		"# Completions for bash, printed by 'varve debug completions bash'.\n"
		"\n"
		"# $1: the verbs given so far\n"
		"_varve_table()\n"
		"{\n"
		"\tverbs='' options='' valued='' files='' directories='' choices='' operands=''\n"
		"\tcase $1 in\n");
	for (size_t i = 0; i < paths.count; i++)
		write_verb(ret, root, &paths.items[i]);
	buf_add_string(ret, "\tesac\n}\n\n");
	buf_add_string(ret, engine);
}
