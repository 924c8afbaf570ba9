/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/sandbox/helper.h"
#include "builder/sandbox/idmap.h"
#include "builder/sandbox/network.h"
#include "builder/sandbox/protocol.h"
#include "builder/sandbox/resolv.h"
#include "builder/sandbox/sandbox_internal.h"
#include "builder/sandbox/spec.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/ids/credentials.h"

#define DEFAULT_HOSTNAME "buildkitsandbox"
#define MAX_HOSTNAME     64

/* What a request is made of besides the spec. */
struct request {
	unsigned flags;
	int fds[CHANNEL_MAX_FDS];
	size_t fd_count;
	struct buf hosts, resolv_conf, message;
};

static void request_release(struct request *request)
{
	buf_release(&request->hosts);
	buf_release(&request->resolv_conf);
	buf_release(&request->message);
}
DEFINE_CLEANUP_VALUE(struct request, request_release);

/* Whether the step can be this user here. */
static int check_user(const struct sandbox *sandbox, const struct spec *spec, struct error *err)
{
	if (sandbox->holder.all_ids)
		return 0;
	if ((spec->uid || spec->gid) && spec->insecure)
		return error_set(
			err, -EINVAL,
			"cannot run as user %u:%u: an insecure step has no other users than root "
			"here; give this user subordinate ids ('varve doctor' prints the line)",
			spec->uid, spec->gid);
	if (spec->uid >= CREDENTIALS_IDS || spec->gid >= CREDENTIALS_IDS)
		return error_set(err, -EINVAL, "cannot run as user %u:%u: ids end at %u", spec->uid,
				 spec->gid, CREDENTIALS_IDS - 1);
	if (spec->group_count >= CREDENTIALS_GROUPS)
		return error_set(err, -EINVAL, "cannot run in more than %u groups",
				 CREDENTIALS_GROUPS);
	return 0;
}

static int check(const struct sandbox *sandbox, const struct spec *spec, struct error *err)
{
	if (!spec->root || spec->argv.count == 0)
		return error_set(err, -EINVAL, "a step needs a root filesystem and a command");
	if (spec->hostname && (strlen(spec->hostname) > MAX_HOSTNAME || !*spec->hostname))
		return error_set(err, -EINVAL, "'%s' is no host name", spec->hostname);
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (!mount->target || mount->target[0] != '/')
			return error_set(err, -EINVAL, "mount target '%s' is not absolute",
					 mount->target ? mount->target : "");
		if (mount->type == SPEC_MOUNT_FUSE && (!mount->filesystem || !mount->source))
			return error_set(err, -EINVAL, "mount '%s' has no source", mount->target);
	}
	return check_user(sandbox, spec, err);
}

static void add_fd(struct request *request, int fd)
{
	request->fds[request->fd_count++] = fd;
}

static int choose_network(struct step *step, const struct spec *spec, struct request *request,
			  struct error *err)
{
	struct sandbox *sandbox = step->sandbox;
	int fd, r;

	if (spec->network == SPEC_NETWORK_NONE) {
		request->flags |= START_NETWORK_NEW;
		return 0;
	}
	if (spec->network == SPEC_NETWORK_DEFAULT) {
		r = network_acquire(sandbox, &step->network_index, &fd, err);
		if (r < 0)
			return r;
		if (r == 0) {
			step->own_network = true;
			request->flags |= START_NETWORK;
			add_fd(request, fd);
			network_resolv_conf(sandbox->network, &request->resolv_conf);
			return 0;
		}
	}
	resolv_of_host(&request->resolv_conf);
	return 0;
}

