/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/history/output_log.h"
#include "builder/sandbox/group.h"
#include "builder/sandbox/sandbox.h"
#include "builder/step/binfmt.h"
#include "builder/step/foreign.h"
#include "builder/step/jobserver.h"
#include "builder/step/memory_gate.h"
#include "builder/step/note.h"
#include "builder/step/owner_channel.h"
#include "builder/step/pool.h"
#include "builder/step/run_mounts.h"
#include "builder/step/step_internal.h"
#include "builder/step/step_traced.h"
#include "builder/step/surroundings.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/quote.h"
#include "fs/store/store.h"
#include "fs/tree/tree.h"

/* Of a command in a message, whose end has to fit behind it. */
#define COMMAND_SHOWN_MAX 450

/* Killing takes this long when all is well, and a little more. */
#define END_PATIENCE_MS 1000

/* A RUN under way. */
struct running {
	struct step_task *task;
	struct surroundings around;
	struct output_log *journal;    /* NULL: its output is not kept */
	struct jobserver_client *jobs; /* NULL: nobody counts them */
	struct group *group;           /* NULL: no limits */
	char *hint;                    /* why the program may not run on this machine; NULL */
	uint64_t started_ns;
};

/* ---- while it runs ---- */

/* Pass on what has come out of a pipe: false at its end. */
static bool relay(struct running *running, int fd, int stream)
{
	char bytes[65536];
	ssize_t n = read(fd, bytes, sizeof bytes);

	if (n > 0)
		running->task->output->log(running->task->output, stream, bytes, (size_t)n);
	if (n > 0 && running->journal)
		output_log_add(running->journal, stream, bytes, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* What is left in the pipes when the step has ended; processes outside of it hold no end. */
static void drain(struct running *running, const int pipes[2])
{
	for (int i = 0; i < 2; i++) {
		struct pollfd ready = { .fd = pipes[i], .events = POLLIN };

		while (poll(&ready, 1, 0) > 0 && ready.revents & POLLIN) {
			if (!relay(running, pipes[i], i + 1))
				break;
		}
	}
}

/*
 * At once. No signal reaches a process whose request a server has taken and does not answer, because
 * its disk is stuck or it is: then the end of the server is what ends it.
 */
static void end_step(struct running *running, struct step *step)
{
	step_kill(step);
	if (step_gone(step, END_PATIENCE_MS))
		return;
	for (size_t i = 0; i < running->around.filesystem_count; i++)
		workspace_abandon(running->around.filesystems[i]->workspace);
}

enum watched { WATCH_STEP, WATCH_OUT, WATCH_ERR, WATCH_OWNERS, WATCH_CANCEL, WATCH_COUNT };

/*
 * Until the step has ended. The build's end and that of a filesystem's server end it, too:
 * -ECANCELED, -ENOTCONN.
 */
static int watch(struct running *running, struct step *step, const int pipes[2])
{
	size_t server_count = running->around.filesystem_count;
	cleanup_free struct pollfd *fds = xcalloc(WATCH_COUNT + server_count, sizeof *fds);
	int r = 0;

	fds[WATCH_STEP] = (struct pollfd){ .fd = step_fd(step), .events = POLLIN };
	fds[WATCH_OUT] = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
	fds[WATCH_ERR] = (struct pollfd){ .fd = pipes[1], .events = POLLIN };
	fds[WATCH_CANCEL] =
		(struct pollfd){ .fd = running->task->env->cancel_fd, .events = POLLIN };
	fds[WATCH_OWNERS] =
		(struct pollfd){ .fd = owner_channel_fd(running->around.owners), .events = POLLIN };
	for (size_t i = 0; i < server_count; i++)
		fds[WATCH_COUNT + i].fd = workspace_fd(running->around.filesystems[i]->workspace);
	for (;;) {
		if (poll(fds, WATCH_COUNT + server_count, -1) < 0 && errno != EINTR)
			return -errno;
		for (int i = WATCH_OUT; i <= WATCH_ERR; i++) {
			if (fds[i].revents && !relay(running, fds[i].fd, i - WATCH_STEP))
				fds[i].fd = -1;
		}
		if (fds[WATCH_OWNERS].revents && owner_channel_answer(running->around.owners) <= 0)
			fds[WATCH_OWNERS].fd = -1;
		if (fds[WATCH_STEP].revents)
			break;
		for (size_t i = WATCH_CANCEL; i < WATCH_COUNT + server_count && r == 0; i++) {
			if (fds[i].revents)
				r = i == WATCH_CANCEL ? -ECANCELED : -ENOTCONN;
		}
		if (r < 0) {
			end_step(running, step);
			break;
		}
	}
	drain(running, pipes);
	return r;
}

static int make_pipes(int ret_read[2], int ret_write[2])
{
	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		ret_read[i] = ends[0];
		ret_write[i] = ends[1];
	}
	return 0;
}

static void close_both(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static int start(struct running *running, int pipes[2], struct step **ret, struct error *err)
{
	cleanup_free int *listen_fds =
		xcalloc(run_mounts_sockets(running->around.mounts) + 1, sizeof *listen_fds);
	int inner[2] = { -1, -1 };
	struct step_io io;
	int r = make_pipes(pipes, inner);

	if (r < 0) {
		close_both(inner);
		return error_errno(err, r, "cannot make a pipe");
	}
	io = (struct step_io){ .stdout_fd = inner[0],
			       .stderr_fd = inner[1],
			       .cancel_fd = running->task->env->cancel_fd };
	io.jobserver_fds = running->jobs ? jobserver_fds(running->jobs) : NULL;
	if (running->group)
		io.group_fds = group_fds(running->group, &io.group_count);
	io.owners = owner_channel_owners(running->around.owners, &io.owner_count);
	r = sandbox_start(running->task->env->sandbox, &running->around.spec, &io, ret, listen_fds,
			  err);
	owner_channel_started(running->around.owners);
	close_both(inner);
	return r < 0 ? r : run_mounts_serve(running->around.mounts, listen_fds, err);
}

/* ---- how it ended ---- */

static int judge(const struct running *running, const struct step_status *status, struct error *err)
{
	int code = status->exited ? status->exit_code : 128 + status->signal;
	cleanup_free char *command = NULL, *quoted = NULL;

	if (code == 0)
		return 0;
	command = strings_join(&running->task->vertex->run.argv, " ");
	quoted = quote_string(command, COMMAND_SHOWN_MAX);
	(void)error_set(err, -ECHILD, "process %s did not complete successfully: exit code: %d",
			quoted, code);
	/* It was told, and has said so or not. What it wrote is still there. */
	store_mention_full(running->task->env->store, err);
	return -ECHILD;
}

/* A process that misses its files may well end before we see why they are missing. */
static bool servers_alive(const struct running *running)
{
	for (size_t i = 0; i < running->around.filesystem_count; i++) {
		if (!workspace_alive(running->around.filesystems[i]->workspace))
			return false;
	}
	return true;
}

static int say_died(struct error *err)
{
	return error_set(err, -ENOTCONN,
			 "the process that serves the filesystem has died; run the build again");
}

/*
 * A place for the step, and the way to ask for more, which is no part of what it is: its key does
 * not know of it. An image that says how make is to be called keeps that.
 */
static int join_jobserver(struct running *running, struct error *err)
{
	const struct step_env *env = running->task->env;
	struct jobserver *server = step_pool_jobserver(env->pool);
	struct strings *variables = &running->around.spec.env;
	cleanup_free char *flags = NULL;
	int r;

	if (!server)
		return 0;
	r = jobserver_join(server, env->cancel_fd, &running->jobs, err);
	if (r < 0 || strings_env_get(variables, "MAKEFLAGS"))
		return r;
	/* The pipe has a path as well, for whoever has the descriptor: no file of the image. */
	if (step_pool_jobs_fifo(env->pool))
		flags = xasprintf("-j --jobserver-auth=fifo:/proc/self/fd/%d",
				  SANDBOX_JOBSERVER_READ_FD);
	else
		flags = xasprintf("-j --jobserver-fds=%d,%d --jobserver-auth=%d,%d",
				  SANDBOX_JOBSERVER_READ_FD, SANDBOX_JOBSERVER_WRITE_FD,
				  SANDBOX_JOBSERVER_READ_FD, SANDBOX_JOBSERVER_WRITE_FD);
	strings_env_set(variables, "MAKEFLAGS", flags);
	return 0;
}

static void write_line(struct running *running, const char *text)
{
	cleanup_free char *line = xasprintf("varve: %s\n", text);

	running->task->output->log(running->task->output, STDERR_FILENO, line, strlen(line));
	if (running->journal)
		output_log_add(running->journal, STDERR_FILENO, line, strlen(line));
}

/*
 * Programs say "Input/output error"; the filesystem knows of which object. A dying server ends the
 * programs before its end of the socket is closed: it is one that does not answer.
 */
static int say_failures(struct running *running, int failure, struct error *err)
{
	cleanup_with(strings_release) struct strings texts = { 0 };
	int r = surroundings_failures(&running->around, &texts);

	for (size_t i = 0; i < texts.count; i++)
		write_line(running, texts.items[i]);
	return r < 0 ? say_died(err) : failure;
}

/* The kernel ends one process; what becomes of the step is often told by another, if at all. */
static void mention_limit(const struct running *running, struct error *err)
{
	if (err && running->group && group_out_of_memory(running->group)) {
		cleanup_free char *said = xstrdup(err->text);

		(void)error_set(err, err->code,
				"%.900s; killed: the step's memory limit of %.4g MiB was reached",
				said, (double)running->task->env->limits->memory / (1 << 20));
	}
}

static int enter_group(struct running *running, struct error *err)
{
	struct groups *groups = running->task->env->groups;

	return groups ? group_new(groups, &running->group, err) : 0;
}

static int run_process(struct running *running, struct error *err)
{
	cleanup_with(step_free) struct step *step = NULL;
	struct step_status status = { 0 };
	int pipes[2] = { -1, -1 };
	int r = start(running, pipes, &step, err), ended;

	if (r < 0) {
		close_both(pipes);
		if (r == -ECANCELED)
			return r;
		mention_limit(running, err);
		return say_failures(running, r, err);
	}
	ended = watch(running, step, pipes);
	surroundings_end_owners(&running->around);
	r = step_wait(step, &status, err);
	drain(running, pipes);
	close_both(pipes);
	/* Our own kill shows as -ECANCELED in `r`, whatever it was for. */
	if (ended == -ECANCELED)
		return error_set(err, -ECANCELED, "cancelled");
	if (ended == -ENOTCONN || !servers_alive(running))
		return say_died(err);
	if (r == 0)
		r = judge(running, &status, err);
	if (r < 0)
		mention_limit(running, err);
	return r < 0 ? say_failures(running, r, err) : 0;
}

static int commit(struct running *running, const struct step_keys *keys, unsigned flags,
		  struct step_result *ret, struct error *err)
{
	cleanup_free char *lease = xstrdup(store_lease_name(running->task->env->lease));
	cleanup_with(buf_release) struct buf config = { 0 };
	struct step_record records[SNAPSHOT_STEPS_MAX];
	struct snapshot_intent intent;
	struct snapshot_result result;
	size_t record_count = 0;
	int r;

	if (run_mounts_secret(running->around.mounts))
		flags |= STEP_SECRET;
	r = step_config(running->task, &config, err);
	if (r < 0)
		return r;
	step_intent(running->task, keys, flags, running->started_ns, &config, &intent);
	intent.hold = lease;
	/* With caches it is not found before their versions are, too. */
	if (!(flags & STEP_FAILED) && run_mounts_caches(running->around.mounts)) {
		memcpy(records, intent.steps, sizeof records);
		record_count = intent.step_count;
		intent.step_count = 0;
	}
	r = workspace_commit(running->around.root->workspace, &intent, &result, err);
	for (size_t i = 0; i < record_count; i++)
		records[i].snapshot = result.id;
	if (r == 0 && record_count)
		r = run_mounts_commit(running->around.mounts, records, record_count, err);
	if (r < 0)
		return r;
	ret->snapshot = result.id;
	ret->root = result.root;
	running->around.root->snapshot = result.id;
	if (running->task->env->precise && !(flags & STEP_FAILED))
		step_traced_keep(running->task, &running->around, &result.id, flags,
				 (clock_monotonic_ns() - running->started_ns) / 1000000);
	step_journal_finish(running->task, running->journal, &result.id);
	return 0;
}

/* What a step had written when it failed is worth looking at: it becomes a state, too. */
static void commit_failed(struct running *running, const struct step_keys *keys,
			  struct step_result *ret)
{
	struct step_keys failed = { .definition = keys->definition };

	(void)commit(running, &failed, STEP_FAILED, ret, NULL);
}

/* What has run to its end is not lost for the failure of another step. */
static void shield(struct running *running)
{
	int fd = running->task->env->interrupt_fd;

	for (size_t i = 0; i < running->around.filesystem_count; i++)
		workspace_cancel_with(running->around.filesystems[i]->workspace, fd);
}

/* A stage for another platform most often has programs for another machine. */
static int check_machine(struct running *running, struct error *err)
{
	const struct step_task *task = running->task;
	const struct platform host = platform_host(), *wanted = &task->vertex->stage->platform;
	cleanup_with(tree_close) struct tree *tree = NULL;
	int r;

	if (strcmp(host.architecture, wanted->architecture) == 0)
		return 0;
	tree = tree_open(task->env->store, &task->parent.root);
	r = foreign_check(tree, &task->vertex->run.argv, &task->vertex->run.env, BINFMT_HANDLERS,
			  &running->hint, err);
	return r < 0 ? r : 0;
}

int step_run(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
	     struct error *err)
{
	struct running running = { .task = task, .started_ns = clock_monotonic_ns() };
	struct filesystem *keep = NULL;
	bool always = task->env->cache_commit == CACHE_COMMIT_ALWAYS;
	int r = check_machine(&running, err);

	if (r == 0)
		r = memory_gate_enter(task, err);
	if (r < 0)
		return r;
	r = surroundings_open(task, &running.around, err);
	if (r == 0) {
		running.journal = step_journal_begin(task, keys, running.around.mounts);
		r = join_jobserver(&running, err);
		if (r == 0)
			r = enter_group(&running, err);
		if (r == 0)
			r = run_process(&running, err);
		group_free(take_ptr(&running.group));
		if (r == -ENOEXEC && running.hint)
			(void)error_set(err, r, "%s", running.hint);
		jobserver_leave(take_ptr(&running.jobs));
		if (r == -ECHILD || r == -ECANCELED)
			commit_failed(&running, keys, ret);
		if (r == -ECHILD && always)
			(void)run_mounts_commit(running.around.mounts, NULL, 0, NULL);
		if (r == 0)
			shield(&running);
		if (r == 0)
			r = commit(&running, keys, 0, ret, err);
	}
	output_log_free(running.journal);
	/* Of a traced step the next one may not see what the kernel remembers. */
	if (r == 0 && !task->env->precise)
		keep = take_ptr(&running.around.root);
	surroundings_release(&running.around);
	if (keep)
		filesystem_keep(keep);
	memory_gate_leave(task->env);
	free(running.hint);
	return r;
}
