/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/network.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/helper.h"
#include "builder/sandbox/program.h"
#include "builder/sandbox/protocol.h"
#include "builder/sandbox/resolv.h"
#include "builder/sandbox/sandbox_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

/* Where the programs answer for nameservers that only the host itself can reach. */
#define PASTA_FORWARDER "169.254.1.1"
#define SLIRP_FORWARDER "10.0.2.3"

struct place {
	int namespace_fd;
	int keeper_fd; /* closing it ends the process that keeps the namespace */
	bool busy;
};

struct network {
	/* Guards all; held while a network is set up, as whoever else wants one has to wait for the
	 * same guard anyway. */
	pthread_mutex_t lock;
	bool decided;
	enum sandbox_network how; /* when decided */
	struct place *places;
	size_t count, capacity;
	struct error reason; /* when it was decided to do without */
	int guard_fd, guard_pidfd;
	pid_t guard_pid;
};

struct network *network_new(void)
{
	struct network *network = xcalloc(1, sizeof *network);

	pthread_mutex_init(&network->lock, NULL);
	network->guard_fd = network->guard_pidfd = -1;
	return network;
}

static void close_place(struct place *place)
{
	if (place->namespace_fd >= 0)
		close(take_fd(&place->namespace_fd));
	if (place->keeper_fd >= 0)
		close(take_fd(&place->keeper_fd));
}

/* Unlike other helpers it must get to its end: it takes others along. */
static void end_guard(struct network *network)
{
	if (network->guard_pidfd < 0)
		return;
	close(take_fd(&network->guard_fd));
	while (waitid(P_PIDFD, (id_t)network->guard_pidfd, &(siginfo_t){ 0 }, WEXITED) < 0 &&
	       errno == EINTR)
		;
	close(take_fd(&network->guard_pidfd));
}

void network_free(struct network *network)
{
	if (!network)
		return;
	end_guard(network);
	for (size_t i = 0; i < network->count; i++)
		close_place(&network->places[i]);
	free(network->places);
	pthread_mutex_destroy(&network->lock);
	free(network);
}

static int start_guard(struct sandbox *sandbox, struct error *err)
{
	struct network *network = sandbox->network;
	cleanup_fd int self_fd = -1;
	int fds[2];

	if (network->guard_fd >= 0)
		return 0;
	self_fd = pidfd_open(getpid(), 0);
	if (self_fd < 0)
		return error_errno(err, -errno, "cannot open a descriptor of this process");
	fds[0] = self_fd;
	fds[1] = sandbox->holder.pidfd;
	return sandbox_start_helper(HELPER_GUARD, NULL, fds, 2, &network->guard_fd,
				    &network->guard_pidfd, &network->guard_pid, NULL, err);
}

static int run_guarded(struct sandbox *sandbox, unsigned flags, const struct strings *argv,
		       struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	cleanup_fd int ours = -1, theirs = -1;
	int ends[2], r = start_guard(sandbox, err);

	if (r < 0)
		return r;
	r = channel_pair(ends);
	if (r < 0)
		return error_errno(err, r, "cannot make a channel");
	ours = ends[0];
	theirs = ends[1];
	wire_put_u32(&message, REQUEST_GUARD);
	wire_put_u32(&message, flags);
	wire_put_string(&message, argv->items[0]);
	wire_put_strings(&message, argv);
	r = channel_send(sandbox->network->guard_fd, message.data, message.length, &theirs, 1);
	if (r < 0)
		return error_errno(err, r, "cannot talk to the network guard");
	close(take_fd(&theirs));
	return helper_done(ours, NULL, NULL, 0, NULL, err);
}

static void add_words(struct strings *argv, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strings_add(argv, words[i]);
}

/*
 * Which namespace they are to connect. As root they would join it as nobody and fail, or be root
 * of the host: there they are started as root of the user namespace, which they need not join.
 */
static void add_target(struct strings *argv, const char *as_path, pid_t keeper)
{
	if (geteuid() == 0) {
		strings_add(argv, as_path);
		strings_add_format(argv, "/proc/%d/ns/net", keeper);
	} else {
		strings_add_format(argv, "%d", keeper);
	}
}

