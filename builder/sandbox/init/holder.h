/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that the holder keeps and every zygote begins with. Besides what the builder's host
 * must lend (a few devices, /proc and /sys) there is nothing of the host's in it.
 */
#pragma once

#define HOLDER_SHARED  "/shared" /* filesystems of all sandboxes, each in a directory of its name */
#define HOLDER_PRIVATE "/private" /* those of one sandbox; empty here */
#define HOLDER_SCRATCH "/scratch" /* for a step's files in memory; empty here */
#define HOLDER_EMPTY   "/empty"   /* a read-only directory to hide others with */
#define HOLDER_DEV     "/dev"
