/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of /etc/hosts and /etc/resolv.conf in steps. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct strings;

/* Loopback, the step's own name (sudo asks for it), then `extra` lines. */
void resolv_hosts(const char *hostname, const struct strings *extra, struct buf *ret);

/*
 * What of a resolv.conf is good in another network than the host's: all but nameservers on
 * loopback or link-local addresses. False when no nameserver is left.
 */
bool resolv_filter(const char *text, size_t size, struct buf *ret);

/* This host's resolv.conf as it is; nothing when there is none. */
void resolv_of_host(struct buf *ret);

/*
 * The same for another network: filtered, else what systemd-resolved forwards to, else (NULL: with
 * no nameserver at all) `forwarder`. False when it came to the last.
 */
bool resolv_of_network(const char *forwarder, struct buf *ret);
