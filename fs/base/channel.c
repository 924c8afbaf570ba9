/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fs/base/buf.h"
#include "fs/base/bytes.h"

#define HEADER_SIZE 8

union control {
	char space[CMSG_SPACE(sizeof(int) * CHANNEL_MAX_FDS)];
	struct cmsghdr align;
};

int channel_pair(int ret_fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return -errno;
	return 0;
}

/* Wait until the socket can go on, for the middle of a message on a non-blocking one. */
static int wait_for(int socket_fd, short events)
{
	struct pollfd poll_fd = { .fd = socket_fd, .events = events };

	while (poll(&poll_fd, 1, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int send_rest(int socket_fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(socket_fd, data, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			int r = wait_for(socket_fd, POLLOUT);

			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int channel_send(int socket_fd, const void *data, size_t size, const int *fds, size_t fd_count)
{
	uint8_t header[HEADER_SIZE];
	union control control = { 0 };
	struct iovec piece = { .iov_base = header, .iov_len = sizeof header };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (size > CHANNEL_MAX_MESSAGE || fd_count > CHANNEL_MAX_FDS)
		return -E2BIG;
	put_le32(header, (uint32_t)size);
	put_le32(header + 4, (uint32_t)fd_count);
	if (fd_count > 0) {
		struct cmsghdr *rights;

		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
	}
	while ((n = sendmsg(socket_fd, &message, MSG_NOSIGNAL)) < 0) {
		int r = errno == EAGAIN ? wait_for(socket_fd, POLLOUT) : 0;

		if (r < 0 || (errno != EINTR && errno != EAGAIN))
			return r < 0 ? r : -errno;
	}
	if ((size_t)n < sizeof header) {
		int r = send_rest(socket_fd, (const char *)header + n, sizeof header - (size_t)n);

		if (r < 0)
			return r;
	}
	return send_rest(socket_fd, data, size);
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* Collect the descriptors of one received piece. */
static int take_rights(struct msghdr *message, int *ret_fds, size_t *count)
{
	/* There is room for as many as may be sent, so that it is our table that is full. */
	int r = message->msg_flags & MSG_CTRUNC ? -EMFILE : 0;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
		size_t here;

		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		here = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (*count + here > CHANNEL_MAX_FDS)
			return -EPROTO;
		memcpy(ret_fds + *count, CMSG_DATA(at), here * sizeof(int));
		*count += here;
	}
	return r;
}

/* Read the header, and what is passed along with it: 1, 0 at the end, negative. */
static int receive_header(int socket_fd, uint8_t header[HEADER_SIZE], int *fds, size_t *fd_count)
{
	size_t have = 0;

	while (have < HEADER_SIZE) {
		union control control;
		struct iovec piece = { .iov_base = header + have, .iov_len = HEADER_SIZE - have };
		struct msghdr message = { .msg_iov = &piece,
					  .msg_iovlen = 1,
					  .msg_control = control.space,
					  .msg_controllen = sizeof control.space };
		ssize_t n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && have > 0) {
			r = wait_for(socket_fd, POLLIN);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return errno == ECONNRESET ? 0 : -errno;
		if (n == 0)
			return have ? -EPROTO : 0;
		r = take_rights(&message, fds, fd_count);
		if (r < 0)
			return r;
		have += (size_t)n;
	}
	return 1;
}

static int receive_body(int socket_fd, struct buf *buf, size_t size)
{
	buf_clear(buf);
	buf_reserve(buf, size);
	while (buf->length < size) {
		ssize_t n = recv(socket_fd, buf->data + buf->length, size - buf->length, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			int r = wait_for(socket_fd, POLLIN);

			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPROTO;
		buf->length += (size_t)n;
	}
	buf_truncate(buf, size);
	return 1;
}

int channel_receive(int socket_fd, struct buf *buf, int *ret_fds, size_t max_fds,
		    size_t *ret_fd_count)
{
	uint8_t header[HEADER_SIZE];
	int fds[CHANNEL_MAX_FDS];
	size_t fd_count = 0;
	int r = receive_header(socket_fd, header, fds, &fd_count);

	if (r > 0) {
		if (get_le32(header) > CHANNEL_MAX_MESSAGE || get_le32(header + 4) != fd_count ||
		    fd_count > max_fds)
			r = -EPROTO;
		else
			r = receive_body(socket_fd, buf, get_le32(header));
	}
	if (r <= 0) {
		close_all(fds, fd_count);
		return r;
	}
	if (fd_count)
		memcpy(ret_fds, fds, fd_count * sizeof *fds);
	if (ret_fd_count)
		*ret_fd_count = fd_count;
	return 1;
}
