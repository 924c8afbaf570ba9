/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/sandbox/helper.h"
#include "builder/sandbox/protocol.h"
#include "builder/sandbox/sandbox_internal.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

#define MAX_NAME 200

static int check_name(const char *name, struct error *err)
{
	const char *allowed = "abcdefghijklmnopqrstuvwxyz0123456789.-";

	if (!*name || name[0] == '.' || strlen(name) > MAX_NAME || name[strspn(name, allowed)])
		return error_set(err, -EINVAL, "'%s' is no name for a filesystem", name);
	return 0;
}

static int ask(struct sandbox *sandbox, const struct buf *message, uint32_t *ret_value, int *ret_fd,
	       size_t *ret_fd_count, struct error *err)
{
	cleanup_fd int reply_fd = -1;
	int r = sandbox_request(sandbox, message, NULL, 0, &reply_fd, err);

	return r < 0 ? r
		     : helper_done(reply_fd, ret_value, ret_fd, ret_fd ? 1 : 0, ret_fd_count, err);
}

int sandbox_mount(struct sandbox *sandbox, const char *name, bool shared, const char *subtype,
		  int *ret_fuse_fd, struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	size_t fd_count = 0;
	uint32_t present = 0;
	int fd = -1, r = check_name(name, err);

	if (r < 0)
		return r;
	wire_put_u32(&message, REQUEST_MOUNT);
	wire_put_u32(&message, shared);
	wire_put_string(&message, name);
	wire_put_string(&message, subtype);
	r = ask(sandbox, &message, &present, &fd, &fd_count, err);
	if (r < 0)
		return r;
	if (!present && fd_count != 1)
		return error_set(err, -EPROTO, "the sandbox's helper sent no FUSE descriptor");
	*ret_fuse_fd = present ? -1 : fd;
	return present != 0;
}

int sandbox_unmount(struct sandbox *sandbox, const char *name, bool shared, struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	int r = check_name(name, err);

	if (r < 0)
		return r;
	wire_put_u32(&message, REQUEST_UNMOUNT);
	wire_put_u32(&message, shared);
	wire_put_string(&message, name);
	return ask(sandbox, &message, NULL, NULL, NULL, err);
}
