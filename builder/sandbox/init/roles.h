/* SPDX-License-Identifier: Apache-2.0 */
/* What the helper can be started as, see protocol.h. They return its exit status. */
#pragma once

struct wire;

/* `fds`: read end of the FIFO, runtime directory. */
int holder_main(struct wire *greeting, const int *fds);
/* `fds`: pidfds of the holder and of the builder; `credentials_fd` -1: all ids are mapped. */
int zygote_main(struct wire *greeting, const int *fds, int credentials_fd);
/* `fds`: pidfds of the builder and of the holder. */
int guard_main(struct wire *greeting, const int *fds);