static uint64_t open_files(const struct sandbox *sandbox)
{
	struct rlimit limit;

	if (sandbox->options.open_files)
		return sandbox->options.open_files;
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

/* Its place among the descriptors, or 0. */
static uint32_t add_table(const struct step_owner *owner, struct request *request)
{
	if (owner->table_fd <= 0 || request->fd_count >= CHANNEL_MAX_FDS - 1)
		return 0;
	add_fd(request, owner->table_fd);
	return (uint32_t)request->fd_count;
}

/* Put each owner's channel among the descriptors once: its place counts the answering one too. */
static int add_owners(const struct step_io *io, struct request *request, struct error *err)
{
	size_t first = request->fd_count;

	wire_put_u32(&request->message, (uint32_t)io->owner_count);
	for (size_t i = 0; i < io->owner_count; i++) {
		size_t at = first;

		while (at < request->fd_count && request->fds[at] != io->owners[i].channel_fd)
			at++;
		if (at == CHANNEL_MAX_FDS - 1)
			return error_set(err, -E2BIG, "too many owners of filesystems");
		if (at == request->fd_count)
			add_fd(request, io->owners[i].channel_fd);
		wire_put_string(&request->message, io->owners[i].filesystem);
		wire_put_u32(&request->message, (uint32_t)at + 1);
		wire_put_u32(&request->message, add_table(&io->owners[i], request));
	}
	return 0;
}

static int build_request(struct step *step, const struct spec *spec, const struct step_io *io,
			 struct request *request, struct error *err)
{
	const struct sandbox *sandbox = step->sandbox;
	char default_hostname[] = DEFAULT_HOSTNAME;
	struct spec filled = *spec;
	int r;

	if (!filled.hostname)
		filled.hostname = default_hostname;
	if (io->terminal) {
		request->flags |= START_TERMINAL;
	} else {
		add_fd(request, io->stdout_fd);
		add_fd(request, io->stderr_fd);
	}
	if (!io->terminal && io->stdin_fd > 0) {
		request->flags |= START_STDIN;
		add_fd(request, io->stdin_fd);
	}
	r = choose_network(step, spec, request, err);
	if (r < 0)
		return r;
	if (io->jobserver_fds) {
		request->flags |= START_JOBSERVER;
		add_fd(request, io->jobserver_fds[0]);
		add_fd(request, io->jobserver_fds[1]);
	}
	for (size_t i = 0; i < io->group_count; i++)
		add_fd(request, io->group_fds[i]);
	if (sandbox->holder.all_ids)
		request->flags |= START_ALL_IDS;
	if (sandbox->host_proc)
		request->flags |= START_HOST_PROC;
	resolv_hosts(filled.hostname, &spec->extra_hosts, &request->hosts);
	wire_put_u32(&request->message, REQUEST_START);
	wire_put_u32(&request->message, request->flags);
	wire_put_u64(&request->message, open_files(sandbox));
	wire_put_u32(&request->message,
		     io->terminal ? (uint32_t)io->terminal->rows << 16 | io->terminal->columns : 0);
	wire_put_u32(&request->message, (uint32_t)io->group_count);
	wire_put_string(&request->message, buf_string(&request->hosts));
	wire_put_string(&request->message, buf_string(&request->resolv_conf));
	r = add_owners(io, request, err);
	if (r < 0)
		return r;
	spec_encode(&filled, &request->message);
	if (request->message.length > CHANNEL_MAX_MESSAGE)
		return error_set(err, -E2BIG, "the files for a step are larger than 64 MiB");
	return 0;
}

/* A build by root has pipes of the host's root, who is nobody to the step. */
static void lend_pipes(const struct sandbox *sandbox, const struct step_io *io)
{
	const int fds[] = { io->stdout_fd, io->stderr_fd, io->stdin_fd };
	struct stat facts;

	if (geteuid() != 0 || io->terminal)
		return;
	for (size_t i = 0; i < 3; i++) {
		if (fds[i] > 0 && fstat(fds[i], &facts) == 0 && S_ISFIFO(facts.st_mode))
			(void)!fchown(fds[i], sandbox->holder.root_uid, sandbox->holder.root_gid);
	}
}

static int wait_for_answer(int socket_fd, int cancel_fd, struct error *err)
{
	struct pollfd polled[] = { { .fd = socket_fd, .events = POLLIN },
				   { .fd = cancel_fd > 0 ? cancel_fd : -1, .events = POLLIN } };

	while (poll(polled, 2, -1) < 0) {
		if (errno != EINTR)
			return error_errno(err, -errno, "cannot wait for the step");
	}
	if (polled[1].revents)
		return error_set(err, -ECANCELED, "cancelled");
	return 0;
}

/* Of an answer that is neither a start nor a warning: the negative errno. */
static int refusal(uint32_t reply, struct wire *wire, struct error *err)
{
	uint32_t code = wire_u32(wire);
	cleanup_free char *text = wire_string(wire);

	if (reply != REPLY_ERROR || wire_end(wire) < 0 || !text || code == 0 || code > 4095)
		return error_set(err, -EPROTO, "the sandbox's helper answered nonsense");
	return error_set(err, -(int)code, "%s", text);
}

/* One step further: 1 started, 0 not yet. */
static int next_answer(struct step *step, size_t sockets, int *ret_listen_fds, struct error *err)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	int fds[CHANNEL_MAX_FDS];
	size_t fd_count = 0;
	struct wire wire;
	uint32_t reply;
	int r = helper_answer(step->socket_fd, &reply, &body, fds, CHANNEL_MAX_FDS, &fd_count);

	if (r == -EMFILE)
		return error_errno(err, r, "cannot follow the step");
	if (r < 0)
		return error_errno(err, r, "the step's supervisor ended");
	wire = wire_of(body.data, body.length);
	if (reply == REPLY_STARTING && fd_count == 1 && step->supervisor_pidfd < 0) {
		step->supervisor_pidfd = fds[0];
		return 0;
	}
	if (reply == REPLY_STARTED && fd_count == sockets + 1) {
		step->inside_pidfd = fds[0];
		if (sockets)
			memcpy(ret_listen_fds, fds + 1, sockets * sizeof *fds);
		return 1;
	}
	for (size_t i = 0; i < fd_count; i++)
		close(fds[i]);
	if (reply == REPLY_ENDED) /* it has begun, and could not say so any more */
		return error_set(err, -EIO, "the step's pid 1 was killed from outside");
	return refusal(reply, &wire, err);
}

