/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ssh agent inside a step: connections to a socket there are passed on to the user's own agent,
 * by a thread of ours, so that the step sees neither its path nor its owner.
 */
#pragma once

struct agent_proxy;
struct error;

/* Takes over `listen_fd`, in any case. */
int agent_proxy_start(int listen_fd, const char *agent_socket, struct agent_proxy **ret,
		      struct error *err);
void agent_proxy_stop(struct agent_proxy *proxy);
