/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by those who write and read journals. */
#pragma once

#include "fs/object/id.h"

#define JOURNAL_DIR        "journal"
#define JOURNAL_PATH_MAX   (sizeof JOURNAL_DIR + OBJECT_ID_HEX_SIZE)
#define JOURNAL_MAGIC      "VJRN0001"
#define JOURNAL_MAGIC_SIZE ((size_t)8)
#define JOURNAL_FRAME_HEAD ((size_t)12)
#define JOURNAL_CHUNK_HEAD ((size_t)8)
/* Chunks are put into a frame when there is so much of them; none is longer than that. */
#define JOURNAL_FRAME_SIZE ((size_t)128 << 10)
#define JOURNAL_CHUNK_MAX  ((size_t)128 << 10)
#define JOURNAL_FRAME_MAX  (JOURNAL_FRAME_SIZE + JOURNAL_CHUNK_HEAD + JOURNAL_CHUNK_MAX)
