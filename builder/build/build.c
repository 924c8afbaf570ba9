/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "builder/build/building.h"
#include "builder/build/caches.h"
#include "builder/build/finish.h"
#include "builder/build/hand_out.h"
#include "builder/build/inline_steps.h"
#include "builder/build/limits.h"
#include "builder/build/platforms.h"
#include "builder/build/targets.h"
#include "builder/cache/cache_import.h"
#include "builder/context/context.h"
#include "builder/image/restack.h"
#include "builder/plan/lint.h"
#include "builder/plan/scope/build_args.h"
#include "builder/registry/registry.h"
#include "builder/solve/solver.h"
#include "builder/step/pool.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"
#include "fs/store/gc.h"
#include "fs/store/store.h"

/* ---- before the first step ---- */

static int check_names(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	static const struct output in_store = { .type = OUTPUT_IMAGE };
	int r = export_check(&in_store, &options->tags, building->platform_count,
			     building->as_index, err);

	for (size_t i = 0; i < options->output_count && r == 0; i++)
		r = export_check(&options->outputs[i], &options->tags, building->platform_count,
				 building->as_index, err);
	return r;
}

/* All that can be wrong with the command line alone. */
static int read_options(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	struct place_options places = building_places(building);
	int r = platforms_parse(options->platform, &building->platforms, &building->platform_count,
				err);

	if (r == 0)
		r = platforms_form(&options->build_args, building->platform_count,
				   &building->as_index, err);
	if (r == 0)
		r = check_names(building, err);
	if (r == 0)
		r = cache_places_parse(&options->cache_from, false, &building->cache_from, err);
	if (r == 0)
		r = cache_places_parse(&options->cache_to, true, &building->cache_to, err);
	building->with_steps = inline_steps_asked(&options->build_args) ||
			       cache_places_have(&building->cache_to, CACHE_INLINE);
	if (r == 0)
		r = secrets_read(&options->secrets, &building->secrets, err);
	if (r == 0)
		r = ssh_agents_find(&options->ssh, &building->agents, err);
	if (r == 0)
		r = extra_hosts_parse(&options->extra_hosts, &building->extra_hosts, err);
	if (r == 0)
		r = ulimits_parse(&options->ulimits, &building->ulimits, &building->ulimit_count,
				  err);
	if (r == 0)
		r = resources_parse(&options->resources, &building->limits, err);
	if (r == 0)
		r = named_contexts_open(&places, &options->build_contexts, &building->contexts,
					err);
	return r;
}

static bool have_secret(const struct building *building, const char *id)
{
	for (size_t i = 0; i < building->secrets.count; i++) {
		if (strcmp(building->secrets.items[i].id, id) == 0)
			return true;
	}
	return false;
}

static bool have_agent(const struct building *building, const char *id)
{
	for (size_t i = 0; i < building->agents.count; i++) {
		if (strcmp(building->agents.items[i].id, id) == 0)
			return true;
	}
	return false;
}

/* What a RUN far down would fail for, said before the first one begins. */
static int check_required(struct building *building, struct error *err)
{
	const struct plan *plan = building->plan;

	for (size_t i = 0; i < plan->required_secrets.count; i++) {
		const char *id = plan->required_secrets.items[i];

		if (!have_secret(building, id))
			return error_set(err, -ENOENT,
					 "secret %s: not found; a RUN requires it: give it with "
					 "--secret id=%s,src=FILE",
					 id, id);
	}
	for (size_t i = 0; i < plan->required_ssh.count; i++) {
		const char *id = plan->required_ssh.items[i];

		if (!have_agent(building, id))
			return error_set(err, -ENOENT,
					 "a RUN requires the ssh agent '%s': give it with --ssh %s",
					 id, id);
	}
	return 0;
}

/* ---- the steps ---- */

static void cancel(void *context)
{
	const struct building *building = context;

	(void)eventfd_write(building->failed_fd, 1);
}

/* Each step leaves a pack; thousands of them are slow to search. */
#define STEPS_TO_PACK 128

static void ended(void *context, const struct vertex *vertex, const struct step_result *result,
		  const struct solve_outcome *outcome)
{
	struct building *building = context;

	if (outcome->started)
		record_vertex(&building->record, vertex, result, building->results, outcome);
	if (outcome->outcome == EVENT_OK && ++building->steps_done % STEPS_TO_PACK == 0)
		(void)store_pack_rollup(building->options->store, NULL);
}

static void warn(void *context, const char *text)
{
	struct building *building = context;

	news_warn(&building->news, text, NULL);
}

static void cancel_with(const struct given_files *files, int cancel_fd)
{
	if (files->context)
		context_cancel_with(files->context, cancel_fd);
}

