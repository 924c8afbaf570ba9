/* SPDX-License-Identifier: Apache-2.0 */
/* What libfuse, and programs that it starts, say on standard error: kept for our own message. */
#pragma once

struct buf;

struct complaints {
	int saved_fd, read_fd;
};

/* From now on it is kept; where that cannot be it is shown. */
void complaints_begin(struct complaints *complaints);
/* As before; appends the last line that was said, without the speaker's name, "" for none. */
void complaints_end(struct complaints *complaints, struct buf *ret);
