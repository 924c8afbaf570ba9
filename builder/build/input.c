/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "builder/build/news.h"
#include "builder/context/context.h"
#include "builder/context/pattern.h"
#include "builder/dockerfile/parser.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

#define TAR_MAGIC_OFFSET 257

bool input_is_remote(const char *place)
{
	static const char *const prefixes[] = { "http://", "https://", "git://",
						"ssh://",  "git@",     "github.com/" };

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		if (strncmp(place, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* ---- ignore files ---- */

/* 1 and the patterns, or 0 when there is no such file. */
static int read_ignore(const char *path, struct patterns **ret, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(strings_release) struct strings items = { 0 };
	int r = file_read(AT_FDCWD, path, IGNORE_FILE_MAX, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return error_errno(err, r, "cannot read '%s'", path);
	r = ignore_file_parse(buf_string(&text), text.length, &items, err);
	if (r == 0)
		r = patterns_compile((const char *const *)strings_argv(&items), items.count, ret,
				     err);
	return r < 0 ? error_prefix(err, r, "%s", path) : 1;
}

/* "NAME.dockerignore" beside the Dockerfile goes before the context's own. */
static int find_ignore(const char *directory, const char *dockerfile, struct patterns **ret,
		       struct error *err)
{
	cleanup_free char *common = xasprintf("%s/.dockerignore", directory);
	int r = 0;

	if (dockerfile) {
		cleanup_free char *special = xasprintf("%s.dockerignore", dockerfile);

		r = read_ignore(special, ret, err);
	}
	return r != 0 ? r : read_ignore(common, ret, err);
}

static int open_directory(struct store *store, const char *path, const char *dockerfile,
			  struct context **ret, struct error *err)
{
	struct context_options options = { .path = path };
	int r = find_ignore(path, dockerfile, &options.ignore, err);

	return r < 0 ? r : context_open(store, &options, ret, err);
}

int input_open_directory(struct store *store, const char *path, struct context **ret,
			 struct error *err)
{
	return open_directory(store, path, NULL, ret, err);
}

/* ---- the Dockerfile ---- */

static bool is_archive(const struct buf *text)
{
	static const struct {
		const char *magic;
		size_t size, offset;
	} kinds[] = { { "\x1f\x8b", 2, 0 },
		      { "BZh", 3, 0 },
		      { "\xfd"
			"7zXZ",
			5, 0 },
		      { "\x28\xb5\x2f\xfd", 4, 0 },
		      { "ustar", 5, TAR_MAGIC_OFFSET } };

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (text->length >= kinds[i].offset + kinds[i].size &&
		    memcmp(text->data + kinds[i].offset, kinds[i].magic, kinds[i].size) == 0)
			return true;
	}
	return false;
}

static int read_stdin(const struct input_place *place, struct input *input, struct error *err)
{
	int r = fd_read_to_end(place->stdin_fd, DOCKERFILE_SIZE_MAX, &input->text);

	input->name = xstrdup("Dockerfile");
	if (r < 0)
		return error_errno(err, r, "cannot read the Dockerfile from standard input");
	if (is_archive(&input->text))
		return error_set(err, -EOPNOTSUPP,
				 "standard input is an archive, not a Dockerfile: unpack it into a "
				 "directory and build that");
	return 0;
}

static int try_file(const char *path, struct input *input, struct error *err)
{
	int r = file_read(AT_FDCWD, path, DOCKERFILE_SIZE_MAX, &input->text);

	if (r == -ENOENT)
		return r;
	return r < 0 ? error_errno(err, r, "cannot read the Dockerfile '%s'", path) : 0;
}

/* The path that it was found at, for its ignore file; NULL for standard input. */
static int read_text(const struct input_place *place, struct input *input, char **ret_path,
		     struct error *err)
{
	static const char *const usual[] = { "Dockerfile", "dockerfile", "Containerfile" };
	int r;

	if (place->file && strcmp(place->file, "-") == 0)
		return read_stdin(place, input, err);
	if (place->file) {
		input->name = xstrdup(place->file);
		*ret_path = xstrdup(place->file);
		r = try_file(place->file, input, err);
		return r == -ENOENT
			       ? error_errno(err, r, "cannot read the Dockerfile '%s'", place->file)
			       : r;
	}
	if (!place->context)
		return read_stdin(place, input, err);
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
		cleanup_free char *path = xasprintf("%s/%s", place->context, usual[i]);

		r = try_file(path, input, err);
		if (r == -ENOENT)
			continue;
		input->name = xstrdup(usual[i]);
		*ret_path = take_ptr(&path);
		return r;
	}
	return error_set(
		err, -ENOENT,
		"there is no Dockerfile in '%s'; name one with -f, or the directory it is in",
		place->context);
}

static int understand(struct input *input, struct diagnostic *diag, struct error *err)
{
	int r = dockerfile_parse(input->name, buf_string(&input->text), input->text.length,
				 &input->file, diag);

	if (r == 0)
		r = recipe_parse(input->file, &input->recipe, diag);
	if (r < 0 && err)
		*err = diag->error;
	return r;
}

static int load_dockerfile(const struct input_place *place, struct news *news, struct input *input,
			   char **ret_path, struct error *err)
{
	unsigned number;
	int r;

	number = news_begin(news, "[internal] load build definition from Dockerfile");
	r = read_text(place, input, ret_path, err);
	if (r == 0)
		news_status(news, number, "transferring dockerfile:", input->text.length, 0, true,
			    true);
	return news_end(news, number, r, err);
}

static int load_context(struct store *store, const struct input_place *place,
			const char *dockerfile, struct news *news, struct input *input,
			struct error *err)
{
	unsigned number = news_begin(news, "[internal] load .dockerignore");

	return news_end(news, number,
			open_directory(store, place->context, dockerfile, &input->context, err),
			err);
}

int input_read(struct store *store, const struct input_place *place, struct news *news,
	       struct input *ret, struct diagnostic *diag, struct error *err)
{
	struct input_place here = *place;
	cleanup_free char *path = NULL;
	int r;

	if (here.context && input_is_remote(here.context))
		return error_set(err, -EOPNOTSUPP,
				 "cannot build from '%s': fetch it into a directory and build that",
				 here.context);
	if (here.context && strcmp(here.context, "-") == 0)
		here.context = NULL;
	r = load_dockerfile(&here, news, ret, &path, err);
	if (r == 0 && here.context)
		r = load_context(store, &here, path, news, ret, err);
	return r < 0 ? r : understand(ret, diag, err);
}

void input_release(struct input *input)
{
	recipe_free(input->recipe);
	dockerfile_free(input->file);
	context_close(input->context);
	buf_release(&input->text);
	free(input->name);
	*input = (struct input){ 0 };
}
