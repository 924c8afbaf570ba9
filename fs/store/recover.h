/* SPDX-License-Identifier: Apache-2.0 */
/* After a crash of the machine: finding what had not reached the disk, and dropping it. */
#pragma once

struct error;
struct store;

/* Part of opening a store for writing. What was lost is told in the store's warnings. */
int store_recover(struct store *store, struct error *err);
