/* SPDX-License-Identifier: Apache-2.0 */
/* The blobs of one image on their way here: layers side by side, into files without names. */
#pragma once

#include "builder/image/load.h"
#include "fs/base/cleanup.h"

struct buf;
struct downloads;
struct error;
struct progress;
struct repository;

/*
 * `name` is what messages call the image, `text` its manifest or index, `tmp_fd` a directory for
 * files. All are kept by reference, and the repository is used for nothing else meanwhile.
 */
struct downloads_options {
	struct repository *repository;
	const char *name;
	const struct descriptor *top;
	const struct buf *text;
	int tmp_fd;
	const struct progress *progress; /* called by one thread at a time; NULL */
};

int downloads_open(const struct downloads_options *options, struct downloads **ret,
		   struct error *err);
struct blob_fetcher *downloads_fetcher(struct downloads *downloads);
/* For whoever reports beside the downloads. */
const struct progress *downloads_progress(const struct downloads *downloads);
/* What is still on its way is given up. */
void downloads_close(struct downloads *downloads);
DEFINE_CLEANUP(struct downloads *, downloads_close);
