/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of setuid(2) and its kin, for credentials that the kernel knows nothing of. No system
 * calls here. Ids are below CREDENTIALS_IDS, or UINT32_MAX where that means "as it is".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct credentials;

/* Has the capabilities of root. */
bool identity_privileged(const struct credentials *credentials);
/* Is `gid` its group, or among its supplementary ones? */
bool identity_in_group(const struct credentials *credentials, uint32_t gid);

/* Each changes the credentials and returns 0, or returns -EPERM or -EINVAL and does not. */
int identity_setuid(struct credentials *credentials, uint32_t uid);
int identity_setgid(struct credentials *credentials, uint32_t gid);
int identity_setreuid(struct credentials *credentials, uint32_t ruid, uint32_t euid);
int identity_setregid(struct credentials *credentials, uint32_t rgid, uint32_t egid);
int identity_setresuid(struct credentials *credentials, uint32_t ruid, uint32_t euid,
		       uint32_t suid);
int identity_setresgid(struct credentials *credentials, uint32_t rgid, uint32_t egid,
		       uint32_t sgid);
/* -ENOMEM: more than CREDENTIALS_GROUPS. */
int identity_setgroups(struct credentials *credentials, const uint32_t *groups, size_t count);
int identity_keep_caps(struct credentials *credentials, uint64_t keep);

/* Return what it was before, whether that could be changed or not. */
uint32_t identity_setfsuid(struct credentials *credentials, uint32_t uid);
uint32_t identity_setfsgid(struct credentials *credentials, uint32_t gid);

/* Who executes a file: as the owner, or the group, of one that has the set-id bits in `mode`. */
void identity_execute(struct credentials *credentials, uint32_t mode, uint32_t uid, uint32_t gid);

/* What chown(2) of a file to `to` may do (UINT32_MAX: as it is), by whom it belongs to: 0, -EPERM. */
struct identity_owner {
	uint32_t uid, gid;
};
int identity_chown(const struct credentials *credentials, struct identity_owner now,
		   struct identity_owner to);
