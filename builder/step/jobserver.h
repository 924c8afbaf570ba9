/* SPDX-License-Identifier: Apache-2.0 */
/*
 * So many jobs at once in all RUN steps of a build together, for programs that ask for a place
 * before they start another job: GNU make and those that do as it does. Every step has one place
 * from its beginning to its end; further ones are bytes in a pipe of its own, so that those of a
 * step that was killed are known and come back.
 *
 * The functions may be called by many threads.
 */
#pragma once

#include "fs/base/cleanup.h"

struct error;
struct jobserver;
struct jobserver_client;

int jobserver_new(unsigned jobs, struct jobserver **ret, struct error *err);
/* Nobody has a place any more. */
void jobserver_free(struct jobserver *server);
DEFINE_CLEANUP(struct jobserver *, jobserver_free);

/* Wait for a place. -ECANCELED when `cancel_fd` (-1: never) becomes readable first. */
int jobserver_join(struct jobserver *server, int cancel_fd, struct jobserver_client **ret,
		   struct error *err);
/* The ends of its pipe, to read and to write. */
const int *jobserver_fds(const struct jobserver_client *client);
/* All its processes have ended: its places are free again. */
void jobserver_leave(struct jobserver_client *client);
DEFINE_CLEANUP(struct jobserver_client *, jobserver_leave);
