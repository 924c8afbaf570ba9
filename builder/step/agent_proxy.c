/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/agent_proxy.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define PAIRS_MAX 64

/* A connection of the step, and ours to the agent. */
struct pair {
	int ends[2];
};

struct agent_proxy {
	pthread_t thread;
	int listen_fd, stop_fd;
	struct sockaddr_un agent;
	struct pair pairs[PAIRS_MAX];
	size_t count;
};

static void close_pair(struct agent_proxy *proxy, size_t i)
{
	close(proxy->pairs[i].ends[0]);
	close(proxy->pairs[i].ends[1]);
	proxy->pairs[i] = proxy->pairs[--proxy->count];
}

static void accept_pair(struct agent_proxy *proxy)
{
	cleanup_fd int inside = accept4(proxy->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	cleanup_fd int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pair *pair = &proxy->pairs[proxy->count];

	if (inside < 0 || agent < 0 || proxy->count == PAIRS_MAX ||
	    connect(agent, (struct sockaddr *)&proxy->agent, sizeof proxy->agent) < 0)
		return;
	pair->ends[0] = take_fd(&inside);
	pair->ends[1] = take_fd(&agent);
	proxy->count++;
}

/* Pass on what is there; false when the connection has ended. Agents speak in short messages and
 * wait for the answer, so a write that blocks for long is one that nobody waits for. */
static bool pass_on(int from, int to)
{
	char bytes[16384];
	ssize_t n = read(from, bytes, sizeof bytes);

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && fd_write_all(to, bytes, (size_t)n) == 0;
}

static void *run(void *context)
{
	struct agent_proxy *proxy = context;

	for (;;) {
		struct pollfd fds[2 + 2 * PAIRS_MAX] = {
			{ .fd = proxy->stop_fd, .events = POLLIN },
			{ .fd = proxy->listen_fd, .events = POLLIN },
		};
		size_t count = proxy->count;

		for (size_t i = 0; i < 2 * count; i++)
			fds[2 + i] = (struct pollfd){ .fd = proxy->pairs[i / 2].ends[i % 2],
						      .events = POLLIN };
		if (poll(fds, 2 + 2 * count, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			break;
		for (size_t i = count; i-- > 0;) {
			const struct pair *pair = &proxy->pairs[i];
			bool open = true;

			if (fds[2 + 2 * i].revents)
				open = pass_on(pair->ends[0], pair->ends[1]);
			if (open && fds[3 + 2 * i].revents)
				open = pass_on(pair->ends[1], pair->ends[0]);
			if (!open)
				close_pair(proxy, i);
		}
		if (fds[1].revents)
			accept_pair(proxy);
	}
	return NULL;
}

int agent_proxy_start(int listen_fd, const char *agent_socket, struct agent_proxy **ret,
		      struct error *err)
{
	struct agent_proxy *proxy;

	if (strlen(agent_socket) >= sizeof proxy->agent.sun_path) {
		close(listen_fd);
		return error_set(err, -ENAMETOOLONG, "the path of the ssh agent is too long: '%s'",
				 agent_socket);
	}
	proxy = xcalloc(1, sizeof *proxy);
	proxy->listen_fd = listen_fd;
	proxy->stop_fd = eventfd(0, EFD_CLOEXEC);
	proxy->agent.sun_family = AF_UNIX;
	memcpy(proxy->agent.sun_path, agent_socket, strlen(agent_socket) + 1);
	if (proxy->stop_fd < 0 || pthread_create(&proxy->thread, NULL, run, proxy) != 0) {
		close(listen_fd);
		if (proxy->stop_fd >= 0)
			close(proxy->stop_fd);
		free(proxy);
		return error_set(err, -EAGAIN, "cannot start passing on the ssh agent");
	}
	*ret = proxy;
	return 0;
}

void agent_proxy_stop(struct agent_proxy *proxy)
{
	uint64_t one = 1;

	(void)!write(proxy->stop_fd, &one, sizeof one);
	pthread_join(proxy->thread, NULL);
	while (proxy->count > 0)
		close_pair(proxy, proxy->count - 1);
	close(proxy->listen_fd);
	close(proxy->stop_fd);
	free(proxy);
}
