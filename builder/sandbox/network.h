/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks with a way out for the steps of one sandbox. There are as many as steps that ran at the
 * same time; later steps use them again, so that the time it takes to set one up is paid once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct network;
struct sandbox;

struct network *network_new(void);
/* Ends them, and the programs behind them. */
void network_free(struct network *network);

/*
 * A network for one step: 0 with its namespace in *ret_fd, which stays the pool's, or 1 when the
 * host's network is all there is (the user has been told).
 */
int network_acquire(struct sandbox *sandbox, size_t *ret_index, int *ret_fd, struct error *err);
/* Give it back. `spoilt`: the step could change it, so nobody is to have it again. */
void network_release(struct network *network, size_t index, bool spoilt);

/* For people: what gives the networks; why there are none but the host's ("" when there are). */
const char *network_program(const struct network *network);
const char *network_reason(const struct network *network);
/* Of the programs that can give one, the first that is not installed, or NULL. One that is may have
 * been refused what it needs, by a profile of AppArmor say. */
const char *network_missing(void);

/* The text of /etc/resolv.conf for it. */
void network_resolv_conf(struct network *network, struct buf *ret);
