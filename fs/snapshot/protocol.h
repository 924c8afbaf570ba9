/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a filesystem server and its users say to each other: messages of fs/base/channel.h, whose
 * first value is one of these. Every request gets one answer: ANSWER_OK and its values, or
 * ANSWER_ERROR with a code and a text.
 */
#pragma once

enum server_request {
	/* u32 flags, string store, id of a snapshot (zero: an empty tree), string socket to listen
	 * on or NULL; descriptors: the kernel's end of the mount, and with SERVER_ROOT_ONLY a table
	 * of credentials if there is one. Only the first message. */
	SERVER_START = 1,
	/* string path, u32 directory -> string real path */
	SERVER_MOUNTPOINT,
	/* intent -> result; the ghosts of a server with one user go */
	SERVER_COMMIT,
	/* u64 inode of a directory, string name, u32 mode, u64 rdev as makedev() has it, u32 uid,
	 * u32 gid: a device node, which no kernel lets a user namespace make. The kernel has been
	 * told of it when the answer comes */
	SERVER_MAKE_NODE,
	/* u64 inode, string path where it probably is or NULL, u32 uid, u32 gid (UINT32_MAX: as it
	 * is): what no kernel lets a user namespace set that maps root alone */
	SERVER_SET_OWNER,
	/* -> the descriptor of a table of owners (see fs/ids/owner_table.h), where root alone is
	 * mapped */
	SERVER_OWNERS,
	/* -> u32 number of other users; without any, nobody can join from now on */
	SERVER_LEAVE,
	/* -> u32 changed since the last commit */
	SERVER_CHANGED,
	/* -> bytes of the trace of what was looked at; with SERVER_TRACED */
	SERVER_TRACE,
	/* u64 number -> what failed that no program had asked for, see failures.h: all above it */
	SERVER_FAILURES,
};

enum server_start_flags {
	SERVER_READ_ONLY = 1 << 0,
	SERVER_WRITEBACK = 1 << 1,
	SERVER_APART = 1 << 2,
	SERVER_ROOT_ONLY = 1 << 3,
	SERVER_TRACED = 1 << 4,
};

enum server_answer { ANSWER_OK = 0, ANSWER_ERROR = 1 };

#define SERVER_MESSAGE_MAX_FDS 2
