/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/uring.h"

/* One slot for each queue: requests that find it taken wait in the kernel, and come with the answer
 * to the one before. Each has room for the largest request, touched when there is one. */
#define QUEUES_MAX 128

/* Before the room of a slot: header and arguments, to be in one piece with the payload. */
#define BEFORE_ROOM ((size_t)4096)
/* What a slot may keep for good. */
#define SMALL ((size_t)64 << 10)

/* enum fuse_uring_cmd */
#define CMD_REGISTER         1
#define CMD_COMMIT_AND_FETCH 2

/* struct fuse_uring_req_header: all but the payload, both ways. */
struct frame {
	union {
		struct fuse_in_header in;
		struct fuse_out_header out;
		char size[128];
	};
	char arguments[128];
	uint64_t flags;
	uint64_t commit_id;
	uint32_t payload_size;
	uint32_t padding;
	uint64_t reserved;
};

/* struct fuse_uring_cmd_req, in the second half of an entry. */
struct command {
	uint64_t flags;
	uint64_t commit_id;
	uint16_t queue;
	uint8_t padding[6];
};

struct slot {
	struct frame frame;
	struct iovec parts[2]; /* frame and room, as the kernel wants to know them */
};

struct ring {
	struct uring *uring;
	int device, control;
	size_t room;
	unsigned slot_count; /* as many as queues */
	struct slot *slots;
	char *memory; /* mapped: for each slot what is before its room, and the room */

	struct slot *current; /* has a request that waits for its answer */
	struct ring_request request;
	bool working; /* a request has come */
	bool large;   /* more than what slots keep has been used */
};

/* What results say they are of; slots are counted from the last one. */
enum token { TOKEN_DEVICE, TOKEN_CONTROL, TOKEN_SLOTS };

/*
 * As many as there are CPUs that the kernel can ever have. Clients wait until each has a slot, so a
 * number that is too small would have them wait for ever: no guess will do.
 */
static int count_queues(unsigned *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *line;
	uint32_t last = 0;
	int r = file_read(AT_FDCWD, "/sys/devices/system/cpu/possible", 4096, &text);

	if (r < 0)
		return r;
	if (text.length && text.data[text.length - 1] == '\n')
		buf_truncate(&text, text.length - 1);
	line = buf_string(&text);
	/* "0-7", or "0" alone. */
	if (strncmp(line, "0-", 2) == 0)
		r = parse_u32(line + 2, &last);
	else
		r = strcmp(line, "0") == 0 ? 0 : -EOPNOTSUPP;
	if (r == 0 && last >= QUEUES_MAX)
		r = -EOPNOTSUPP;
	*ret = last + 1;
	return r;
}

