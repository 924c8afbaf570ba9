/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/owner.h"

#include <errno.h>

#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/wire.h"

void owner_request_release(struct owner_request *request)
{
	free(request->filesystem);
	free(request->name);
	*request = (struct owner_request){ 0 };
}

int owner_receive(int channel_fd, struct owner_request *ret)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	cleanup_with(owner_request_release) struct owner_request request = { 0 };
	int r = channel_receive(channel_fd, &message, NULL, 0, NULL);
	struct wire wire = wire_of(message.data, message.length);

	if (r <= 0)
		return r;
	request.verb = wire_u32(&wire);
	request.filesystem = wire_string(&wire);
	request.inode = wire_u64(&wire);
	request.name = wire_string(&wire);
	request.mode = wire_u32(&wire);
	request.uid = wire_u32(&wire);
	request.gid = wire_u32(&wire);
	request.rdev = wire_u64(&wire);
	if (wire_end(&wire) < 0 || !request.filesystem ||
	    (request.verb == OWNER_MKNOD && !request.name))
		return -EPROTO;
	*ret = request;
	request = (struct owner_request){ 0 };
	return 1;
}

static int answer(int channel_fd, int error, const int *fds, size_t fd_count)
{
	cleanup_with(buf_release) struct buf message = { 0 };

	wire_put_u32(&message, (uint32_t)-error);
	return channel_send(channel_fd, message.data, message.length, fds, fd_count);
}

int owner_answer(int channel_fd, int error)
{
	return answer(channel_fd, error, NULL, 0);
}

int owner_answer_table(int channel_fd, int table_fd)
{
	return answer(channel_fd, 0, &table_fd, 1);
}

static int ask(int channel_fd, const struct owner_request *request, int *ret_error, int *ret_fds,
	       size_t *ret_fd_count)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	struct wire wire;
	int r, error;

	wire_put_u32(&message, request->verb);
	wire_put_string(&message, request->filesystem);
	wire_put_u64(&message, request->inode);
	wire_put_string(&message, request->name);
	wire_put_u32(&message, request->mode);
	wire_put_u32(&message, request->uid);
	wire_put_u32(&message, request->gid);
	wire_put_u64(&message, request->rdev);
	r = channel_send(channel_fd, message.data, message.length, NULL, 0);
	if (r < 0)
		return r;
	r = channel_receive(channel_fd, &message, ret_fds, ret_fds ? 1 : 0, ret_fd_count);
	if (r <= 0)
		return r < 0 ? r : -EPIPE;
	wire = wire_of(message.data, message.length);
	error = -(int)wire_u32(&wire);
	if (wire_end(&wire) < 0 || error > 0)
		return -EPROTO;
	*ret_error = error;
	return 0;
}

int owner_ask(int channel_fd, const struct owner_request *request, int *ret_error)
{
	return ask(channel_fd, request, ret_error, NULL, NULL);
}

int owner_ask_table(int channel_fd, const char *filesystem, int *ret_fd)
{
	/* Read only. */
	const struct owner_request request = { .verb = OWNER_TABLE,
					       .filesystem = (char *)(uintptr_t)filesystem };
	size_t count = 0;
	int fd = -1, error, r = ask(channel_fd, &request, &error, &fd, &count);

	if (r < 0 || error < 0 || count != 1)
		return r < 0 ? r : error < 0 ? error : -EPROTO;
	*ret_fd = fd;
	return 0;
}