static int run_pasta(struct sandbox *sandbox, pid_t keeper, struct error *err)
{
	static const char *const words[] = { "--config-net", "--no-map-gw", "-t",     "none",
					     "-u",           "none",        "-T",     "none",
					     "-U",           "none",        "--quiet" };
	const unsigned flags = GUARD_DAEMON | (geteuid() == 0 ? GUARD_NAMESPACE : 0);
	cleanup_with(strings_release) struct strings argv = { 0 };
	cleanup_with(buf_release) struct buf ignored = { 0 };
	cleanup_free char *path = program_find("pasta");

	if (!path)
		return error_set(err, -ENOENT, "pasta is missing");
	strings_add(&argv, path);
	add_words(&argv, words, sizeof words / sizeof *words);
	if (!resolv_of_network(NULL, &ignored)) {
		strings_add(&argv, "--dns-forward");
		strings_add(&argv, PASTA_FORWARDER);
	}
	if (geteuid() == 0)
		strings_add(&argv, "--no-netns-quit");
	add_target(&argv, "--netns", keeper);
	return run_guarded(sandbox, flags, &argv, err);
}

static int run_slirp(struct sandbox *sandbox, pid_t keeper, struct error *err)
{
	static const char *const words[] = { "--configure",
					     "--mtu=65520",
					     "--disable-host-loopback",
					     "--enable-seccomp",
					     "-r",
					     "%r",
					     "-e",
					     "%e" };
	cleanup_with(strings_release) struct strings argv = { 0 };
	cleanup_free char *path = program_find("slirp4netns");

	if (!path)
		return error_set(err, -ENOENT, "slirp4netns is missing");
	strings_add(&argv, path);
	add_words(&argv, words, sizeof words / sizeof *words);
	add_target(&argv, "--netns-type=path", keeper);
	strings_add(&argv, "tap0");
	return run_guarded(sandbox, geteuid() == 0 ? GUARD_NAMESPACE : 0, &argv, err);
}

/* An empty namespace with "lo", kept by a process of the sandbox. */
static int make_namespace(struct sandbox *sandbox, struct place *ret, pid_t *ret_keeper,
			  struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	uint32_t pid = 0;
	size_t fd_count = 0;
	int r;

	*ret = (struct place){ .namespace_fd = -1, .keeper_fd = -1 };
	wire_put_u32(&message, REQUEST_NETWORK);
	r = sandbox_request(sandbox, &message, NULL, 0, &ret->keeper_fd, err);
	if (r == 0)
		r = helper_done(ret->keeper_fd, &pid, &ret->namespace_fd, 1, &fd_count, err);
	if (r == 0 && fd_count != 1)
		r = error_set(err, -EPROTO, "the sandbox's helper sent no network namespace");
	if (r < 0)
		close_place(ret);
	*ret_keeper = (pid_t)pid;
	return r;
}

static int set_up(struct sandbox *sandbox, enum sandbox_network how, struct place *ret,
		  struct error *err)
{
	pid_t keeper;
	int r = make_namespace(sandbox, ret, &keeper, err);

	if (r < 0)
		return r;
	if (how == SANDBOX_NETWORK_PASTA)
		r = run_pasta(sandbox, keeper, err);
	else
		r = run_slirp(sandbox, keeper, err);
	if (r < 0)
		close_place(ret);
	return r;
}

const char *network_missing(void)
{
	static const char *const programs[] = { "pasta", "slirp4netns" };

	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		cleanup_free char *path = program_find(programs[i]);

		if (!path)
			return programs[i];
	}
	return NULL;
}

static void warn_of_host(struct sandbox *sandbox, const char *why)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *missing = network_missing();

	buf_add_format(
		&text,
		"steps share this host's network, services on localhost included: %s; as root: ",
		why);
	if (missing)
		buf_add_format(&text, "apt-get install %s && ",
			       strcmp(missing, "pasta") == 0 ? "passt" : missing);
	buf_add_string(&text, "chmod 666 /dev/net/tun");
	sandbox_warn(sandbox, text.data);
}

