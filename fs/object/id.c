/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/id.h"

#include <errno.h>

int object_id_parse(const char *hex, struct object_id *ret)
{
	if (strlen(hex) != OBJECT_ID_HEX_SIZE - 1)
		return -EINVAL;
	return digest_from_hex(hex, ret->bytes);
}
