/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations of images as what each instruction changes, one behind another. Vertices and
 * stages share what they have in common, so that a step costs the same however long the history
 * and the environment before it have become.
 */
#pragma once

struct config;
struct config_chain;
struct error;

/*
 * Write it out: `ret`, which is the caller's to release, is like one that has been read, with the
 * digests of the base image's layers alone. Its history has a record without `empty_layer` for
 * those and for every RUN, COPY, ADD and WORKDIR vertex behind. -E2BIG when the history has more
 * text than a document may have.
 */
int config_chain_make(const struct config_chain *chain, struct config *ret, struct error *err);
