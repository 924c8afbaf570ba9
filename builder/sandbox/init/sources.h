/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts made from what a spec holds, not yet attached anywhere. */
#pragma once

#include <stdint.h>

struct error;
struct spec_mount;
struct step;

/* The step's scratch directory, a tmpfs that goes with the old tree. */
int scratch_open(struct error *err);

/* A read-only mount of a new file `name` there. */
int scratch_file(const struct step *step, int scratch_fd, const char *name,
		 const struct spec_mount *file, struct error *err);

/* A mount of a new socket; the listening end goes into *ret_listen_fd. */
int scratch_socket(const struct step *step, int scratch_fd, const char *name,
		   const struct spec_mount *mount, int *ret_listen_fd, struct error *err);
