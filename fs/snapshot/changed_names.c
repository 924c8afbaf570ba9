/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/changed_names.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/strings.h"
#include "fs/fuse/session.h"

struct changed_names {
	struct session *session;
	struct node **dirs;
	struct strings names;
	size_t capacity;
	bool in_use;
	int fd;
	struct buf answer;
};

/* Threads that tell the kernel something. Atomic. */
static unsigned telling;

struct changed_names *changed_names_new(struct session *session)
{
	struct changed_names *names = xcalloc(1, sizeof *names);

	names->session = session;
	names->fd = -1;
	return names;
}

void changed_names_free(struct changed_names *names)
{
	if (!names)
		return;
	free(names->dirs);
	strings_release(&names->names);
	buf_release(&names->answer);
	if (names->fd >= 0)
		close(names->fd);
	free(names);
}

void changed_names_add(struct changed_names *names, struct node *dir, const char *name)
{
	array_reserve_one(names->dirs, names->names.count, names->capacity);
	names->dirs[names->names.count] = dir;
	strings_add(&names->names, name);
}

void changed_names_in_use(struct changed_names *names)
{
	names->in_use = true;
}

static void *tell(void *context)
{
	struct changed_names *names = context;

	for (size_t i = 0; i < names->names.count; i++)
		session_name_changed(names->session, names->dirs[i], names->names.items[i]);
	(void)channel_send(names->fd, names->answer.data, names->answer.length, NULL, 0);
	changed_names_free(names);
	__atomic_sub_fetch(&telling, 1, __ATOMIC_RELEASE);
	return NULL;
}

int changed_names_tell(struct changed_names *names, int fd, struct buf *answer, bool alone)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	names->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (names->fd < 0) {
		r = -errno;
		changed_names_free(names);
		return r;
	}
	names->answer = *answer;
	*answer = (struct buf){ 0 };
	__atomic_add_fetch(&telling, 1, __ATOMIC_ACQUIRE);
	if (alone && !names->in_use) {
		(void)tell(names);
		return 0;
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, tell, names);
	pthread_attr_destroy(&attr);
	if (r != 0) {
		__atomic_sub_fetch(&telling, 1, __ATOMIC_RELEASE);
		changed_names_free(names);
	}
	return -r;
}

bool changed_names_being_told(void)
{
	return __atomic_load_n(&telling, __ATOMIC_ACQUIRE) != 0;
}
