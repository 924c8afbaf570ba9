/* SPDX-License-Identifier: Apache-2.0 */
/* Taking requests from the kernel, from the device or from a ring, until the mount is gone. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>

#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/fuse/companion.h"
#include "fs/fuse/protocol.h"
#include "fs/fuse/ring.h"
#include "fs/fuse/session_internal.h"

/*
 * After a request the next one usually follows at once. Waking up from sleep on another CPU
 * takes longer than answering, so look again for a while before sleeping.
 */
#define SPIN_NS 30000u
/* A commit does not wait longer for clients that never rest. */
#define DRAIN_MAX 100000
/* Under constant load the other descriptor is looked at after so many requests. */
#define CONTROL_INTERVAL 256
/* With a ring, what comes through the device waits so long for company. */
#define DEVICE_INTERVAL 64
#define DEVICE_WAIT_MS  1
/* What so many nodes took is worth a walk through all memory to give it back to the system. */
#define FORGOTTEN_MANY 65536

/* A session while it is served. */
struct serving {
	struct session *session;
	struct session_control *control; /* or NULL */
	struct companion *companion;     /* or NULL */
	struct fuse_buf request;         /* read from the device */
	uint64_t last_ns;                /* when a request was answered last */
	uint64_t tick_ns; /* when the owner wants to be called; 0: nothing has been served since */
	unsigned served;
	bool idle; /* nothing happened while it waited */
};

/* Programs only hear a number; whoever started us is told the rest. */
static void complain(struct session *session, const struct fuse_buf *request)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	uint64_t number = protocol_node(request);
	int code = overlay_complaint(session->overlay,
				     number ? session_node(session, number) : NULL, &text);

	if (code < 0 && session->control && session->control->complain)
		session->control->complain(session->control, code, buf_string(&text));
}

/* 1, or -ENODEV: that was the last one. */
static int answer(struct session *session, struct fuse_buf *request)
{
	if (!protocol_handle(session, request))
		fuse_session_process_buf(session->fuse, request);
	if (overlay_failed(session->overlay))
		complain(session, request);
	return fuse_session_exited(session->fuse) ? -ENODEV : 1;
}

/* Read and answer one request: 1 done, 0 there is none, -ENODEV the mount is gone. */
static int serve_device(struct session *session, struct fuse_buf *request)
{
	int n = fuse_session_receive_buf(session->fuse, request);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n <= 0)
		return n < 0 ? n : -ENODEV;
	request->size = (size_t)n;
	return answer(session, request);
}

/* Answer the request that the ring has brought: 1, or -ENODEV. */
static int serve_ring(struct session *session)
{
	const struct ring_request *taken = ring_request(session->ring);
	struct fuse_buf request = { .mem = taken->data, .size = taken->size };
	char *buffer = session->buffer;
	int r;

	if (taken->room)
		session->buffer = taken->room;
	r = answer(session, &request);
	session->buffer = buffer;
	return r;
}

static void note_answer(struct serving *serving, pid_t client_tid)
{
	serving->last_ns = clock_monotonic_ns();
	if (serving->control && serving->control->tick && !serving->tick_ns)
		serving->tick_ns = serving->last_ns + serving->control->tick_ms * UINT64_C(1000000);
	companion_note(serving->companion, serving->last_ns, client_tid);
}

static bool tick_is_due(const struct serving *serving)
{
	return serving->tick_ns && serving->last_ns >= serving->tick_ns;
}

/* Call the owner when it is time; the milliseconds until then, -1 for ever. */
static int tick(struct serving *serving)
{
	if (!serving->tick_ns)
		return -1;
	if (!tick_is_due(serving))
		return (int)((serving->tick_ns - serving->last_ns) / 1000000) + 1;
	serving->tick_ns = 0;
	serving->control->tick(serving->control);
	return -1;
}

