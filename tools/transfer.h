/* SPDX-License-Identifier: Apache-2.0 */
/* What verbs need that bring images from registries or to them: the store, and a display. */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct error;
struct invocation;
struct registries;
struct store;
struct store_lease;
struct transfer_display;

/* All zero is none. */
struct transfer {
	struct store *store;
	struct store_lease *lease;
	struct registries *registries;
	struct transfer_display *display;
};

/* `flags` are those of access_store(). ^C is caught from now on. */
int transfer_open(const struct invocation *call, bool quiet, unsigned flags, struct transfer *ret,
		  struct error *err);
/* What is told to it is shown below the image that is under way; see builder/image/progress.h. */
const struct progress *transfer_listener(const struct transfer *transfer);
/* An image is under way: "pulling NAME"; and how it went, `result` being returned. */
void transfer_begin(struct transfer *transfer, const char *what, const char *name);
int transfer_end(struct transfer *transfer, int result, const struct error *err);
/* Nothing more is shown. */
void transfer_finish(struct transfer *transfer);
void transfer_release(struct transfer *transfer);
DEFINE_CLEANUP_VALUE(struct transfer, transfer_release);
