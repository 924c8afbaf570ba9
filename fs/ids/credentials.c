/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/ids/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"

/* On this machine only, and never older than the processes that use it: no byte order. */
#define MAGIC UINT64_C(0x3173646964657663)

enum entry_state { ENTRY_FREE, ENTRY_BEING_WRITTEN, ENTRY_THERE };

struct entry {
	uint32_t state; /* atomic */
	struct credentials credentials;
};

struct layout {
	uint64_t magic;
	uint32_t used; /* atomic; entries that have been claimed, in order */
	struct entry entries[CREDENTIALS_LIMIT];
};

struct credential_table {
	struct layout *layout;
};

static const struct credentials root = { .group_count = 1 };

int credential_table_format(int fd)
{
	const uint64_t magic = MAGIC;

	/* Sparse: it takes what is used of it. */
	if (ftruncate(fd, (off_t)sizeof(struct layout)) < 0)
		return -errno;
	return pwrite(fd, &magic, sizeof magic, 0) == (ssize_t)sizeof magic ? 0 : -EIO;
}

int credential_table_open(int fd, bool writable, struct credential_table **ret)
{
	struct stat facts;
	void *data;

	if (fstat(fd, &facts) < 0)
		return -errno;
	if (facts.st_size != (off_t)sizeof(struct layout))
		return -EBADMSG;
	data = mmap(NULL, sizeof(struct layout), PROT_READ | (writable ? PROT_WRITE : 0),
		    MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	if (((struct layout *)data)->magic != MAGIC) {
		(void)munmap(data, sizeof(struct layout));
		return -EBADMSG;
	}
	*ret = xcalloc(1, sizeof **ret);
	(*ret)->layout = data;
	return 0;
}

void credential_table_close(struct credential_table *table)
{
	if (!table)
		return;
	(void)munmap(table->layout, sizeof(struct layout));
	free(table);
}

static unsigned used(const struct credential_table *table)
{
	unsigned count = __atomic_load_n(&table->layout->used, __ATOMIC_ACQUIRE);

	return count < CREDENTIALS_LIMIT ? count : CREDENTIALS_LIMIT;
}

static bool equal(const struct credentials *a, const struct credentials *b)
{
	const size_t fixed = offsetof(struct credentials, groups);

	return memcmp(a, b, fixed) == 0 &&
	       memcmp(a->groups, b->groups, a->group_count * sizeof *a->groups) == 0;
}

/* Entry `i` is place `i` + 1. One that its writer left unfinished, because it was killed, is lost;
 * two that are made at the same time may be the same: neither does harm. */
int credential_table_place(struct credential_table *table, const struct credentials *credentials,
			   unsigned *ret_place)
{
	unsigned count = used(table), at;
	struct entry *entry;

	if (equal(credentials, &root)) {
		*ret_place = 0;
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		entry = &table->layout->entries[i];
		if (__atomic_load_n(&entry->state, __ATOMIC_ACQUIRE) == ENTRY_THERE &&
		    equal(&entry->credentials, credentials)) {
			*ret_place = i + 1;
			return 0;
		}
	}
	if (count >= CREDENTIALS_LIMIT - 1)
		return -EAGAIN;
	at = __atomic_fetch_add(&table->layout->used, 1, __ATOMIC_ACQ_REL);
	if (at >= CREDENTIALS_LIMIT - 1)
		return -EAGAIN;
	entry = &table->layout->entries[at];
	__atomic_store_n(&entry->state, ENTRY_BEING_WRITTEN, __ATOMIC_RELAXED);
	entry->credentials = *credentials;
	__atomic_store_n(&entry->state, ENTRY_THERE, __ATOMIC_RELEASE);
	*ret_place = at + 1;
	return 0;
}

const struct credentials *credential_table_at(const struct credential_table *table, unsigned place)
{
	const struct entry *entry;

	if (place == 0 || place > used(table))
		return &root;
	entry = &table->layout->entries[place - 1];
	if (__atomic_load_n(&entry->state, __ATOMIC_ACQUIRE) != ENTRY_THERE ||
	    entry->credentials.group_count > CREDENTIALS_GROUPS)
		return &root;
	return &entry->credentials;
}

bool credential_table_empty(const struct credential_table *table)
{
	return used(table) == 0;
}

/* ---- threads ---- */

static int open_slack(int proc_fd, pid_t tid, int flags)
{
	char path[48];

	if (tid == 0)
		snprintf(path, sizeof path, "/proc/self/timerslack_ns");
	else
		snprintf(path, sizeof path, "%s%d/timerslack_ns",
			 proc_fd == AT_FDCWD ? "/proc/" : "", tid);
	return openat(proc_fd, path, flags | O_CLOEXEC);
}

unsigned credentials_place_of(int proc_fd, pid_t tid)
{
	cleanup_fd int fd = open_slack(proc_fd, tid, O_RDONLY);
	char text[24], *end;
	uint64_t slack;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	slack = strtoull(text, &end, 10);
	/* Threads with a real-time policy have none at all. */
	if (end == text || slack < CREDENTIALS_SLACK_NS ||
	    slack >= CREDENTIALS_SLACK_NS + CREDENTIALS_LIMIT)
		return 0;
	return (unsigned)(slack - CREDENTIALS_SLACK_NS);
}

int credentials_set_place(int proc_fd, pid_t tid, unsigned place)
{
	cleanup_fd int fd = open_slack(proc_fd, tid, O_WRONLY);
	char text[24];
	int length = snprintf(text, sizeof text, "%u", CREDENTIALS_SLACK_NS + place);

	if (fd < 0)
		return -errno;
	return write(fd, text, (size_t)length) == length ? 0 : -errno;
}