static void set_up(struct building *building, struct step_env *env)
{
	const struct build_options *options = building->options;
	int64_t created_ns;

	step_env_init(env);
	cancel_with(&building->input.place.files, building->cancel_fd);
	for (size_t i = 0; i < building->contexts.opened_count; i++)
		cancel_with(&building->contexts.opened[i].files, building->cancel_fd);
	env->store = options->store;
	env->lease = building->lease;
	env->context = building->input.place.files;
	env->contexts = building->contexts.opened;
	env->context_count = building->contexts.opened_count;
	env->secrets = building->secrets.items;
	env->secret_count = building->secrets.count;
	env->agents = building->agents.items;
	env->agent_count = building->agents.count;
	env->extra_hosts = &building->extra_hosts;
	env->ulimits = building->ulimits;
	env->ulimit_count = building->ulimit_count;
	env->limits = &building->limits;
	env->shm_size = options->shm_size;
	env->open_files = options->open_files;
	env->memory_reserve = options->memory_reserve;
	env->allow_insecure = strings_contain(&options->allow, "security.insecure");
	env->allow_host_network = strings_contain(&options->allow, "network.host");
	env->want_content_keys = building->with_steps;
	env->replay = options->replay;
	env->cache_commit = options->cache_commit;
	env->precise = options->precise;
	env->build_label = building->label;
	env->cancel_fd = building->cancel_fd;
	env->interrupt_fd = options->cancel_fd;
	env->warn = warn;
	env->warn_context = building;
	if (building->plan->created && config_time_parse(building->plan->created, &created_ns) == 0)
		env->created_s = created_ns / 1000000000;
}

static int open_cancel(struct building *building, struct error *err)
{
	int r;

	building->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = building->failed_fd < 0 ? -errno
				    : cancel_join(building->options->cancel_fd, building->failed_fd,
						  &building->cancel_fd);
	return r < 0 ? error_errno(err, r, "cannot make what cancels a build") : 0;
}

static int open_pool(struct building *building, struct step_pool **ret_own, struct step_pool **ret,
		     struct error *err)
{
	const struct build_options *options = building->options;
	const struct step_pool_limits limits = { .jobs = options->jobserver_jobs,
						 .jobs_fifo = options->jobserver_fifo };
	int r = options->pool ? 0 : step_pool_new(&limits, ret_own, err);

	if (r < 0)
		return r;
	*ret = options->pool ? options->pool : *ret_own;
	step_pool_add_build(*ret, building->label);
	return 0;
}

static int carry_out(struct building *building, struct error *err)
{
	const struct plan *plan = building->plan;
	struct step_env env;
	struct solve_options how = { .plan = plan,
				     .env = &env,
				     .sink = building->news.sink,
				     .jobs = building->options->jobs,
				     .keep_going = building->options->keep_going,
				     .cancel = cancel,
				     .ended = ended,
				     .context = building };
	cleanup_with(cache_import_close) struct cache_import *imported = NULL;
	cleanup_with(step_pool_free) struct step_pool *own = NULL;
	int r = open_cancel(building, err);

	if (r < 0)
		return r;
	building->results = xcalloc(plan->vertex_count + 1, sizeof *building->results);
	building->outcomes = xcalloc(plan->vertex_count + 1, sizeof *building->outcomes);
	set_up(building, &env);
	r = open_pool(building, &own, &env.pool, err);
	imported = caches_open(building);
	env.imported = imported;
	how.first_event = building->news.next;
	if (r == 0)
		r = solve(&how, building->results, building->outcomes, NULL, err);
	building->news.next += (unsigned)plan->vertex_count;
	step_env_release(&env);
	record_shared(&building->record, plan, building->results, building->outcomes);
	record_bases(&building->record, plan, building->input.recipe, building->results);
	targets_tell(building);
	return r < 0 ? targets_fail(building, r, err) : 0;
}

/* ---- the result ---- */

/* Its image, with as many layers as are asked for, goes to the result. */
static int finish_target(struct building *building, const struct plan_stage *target,
			 struct finished *ret, struct error *err)
{
	const struct build_options *options = building->options;
	const struct finish finish = { .store = options->store,
				       .lease = building->lease,
				       .plan = building->plan,
				       .results = building->results,
				       .with_steps = building->with_steps };
	struct object_id *image = &building->result->snapshot;
	unsigned number = 0;
	int r;

	if (finish.with_steps)
		number = news_begin(&building->news, "preparing layers for inline cache");
	r = finish_image(&finish, target, ret, err);
	if (finish.with_steps)
		r = news_end(&building->news, number, r, err);
	if (r == 0)
		r = restack_image(options->store, building->lease, &ret->image.snapshot,
				  &options->layering, &ret->origins, image, err);
	if (r == 0)
		strings_add_format(&building->result->images, "sha256:%s",
				   object_id_hex(image).text);
	return r;
}

/* A name, if there is one, and the outputs, get the images of a target for all platforms. */
static int hand_out_all(struct building *building, const struct finished *finished, size_t count,
			struct error *err)
{
	const struct build_options *options = building->options;
	cleanup_free struct export_image *images = xcalloc(count, sizeof *images);
	struct hand_out out = { .store = options->store,
				.lease = building->lease,
				.registries = building->registries,
				.news = &building->news,
				.tags = &options->tags,
				.outputs = options->outputs,
				.output_count = options->output_count,
				.layering = options->layering,
				.images = images,
				.image_count = count,
				.as_index = building->as_index,
				.cancel_fd = options->cancel_fd };

