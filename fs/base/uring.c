/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/uring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/base/alloc.h"

/* What is done for us is done when we ask for results, not at some interrupt in between. */
#define SETUP_FLAGS                                                                   \
	(IORING_SETUP_SQE128 | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | \
	 IORING_SETUP_DEFER_TASKRUN)
#define FEATURES (IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG)

struct uring {
	int fd;
	unsigned prepared; /* and not handed over */

	/* Mapped, and shared with the kernel. */
	void *queues;
	size_t queues_size;
	unsigned char *entries;
	size_t entries_size;

	/* Within `queues`; the kernel moves the tail of the results, and nothing else that we read. */
	unsigned *request_tail, request_mask;
	unsigned *result_head, *result_tail, result_mask;
	const struct io_uring_cqe *results;
};

static int map(const struct uring *uring, size_t size, off_t what, void **ret)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, uring->fd,
			what);

	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return 0;
}

/* The order of entries is always that in which they were prepared. */
static void set_order(const struct uring *uring, const struct io_uring_params *params)
{
	unsigned *array = (void *)((char *)uring->queues + params->sq_off.array);

	for (unsigned i = 0; i < params->sq_entries; i++)
		array[i] = i;
}

static int attach(struct uring *uring, const struct io_uring_params *params)
{
	size_t requests_end = params->sq_off.array + params->sq_entries * sizeof(unsigned);
	size_t results_end = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	void *entries = NULL;
	char *queues;
	int r;

	uring->queues_size = requests_end > results_end ? requests_end : results_end;
	uring->entries_size = (size_t)params->sq_entries * URING_ENTRY_SIZE;
	r = map(uring, uring->queues_size, IORING_OFF_SQ_RING, &uring->queues);
	if (r == 0)
		r = map(uring, uring->entries_size, IORING_OFF_SQES, &entries);
	if (r < 0)
		return r;
	uring->entries = entries;
	queues = uring->queues;
	uring->request_tail = (void *)(queues + params->sq_off.tail);
	uring->request_mask = params->sq_entries - 1;
	uring->result_head = (void *)(queues + params->cq_off.head);
	uring->result_tail = (void *)(queues + params->cq_off.tail);
	uring->result_mask = params->cq_entries - 1;
	uring->results = (void *)(queues + params->cq_off.cqes);
	set_order(uring, params);
	return 0;
}

int uring_new(unsigned entries, struct uring **ret)
{
	cleanup_with(uring_free) struct uring *uring = xcalloc(1, sizeof *uring);
	struct io_uring_params params = { .flags = SETUP_FLAGS };
	int r;

	uring->fd = (int)syscall(SYS_io_uring_setup, entries, &params);
	if (uring->fd < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	if ((params.features & FEATURES) != FEATURES)
		return -EOPNOTSUPP;
	r = attach(uring, &params);
	if (r < 0)
		return r;
	*ret = take_ptr(&uring);
	return 0;
}

void uring_free(struct uring *uring)
{
	if (!uring)
		return;
	if (uring->fd >= 0)
		close(uring->fd);
	if (uring->entries)
		munmap(uring->entries, uring->entries_size);
	if (uring->queues)
		munmap(uring->queues, uring->queues_size);
	free(uring);
}

struct io_uring_sqe *uring_prepare(struct uring *uring, uint8_t opcode, int fd, uint64_t token)
{
	unsigned tail = *uring->request_tail;
	struct io_uring_sqe *entry =
		(void *)(uring->entries + (size_t)(tail & uring->request_mask) * URING_ENTRY_SIZE);

	memset(entry, 0, URING_ENTRY_SIZE);
	entry->opcode = opcode;
	entry->fd = fd;
	entry->user_data = token;
	/* The kernel reads neither before it is entered. */
	*uring->request_tail = tail + 1;
	uring->prepared++;
	return entry;
}

int uring_enter(struct uring *uring, int timeout_ms)
{
	struct __kernel_timespec time = { .tv_sec = timeout_ms / 1000,
					  .tv_nsec = (long long)(timeout_ms % 1000) * 1000000 };
	struct io_uring_getevents_arg limit = { .ts = (uintptr_t)&time };
	unsigned flags = IORING_ENTER_GETEVENTS;
	long n;

	if (timeout_ms > 0)
		n = syscall(SYS_io_uring_enter, uring->fd, uring->prepared, 1,
			    flags | IORING_ENTER_EXT_ARG, &limit, sizeof limit);
	else
		n = syscall(SYS_io_uring_enter, uring->fd, uring->prepared, timeout_ms < 0, flags,
			    NULL, 0);
	if (n > 0)
		uring->prepared -= (unsigned)n;
	/* Short of memory: what was not handed over will be, next time. */
	if (n < 0 && errno != ETIME && errno != EINTR && errno != EAGAIN && errno != EBUSY)
		return -errno;
	return 0;
}

bool uring_next(struct uring *uring, uint64_t *token, int *result)
{
	unsigned head = *uring->result_head;
	const struct io_uring_cqe *event;

	if (head == __atomic_load_n(uring->result_tail, __ATOMIC_ACQUIRE))
		return false;
	event = &uring->results[head & uring->result_mask];
	*token = event->user_data;
	*result = event->res;
	__atomic_store_n(uring->result_head, head + 1, __ATOMIC_RELEASE);
	return true;
}
