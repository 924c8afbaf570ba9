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

static int read_stdin(const struct input_place *place, struct input *input, struct error *err)
{
	int r = fd_read_to_end(place->stdin_fd, DOCKERFILE_SIZE_MAX, &input->text);

	input->name = xstrdup("Dockerfile");
	return r < 0 ? error_errno(err, r, "cannot read the Dockerfile from standard input") : 0;
}

static int try_file(const char *path, struct input *input, struct error *err)
{
	int r = file_read(AT_FDCWD, path, DOCKERFILE_SIZE_MAX, &input->text);

	if (r == -ENOENT)
		return r;
	return r < 0 ? error_errno(err, r, "cannot read the Dockerfile '%s'", path) : 0;
}

static const char *const usual[] = { "Dockerfile", "dockerfile", "Containerfile" };
#define USUAL_COUNT (sizeof usual / sizeof usual[0])

static int no_dockerfile(const char *place, struct error *err)
{
	return error_set(
		err, -ENOENT,
		"there is no Dockerfile in '%s'; name one with -f, or the directory it is in",
		place);
}

static bool is_stdin(const char *name)
{
	return name && strcmp(name, "-") == 0;
}

/* The path that it was found at, for its ignore file; NULL for standard input. */
static int read_text(const struct input_place *place, struct input *input, char **ret_path,
		     struct error *err)
{
	int r;

	if (place->file) {
		input->name = xstrdup(place->file);
		*ret_path = xstrdup(place->file);
		r = try_file(place->file, input, err);
		return r == -ENOENT
			       ? error_errno(err, r, "cannot read the Dockerfile '%s'", place->file)
			       : r;
	}
	for (size_t i = 0; i < USUAL_COUNT; i++) {
		cleanup_free char *path = xasprintf("%s/%s", place->context, usual[i]);

		r = try_file(path, input, err);
		if (r == -ENOENT)
			continue;
		input->name = xstrdup(usual[i]);
		*ret_path = take_ptr(&path);
		return r;
	}
	return no_dockerfile(place->context, err);
}

/* From what was fetched: --file names one in there. */
static int read_fetched(struct store *store, const struct input_place *place, struct input *input,
			struct error *err)
{
	const struct given_files *files = &input->place.files;
	const char *name =
		is_stdin(place->context) ? "the archive on standard input" : place->context;
	int r;

	for (size_t i = 0; i < (place->file ? 1 : USUAL_COUNT); i++) {
		const char *path = place->file ? place->file : usual[i];

		r = place_read_file(store, files, path, DOCKERFILE_SIZE_MAX, &input->text, err);
		if (r == -ENOENT)
			continue;
		input->name = xstrdup(path);
		return r;
	}
	if (place->file)
		return error_set(err, -ENOENT, "there is no Dockerfile '%s' in %s", place->file,
				 name);
	return no_dockerfile(name, err);
}

/* It is the Dockerfile itself, and there are no files. */
static int take_text(const struct input_place *place, struct input *input, struct error *err)
{
	if (place->file)
		return error_set(err, -EINVAL,
				 "both '%s' and --file are a Dockerfile: leave one of them out",
				 place->context);
	input->text = input->place.text;
	input->place.text = (struct buf){ 0 };
	input->name = xstrdup("Dockerfile");
	return 0;
}

/* What is no directory of this host. */
static int fetch(const struct place_options *options, const struct input_place *place,
		 struct input *input, struct error *err)
{
	if (is_stdin(place->context) && is_stdin(place->file))
		return 0;
	if (is_stdin(place->context))
		return place_read(options, place->stdin_fd, "standard input", &input->place, err);
	return place_is_remote(place->context)
		       ? place_fetch(options, place->context, &input->place, err)
		       : 0;
}

static int find_text(const struct place_options *options, const struct input_place *place,
		     struct input *input, char **ret_path, struct error *err)
{
	if (is_stdin(place->file))
		return read_stdin(place, input, err);
	if (input->place.is_text)
		return take_text(place, input, err);
	if (is_stdin(place->context) || place_is_remote(place->context))
		return read_fetched(options->store, place, input, err);
	return read_text(place, input, ret_path, err);
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

static int load_dockerfile(const struct place_options *options, const struct input_place *place,
			   struct input *input, char **ret_path, struct error *err)
{
	struct news *news = options->news;
	unsigned number;
	int r;

	number = news_begin(news, "[internal] load build definition from Dockerfile");
	r = find_text(options, place, input, ret_path, err);
	if (r == 0)
		news_status(news, number, "transferring dockerfile:", input->text.length, 0, true,
			    true);
	return news_end(news, number, r, err);
}

static int load_context(const struct place_options *options, const struct input_place *place,
			const char *dockerfile, struct input *input, struct error *err)
{
	unsigned number = news_begin(options->news, "[internal] load .dockerignore");

	return news_end(options->news, number,
			open_directory(options->store, place->context, dockerfile,
				       &input->place.files.context, err),
			err);
}

int input_read(const struct place_options *options, const struct input_place *place,
	       struct input *ret, struct diagnostic *diag, struct error *err)
{
	cleanup_free char *path = NULL;
	int r = fetch(options, place, ret, err);

	if (r == 0)
		r = load_dockerfile(options, place, ret, &path, err);
	if (r == 0 && !is_stdin(place->context) && !place_is_remote(place->context))
		r = load_context(options, place, path, ret, err);
	return r < 0 ? r : understand(ret, diag, err);
}

void input_release(struct input *input)
{
	recipe_free(input->recipe);
	dockerfile_free(input->file);
	place_release(&input->place);
	buf_release(&input->text);
	free(input->name);
	*input = (struct input){ 0 };
}
