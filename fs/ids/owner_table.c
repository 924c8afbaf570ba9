/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/ids/owner_table.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"

#define MAGIC   UINT64_C(0x317372656e776f76)
#define BUCKETS 65536u

/* Items never leave, so that a reader may follow a chain while it grows: at its head. */
struct item {
	uint64_t ino;
	uint64_t ids;  /* atomic; uid in the upper half */
	uint32_t next; /* place + 1 */
	uint32_t unused;
};

struct layout {
	uint64_t magic;
	uint32_t count;            /* the writer's */
	uint32_t buckets[BUCKETS]; /* atomic; place + 1 */
	struct item items[OWNER_TABLE_LIMIT];
};

struct owner_table {
	struct layout *layout;
	int fd; /* -1: somebody else's */
};

static int map(int fd, bool writable, struct owner_table **ret)
{
	void *data = mmap(NULL, sizeof(struct layout), PROT_READ | (writable ? PROT_WRITE : 0),
			  MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (data == MAP_FAILED)
		return -errno;
	*ret = xcalloc(1, sizeof **ret);
	(*ret)->layout = data;
	(*ret)->fd = -1;
	return 0;
}

int owner_table_new(struct owner_table **ret, int *ret_fd)
{
	cleanup_fd int fd = memfd_create("owners", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	/* It takes as much memory as is used of it. Nobody may make it shorter below our feet. */
	if (fd < 0 || ftruncate(fd, (off_t)sizeof(struct layout)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return -errno;
	r = map(fd, true, ret);
	if (r < 0)
		return r;
	(*ret)->layout->magic = MAGIC;
	*ret_fd = (*ret)->fd = take_fd(&fd);
	return 0;
}

int owner_table_open(int fd, struct owner_table **ret)
{
	struct stat facts;
	int r;

	if (fstat(fd, &facts) < 0)
		return -errno;
	if (facts.st_size != (off_t)sizeof(struct layout))
		return -EBADMSG;
	r = map(fd, false, ret);
	if (r == 0 && (*ret)->layout->magic != MAGIC) {
		owner_table_close(take_ptr(ret));
		return -EBADMSG;
	}
	return r;
}

void owner_table_close(struct owner_table *table)
{
	if (!table)
		return;
	(void)munmap(table->layout, sizeof(struct layout));
	if (table->fd >= 0)
		close(table->fd);
	free(table);
}

static uint32_t *bucket_of(const struct owner_table *table, uint64_t ino)
{
	return &table->layout->buckets[(ino * UINT64_C(0x9e3779b97f4a7c15)) >> 48];
}

static struct item *find(const struct owner_table *table, uint64_t ino)
{
	uint32_t at = __atomic_load_n(bucket_of(table, ino), __ATOMIC_ACQUIRE);

	for (uint32_t steps = 0; at && at <= OWNER_TABLE_LIMIT && steps < OWNER_TABLE_LIMIT;
	     steps++) {
		struct item *item = &table->layout->items[at - 1];

		if (item->ino == ino)
			return item;
		at = item->next;
	}
	return NULL;
}

void owner_table_set(struct owner_table *table, uint64_t ino, uint32_t uid, uint32_t gid)
{
	struct layout *layout = table->layout;
	const uint64_t ids = (uint64_t)uid << 32 | gid;
	struct item *item = find(table, ino);
	uint32_t *bucket = bucket_of(table, ino);

	if (item) {
		__atomic_store_n(&item->ids, ids, __ATOMIC_RELEASE);
	} else if (ids && layout->count < OWNER_TABLE_LIMIT) {
		layout->items[layout->count] =
			(struct item){ .ino = ino, .ids = ids, .next = *bucket };
		__atomic_store_n(bucket, ++layout->count, __ATOMIC_RELEASE);
	}
}

bool owner_table_get(const struct owner_table *table, uint64_t ino, uint32_t *ret_uid,
		     uint32_t *ret_gid)
{
	const struct item *item = find(table, ino);
	const uint64_t ids = item ? __atomic_load_n(&item->ids, __ATOMIC_ACQUIRE) : 0;

	*ret_uid = (uint32_t)(ids >> 32);
	*ret_gid = (uint32_t)ids;
	return item != NULL;
}