static int make_slots(struct ring *ring)
{
	size_t each = BEFORE_ROOM + ring->room;
	void *memory = mmap(NULL, ring->slot_count * each, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	ring->memory = memory;
	ring->slots = xcalloc(ring->slot_count, sizeof *ring->slots);
	for (unsigned i = 0; i < ring->slot_count; i++) {
		struct slot *slot = &ring->slots[i];

		slot->parts[0] = (struct iovec){ &slot->frame, sizeof slot->frame };
		slot->parts[1] =
			(struct iovec){ ring->memory + i * each + BEFORE_ROOM, ring->room };
	}
	return 0;
}

int ring_new(int device, int control, size_t room, struct ring **ret)
{
	cleanup_with(ring_free) struct ring *ring = xcalloc(1, sizeof *ring);
	int r = count_queues(&ring->slot_count);

	if (r < 0)
		return r;
	ring->device = device;
	ring->control = control;
	ring->room = room;
	r = uring_new(ring->slot_count + TOKEN_SLOTS, &ring->uring);
	if (r == 0)
		r = make_slots(ring);
	if (r < 0)
		return r;
	*ret = take_ptr(&ring);
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	uring_free(ring->uring);
	if (ring->memory)
		munmap(ring->memory, ring->slot_count * (BEFORE_ROOM + ring->room));
	free(ring->slots);
	free(ring);
}

static void hand_over(struct ring *ring, struct slot *slot, uint32_t what)
{
	uint64_t number = (uint64_t)(slot - ring->slots);
	struct io_uring_sqe *entry =
		uring_prepare(ring->uring, IORING_OP_URING_CMD, ring->device, TOKEN_SLOTS + number);
	struct command command = { .commit_id = slot->frame.commit_id, .queue = (uint16_t)number };

	entry->cmd_op = what;
	if (what == CMD_REGISTER) {
		entry->addr = (uintptr_t)slot->parts;
		entry->len = 2;
	}
	memcpy(entry->cmd, &command, sizeof command);
}

static void watch(struct ring *ring, int fd, enum token token)
{
	uring_prepare(ring->uring, IORING_OP_POLL_ADD, fd, token)->poll32_events = POLLIN;
}

void ring_watch_device(struct ring *ring)
{
	watch(ring, ring->device, TOKEN_DEVICE);
}

void ring_start(struct ring *ring)
{
	ring_watch_device(ring);
	if (ring->control >= 0)
		watch(ring, ring->control, TOKEN_CONTROL);
	for (unsigned i = 0; i < ring->slot_count; i++)
		hand_over(ring, &ring->slots[i], CMD_REGISTER);
}

int ring_wait(struct ring *ring, int timeout_ms)
{
	return uring_enter(ring->uring, timeout_ms);
}

static enum ring_event take_request(struct ring *ring, struct slot *slot)
{
	const struct frame *frame = &slot->frame;
	size_t payload = frame->payload_size, all = frame->in.len;
	char *room = slot->parts[1].iov_base, *data;

	if (all < sizeof frame->in + payload ||
	    all > sizeof frame->in + sizeof frame->arguments + payload || payload > ring->room)
		return RING_BROKEN;
	data = room + payload - all;
	memcpy(data, &frame->in, sizeof frame->in);
	memcpy(data + sizeof frame->in, frame->arguments, all - payload - sizeof frame->in);
	ring->request = (struct ring_request){ .data = data,
					       .size = all,
					       .room = payload ? NULL : room,
					       .cpu = (int)(slot - ring->slots) };
	ring->current = slot;
	ring->working = true;
	ring->large |= payload > SMALL;
	return RING_REQUEST;
}

enum ring_event ring_next(struct ring *ring)
{
	uint64_t token;
	int result;

	if (!uring_next(ring->uring, &token, &result))
		return RING_NOTHING;
	if (token == TOKEN_DEVICE)
		return RING_DEVICE;
	if (token == TOKEN_CONTROL) {
		watch(ring, ring->control, TOKEN_CONTROL);
		return RING_CONTROL;
	}
	/* The mount is gone: reading the device says so, too. */
	if (result == -ENOTCONN || result == -ECONNABORTED || result == -ECANCELED)
		return RING_DEVICE;
	if (result < 0)
		return ring->working ? RING_BROKEN : RING_REFUSED;
	return take_request(ring, &ring->slots[token - TOKEN_SLOTS]);
}

const struct ring_request *ring_request(const struct ring *ring)
{
	return ring->current ? &ring->request : NULL;
}

bool ring_answer(struct ring *ring, const struct iovec *parts, int count)
{
	const struct fuse_out_header *header = parts[0].iov_base;
	struct slot *slot = ring->current;
	char *room;
	size_t size = 0;

	if (!slot || header->unique != slot->frame.commit_id)
		return false;
	slot->frame.out = *header;
	room = slot->parts[1].iov_base;
	for (int i = 1; i < count; i++) {
		if (parts[i].iov_len > ring->room - size) {
			slot->frame.out.error = -EIO;
			size = 0;
			break;
		}
		if (parts[i].iov_base != room + size)
			memcpy(room + size, parts[i].iov_base, parts[i].iov_len);
		size += parts[i].iov_len;
	}
	slot->frame.payload_size = (uint32_t)size;
	ring->large |= size > SMALL;
	ring->current = NULL;
	hand_over(ring, slot, CMD_COMMIT_AND_FETCH);
	return true;
}

void ring_rest(struct ring *ring)
{
	if (!ring->large)
		return;
	ring->large = false;
	for (unsigned i = 0; i < ring->slot_count; i++)
		(void)madvise((char *)ring->slots[i].parts[1].iov_base + SMALL, ring->room - SMALL,
			      MADV_DONTNEED);
}
