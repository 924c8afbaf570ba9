/* SPDX-License-Identifier: Apache-2.0 */
/* For inside.c: what programs do that change who they are, and what they are told then. */
#pragma once

/* All of it, below the empty directory `dir`; a line for each thing that was tried. */
int inside_users(const char *dir);
