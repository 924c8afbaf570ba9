/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/shell_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/image_store.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void warn(const struct shell *shell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(const struct shell *shell, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	if (!shell->env->warn)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	shell->env->warn(shell->env->warn_context, text);
}

/* A copy that lives as long as the plan. */
static const char *keep(struct shell_plan *plan, const char *text)
{
	strings_add(&plan->strings, text);
	return plan->strings.items[plan->strings.count - 1];
}

/* ---- what the state's configuration says ---- */

/* Of states without one: nothing but where programs are. */
static void use_config(const struct shell *shell, struct shell_plan *plan)
{
	struct run_work *run = &plan->vertex.run;
	struct stored_image image = { 0 };
	bool known = !object_id_is_zero(&shell->state) &&
		     image_read(shell->env->store, &shell->state, &image, NULL) == 0;

	if (known) {
		strings_add_all(&run->env, &image.config.env);
		run->user = keep(plan, image.config.user ? image.config.user : "");
		if (image.config.working_dir && image.config.working_dir[0] == '/')
			run->cwd = keep(plan, image.config.working_dir);
		if (image.config.shell.count)
			strings_add(&run->argv, image.config.shell.items[0]);
	}
	stored_image_release(&image);
	if (!strings_env_get(&run->env, "PATH"))
		strings_env_set(&run->env, "PATH", DEFAULT_PATH);
	if (run->argv.count == 0)
		strings_add(&run->argv, "/bin/sh");
}

/* ---- what the note says of a RUN ---- */

static bool have_secret(const struct step_env *env, const char *id)
{
	for (size_t i = 0; i < env->secret_count; i++) {
		if (strcmp(env->secrets[i].id, id) == 0)
			return true;
	}
	return false;
}

static bool have_agent(const struct step_env *env, const char *id)
{
	for (size_t i = 0; i < env->agent_count; i++) {
		if (strcmp(env->agents[i].id, id) == 0)
			return true;
	}
	return false;
}

/* Whether a bind's files are still there; then they are what a vertex has made. */
static bool find_bound(const struct shell *shell, struct shell_plan *plan,
		       const struct note_mount *from, size_t index, struct run_work_mount *ret)
{
	struct step_result *result = &plan->results[index];
	struct snapshot_record record = { .root = tree_root_empty() };

	if (!object_id_is_zero(&from->snapshot) &&
	    (store_lease_hold(shell->env->lease, &from->snapshot, NULL) < 0 ||
	     snapshot_load(shell->env->store, &from->snapshot, &record, NULL) < 0))
		return false;
	*result = (struct step_result){ .snapshot = from->snapshot,
					.root = record.root,
					.done = true };
	plan->binds[index] = (struct vertex){ .index = (unsigned)index, .name = "a bind" };
	ret->source = (struct source){ .kind = SOURCE_VERTEX, .vertex = &plan->binds[index] };
	return true;
}

/* One mount of the step, if it can be had here. */
static bool use_mount(const struct shell *shell, struct shell_plan *plan, size_t index,
		      struct run_work_mount *ret)
{
	const struct note_mount *from = &shell->note->mounts[index];

	*ret = (struct run_work_mount){ .mount = from->mount };
	ret->mount.required = false;
	switch (from->mount.type) {
	case RUN_MOUNT_BIND:
		if (find_bound(shell, plan, from, index, ret))
			return true;
		warn(shell, "the files that were mounted at '%s' are gone; it is left out",
		     from->mount.target);
		return false;
	case RUN_MOUNT_CACHE:
		/* A copy of its own: nobody waits for a shell, and nothing is kept. */
		ret->mount.sharing = RUN_MOUNT_PRIVATE;
		return true;
	case RUN_MOUNT_SECRET:
		if (have_secret(shell->env, from->mount.id))
			return true;
		warn(shell, "the secret '%s' is left out; give it with --secret id=%s,…",
		     from->mount.id, from->mount.id);
		return false;
	case RUN_MOUNT_SSH:
		if (have_agent(shell->env, from->mount.id))
			return true;
		warn(shell, "the ssh agent '%s' is left out; give it with --ssh %s", from->mount.id,
		     from->mount.id);
		return false;
	case RUN_MOUNT_TMPFS:
		return true;
	}
	return false;
}

static void use_mounts(const struct shell *shell, struct shell_plan *plan)
{
	const struct step_note *note = shell->note;
	struct run_work *run = &plan->vertex.run;

	run->mounts = xcalloc(note->mount_count + 1, sizeof *run->mounts);
	plan->binds = xcalloc(note->mount_count + 1, sizeof *plan->binds);
	plan->results = xcalloc(note->mount_count + 1, sizeof *plan->results);
	for (size_t i = 0; i < note->mount_count; i++) {
		if (use_mount(shell, plan, i, &run->mounts[run->mount_count]))
			run->mount_count++;
	}
}

static void use_network(const struct shell *shell, struct run_work *run)
{
	run->network = shell->network_given ? shell->network : shell->note->network;
	if (run->network == RUN_NETWORK_HOST && !shell->network_given) {
		warn(shell, "the step had the host's network; say --network host to have it here");
		run->network = RUN_NETWORK_DEFAULT;
	}
	run->security = shell->note->security;
	if (run->security == RUN_SECURITY_INSECURE && !shell->env->allow_insecure) {
		warn(shell, "the step ran with --security=insecure; say --allow security.insecure "
			    "to have that here");
		run->security = RUN_SECURITY_SANDBOX;
	}
}

static void use_note(const struct shell *shell, struct shell_plan *plan)
{
	const struct step_note *note = shell->note;
	struct run_work *run = &plan->vertex.run;

	strings_release(&run->env);
	strings_add_all(&run->env, &note->env);
	run->cwd = note->cwd;
	run->user = note->user;
	run->hostname = note->hostname;
	run->script_path = note->script_path;
	run->script = note->script;
	run->script_size = note->script_size;
	use_network(shell, run);
	use_mounts(shell, plan);
}

/* ---- what the caller says ---- */

static void use_options(const struct shell *shell, struct shell_plan *plan)
{
	struct run_work *run = &plan->vertex.run;

	if (shell->argv && shell->argv->count) {
		strings_release(&run->argv);
		strings_add_all(&run->argv, shell->argv);
	}
	if (shell->user)
		run->user = shell->user;
	if (shell->cwd) {
		cleanup_free char *cwd = path_join(run->cwd, shell->cwd);

		run->cwd = keep(plan, cwd);
	}
	for (size_t i = 0; shell->extra_env && i < shell->extra_env->count; i++) {
		const char *item = shell->extra_env->items[i], *equals = strchr(item, '=');
		cleanup_free char *name =
			xstrndup(item, equals ? (size_t)(equals - item) : strlen(item));

		strings_env_set(&run->env, name, equals ? equals + 1 : "");
	}
	if (shell->network_given)
		run->network = shell->network;
}

/* Nobody waits in a shell, and what it prints goes elsewhere. */
static void no_log(struct step_output *output, int stream, const void *data, size_t size)
{
	(void)output;
	(void)stream;
	(void)data;
	(void)size;
}

static void no_status(struct step_output *output, const char *id, uint64_t current, uint64_t total,
		      bool bytes, bool complete)
{
	(void)output;
	(void)id;
	(void)current;
	(void)total;
	(void)bytes;
	(void)complete;
}

static struct step_output no_output = { .log = no_log, .status = no_status };

int shell_plan_make(const struct shell *shell, struct shell_plan *ret, struct error *err)
{
	struct snapshot_record record = { .root = tree_root_empty() };
	struct run_work *run = &ret->vertex.run;
	int r = 0;

	*ret = (struct shell_plan){ .vertex = { .kind = VERTEX_RUN, .name = "a shell" } };
	run->cwd = "/";
	run->user = "";
	if (!object_id_is_zero(&shell->state)) {
		r = store_lease_hold(shell->env->lease, &shell->state, err);
		if (r == 0)
			r = snapshot_load(shell->env->store, &shell->state, &record, err);
	}
	if (r < 0)
		return r;
	use_config(shell, ret);
	if (shell->note && shell->note->is_run)
		use_note(shell, ret);
	use_options(shell, ret);
	ret->task = (struct step_task){
		.env = shell->env,
		.vertex = &ret->vertex,
		.inputs = { .results = ret->results },
		.output = &no_output,
		.parent = { .snapshot = shell->state, .root = record.root, .done = true }
	};
	return 0;
}

void shell_plan_release(struct shell_plan *plan)
{
	strings_release(&plan->vertex.run.argv);
	strings_release(&plan->vertex.run.env);
	strings_release(&plan->strings);
	free(plan->vertex.run.mounts);
	free(plan->binds);
	free(plan->results);
	*plan = (struct shell_plan){ 0 };
}
