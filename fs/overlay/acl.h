/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX access control lists, in the form in which the kernel hands them over as extended
 * attributes: u32 version, which is 2, then for each entry u16 tag, u16 permissions, u32 id.
 * The kernel decides by them who may do what; that lists and modes agree is our business.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default" /* of a directory: what is made in it inherits */

/* -EOPNOTSUPP for another version, -EINVAL for what is no list that stands for a mode. */
int acl_check(const void *list, size_t size);

/* The permissions that a list stands for, in a checked one; *ret_plain: and it says no more. */
uint16_t acl_mode(const void *list, size_t size, bool *ret_plain);
/* Make a list say what a new mode says: what is beyond the owner and others goes by the mask. */
void acl_set_mode(void *list, size_t size, uint16_t mode);
/* Take away what the mode of something that is being made does not allow. */
void acl_limit(void *list, size_t size, uint16_t mode);