/* Nobody waits for an answer: time to tidy up. */
static void tidy_up(struct session *session)
{
	if (session->ring)
		ring_rest(session->ring);
	if (session->forgotten < FORGOTTEN_MANY)
		return;
	session->forgotten = 0;
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

/* Should it look again rather than sleep? */
static bool spins(const struct serving *serving)
{
	return !companion_active(serving->companion) &&
	       clock_monotonic_ns() - serving->last_ns < SPIN_NS;
}

static void note_wait(struct serving *serving)
{
	serving->last_ns = clock_monotonic_ns();
	companion_look(serving->companion, serving->last_ns);
}

/* Sleep until there is something to do; negative when `control` ends the session. */
static int wait_for_device(const struct serving *serving, int timeout_ms)
{
	struct session_control *control = serving->control;
	struct pollfd fds[2] = { { .fd = serving->session->fd, .events = POLLIN },
				 { .fd = control ? control->fd : -1, .events = POLLIN } };

	if (poll(fds, 2, timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		return control->ready(control);
	return 0;
}

static int device_turn(struct serving *serving)
{
	int r = serve_device(serving->session, &serving->request);

	if (r > 0) {
		if (++serving->served % CONTROL_INTERVAL == 0) {
			r = wait_for_device(serving, 0);
			(void)tick(serving);
		}
		note_answer(serving, protocol_caller(&serving->request));
	} else if (r == 0 && spins(serving)) {
		sched_yield();
	} else if (r == 0) {
		tidy_up(serving->session);
		r = wait_for_device(serving, tick(serving));
		note_wait(serving);
	}
	return r;
}

/* What nobody waits for comes one by one, as nodes are forgotten: take many at a time. */
static int serve_device_beside_ring(struct serving *serving)
{
	struct session *session = serving->session;
	int r;

	do
		r = serve_device(session, &serving->request);
	while (r > 0);
	session->device_ready = false;
	serving->served = 0;
	ring_watch_device(session->ring);
	return r;
}

static int ring_pause(struct serving *serving)
{
	struct session *session = serving->session;
	bool device =
		session->device_ready && (serving->idle || serving->served >= DEVICE_INTERVAL);
	int timeout, r = 0;

	/* Answers go with the next wait; before what takes longer they go by themselves. */
	if (device || tick_is_due(serving))
		r = ring_wait(session->ring, 0);
	if (r == 0 && device)
		r = serve_device_beside_ring(serving);
	if (r < 0)
		return r;
	timeout = tick(serving);
	if (spins(serving)) {
		r = ring_wait(session->ring, 0);
		sched_yield();
		return r;
	}
	if (serving->idle)
		tidy_up(session);
	r = ring_wait(session->ring, session->device_ready ? DEVICE_WAIT_MS : timeout);
	note_wait(serving);
	serving->idle = true;
	return r;
}

static int ring_turn(struct serving *serving)
{
	struct session *session = serving->session;
	int cpu, r;

	switch (ring_next(session->ring)) {
	case RING_REQUEST:
		cpu = ring_request(session->ring)->cpu;
		r = serve_ring(session);
		note_answer(serving, 0);
		companion_follow(serving->companion, cpu);
		serving->served++;
		serving->idle = false;
		return r;
	case RING_CONTROL:
		serving->idle = false;
		r = ring_wait(session->ring, 0); /* that may take long, or need who waits for us */
		return r < 0 ? r : serving->control->ready(serving->control);
	case RING_DEVICE:
		session->device_ready = true;
		return 0;
	case RING_REFUSED:
		protocol_leave_ring(session);
		return 0;
	case RING_BROKEN:
		return -EPROTO;
	case RING_NOTHING:
		break;
	}
	return ring_pause(serving);
}

int session_run(struct session *session, struct session_control *control, struct error *err)
{
	cleanup_with(companion_free) struct companion *companion =
		session->options.apart ? NULL : companion_new();
	struct serving serving = { .session = session,
				   .control = control,
				   .companion = companion,
				   .last_ns = clock_monotonic_ns() };
	int r = 0;

	session->control = control;
	while (r >= 0)
		r = session->ring_started ? ring_turn(&serving) : device_turn(&serving);
	free(serving.request.mem);
	if (r == -ENODEV || r == -ECANCELED)
		return 0;
	return error_errno(err, r, "cannot read requests from the kernel");
}

/* All that is in the ring, and all that its answers bring. */
static void drain_ring(struct session *session)
{
	bool any = true;

	for (int i = 0; i < DRAIN_MAX && any && ring_wait(session->ring, 0) == 0; i++) {
		enum ring_event event;

		any = false;
		while ((event = ring_next(session->ring)) != RING_NOTHING) {
			if (event == RING_REQUEST)
				(void)serve_ring(session);
			else if (event == RING_DEVICE)
				session->device_ready = true;
			any |= event == RING_REQUEST;
		}
	}
}

void session_drain(struct session *session)
{
	struct fuse_buf request = { 0 };

	for (int i = 0; i < DRAIN_MAX && serve_device(session, &request) > 0; i++)
		;
	free(request.mem);
	if (session->ring_started)
		drain_ring(session);
}
