/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests by way of io_uring: one system call hands over an answer and brings the next request,
 * where the device wants a read, a write, and two to find out that there is no more. Kernels have it
 * from 6.14 on, where root has set the parameter enable_uring of the module fuse. Sources: linux/fuse.h
 * 7.42 (FUSE_OVER_IO_URING), Documentation/filesystems/fuse/fuse-io-uring.rst.
 *
 * The kernel has a queue for each CPU, and sends a request to the queue of the CPU where its client
 * runs. Here all queues are in one ring, for the one thread that serves them. What goes on coming
 * through the device is forgotten nodes, interrupts, and all that was asked before the ring was ready.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "fs/base/cleanup.h"

/* FUSE_OVER_IO_URING in the second word of the flags of FUSE_INIT, there and back. */
#define RING_INIT_FLAG2 (1u << 9)

struct ring;

enum ring_event {
	RING_NOTHING, /* nothing more has happened */
	RING_REQUEST, /* ring_request() has it */
	RING_DEVICE,  /* there is something to read from the device, or the mount is gone */
	RING_CONTROL, /* the other descriptor is readable */
	RING_REFUSED, /* the kernel does not want this ring: all goes through the device */
	RING_BROKEN,  /* it did, and has sent what cannot be understood */
};

struct ring_request {
	void *data; /* header, arguments and payload, as reading the device would have brought them */
	size_t size;
	/* Where an answer may be put together, of the size that was given to ring_new(); NULL if the
	 * payload of the request lies there. */
	void *room;
	int cpu; /* where the client was */
};

/* For answers, and requests besides their arguments, of up to `room` bytes. Both descriptors are
 * borrowed, `control` may be -1. -errno where there is no such ring to be had. */
int ring_new(int device, int control, size_t room, struct ring **ret);
void ring_free(struct ring *ring);
DEFINE_CLEANUP(struct ring *, ring_free);

/* Ask for requests. FUSE_INIT has been answered. */
void ring_start(struct ring *ring);
/* Everything has been read from the device: tell when there is more. */
void ring_watch_device(struct ring *ring);

/* Hand over the answers; wait so long for something to happen, not at all (0), or for ever (-1). */
int ring_wait(struct ring *ring, int timeout_ms);
/* What has happened next. A request has to be answered before this is called again. */
enum ring_event ring_next(struct ring *ring);
/* The one that has not been answered; NULL: none. */
const struct ring_request *ring_request(const struct ring *ring);
/* False if this is not the answer to that request, and belongs to the device. */
bool ring_answer(struct ring *ring, const struct iovec *parts, int count);

/* Nobody asks for anything: give back memory. */
void ring_rest(struct ring *ring);
