/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run-step --store DIR (--root DIR | --from ID) [OPTIONS] -- COMMAND…: one RUN on a root filesystem
 * or a snapshot, as a build does it. The state that it leaves goes to --id FILE as an id, to --tar
 * FILE as an archive and to --layer FILE as the archive of what changed. Exits with 1 when the
 * command failed, 125 for other errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "builder/dockerfile/expand.h"
#include "builder/image/import.h"
#include "builder/image/layer_write.h"
#include "builder/plan/config_chain_internal.h"
#include "builder/step/step.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/snapshot/server.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

static struct {
	const char *store, *root, *from, *id, *tar, *layer, *user, *cwd;
	struct word_list mounts;
	bool network, insecure;
} options;

static struct error err;

__attribute__((noreturn)) static void die(void)
{
	fprintf(stderr, "%s\n", err.text);
	exit(125);
}

static void log_output(struct step_output *output, int stream, const void *data, size_t size)
{
	(void)output;
	(void)fd_write_all(stream, data, size);
}

static void log_status(struct step_output *output, const char *id, uint64_t current, uint64_t total,
		       bool bytes, bool complete)
{
	(void)output;
	(void)current;
	(void)total;
	(void)bytes;
	if (!complete)
		fprintf(stderr, "%s\n", id);
}

/* ---- before ---- */

static void read_options(int argc, char **argv)
{
	static const struct option table[] = {
		{ "store", 1, NULL, 's' },    { "root", 1, NULL, 'r' },
		{ "from", 1, NULL, 'f' },     { "id", 1, NULL, 'i' },
		{ "tar", 1, NULL, 't' },      { "layer", 1, NULL, 'l' },
		{ "user", 1, NULL, 'u' },     { "cwd", 1, NULL, 'c' },
		{ "mount", 1, NULL, 'm' },    { "network", 0, NULL, 'n' },
		{ "insecure", 0, NULL, 'x' }, { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", table, NULL)) != -1) {
		const char **field = option == 's'   ? &options.store
				     : option == 'r' ? &options.root
				     : option == 'f' ? &options.from
				     : option == 'i' ? &options.id
				     : option == 't' ? &options.tar
				     : option == 'l' ? &options.layer
				     : option == 'u' ? &options.user
				     : option == 'c' ? &options.cwd
						     : NULL;
		if (field)
			*field = optarg;
		else if (option == 'm')
			word_list_add(&options.mounts, optarg);
		else if (option == 'n')
			options.network = true;
		else if (option == 'x')
			options.insecure = true;
		else
			exit(125);
	}
	if (!options.store || optind == argc)
		exit(125);
}

static struct object_id base_snapshot(struct step_env *env)
{
	const struct image_import import = { .store = env->store,
					     .lease = env->lease,
					     .created_s = -1 };
	struct object_id id = { 0 };
	int r = 0;

	if (options.from)
		r = object_id_parse(options.from, &id);
	else if (options.root)
		r = image_import_directory(&import, options.root, &id, &err);
	if (r < 0)
		die();
	return id;
}

static void read_mounts(struct run_work *run, struct run_mounts *mounts)
{
	const struct words rows = { options.mounts.items, options.mounts.count };
	const struct expander expander = { .escape = '\\' };

	if (run_mounts_parse(&rows, &expander, "/", mounts, &err) < 0)
		die();
	run->mount_count = mounts->count;
	run->mounts = xcalloc(mounts->count + 1, sizeof *run->mounts);
	for (size_t i = 0; i < mounts->count; i++)
		run->mounts[i].mount = mounts->items[i];
}

/* ---- after ---- */

static void write_archive(struct store *store, const struct tree_root *before,
			  const struct tree_root *after, bool plain, const char *path)
{
	const struct layer_write write = {
		.store = store, .before = *before, .after = *after, .plain = plain, .what = "it"
	};
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct file_sink sink;

	file_sink_init(&sink, fd, path);
	if (fd < 0 || layer_write(&write, &sink.base, &err) < 0)
		die();
}

static void write_results(struct store *store, const struct tree_root *before,
			  const struct step_result *result)
{
	struct snapshot_record record;
	struct tree_root nothing = tree_root_empty();
	struct id_hex hex;

	if (object_id_is_zero(&result->snapshot))
		return;
	if (snapshot_load(store, &result->snapshot, &record, &err) < 0)
		die();
	hex = object_id_hex(&result->snapshot);
	if (options.id &&
	    file_replace(AT_FDCWD, options.id, hex.text, strlen(hex.text), 0644, false) < 0)
		die();
	if (options.tar)
		write_archive(store, &nothing, &record.root, true, options.tar);
	if (options.layer)
		write_archive(store, before, &record.root, false, options.layer);
}

static int cancel_fd(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int run(struct step_env *env, struct vertex *vertex)
{
	struct step_output output = { .log = log_output, .status = log_status };
	struct step_task task = { .env = env, .vertex = vertex, .output = &output };
	struct step_keys keys = { .definition = { { 1 } } };
	struct step_result result = { 0 };
	struct snapshot_record record;
	int r;

	task.parent.snapshot = base_snapshot(env);
	if (snapshot_load(env->store, &task.parent.snapshot, &record, &err) < 0)
		die();
	task.parent.root = record.root;
	r = step_do(&task, &keys, &result, &err);
	write_results(env->store, &task.parent.root, &result);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r == -ECHILD ? 1 : r < 0 ? 125 : 0;
}

int main(int argc, char **argv)
{
	struct run_mounts mounts = { 0 };
	struct config config = { 0 };
	const struct config_chain chain = { .length = 1, .change = CONFIG_BASE, .base = &config };
	const struct platform platform = platform_host();
	const struct plan_stage stage = { .platform = platform };
	struct vertex vertex = { .kind = VERTEX_RUN, .config = &chain, .stage = &stage };
	struct step_env env;
	int status;

	if (argc == 2 && strcmp(argv[1], SERVER_VERB) == 0)
		return server_main(SERVER_FD);
	read_options(argc, argv);
	config_init_scratch(&config, &platform);
	step_env_init(&env);
	env.cancel_fd = cancel_fd();
	env.allow_insecure = true;
	if (store_open(options.store, STORE_CREATE, &env.store, &err) < 0 ||
	    store_lease_begin(env.store, &env.lease, &err) < 0)
		die();
	for (int i = optind; i < argc; i++)
		strings_add(&vertex.run.argv, argv[i]);
	strings_add(&vertex.run.env, "PATH=/bin");
	vertex.run.cwd = options.cwd;
	vertex.run.user = options.user;
	vertex.run.network = options.network ? RUN_NETWORK_DEFAULT : RUN_NETWORK_NONE;
	if (options.insecure)
		vertex.run.security = RUN_SECURITY_INSECURE;
	read_mounts(&vertex.run, &mounts);
	status = run(&env, &vertex);
	step_env_release(&env);
	store_lease_end(env.lease);
	store_close(env.store);
	strings_release(&vertex.run.argv);
	strings_release(&vertex.run.env);
	free(vertex.run.mounts);
	run_mounts_release(&mounts);
	word_list_release(&options.mounts);
	config_release(&config);
	return status;
}
