/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting garbage and putting packs together, for those who hold gc.lock. */
#pragma once

struct error;
struct gc_stats;
struct store;

int gc_collect(struct store *store, struct gc_stats *ret, struct error *err);
/* Put packs together if there are many; others may go on meanwhile. */
int gc_roll_up(struct store *store, struct error *err);
