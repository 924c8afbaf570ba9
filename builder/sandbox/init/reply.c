/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/reply.h"

#include "builder/sandbox/protocol.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

void reply_send(int socket_fd, uint32_t reply, const struct buf *body, const int *fds,
		size_t fd_count)
{
	cleanup_with(buf_release) struct buf message = { 0 };

	wire_put_u32(&message, reply);
	if (body)
		buf_append(&message, body->data, body->length);
	(void)channel_send(socket_fd, message.data, message.length, fds, fd_count);
}

int reply_error(int socket_fd, int code, const struct error *err)
{
	cleanup_with(buf_release) struct buf body = { 0 };

	wire_put_u32(&body, (uint32_t)-code);
	wire_put_string(&body, err && err->text[0] ? err->text : error_words(code));
	reply_send(socket_fd, REPLY_ERROR, &body, NULL, 0);
	return code;
}

void reply_done(int socket_fd, uint32_t value, const int *fds, size_t fd_count)
{
	cleanup_with(buf_release) struct buf body = { 0 };

	wire_put_u32(&body, value);
	reply_send(socket_fd, REPLY_DONE, &body, fds, fd_count);
}
