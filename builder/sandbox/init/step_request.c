/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/zygote.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/base/wire.h"
#include "fs/ids/owner_table.h"

static void parse_channels(struct step *step, struct wire *request, const int *fds, size_t fd_count)
{
	uint32_t count = wire_u32(request);

	if (count > CHANNEL_MAX_FDS)
		request->bad = true;
	else
		step->channels = xcalloc(count, sizeof *step->channels);
	for (uint32_t i = 0; i < count && !request->bad; i++) {
		struct step_channel *channel = &step->channels[step->channel_count++];
		uint32_t index;

		channel->filesystem = wire_string(request);
		index = wire_u32(request);
		if (!channel->filesystem || index >= fd_count)
			request->bad = true;
		else
			channel->channel_fd = fds[index];
		index = wire_u32(request);
		if (index >= fd_count)
			request->bad = true;
		else if (index)
			channel->asked = owner_table_open(fds[index], &channel->owners) == 0;
	}
}

/* Descriptors that come along for sure. */
static size_t count_fds(const struct step *step)
{
	return 1 + (step->flags & START_TERMINAL ? 0 : 2) + (step->flags & START_STDIN ? 1 : 0) +
	       (step->flags & START_NETWORK ? 1 : 0) + (step->flags & START_JOBSERVER ? 2 : 0) +
	       step->group_count;
}

int step_parse(struct step *step, const struct zygote *zygote, struct wire *request, const int *fds,
	       size_t fd_count)
{
	*step = (struct step){ .zygote = zygote, .builder_fd = fds[0] };
	step->root_fd = step->sys_fd = step->proc_fd = step->empty_fd = -1;
	step->hosts_fd = step->resolv_fd = step->hostname_fd = -1;
	step->credentials = zygote->credentials;
	step->network_fd = step->dev_fd = step->host_proc_fd = step->terminal_fd = -1;
	step->stdin_fd = step->stdout_fd = step->stderr_fd = -1;
	step->notify_fds[0] = step->notify_fds[1] = -1;
	step->jobserver_fds[0] = step->jobserver_fds[1] = -1;
	step->flags = wire_u32(request);
	step->open_files = wire_u64(request);
	step->terminal_size = wire_u32(request);
	step->group_count = wire_u32(request);
	step->hosts = wire_string(request);
	step->resolv_conf = wire_string(request);
	parse_channels(step, request, fds, fd_count);
	if (spec_decode(request, &step->spec) < 0 || wire_end(request) < 0 || !step->hosts ||
	    !step->resolv_conf || !step->spec.hostname || fd_count < count_fds(step))
		return -EPROTO;
	fds++;
	if (!(step->flags & START_TERMINAL)) {
		step->stdout_fd = *fds++;
		step->stderr_fd = *fds++;
	}
	if (step->flags & START_STDIN)
		step->stdin_fd = *fds++;
	if (step->flags & START_NETWORK)
		step->network_fd = *fds++;
	if (step->flags & START_JOBSERVER) {
		step->jobserver_fds[0] = *fds++;
		step->jobserver_fds[1] = *fds++;
	}
	step->group_fds = fds;
	step->mount_fds = xcalloc(step->spec.mount_count, sizeof *step->mount_fds);
	step->listen_fds = xcalloc(step->spec.mount_count, sizeof *step->listen_fds);
	step->filesystems = xcalloc(step->spec.mount_count + 1, sizeof *step->filesystems);
	for (size_t i = 0; i < step->spec.mount_count; i++)
		step->mount_fds[i] = -1;
	return 0;
}
