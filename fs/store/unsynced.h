/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was published and may not have reached the disk: unsynced/BOOT_ID, lines that are appended
 * before each publication, and truncated by a sync.
 *
 *   begin SECONDS          when the file was made
 *   pack NAME   object ID   ref CLASS/FILE      what is about to be published
 *   synced BYTES SECONDS   all lines that end in the first BYTES of this file are on the disk
 *
 * The list is not synced itself. After a power cut it may be cut off too; then the times of files
 * tell what is too new to be trusted.
 */
#pragma once

#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct error;
struct store;

void unsynced_line_pack(struct buf *lines, const char *name);
struct object_id;
void unsynced_line_object(struct buf *lines, const struct object_id *id);
void unsynced_line_ref(struct buf *lines, const char *path);

/* Append lines. By a holder of the shared lock, before what they name is published. */
int unsynced_add(struct store *store, const struct buf *lines, struct error *err);

/* What a list still holds: the pending lines without the newline, each once, and the time of the last sync, else when it
 * began, else 0. */
void unsynced_parse(const char *text, size_t size, struct strings *ret_lines, int64_t *ret_since);

#define UNSYNCED_MAX ((size_t)256 << 20)
