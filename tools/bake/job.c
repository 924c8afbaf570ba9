/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bake/job.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/path.h"

static const char *string_of(const json_t *target, const char *key)
{
	return json_string_value(json_object_get(target, key));
}

static void add_list(const json_t *target, const char *key, struct strings *ret)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(target, key), i, item)
		strings_add(ret, json_string_value(item));
}

/* "NAME=value" of each; what is null is the name alone. */
static void add_map(const json_t *target, const char *key, struct strings *ret)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(target, key), name, value)
	{
		if (json_is_string(value))
			strings_add_format(ret, "%s=%s", name, json_string_value(value));
		else
			strings_add(ret, name);
	}
}

static void add_hosts(const json_t *target, struct strings *ret)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(target, "extra-hosts"), name, value)
	{
		if (json_is_string(value))
			strings_add_format(ret, "%s:%s", name, json_string_value(value));
	}
}

static void add_contexts(const json_t *target, struct bake_job *job)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(target, "contexts"), name, value)
	{
		const char *place = json_string_value(value);

		if (!place)
			continue;
		if (strncmp(place, "target:", 7) == 0) {
			strings_add(&job->needs, place + 7);
			strings_add(&job->files_of, name);
		} else {
			strings_add_format(&job->flags.build_contexts, "%s=%s", name, place);
		}
	}
}

static const char *keep(struct bake_job *job, char *text)
{
	strings_take(&job->texts, text);
	return text;
}

static bool is_local(const char *context)
{
	return !strstr(context, "://") && strncmp(context, "git@", 4) != 0 &&
	       strcmp(context, "-") != 0;
}

/* The Dockerfile of a target lies in its context; that of an option in the working directory. */
static void set_place(const json_t *target, struct bake_job *job)
{
	const char *context = string_of(target, "context");
	const char *file = string_of(target, "dockerfile");

	if (strncmp(context, "cwd://", 6) == 0)
		context += 6;
	job->context = xstrdup(*context ? context : ".");
	job->dockerfile_inline = string_of(target, "dockerfile-inline");
	if (job->dockerfile_inline)
		job->flags.file = "-";
	else if (strncmp(file, "cwd://", 6) == 0)
		job->flags.file = file + 6;
	else if (is_local(job->context))
		job->flags.file = keep(job, path_join(job->context, file));
	else
		job->flags.file = file;
}

static void set_outputs(const json_t *target, const struct bake_flags *all, bool helper,
			struct bake_job *job)
{
	struct build_flags *flags = &job->flags;

	if (helper) {
		strings_add(&flags->outputs, "type=cacheonly");
		return;
	}
	add_list(target, "output", &flags->outputs);
	add_list(target, "tags", &flags->tags);
	flags->push = all->push;
}

static void warn_of_effects(const char *name, const json_t *target, struct strings *warnings)
{
	static const struct {
		const char *field, *reason;
	} fields[] = { { "attest", "no attestations are made" } };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (json_array_size(json_object_get(target, fields[i].field)))
			strings_add_format(warnings, "target '%s': %s has no effect: %s", name,
					   fields[i].field, fields[i].reason);
	}
}

static int set_words(const json_t *target, const struct bake_flags *all, struct bake_job *job,
		     struct error *err)
{
	struct build_flags *flags = &job->flags;
	const char *size = string_of(target, "shm-size"), *network = string_of(target, "network");
	cleanup_with(strings_release) struct strings platforms = { 0 };

	if (string_of(target, "target"))
		strings_add(&flags->targets, string_of(target, "target"));
	flags->network = network && *network ? network : "default";
	if (strcmp(flags->network, "default") != 0 && strcmp(flags->network, "none") != 0 &&
	    strcmp(flags->network, "host") != 0)
		return error_set(err, -EINVAL, "network '%s' is none of default, none, host",
				 network);
	if (size && parse_size(size, &flags->shm_size) < 0)
		return error_set(err, -EINVAL, "shm-size '%s' is no size", size);
	flags->call = string_of(target, "call");
	if (strcmp(all->call, "build") != 0 || !flags->call)
		flags->call = all->call;
	flags->check = all->check;
	flags->pull = all->pull || json_is_true(json_object_get(target, "pull"));
	flags->no_cache = all->no_cache || json_is_true(json_object_get(target, "no-cache"));
	add_list(target, "platforms", &platforms);
	if (platforms.count)
		flags->platform = keep(job, strings_join(&platforms, ","));
	return 0;
}

int bake_job_make(const char *name, const json_t *target, const struct bake_flags *all, bool helper,
		  struct bake_job *ret, struct strings *warnings, struct error *err)
{
	struct build_flags *flags = &ret->flags;
	int r;

	options_init(build_flag_specs, flags);
	ret->name = name;
	set_place(target, ret);
	add_contexts(target, ret);
	add_map(target, "args", &flags->build_args);
	add_map(target, "labels", &flags->labels);
	add_list(target, "annotations", &flags->annotations);
	add_list(target, "secret", &flags->secrets);
	add_list(target, "ssh", &flags->ssh);
	add_list(target, "ulimits", &flags->ulimits);
	add_list(target, "entitlements", &flags->allow);
	strings_add_all(&flags->allow, &all->allow);
	strings_add_all(&flags->resources, &all->resources);
	add_list(target, "cache-from", &flags->cache_from);
	add_list(target, "cache-to", &flags->cache_to);
	add_list(target, "no-cache-filter", &flags->no_cache_stages);
	add_hosts(target, &flags->add_hosts);
	set_outputs(target, all, helper, ret);
	r = set_words(target, all, ret, err);
	warn_of_effects(name, target, warnings);
	return r < 0 ? error_prefix(err, r, "target '%s'", name) : 0;
}

void bake_job_release(struct bake_job *job)
{
	options_release(build_flag_specs, &job->flags);
	strings_release(&job->needs);
	strings_release(&job->files_of);
	strings_release(&job->texts);
	free(job->context);
	*job = (struct bake_job){ 0 };
}
