/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/contexts.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "builder/image/reference.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"

struct context_name {
	char *name;     /* the short form of an image's name */
	char *platform; /* NULL: any */
	const struct plan_context *context;
	struct vertex *vertex;
};

/* One spelling for all that mean the same: "docker.io/library/alpine:latest" is "alpine". What is
 * no name of an image stays as it is. */
static char *short_name(const char *name)
{
	static const char latest[] = ":latest";
	cleanup_with(reference_release) struct reference reference = { 0 };
	char *familiar;
	size_t length;

	if (reference_parse(name, &reference, NULL) < 0)
		return xstrdup(name);
	familiar = reference_familiar(&reference);
	length = strlen(familiar);
	if (length > strlen(latest) && strcmp(familiar + length - strlen(latest), latest) == 0)
		familiar[length - strlen(latest)] = '\0';
	return familiar;
}

void contexts_init(struct contexts *contexts, const struct plan_options *options)
{
	contexts->items = xcalloc(options->context_count, sizeof *contexts->items);
	contexts->count = options->context_count;
	for (size_t i = 0; i < options->context_count; i++) {
		const struct plan_context *context = &options->contexts[i];
		const char *platform = strstr(context->name, "::");
		size_t length =
			platform ? (size_t)(platform - context->name) : strlen(context->name);
		cleanup_free char *name = xstrndup(context->name, length);

		contexts->items[i] = (struct context_name){
			.name = short_name(name),
			.platform = platform ? xstrdup(platform + strlen("::")) : NULL,
			.context = context,
		};
	}
}

void contexts_release(struct contexts *contexts)
{
	for (size_t i = 0; i < contexts->count; i++) {
		free(contexts->items[i].name);
		free(contexts->items[i].platform);
	}
	free(contexts->items);
	*contexts = (struct contexts){ 0 };
}

static const struct plan_context *find(const struct contexts *contexts, const char *name,
				       const char *platform)
{
	for (size_t i = contexts->count; i > 0; i--) {
		const struct context_name *item = &contexts->items[i - 1];
		bool same = platform ? item->platform && strcmp(item->platform, platform) == 0
				     : !item->platform;

		if (same && strcmp(item->name, name) == 0)
			return item->context;
	}
	return NULL;
}

const struct plan_context *contexts_find(const struct contexts *contexts, const char *name,
					 const struct platform *platform)
{
	cleanup_free char *wanted = NULL;
	const struct plan_context *found;
	char text[PLATFORM_TEXT_MAX];

	if (contexts->count == 0 || strcasecmp(name, "scratch") == 0 ||
	    strcasecmp(name, "context") == 0)
		return NULL;
	wanted = short_name(name);
	platform_format(platform, text);
	found = find(contexts, wanted, text);
	return found ? found : find(contexts, wanted, NULL);
}

struct vertex **contexts_vertex(const struct contexts *contexts, const char *name)
{
	size_t i = contexts->count - 1;

	while (i > 0 && strcmp(contexts->items[i].context->name, name) != 0)
		i--;
	return &contexts->items[i].vertex;
}
