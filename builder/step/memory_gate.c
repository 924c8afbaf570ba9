/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/memory_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "builder/step/memory.h"
#include "builder/step/pool.h"
#include "builder/step/step.h"
#include "fs/base/error.h"

/* Without a word of the user, so much of the whole is to be left: of 4 GiB 256 MiB. */
#define RESERVE_PART 16
#define LOOK_MS      200

#define WAITING "waiting for memory"

static bool is_short(const struct step_env *env)
{
	struct memory memory;
	cleanup_fd int root_fd = -1;
	uint64_t reserve = env->memory_reserve;

	if (reserve == 0)
		return false;
	root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Who cannot tell lets them all through. */
	if (root_fd < 0 || memory_read(root_fd, &memory) < 0)
		return false;
	if (reserve == STEP_MEMORY_RESERVE_USUAL)
		reserve = memory.total / RESERVE_PART;
	return memory.available < reserve;
}

/* The first one may without a look at the memory, which is not taken with the lock held. */
static bool try_to_enter(struct step_env *env)
{
	return step_pool_begin_run(env->pool, true) ||
	       step_pool_begin_run(env->pool, is_short(env));
}

int memory_gate_enter(struct step_task *task, struct error *err)
{
	struct step_env *env = task->env;
	bool told = false;
	int r = 0;

	while (r == 0 && !try_to_enter(env)) {
		struct pollfd cancel = { .fd = env->cancel_fd, .events = POLLIN };

		if (!told)
			task->output->status(task->output, WAITING, 0, 0, false, false);
		told = true;
		if (poll(&cancel, 1, LOOK_MS) > 0)
			r = error_set(err, -ECANCELED, "cancelled");
	}
	if (told)
		task->output->status(task->output, WAITING, 0, 0, false, true);
	return r;
}

void memory_gate_leave(struct step_env *env)
{
	step_pool_end_run(env->pool);
}
