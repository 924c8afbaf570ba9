/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/owner_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/sandbox/owner.h"
#include "builder/sandbox/sandbox.h"
#include "builder/step/filesystem.h"
#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"

struct owner_channel {
	int ask_fd, answer_fd;
	struct filesystem **filesystems;
	struct step_owner *owners; /* in the same order */
	size_t count;
	int table_fd; /* of the root filesystem; -1: the kernel knows all owners */
};

int owner_channel_open(struct filesystem *const *filesystems, size_t count,
		       struct owner_channel **ret, struct error *err)
{
	struct owner_channel *channel;
	int fds[2];
	int r = channel_pair(fds);

	if (r < 0)
		return error_errno(err, r, "cannot speak for filesystems");
	channel = xcalloc(1, sizeof *channel);
	channel->ask_fd = fds[0];
	channel->answer_fd = fds[1];
	channel->filesystems = xcalloc(count + 1, sizeof(struct filesystem *));
	channel->owners = xcalloc(count + 1, sizeof *channel->owners);
	channel->count = count;
	for (size_t i = 0; i < count; i++) {
		channel->filesystems[i] = filesystems[i];
		channel->owners[i].filesystem = filesystems[i]->name;
		channel->owners[i].channel_fd = fds[0];
	}
	channel->table_fd = -1;
	/* The step's command may be a set-id program of the root filesystem, which is the last. */
	if (count && sandbox_id_mode(filesystems[count - 1]->env->sandbox) == SANDBOX_IDS_SINGLE &&
	    workspace_owners(filesystems[count - 1]->workspace, &channel->table_fd, NULL) == 0)
		channel->owners[count - 1].table_fd = channel->table_fd;
	*ret = channel;
	return 0;
}

void owner_channel_close(struct owner_channel *channel)
{
	if (!channel)
		return;
	owner_channel_started(channel);
	close(channel->answer_fd);
	if (channel->table_fd >= 0)
		close(channel->table_fd);
	free(channel->filesystems);
	free(channel->owners);
	free(channel);
}

const struct step_owner *owner_channel_owners(const struct owner_channel *channel,
					      size_t *ret_count)
{
	*ret_count = channel->count;
	return channel->owners;
}

void owner_channel_started(struct owner_channel *channel)
{
	if (channel->ask_fd >= 0)
		close(channel->ask_fd);
	channel->ask_fd = -1;
}

int owner_channel_fd(const struct owner_channel *channel)
{
	return channel->answer_fd;
}

static struct filesystem *find(const struct owner_channel *channel, const char *name)
{
	for (size_t i = 0; i < channel->count; i++) {
		if (strcmp(channel->filesystems[i]->name, name) == 0)
			return channel->filesystems[i];
	}
	return NULL;
}

/* What a program expects of a disk that does not answer. */
static int plain(int r)
{
	return r == -ENOTCONN || r == -EPROTO ? -EIO : r;
}

static int make_node(const struct filesystem *filesystem, const struct owner_request *request)
{
	const struct workspace_node node = { .dir = request->inode,
					     .name = request->name,
					     .mode = request->mode,
					     .uid = request->uid,
					     .gid = request->gid,
					     .rdev = request->rdev };

	return plain(workspace_make_node(filesystem->workspace, &node, NULL));
}

static int set_owner(const struct filesystem *filesystem, const struct owner_request *request)
{
	int r = plain(workspace_set_owner(filesystem->workspace, request->inode, request->name,
					  request->uid, request->gid, NULL));

	/* An open file that has been removed: nobody will ever see whose it was. */
	return r == -ENOENT ? 0 : r;
}

static int answer_table(const struct owner_channel *channel, const struct filesystem *filesystem)
{
	cleanup_fd int fd = -1;
	int r = workspace_owners(filesystem->workspace, &fd, NULL);

	return r < 0 ? owner_answer(channel->answer_fd, plain(r))
		     : owner_answer_table(channel->answer_fd, fd);
}

int owner_channel_answer(struct owner_channel *channel)
{
	cleanup_with(owner_request_release) struct owner_request request = { 0 };
	const struct filesystem *filesystem;
	int error = -EPERM, r = owner_receive(channel->answer_fd, &request);

	if (r <= 0)
		return r;
	filesystem = find(channel, request.filesystem);
	if (filesystem && request.verb == OWNER_TABLE) {
		r = answer_table(channel, filesystem);
		return r < 0 ? r : 1;
	}
	if (filesystem && request.verb == OWNER_MKNOD)
		error = make_node(filesystem, &request);
	else if (filesystem && request.verb == OWNER_CHOWN)
		error = set_owner(filesystem, &request);
	r = owner_answer(channel->answer_fd, error);
	return r < 0 ? r : 1;
}