static int wait_until_started(struct step *step, size_t sockets, int cancel_fd, int *ret_listen_fds,
			      struct error *err)
{
	/* The first answer comes at once, and says whom to kill. */
	int r = next_answer(step, sockets, ret_listen_fds, err);

	while (r == 0) {
		r = wait_for_answer(step->socket_fd, cancel_fd, err);
		if (r == 0)
			r = next_answer(step, sockets, ret_listen_fds, err);
	}
	return r < 0 ? r : 0;
}

/* What comes along is for the caller: sockets, then the terminal. */
static int wait_for_start(struct step *step, size_t sockets, const struct step_io *io,
			  int *ret_listen_fds, struct error *err)
{
	int fds[CHANNEL_MAX_FDS];
	int r = wait_until_started(step, sockets + (io->terminal ? 1 : 0), io->cancel_fd, fds, err);

	if (r < 0)
		return r;
	if (sockets)
		memcpy(ret_listen_fds, fds, sockets * sizeof *fds);
	if (io->terminal)
		io->terminal->ret_fd = fds[sockets];
	return 0;
}

static size_t count_sockets(const struct spec *spec)
{
	size_t count = 0;

	for (size_t i = 0; i < spec->mount_count; i++)
		count += spec->mounts[i].type == SPEC_MOUNT_SOCKET;
	return count;
}

int sandbox_start(struct sandbox *sandbox, const struct spec *spec, const struct step_io *io,
		  struct step **ret, int *ret_listen_fds, struct error *err)
{
	cleanup_with(request_release) struct request request = { 0 };
	cleanup_with(step_free) struct step *step = NULL;
	int r = check(sandbox, spec, err);

	if (r < 0)
		return r;
	if (count_sockets(spec) > CHANNEL_MAX_FDS - 2)
		return error_set(err, -E2BIG, "too many sockets for one step");
	step = step_new(sandbox);
	step->insecure = spec->insecure;
	r = build_request(step, spec, io, &request, err);
	if (r < 0)
		return r;
	lend_pipes(sandbox, io);
	r = sandbox_request(sandbox, &request.message, request.fds, request.fd_count,
			    &step->socket_fd, err);
	if (r == 0)
		r = wait_for_start(step, count_sockets(spec), io, ret_listen_fds, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&step);
	return 0;
}
