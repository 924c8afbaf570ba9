/* SPDX-License-Identifier: Apache-2.0 */
/* Taking requests from the kernel until the mount is gone. */
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
/* What so many nodes took is worth a walk through all memory to give it back to the system. */
#define FORGOTTEN_MANY 65536

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

/* Read and answer one request: 1 done, 0 there is none, -ENODEV the mount is gone. */
static int serve_one(struct session *session, struct fuse_buf *request)
{
	int n = fuse_session_receive_buf(session->fuse, request);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n <= 0)
		return n < 0 ? n : -ENODEV;
	request->size = (size_t)n;
	if (!protocol_handle(session, request))
		fuse_session_process_buf(session->fuse, request);
	if (overlay_failed(session->overlay))
		complain(session, request);
	return fuse_session_exited(session->fuse) ? -ENODEV : 1;
}

/* Sleep until there is something to do; negative when `control` ends the session. */
static int wait_for_work(const struct session *session, struct session_control *control,
			 int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = session->fd, .events = POLLIN },
				 { .fd = control ? control->fd : -1, .events = POLLIN } };

	if (poll(fds, 2, timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		return control->ready(control);
	return 0;
}

/* When the owner of the session wants to be called. */
struct ticker {
	struct session_control *control; /* NULL: never */
	uint64_t due_ns;                 /* 0: nothing has been served since */
};

static void ticker_note(struct ticker *ticker, uint64_t now_ns)
{
	if (ticker->control && !ticker->due_ns)
		ticker->due_ns = now_ns + ticker->control->tick_ms * UINT64_C(1000000);
}

/* Call when it is time; the milliseconds until then, -1 for ever. */
static int ticker_look(struct ticker *ticker, uint64_t now_ns)
{
	if (!ticker->due_ns)
		return -1;
	if (now_ns < ticker->due_ns)
		return (int)((ticker->due_ns - now_ns) / 1000000) + 1;
	ticker->due_ns = 0;
	ticker->control->tick(ticker->control);
	return -1;
}

/* Nobody waits for an answer: time to tidy up. */
static void tidy_up(struct session *session)
{
	if (session->forgotten < FORGOTTEN_MANY)
		return;
	session->forgotten = 0;
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

int session_run(struct session *session, struct session_control *control, struct error *err)
{
	cleanup_with(companion_free) struct companion *companion =
		session->options.apart ? NULL : companion_new();
	struct ticker ticker = { .control = control && control->tick ? control : NULL };
	struct fuse_buf request = { 0 };
	uint64_t last = clock_monotonic_ns();
	unsigned served = 0;
	int r = 0;

	session->control = control;
	while (r >= 0) {
		r = serve_one(session, &request);
		if (r > 0) {
			if (++served % CONTROL_INTERVAL == 0) {
				r = wait_for_work(session, control, 0);
				(void)ticker_look(&ticker, last);
			}
			last = clock_monotonic_ns();
			ticker_note(&ticker, last);
			companion_note(companion, last, protocol_caller(&request));
		} else if (r == 0 && !companion_active(companion) &&
			   clock_monotonic_ns() - last < SPIN_NS) {
			sched_yield();
		} else if (r == 0) {
			tidy_up(session);
			r = wait_for_work(session, control, ticker_look(&ticker, last));
			last = clock_monotonic_ns();
			companion_look(companion, last);
		}
	}
	free(request.mem);
	if (r == -ENODEV || r == -ECANCELED)
		return 0;
	return error_errno(err, r, "cannot read requests from the kernel");
}

void session_drain(struct session *session)
{
	struct fuse_buf request = { 0 };

	for (int i = 0; i < DRAIN_MAX && serve_one(session, &request) > 0; i++)
		;
	free(request.mem);
}