/* Without the holder nothing can be set up any more. That says nothing about the programs, and the
 * host's network is no way out that somebody has chosen. */
static int holder_gone(struct error *err)
{
	return error_set(err, -ENOTCONN,
			 "the process that keeps the namespaces of steps was killed; run the build "
			 "again");
}

/* The first network of the sandbox: try what there is. 0, or 1: the host's. */
static int decide(struct sandbox *sandbox, struct place *ret, struct error *err)
{
	/* With nameservers on loopback only, slirp4netns forwards in all versions. */
	cleanup_with(buf_release) struct buf ignored = { 0 };
	const bool loopback_only = !resolv_of_network(NULL, &ignored);
	const enum sandbox_network order[] = {
		loopback_only ? SANDBOX_NETWORK_SLIRP : SANDBOX_NETWORK_PASTA,
		loopback_only ? SANDBOX_NETWORK_PASTA : SANDBOX_NETWORK_SLIRP,
	};
	const enum sandbox_network asked = sandbox->options.network;
	struct network *network = sandbox->network;
	struct error first = { 0 }, later = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct error *here = first.code ? &later : &first;

		if (asked != SANDBOX_NETWORK_BEST && asked != order[i])
			continue;
		if (set_up(sandbox, order[i], ret, here) == 0) {
			network->how = order[i];
			network->decided = true;
			return 0;
		}
	}
	if (!holder_alive(&sandbox->holder))
		return holder_gone(err);
	/* Who asked for one of them does not want the host's network instead. */
	if (asked != SANDBOX_NETWORK_BEST)
		return error_set(err, first.code, "no network for steps: %s", first.text);
	network->reason = first;
	warn_of_host(sandbox, first.text);
	network->how = SANDBOX_NETWORK_HOST;
	network->decided = true;
	return 1;
}

static int acquire(struct sandbox *sandbox, size_t *ret_index, struct error *err)
{
	struct network *network = sandbox->network;
	struct place place;
	size_t index;
	int r;

	if (network->decided && network->how == SANDBOX_NETWORK_HOST)
		return 1;
	for (index = 0; index < network->count; index++) {
		if (!network->places[index].busy && network->places[index].namespace_fd >= 0)
			break;
	}
	if (index == network->count) {
		r = network->decided ? set_up(sandbox, network->how, &place, err)
				     : decide(sandbox, &place, err);
		if (r < 0 && !holder_alive(&sandbox->holder))
			return holder_gone(err);
		if (r != 0)
			return r;
		array_reserve_one(network->places, network->count, network->capacity);
		network->places[network->count++] = place;
	}
	network->places[index].busy = true;
	*ret_index = index;
	return 0;
}

int network_acquire(struct sandbox *sandbox, size_t *ret_index, int *ret_fd, struct error *err)
{
	struct network *network = sandbox->network;
	int r;

	if (sandbox->options.network == SANDBOX_NETWORK_HOST)
		return 1;
	pthread_mutex_lock(&network->lock);
	r = acquire(sandbox, ret_index, err);
	if (r == 0)
		*ret_fd = network->places[*ret_index].namespace_fd;
	pthread_mutex_unlock(&network->lock);
	return r;
}

void network_release(struct network *network, size_t index, bool spoilt)
{
	pthread_mutex_lock(&network->lock);
	if (spoilt)
		close_place(&network->places[index]);
	network->places[index].busy = false;
	pthread_mutex_unlock(&network->lock);
}

const char *network_program(const struct network *network)
{
	return network->how == SANDBOX_NETWORK_SLIRP ? "slirp4netns" : "pasta";
}

const char *network_reason(const struct network *network)
{
	return network->reason.text;
}

void network_resolv_conf(struct network *network, struct buf *ret)
{
	enum sandbox_network how;

	pthread_mutex_lock(&network->lock);
	how = network->how;
	pthread_mutex_unlock(&network->lock);
	(void)resolv_of_network(how == SANDBOX_NETWORK_SLIRP ? SLIRP_FORWARDER : PASTA_FORWARDER,
				ret);
}
