/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the compressors only. */
#pragma once

#include "builder/image/compress.h"

struct compress {
	struct byte_sink sink; /* first: what is written there */
	struct byte_sink *to;
	int (*finish)(struct compress *compress, struct error *err);
	void (*close)(struct compress *compress);
};

/* gzip_blocks.c; the threads start with the first block that is full. */
int gzip_open(int level, unsigned threads, struct compress **ret, struct error *err);
