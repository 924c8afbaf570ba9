/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* No pipe says that somebody waits to read from it, so they are looked at again and again. */
#define LOOK_MS 10

struct jobserver_client {
	struct jobserver *server;
	int fds[2];
	/* Both ends in one, and never waiting: whether those do is for the step to say, as they are
	 * the same open files there. */
	int own_fd;
	unsigned given; /* guarded by server->lock: places it has, beside its first */
	struct jobserver_client *next; /* guarded by server->lock */
};

struct jobserver {
	pthread_t thread;
	int end_fd; /* an eventfd, readable when the thread is to end */
	pthread_mutex_t lock;
	unsigned free;                    /* guarded by lock */
	unsigned waiting;                 /* guarded by lock: clients without their first place */
	struct jobserver_client *clients; /* guarded by lock; who was served last is at the end */
};

/* ---- with the lock held ---- */

static unsigned ready(const struct jobserver_client *client)
{
	int count = 0;

	return ioctl(client->own_fd, FIONREAD, &count) == 0 && count > 0 ? (unsigned)count : 0;
}

/* One of them may be quicker: then there is nothing to take. */
static bool take_back(struct jobserver *server, struct jobserver_client *client)
{
	char byte;

	if (client->given == 0 || read(client->own_fd, &byte, 1) != 1)
		return false;
	client->given--;
	server->free++;
	return true;
}

static bool give(struct jobserver *server, struct jobserver_client *client)
{
	if (write(client->own_fd, "+", 1) != 1)
		return false;
	client->given++;
	server->free--;
	return true;
}

/* Who has places that it does not use gives them up for those who have none to take. */
static void collect(struct jobserver *server, unsigned wanted)
{
	for (struct jobserver_client *client = server->clients; client; client = client->next) {
		while (server->free < wanted && ready(client) && take_back(server, client))
			;
	}
}

static void move_to_end(struct jobserver *server, struct jobserver_client *client)
{
	struct jobserver_client **at = &server->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	while (*at)
		at = &(*at)->next;
	client->next = NULL;
	*at = client;
}

static struct jobserver_client *next_hungry(const struct jobserver *server)
{
	struct jobserver_client *client = server->clients;

	while (client && ready(client))
		client = client->next;
	return client;
}

static void share_out(struct jobserver *server)
{
	struct jobserver_client *hungry = next_hungry(server);

	collect(server, server->waiting + (hungry != NULL));
	/* Each gets one more than it has asked for, until all are out. */
	while (hungry && server->free > server->waiting) {
		if (!give(server, hungry))
			return;
		move_to_end(server, hungry);
		hungry = next_hungry(server);
	}
	/* What is left is for whoever comes to it first: with one step alone, all. */
}

/* ---- the thread ---- */

static void *look(void *context)
{
	struct jobserver *server = context;
	struct pollfd end = { .fd = server->end_fd, .events = POLLIN };

	while (poll(&end, 1, LOOK_MS) <= 0) {
		pthread_mutex_lock(&server->lock);
		share_out(server);
		pthread_mutex_unlock(&server->lock);
	}
	return NULL;
}

int jobserver_new(unsigned jobs, struct jobserver **ret, struct error *err)
{
	struct jobserver *server = xcalloc(1, sizeof *server);
	int r = 0;

	server->free = jobs;
	pthread_mutex_init(&server->lock, NULL);
	server->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->end_fd < 0)
		r = -errno;
	if (r == 0)
		r = -pthread_create(&server->thread, NULL, look, server);
	if (r == 0) {
		*ret = server;
		return 0;
	}
	if (server->end_fd >= 0)
		close(server->end_fd);
	pthread_mutex_destroy(&server->lock);
	free(server);
	return error_errno(err, r, "cannot start a jobserver");
}

void jobserver_free(struct jobserver *server)
{
	if (!server)
		return;
	(void)eventfd_write(server->end_fd, 1);
	pthread_join(server->thread, NULL);
	close(server->end_fd);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

/* ---- clients ---- */

static bool take_first(struct jobserver *server)
{
	bool may;

	pthread_mutex_lock(&server->lock);
	may = server->free > 0;
	server->free -= may;
	pthread_mutex_unlock(&server->lock);
	return may;
}

static int wait_for_first(struct jobserver *server, int cancel_fd, struct error *err)
{
	struct pollfd cancel = { .fd = cancel_fd, .events = POLLIN };
	int r = 0;

	if (take_first(server))
		return 0;
	pthread_mutex_lock(&server->lock);
	server->waiting++;
	pthread_mutex_unlock(&server->lock);
	while (r == 0 && !take_first(server)) {
		if (poll(&cancel, 1, LOOK_MS) > 0)
			r = error_set(err, -ECANCELED, "cancelled");
	}
	pthread_mutex_lock(&server->lock);
	server->waiting--;
	pthread_mutex_unlock(&server->lock);
	return r;
}

static void client_free(struct jobserver_client *client)
{
	if (!client)
		return;
	if (client->fds[0] >= 0)
		close(client->fds[0]);
	if (client->fds[1] >= 0)
		close(client->fds[1]);
	if (client->own_fd >= 0)
		close(client->own_fd);
	free(client);
}
DEFINE_CLEANUP(struct jobserver_client *, client_free);

static int open_pipe(struct jobserver_client *client)
{
	char path[40];

	if (pipe2(client->fds, O_CLOEXEC) < 0)
		return -errno;
	/* Whoever the step's user is may open it by its path. */
	if (fchmod(client->fds[0], 0666) < 0)
		return -errno;
	snprintf(path, sizeof path, "/proc/self/fd/%d", client->fds[0]);
	client->own_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return client->own_fd < 0 ? -errno : 0;
}

int jobserver_join(struct jobserver *server, int cancel_fd, struct jobserver_client **ret,
		   struct error *err)
{
	cleanup_with(client_free) struct jobserver_client *client = xcalloc(1, sizeof *client);
	int r;

	client->fds[0] = client->fds[1] = client->own_fd = -1;
	client->server = server;
	r = open_pipe(client);
	if (r < 0)
		return error_errno(err, r, "cannot make a pipe");
	r = wait_for_first(server, cancel_fd, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&server->lock);
	client->next = server->clients;
	server->clients = client;
	pthread_mutex_unlock(&server->lock);
	*ret = take_ptr(&client);
	return 0;
}

const int *jobserver_fds(const struct jobserver_client *client)
{
	return client->fds;
}

void jobserver_leave(struct jobserver_client *client)
{
	struct jobserver *server = client ? client->server : NULL;
	struct jobserver_client **at;

	if (!client)
		return;
	pthread_mutex_lock(&server->lock);
	for (at = &server->clients; *at != client; at = &(*at)->next)
		;
	*at = client->next;
	server->free += client->given + 1;
	pthread_mutex_unlock(&server->lock);
	client_free(client);
}
