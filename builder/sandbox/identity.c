/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/ids/credentials.h"

#define AS_IT_IS UINT32_MAX

/* What users and groups have alike. */
struct kinds {
	uint32_t real, effective, saved, filesystem;
};

bool identity_privileged(const struct credentials *credentials)
{
	return credentials->euid == 0 || credentials->capable;
}

bool identity_in_group(const struct credentials *credentials, uint32_t gid)
{
	if (gid == credentials->fsgid)
		return true;
	for (size_t i = 0; i < credentials->group_count; i++) {
		if (credentials->groups[i] == gid)
			return true;
	}
	return false;
}

static struct kinds users_of(const struct credentials *credentials)
{
	return (struct kinds){ credentials->ruid, credentials->euid, credentials->suid,
			       credentials->fsuid };
}

static struct kinds groups_of(const struct credentials *credentials)
{
	return (struct kinds){ credentials->rgid, credentials->egid, credentials->sgid,
			       credentials->fsgid };
}

static bool is_root(const struct credentials *credentials)
{
	return credentials->ruid == 0 || credentials->euid == 0 || credentials->suid == 0;
}

/* Who stops being root in all ways loses its capabilities, unless it has asked to keep them. */
static void become_users(struct credentials *credentials, const struct kinds *kinds)
{
	const bool was_root = is_root(credentials);

	credentials->ruid = kinds->real;
	credentials->euid = kinds->effective;
	credentials->suid = kinds->saved;
	credentials->fsuid = kinds->filesystem;
	if (is_root(credentials))
		credentials->capable = 0;
	else if (was_root)
		credentials->capable = credentials->keep_caps;
}

static void become_groups(struct credentials *credentials, const struct kinds *kinds)
{
	credentials->rgid = kinds->real;
	credentials->egid = kinds->effective;
	credentials->sgid = kinds->saved;
	credentials->fsgid = kinds->filesystem;
}

/* ---- the same for users and groups ---- */

static bool valid(uint32_t id, bool may_stay)
{
	return id < CREDENTIALS_IDS || (may_stay && id == AS_IT_IS);
}

static int set_one(struct kinds *kinds, bool privileged, uint32_t id)
{
	if (!valid(id, false))
		return -EINVAL;
	if (privileged)
		kinds->real = kinds->saved = id;
	else if (id != kinds->real && id != kinds->saved)
		return -EPERM;
	kinds->effective = kinds->filesystem = id;
	return 0;
}

static int set_two(struct kinds *kinds, bool privileged, uint32_t real, uint32_t effective)
{
	const struct kinds old = *kinds;

	if (!valid(real, true) || !valid(effective, true))
		return -EINVAL;
	if (!privileged && real != AS_IT_IS && real != old.real && real != old.effective)
		return -EPERM;
	if (!privileged && effective != AS_IT_IS && effective != old.real &&
	    effective != old.effective && effective != old.saved)
		return -EPERM;
	if (real != AS_IT_IS)
		kinds->real = real;
	if (effective != AS_IT_IS)
		kinds->effective = effective;
	if (real != AS_IT_IS || (effective != AS_IT_IS && effective != old.real))
		kinds->saved = kinds->effective;
	kinds->filesystem = kinds->effective;
	return 0;
}

static int set_three(struct kinds *kinds, bool privileged, const uint32_t ids[static 3])
{
	const struct kinds old = *kinds;

	for (size_t i = 0; i < 3; i++) {
		if (!valid(ids[i], true))
			return -EINVAL;
		if (!privileged && ids[i] != AS_IT_IS && ids[i] != old.real &&
		    ids[i] != old.effective && ids[i] != old.saved)
			return -EPERM;
	}
	if (ids[0] != AS_IT_IS)
		kinds->real = ids[0];
	if (ids[1] != AS_IT_IS)
		kinds->effective = ids[1];
	if (ids[2] != AS_IT_IS)
		kinds->saved = ids[2];
	kinds->filesystem = kinds->effective;
	return 0;
}

static bool may_be_filesystem(const struct kinds *kinds, bool privileged, uint32_t id)
{
	return valid(id, false) && (privileged || id == kinds->real || id == kinds->effective ||
				    id == kinds->saved || id == kinds->filesystem);
}

/* ---- the calls ---- */

