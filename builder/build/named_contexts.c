/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/named_contexts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/build/images.h"
#include "builder/build/input.h"
#include "builder/context/context.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define DOCKER_IMAGE "docker-image://"

/* A copy that lives as long as the contexts. */
static const char *keep(struct named_contexts *contexts, char *text)
{
	strings_take(&contexts->texts, text);
	return text;
}

static int add_files(const struct place_options *options, const char *name, const char *path,
		     struct named_contexts *contexts, struct error *err)
{
	cleanup_with(place_release) struct place place = { 0 };
	int r = place_is_remote(path)
			? place_fetch(options, path, &place, err)
			: input_open_directory(options->store, path, &place.files.context, err);

	if (r == 0 && place.is_text)
		r = error_set(err, -EINVAL, "--build-context '%s': '%s' is no archive", name, path);
	if (r < 0)
		return r;
	contexts->opened[contexts->opened_count++] =
		(struct named_context){ .name = name, .files = place.files };
	place.files = (struct given_files){ 0 };
	contexts->plan[contexts->plan_count++] =
		(struct plan_context){ .name = name, .kind = PLAN_CONTEXT_DIRECTORY };
	return 0;
}

static void add_image(const char *name, const char *image, struct named_contexts *contexts)
{
	contexts->plan[contexts->plan_count++] = (struct plan_context){
		.name = name,
		.kind = PLAN_CONTEXT_IMAGE,
		.image = image,
	};
}

static int add(const struct place_options *options, const char *value,
	       struct named_contexts *contexts, struct error *err)
{
	const char *at = strchr(value, '='), *place = at ? at + 1 : "", *name;

	if (!at || at == value || !*place)
		return error_set(err, -EINVAL,
				 "--build-context '%s' is not of the form NAME=DIRECTORY", value);
	name = keep(contexts, xstrndup(value, (size_t)(at - value)));
	if (strncmp(place, DOCKER_IMAGE, strlen(DOCKER_IMAGE)) == 0) {
		add_image(name, keep(contexts, xstrdup(place + strlen(DOCKER_IMAGE))), contexts);
		return 0;
	}
	if (strncmp(place, IMAGES_LAYOUT, strlen(IMAGES_LAYOUT)) == 0 ||
	    strncmp(place, IMAGES_STATE, strlen(IMAGES_STATE)) == 0) {
		add_image(name, keep(contexts, xstrdup(place)), contexts);
		return 0;
	}
	return add_files(options, name, place, contexts, err);
}

int named_contexts_open(const struct place_options *options, const struct strings *values,
			struct named_contexts *ret, struct error *err)
{
	ret->plan = xcalloc(values->count + 1, sizeof *ret->plan);
	ret->opened = xcalloc(values->count + 1, sizeof *ret->opened);
	for (size_t i = 0; i < values->count; i++) {
		int r = add(options, values->items[i], ret, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void named_contexts_release(struct named_contexts *contexts)
{
	for (size_t i = 0; i < contexts->opened_count; i++)
		context_close(contexts->opened[i].files.context);
	free(contexts->opened);
	free(contexts->plan);
	strings_release(&contexts->texts);
	*contexts = (struct named_contexts){ 0 };
}