	for (size_t i = 0; i < count; i++)
		images[i] = finished[i].image;
	if (building->plan->created) {
		int64_t ns;

		out.has_epoch = config_time_parse(building->plan->created, &ns) == 0;
		out.epoch_s = out.has_epoch ? ns / 1000000000 : 0;
	}
	return hand_out(&out, &building->result->exported, err);
}

/* Of several targets each becomes an image; more is not asked for, see targets_check(). */
static int finish(struct building *building, struct error *err)
{
	const struct plan *plan = building->plan;
	struct finished *finished = xcalloc(plan->target_count, sizeof *finished);
	int r = 0;

	for (size_t i = 0; i < plan->target_count && r == 0; i++)
		r = finish_target(building, plan->targets[i], &finished[i], err);
	if (r < 0)
		r = error_prefix(err, r, "cannot make the image");
	else if (plan->target_count == plan->platform_count)
		r = hand_out_all(building, finished, plan->target_count, err);
	for (size_t i = 0; i < plan->target_count; i++)
		finished_release(&finished[i]);
	free(finished);
	return r;
}

static int run_planned(struct building *building, struct error *err)
{
	int r = check_required(building, err);

	if (r == 0)
		r = targets_check(building, err);
	if (r == 0)
		r = carry_out(building, err);
	if (r == 0)
		r = finish(building, err);
	if (r == 0)
		r = caches_write(building, err);
	/* Many small packs are slow to search; not worth failing for. */
	(void)store_pack_rollup(building->options->store, NULL);
	return r;
}

/* Their labels; none when it is the last stage, for one platform, without a word. */
static char *name_targets(const struct building *building)
{
	cleanup_with(strings_release) struct strings labels = { 0 };
	const struct plan *plan = building->plan;

	bool said = building->options->targets.count || plan->platform_count > 1;

	for (size_t i = 0; said && i < plan->target_count; i++)
		strings_add(&labels, plan->targets[i]->label);
	return strings_join(&labels, " ");
}

static int run(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	cleanup_free char *tags = strings_join(&options->tags, " ");
	const char *name = build_args_get(&options->build_args, "BUILDKIT_BUILD_NAME");
	cleanup_free char *context = xstrdup(name && *name ? name : options->context);
	cleanup_free char *target = NULL;
	struct history_build build = { .id = building->result->id,
				       .context = context,
				       .tags = tags };
	int r = store_lease_begin(options->store, &building->lease, err);

	if (r == 0)
		r = read_options(building, err);
	if (r < 0)
		return r;
	r = building_read(building, err);
	if (r == 0 && options->call.what != CALL_TARGETS)
		r = building_plan(building, err);
	building_tell(building);
	if (options->call.what != CALL_BUILD)
		return building_answer(building, r, err);
	if (r < 0)
		return r;
	build.dockerfile = building->input.name;
	build.target = target = name_targets(building);
	record_begin(&building->record, options->store, &build, &building->news);
	r = run_planned(building, err);
	record_end(&building->record, r, r < 0 && err ? err->text : NULL);
	return r;
}

int build_run(const struct build_options *options, struct build_result *ret, struct error *err)
{
	struct building building = { .options = options,
				     .result = ret,
				     .failed_fd = -1,
				     .cancel_fd = -1,
				     .news = { .sink = options->sink, .next = 1 } };
	int r;

	history_make_id(ret->id);
	building.registries = registries_new(&options->insecure_registries, options->cancel_fd);
	building.label = xasprintf("build %s", ret->id);
	r = run(&building, err);
	for (size_t i = 0; building.outcomes && i < building.plan->vertex_count; i++)
		free(building.outcomes[i].error);
	plan_free(building.plan);
	lint_free(building.lint);
	input_release(&building.input);
	named_contexts_release(&building.contexts);
	secrets_release(&building.secrets);
	ssh_agents_release(&building.agents);
	strings_release(&building.extra_hosts);
	registries_free(building.registries);
	store_lease_end(building.lease);
	free(building.ulimits);
	group_limits_release(&building.limits);
	free(building.platforms);
	cache_places_release(&building.cache_from);
	cache_places_release(&building.cache_to);
	free(building.results);
	free(building.outcomes);
	free(building.label);
	if (building.cancel_fd >= 0)
		close(building.cancel_fd);
	if (building.failed_fd >= 0)
		close(building.failed_fd);
	return r;
}

void build_result_release(struct build_result *result)
{
	for (size_t i = 0; i < result->target_count; i++) {
		free(result->targets[i].label);
		free(result->targets[i].reason);
	}
	free(result->targets);
	strings_release(&result->images);
	export_result_release(&result->exported);
	buf_release(&result->excerpt);
	buf_release(&result->answer);
	*result = (struct build_result){ 0 };
}
