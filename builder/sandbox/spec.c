/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/spec.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/wire.h"

/* What a decoder allocates for before it has seen the items. */
#define MAX_GROUPS  65536
#define MAX_ULIMITS 64
#define MAX_MOUNTS  4096

struct spec_mount *spec_add_mount(struct spec *spec, enum spec_mount_type type, const char *target)
{
	struct spec_mount *mount;

	spec->mounts = xreallocarray(spec->mounts, spec->mount_count + 1, sizeof *spec->mounts);
	mount = &spec->mounts[spec->mount_count++];
	*mount = (struct spec_mount){ .type = type, .target = target ? xstrdup(target) : NULL };
	return mount;
}

void spec_release(struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		free(spec->mounts[i].target);
		free(spec->mounts[i].filesystem);
		free(spec->mounts[i].source);
		buf_release(&spec->mounts[i].bytes);
	}
	free(spec->mounts);
	free(spec->root);
	strings_release(&spec->argv);
	strings_release(&spec->env);
	free(spec->cwd);
	free(spec->groups);
	free(spec->hostname);
	strings_release(&spec->extra_hosts);
	free(spec->ulimits);
	*spec = (struct spec){ 0 };
}

static void encode_mount(const struct spec_mount *mount, struct buf *ret)
{
	wire_put_u32(ret, mount->type);
	wire_put_string(ret, mount->target);
	wire_put_u32(ret, mount->read_only);
	wire_put_string(ret, mount->filesystem);
	wire_put_string(ret, mount->source);
	wire_put_u64(ret, mount->tmpfs_size);
	wire_put_u32(ret, mount->mode);
	wire_put_u32(ret, mount->uid);
	wire_put_u32(ret, mount->gid);
	wire_put_bytes(ret, mount->bytes.data, mount->bytes.length);
}

void spec_encode(const struct spec *spec, struct buf *ret)
{
	wire_put_string(ret, spec->root);
	wire_put_u32(ret, spec->root_read_only);
	wire_put_strings(ret, &spec->argv);
	wire_put_strings(ret, &spec->env);
	wire_put_string(ret, spec->cwd);
	wire_put_u32(ret, spec->uid);
	wire_put_u32(ret, spec->gid);
	wire_put_u32(ret, (uint32_t)spec->group_count);
	for (size_t i = 0; i < spec->group_count; i++)
		wire_put_u32(ret, spec->groups[i]);
	wire_put_string(ret, spec->hostname);
	wire_put_strings(ret, &spec->extra_hosts);
	wire_put_u32(ret, spec->network);
	wire_put_u32(ret, spec->insecure);
	wire_put_u64(ret, spec->shm_size);
	wire_put_u32(ret, (uint32_t)spec->ulimit_count);
	for (size_t i = 0; i < spec->ulimit_count; i++) {
		wire_put_u32(ret, (uint32_t)spec->ulimits[i].resource);
		wire_put_u64(ret, spec->ulimits[i].limit.rlim_cur);
		wire_put_u64(ret, spec->ulimits[i].limit.rlim_max);
	}
	wire_put_u32(ret, (uint32_t)spec->mount_count);
	for (size_t i = 0; i < spec->mount_count; i++)
		encode_mount(&spec->mounts[i], ret);
}

static bool mount_is_whole(const struct spec_mount *mount)
{
	if (mount->type > SPEC_MOUNT_SOCKET || !mount->target || mount->target[0] != '/')
		return false;
	return mount->type != SPEC_MOUNT_FUSE || (mount->filesystem && mount->source);
}

static void decode_mounts(struct wire *wire, struct spec *ret)
{
	uint32_t count = wire_u32(wire);

	if (count > MAX_MOUNTS)
		wire->bad = true;
	for (uint32_t i = 0; i < count && !wire->bad; i++) {
		struct spec_mount *mount = spec_add_mount(ret, wire_u32(wire), NULL);
		const void *bytes;
		size_t size;

		mount->target = wire_string(wire);
		mount->read_only = wire_u32(wire);
		mount->filesystem = wire_string(wire);
		mount->source = wire_string(wire);
		mount->tmpfs_size = wire_u64(wire);
		mount->mode = wire_u32(wire);
		mount->uid = wire_u32(wire);
		mount->gid = wire_u32(wire);
		bytes = wire_bytes(wire, &size);
		if (size)
			buf_append(&mount->bytes, bytes, size);
		if (!mount_is_whole(mount))
			wire->bad = true;
	}
}

static void decode_numbers(struct wire *wire, struct spec *ret)
{
	uint32_t count = wire_u32(wire);

	if (count > MAX_GROUPS)
		wire->bad = true;
	else
		ret->groups = xcalloc(count, sizeof *ret->groups);
	for (uint32_t i = 0; i < count && !wire->bad; i++)
		ret->groups[ret->group_count++] = wire_u32(wire);
}

static void decode_ulimits(struct wire *wire, struct spec *ret)
{
	uint32_t count = wire_u32(wire);

	if (count > MAX_ULIMITS)
		wire->bad = true;
	else
		ret->ulimits = xcalloc(count, sizeof *ret->ulimits);
	for (uint32_t i = 0; i < count && !wire->bad; i++) {
		struct spec_ulimit *ulimit = &ret->ulimits[ret->ulimit_count++];

		ulimit->resource = (int)wire_u32(wire);
		ulimit->limit.rlim_cur = wire_u64(wire);
		ulimit->limit.rlim_max = wire_u64(wire);
	}
}

int spec_decode(struct wire *wire, struct spec *ret)
{
	*ret = (struct spec){ .root = wire_string(wire) };
	ret->root_read_only = wire_u32(wire);
	wire_strings(wire, &ret->argv);
	wire_strings(wire, &ret->env);
	ret->cwd = wire_string(wire);
	ret->uid = wire_u32(wire);
	ret->gid = wire_u32(wire);
	decode_numbers(wire, ret);
	ret->hostname = wire_string(wire);
	wire_strings(wire, &ret->extra_hosts);
	ret->network = wire_u32(wire);
	ret->insecure = wire_u32(wire);
	ret->shm_size = wire_u64(wire);
	decode_ulimits(wire, ret);
	decode_mounts(wire, ret);
	if (!ret->root || ret->argv.count == 0 || ret->network > SPEC_NETWORK_HOST)
		wire->bad = true;
	return wire->bad ? -EPROTO : 0;
}
