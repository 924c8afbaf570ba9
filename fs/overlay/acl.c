/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/acl.h"

#include <errno.h>

#include "fs/base/bytes.h"

#define VERSION     2
#define HEADER_SIZE 4
#define ENTRY_SIZE  8

enum acl_tag {
	ACL_OWNER = 1,
	ACL_USER = 2,
	ACL_GROUP_OWNER = 4,
	ACL_GROUP = 8,
	ACL_MASK = 16,
	ACL_OTHER = 32,
};

/* Every tag may be there, those of one owner only once, and a mask where users are named. */
int acl_check(const void *list, size_t size)
{
	const uint8_t *bytes = list;
	unsigned once = 0;
	bool named = false;

	if (size < HEADER_SIZE || (size - HEADER_SIZE) % ENTRY_SIZE)
		return -EINVAL;
	if (get_le32(bytes) != VERSION)
		return -EOPNOTSUPP;
	for (size_t at = HEADER_SIZE; at < size; at += ENTRY_SIZE) {
		unsigned tag = get_le16(bytes + at);

		if (get_le16(bytes + at + 2) > 7)
			return -EINVAL;
		if (tag == ACL_USER || tag == ACL_GROUP) {
			named = true;
			continue;
		}
		if ((tag != ACL_OWNER && tag != ACL_GROUP_OWNER && tag != ACL_MASK &&
		     tag != ACL_OTHER) ||
		    once & tag)
			return -EINVAL;
		once |= tag;
	}
	if ((once | ACL_MASK) != (ACL_OWNER | ACL_GROUP_OWNER | ACL_MASK | ACL_OTHER))
		return -EINVAL;
	return named && !(once & ACL_MASK) ? -EINVAL : 0;
}

static uint8_t *find(uint8_t *list, size_t size, unsigned tag)
{
	for (size_t at = HEADER_SIZE; at < size; at += ENTRY_SIZE) {
		if (get_le16(list + at) == tag)
			return list + at;
	}
	return NULL;
}

/* The entries that the three parts of a mode stand for, the owner's first. */
static void find_parts(uint8_t *list, size_t size, uint8_t *ret[static 3])
{
	ret[0] = find(list, size, ACL_OWNER);
	ret[1] = find(list, size, ACL_MASK);
	if (!ret[1])
		ret[1] = find(list, size, ACL_GROUP_OWNER);
	ret[2] = find(list, size, ACL_OTHER);
}

uint16_t acl_mode(const void *list, size_t size, bool *ret_plain)
{
	uint8_t *parts[3];
	unsigned mode = 0;

	find_parts((uint8_t *)(uintptr_t)list, size, parts);
	for (int i = 0; i < 3; i++)
		mode = mode << 3 | get_le16(parts[i] + 2);
	*ret_plain = size == HEADER_SIZE + 3 * ENTRY_SIZE;
	return (uint16_t)mode;
}

void acl_set_mode(void *list, size_t size, uint16_t mode)
{
	uint8_t *parts[3];

	find_parts(list, size, parts);
	for (int i = 0; i < 3; i++)
		put_le16(parts[i] + 2, (uint16_t)(mode >> (6 - 3 * i) & 7));
}

void acl_limit(void *list, size_t size, uint16_t mode)
{
	uint8_t *parts[3];

	find_parts(list, size, parts);
	for (int i = 0; i < 3; i++)
		put_le16(parts[i] + 2,
			 (uint16_t)(get_le16(parts[i] + 2) & (mode >> (6 - 3 * i) & 7)));
}
