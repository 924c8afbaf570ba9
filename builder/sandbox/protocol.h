/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the builder and its helper, which is the same build's, say to each other over
 * fs/base/channel.h. The helper is started with one socket, descriptor 3; the first message there
 * is the greeting, and without it the helper does nothing.
 */
#pragma once

#include <stdint.h>

#define HELPER_SOCKET   3
#define HELPER_GREETING UINT64_C(0x316b736172617631)
#define HELPER_REFUSED  125 /* its exit status without a greeting */

/* Greeting: u64 HELPER_GREETING, u32 role, then: */
enum helper_role {
	/* fds: read end of the FIFO, runtime directory. strings: names of FIFO, lock, pid file
	 * and table of credentials.
	 * Answers REPLY_DONE; then gets u32 "all ids are mapped", answers REPLY_DONE. */
	HELPER_HOLDER = 1,
	/* fds: the holder, the builder (both pidfds), if root alone is mapped the table of
	 * credentials. u32 all ids are mapped. Answers REPLY_DONE with ZYGOTE_ flags, then takes
	 * requests. */
	HELPER_ZYGOTE,
	/* fds: the builder, the holder (both pidfds). Answers REPLY_DONE, then takes REQUEST_GUARD. */
	HELPER_GUARD,
};

enum zygote_flags {
	ZYGOTE_HOST_PROC = 1 << 0, /* no new procfs is to be had: steps see the builder's */
};

/* Requests: u32 type, then what is named here. The first descriptor is where the answer goes. */
enum helper_request {
	/* u32 shared, string name, string subtype. REPLY_DONE 0 with the FUSE descriptor, 1 it is
	 * there already. */
	REQUEST_MOUNT = 1,
	REQUEST_UNMOUNT, /* u32 shared, string name */
	/* REPLY_DONE with the pid of the process that keeps the network namespace until the
	 * answering socket is closed, and the namespace. */
	REQUEST_NETWORK,
	/* u32 START_ flags, u64 open files, u32 rows << 16 | columns, u32 control groups, string hosts, string resolv.conf,
	 * u32 n and n times string filesystem and u32 index of its owner's descriptor and of its table
	 * (0: none), spec. fds: stdout and stderr unless START_TERMINAL, stdin if START_STDIN, the
	 * network namespace if START_NETWORK, two for START_JOBSERVER, one for each
	 * control group, where "0" is to be written, then owners'.
	 * REPLY_STARTING, REPLY_STARTED, REPLY_ENDED. */
	REQUEST_START,
	/* For the guard: u32 GUARD_ flags, string program, strings arguments; "%r" and "%e" in them
	 * become numbers of descriptors: to write to when ready, and one that ends with the guard.
	 * REPLY_DONE when it is ready. */
	REQUEST_GUARD,
};

enum start_flags {
	START_ALL_IDS = 1 << 0,
	START_NETWORK = 1 << 1,     /* a namespace comes along */
	START_NETWORK_NEW = 1 << 2, /* make an empty one */
	START_HOST_PROC = 1 << 3,
	START_STDIN = 1 << 4,    /* there is something to read; else nothing */
	START_TERMINAL = 1 << 5, /* a terminal of its own, of that size, instead of all three */
	START_JOBSERVER = 1 << 6,
};

enum guard_flags {
	GUARD_DAEMON = 1 << 0,    /* ready when it has put itself in the background */
	GUARD_NAMESPACE = 1 << 1, /* runs as root of the holder's user namespace */
};

enum helper_reply {
	REPLY_ERROR = 1, /* u32 errno, string text */
	REPLY_DONE,      /* u32 value, or nothing left to say */
	REPLY_STARTING,  /* the supervisor (pidfd) */
	REPLY_STARTED,   /* the step's pid 1 (pidfd), listening sockets, the terminal's other end */
	/* u32 wait status of the command, u32 pid 1 was killed, u64 wall, user, system ns, u64 max
	 * rss, u32 errno and string text of what went wrong in writing back */
	REPLY_ENDED,
};
