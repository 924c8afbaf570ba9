/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/dockerfile/lex/csv.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

/* ---- secrets ---- */

enum secret_type { SECRET_EITHER, SECRET_FILE, SECRET_VARIABLE };

struct secret_words {
	const char *id, *file, *variable;
	enum secret_type type;
};

/* "key=value" in two, in place. */
static char *split_value(char *field)
{
	char *at = strchr(field, '=');

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static int take_word(const char *whole, const char *key, const char *value,
		     struct secret_words *words, struct error *err)
{
	if (strcmp(key, "id") == 0)
		words->id = value;
	else if (strcmp(key, "src") == 0 || strcmp(key, "source") == 0)
		words->file = value;
	else if (strcmp(key, "env") == 0)
		words->variable = value;
	else if (strcmp(key, "type") == 0 && strcmp(value, "file") == 0)
		words->type = SECRET_FILE;
	else if (strcmp(key, "type") == 0 && strcmp(value, "env") == 0)
		words->type = SECRET_VARIABLE;
	else if (strcmp(key, "type") == 0)
		return error_set(err, -EINVAL, "--secret '%s': the type is 'file' or 'env'", whole);
	else
		return error_set(err, -EINVAL,
				 "--secret '%s': '%s' is none of id, src, env and type", whole,
				 key);
	return 0;
}

static int parse_words(const char *whole, struct strings *fields, struct secret_words *ret,
		       struct error *err)
{
	int r = csv_fields(whole, fields, err);

	if (r < 0)
		return error_prefix(err, r, "--secret '%s'", whole);
	for (size_t i = 0; i < fields->count; i++) {
		char *value = split_value(fields->items[i]);

		if (!value)
			return error_set(err, -EINVAL,
					 "--secret '%s': '%s' is not of the form key=value", whole,
					 fields->items[i]);
		r = take_word(whole, fields->items[i], value, ret, err);
		if (r < 0)
			return r;
	}
	if (!ret->id || !*ret->id)
		return error_set(err, -EINVAL, "--secret '%s' has no id", whole);
	/* With type=env the source is the variable's name. */
	if (ret->type == SECRET_VARIABLE && ret->file && !ret->variable) {
		ret->variable = ret->file;
		ret->file = NULL;
	}
	return 0;
}

static int read_variable(const char *name, struct buf *ret, struct error *err)
{
	const char *value = getenv(name);

	if (!value)
		return error_set(err, -ENOENT, "the environment has no variable '%s'", name);
	if (strlen(value) > SECRET_MAX)
		return error_set(err, -E2BIG, "the variable '%s' is longer than %zu bytes", name,
				 SECRET_MAX);
	buf_add_string(ret, value);
	return 0;
}

static int read_file(const char *path, struct buf *ret, struct error *err)
{
	int r = file_read(AT_FDCWD, path, SECRET_MAX, ret);

	if (r == -E2BIG)
		return error_set(err, r, "'%s' is longer than the %zu bytes a secret may have",
				 path, SECRET_MAX);
	return r < 0 ? error_errno(err, r, "cannot read '%s'", path) : 0;
}

static int read_secret(const char *whole, struct secrets *secrets, struct error *err)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	struct secret_words words = { 0 };
	struct secret *ret = &secrets->items[secrets->count];
	bool from_variable;
	int r = parse_words(whole, &fields, &words, err);

	if (r < 0)
		return r;
	from_variable = words.variable ||
			(!words.file && (words.type == SECRET_VARIABLE ||
					 (words.type == SECRET_EITHER && getenv(words.id))));
	strings_add(&secrets->ids, words.id);
	ret->id = secrets->ids.items[secrets->count++];
	r = from_variable
		    ? read_variable(words.variable ? words.variable : words.id, &ret->value, err)
		    : read_file(words.file ? words.file : words.id, &ret->value, err);
	return r < 0 ? error_prefix(err, r, "secret '%s'", words.id) : 0;
}

int secrets_read(const struct strings *values, struct secrets *ret, struct error *err)
{
	ret->items = xcalloc(values->count + 1, sizeof *ret->items);
	for (size_t i = 0; i < values->count; i++) {
		int r = read_secret(values->items[i], ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void secrets_release(struct secrets *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		struct buf *value = &secrets->items[i].value;

		if (value->data)
			explicit_bzero(value->data, value->length);
		buf_release(value);
	}
	free(secrets->items);
	strings_release(&secrets->ids);
	*secrets = (struct secrets){ 0 };
}

/* ---- ssh agents ---- */

static const char *keep(struct ssh_agents *agents, char *text)
{
	strings_take(&agents->texts, text);
	return text;
}

static int find_agent(const char *whole, struct ssh_agents *agents, struct error *err)
{
	const char *at = strchr(whole, '=');
	const char *socket = at ? at + 1 : getenv("SSH_AUTH_SOCK");
	struct ssh_agent *ret = &agents->items[agents->count++];
	struct stat st;

	ret->id = keep(agents, xstrndup(whole, at ? (size_t)(at - whole) : strlen(whole)));
	if (!*ret->id)
		return error_set(err, -EINVAL, "--ssh '%s' has no id", whole);
	if (!socket || !*socket)
		return error_set(
			err, -ENOENT,
			"--ssh %s: no agent is running for you: $SSH_AUTH_SOCK is not set. "
			"Start one with: eval $(ssh-agent) && ssh-add",
			whole);
	if (stat(socket, &st) < 0)
		return error_errno(err, -errno, "--ssh %s: cannot find '%s'", whole, socket);
	if (!S_ISSOCK(st.st_mode))
		return error_set(
			err, -EOPNOTSUPP,
			"--ssh %s: '%s' is no socket of an agent. Keys go through an agent: "
			"eval $(ssh-agent) && ssh-add '%s', then --ssh %s",
			whole, socket, socket, ret->id);
	ret->socket = keep(agents, xstrdup(socket));
	return 0;
}

int ssh_agents_find(const struct strings *values, struct ssh_agents *ret, struct error *err)
{
	ret->items = xcalloc(values->count + 1, sizeof *ret->items);
	for (size_t i = 0; i < values->count; i++) {
		int r = find_agent(values->items[i], ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void ssh_agents_release(struct ssh_agents *agents)
{
	free(agents->items);
	strings_release(&agents->texts);
	*agents = (struct ssh_agents){ 0 };
}
