/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of store_sync() that commits and collectors use. */
#pragma once

struct error;
struct store;

/* Bring everything that is listed to the disk; the list stays and says so. Needs no lock. */
int store_sync_keep_list(struct store *store, struct error *err);
/* Cut the list down to what has come since, or remove it. By the holder of the exclusive lock. */
int store_sync_trim_list(struct store *store, struct error *err);