int identity_setuid(struct credentials *credentials, uint32_t uid)
{
	struct kinds kinds = users_of(credentials);
	int r = set_one(&kinds, identity_privileged(credentials), uid);

	if (r == 0)
		become_users(credentials, &kinds);
	return r;
}

int identity_setgid(struct credentials *credentials, uint32_t gid)
{
	struct kinds kinds = groups_of(credentials);
	int r = set_one(&kinds, identity_privileged(credentials), gid);

	if (r == 0)
		become_groups(credentials, &kinds);
	return r;
}

int identity_setreuid(struct credentials *credentials, uint32_t ruid, uint32_t euid)
{
	struct kinds kinds = users_of(credentials);
	int r = set_two(&kinds, identity_privileged(credentials), ruid, euid);

	if (r == 0)
		become_users(credentials, &kinds);
	return r;
}

int identity_setregid(struct credentials *credentials, uint32_t rgid, uint32_t egid)
{
	struct kinds kinds = groups_of(credentials);
	int r = set_two(&kinds, identity_privileged(credentials), rgid, egid);

	if (r == 0)
		become_groups(credentials, &kinds);
	return r;
}

int identity_setresuid(struct credentials *credentials, uint32_t ruid, uint32_t euid, uint32_t suid)
{
	const uint32_t ids[] = { ruid, euid, suid };
	struct kinds kinds = users_of(credentials);
	int r = set_three(&kinds, identity_privileged(credentials), ids);

	if (r == 0)
		become_users(credentials, &kinds);
	return r;
}

int identity_setresgid(struct credentials *credentials, uint32_t rgid, uint32_t egid, uint32_t sgid)
{
	const uint32_t ids[] = { rgid, egid, sgid };
	struct kinds kinds = groups_of(credentials);
	int r = set_three(&kinds, identity_privileged(credentials), ids);

	if (r == 0)
		become_groups(credentials, &kinds);
	return r;
}

uint32_t identity_setfsuid(struct credentials *credentials, uint32_t uid)
{
	const struct kinds kinds = users_of(credentials);

	if (may_be_filesystem(&kinds, identity_privileged(credentials), uid))
		credentials->fsuid = uid;
	return kinds.filesystem;
}

uint32_t identity_setfsgid(struct credentials *credentials, uint32_t gid)
{
	const struct kinds kinds = groups_of(credentials);

	if (may_be_filesystem(&kinds, identity_privileged(credentials), gid))
		credentials->fsgid = gid;
	return kinds.filesystem;
}

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int identity_setgroups(struct credentials *credentials, const uint32_t *groups, size_t count)
{
	if (!identity_privileged(credentials))
		return -EPERM;
	if (count > CREDENTIALS_GROUPS)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!valid(groups[i], false))
			return -EINVAL;
	}
	memset(credentials->groups, 0, sizeof credentials->groups);
	if (count)
		memcpy(credentials->groups, groups, count * sizeof *groups);
	/* As the kernel has them. */
	qsort(credentials->groups, count, sizeof *credentials->groups, compare);
	credentials->group_count = (uint32_t)count;
	return 0;
}

int identity_keep_caps(struct credentials *credentials, uint64_t keep)
{
	if (keep > 1)
		return -EINVAL;
	credentials->keep_caps = (uint32_t)keep;
	return 0;
}

void identity_execute(struct credentials *credentials, uint32_t mode, uint32_t uid, uint32_t gid)
{
	if (mode & S_ISUID)
		credentials->euid = uid;
	/* Without group execution the bit means something else. */
	if ((mode & S_ISGID) && (mode & S_IXGRP))
		credentials->egid = gid;
	credentials->suid = credentials->fsuid = credentials->euid;
	credentials->sgid = credentials->fsgid = credentials->egid;
	credentials->keep_caps = credentials->capable = 0;
}

int identity_chown(const struct credentials *credentials, struct identity_owner now,
		   struct identity_owner to)
{
	if (identity_privileged(credentials))
		return 0;
	if (to.uid != AS_IT_IS && (to.uid != now.uid || credentials->fsuid != now.uid))
		return -EPERM;
	if (to.gid != AS_IT_IS && (credentials->fsuid != now.uid ||
				   (to.gid != now.gid && !identity_in_group(credentials, to.gid))))
		return -EPERM;
	return 0;
}
