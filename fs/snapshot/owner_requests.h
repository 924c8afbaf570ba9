/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to a mount that the kernel would not let those make who ask for them, see protocol.h. */
#pragma once

struct error;
struct overlay;
struct overlay_watcher;
struct session;
struct wire;

/* SERVER_MAKE_NODE; `watcher` is told of the name. */
int owner_make_node(struct overlay *overlay, struct overlay_watcher *watcher, struct wire *in,
		    struct error *err);
/* SERVER_SET_OWNER; the kernel has been told when it returns. */
int owner_set(struct overlay *overlay, struct session *session, struct wire *in, struct error *err);
