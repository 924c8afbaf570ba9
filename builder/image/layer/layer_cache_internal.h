/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the layer cache only. */
#pragma once

#define LAYER_CACHE_BOOT_SIZE 64

struct layer_cache {
	int fd;
	char boot[LAYER_CACHE_BOOT_SIZE]; /* which boot of the machine this is */
};
