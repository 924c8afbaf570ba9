/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/descriptor.h"

#include <errno.h>
#include <string.h>

#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

static bool begins_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

enum media_kind media_kind(const char *media_type)
{
	if (!media_type)
		return MEDIA_OTHER;
	if (strcmp(media_type, MEDIA_OCI_INDEX) == 0 || strcmp(media_type, MEDIA_DOCKER_INDEX) == 0)
		return MEDIA_INDEX;
	if (strcmp(media_type, MEDIA_OCI_MANIFEST) == 0 ||
	    strcmp(media_type, MEDIA_DOCKER_MANIFEST) == 0)
		return MEDIA_MANIFEST;
	if (strcmp(media_type, MEDIA_OCI_CONFIG) == 0 ||
	    strcmp(media_type, MEDIA_DOCKER_CONFIG) == 0)
		return MEDIA_CONFIG;
	if (begins_with(media_type, MEDIA_OCI_LAYER) ||
	    begins_with(media_type, MEDIA_DOCKER_LAYER) ||
	    begins_with(media_type, "application/vnd.oci.image.layer.nondistributable.v1.tar") ||
	    begins_with(media_type, "application/vnd.docker.image.rootfs.foreign.diff.tar"))
		return MEDIA_LAYER;
	return MEDIA_OTHER;
}

struct digest_text digest_text(const struct object_id *digest)
{
	struct digest_text text = { "sha256:" };

	digest_to_hex(digest->bytes, text.text + 7);
	return text;
}

int digest_parse(const char *text, struct object_id *ret, struct error *err)
{
	if (begins_with(text, "sha256:") && object_id_parse(text + 7, ret) == 0)
		return 0;
	if (begins_with(text, "sha512:") || begins_with(text, "sha384:") ||
	    begins_with(text, "blake3:"))
		return error_set(err, -EOPNOTSUPP,
				 "digest '%.100s' is not supported: only sha256 is", text);
	return error_set(err, -EINVAL, "'%.100s' is no digest: sha256 and 64 lower-case hex digits",
			 text);
}

void descriptor_set(struct descriptor *descriptor, const char *media_type,
		    const struct object_id *digest, uint64_t size)
{
	free(descriptor->media_type);
	descriptor->media_type = xstrdup(media_type);
	descriptor->digest = *digest;
	descriptor->size = size;
}

void descriptor_copy(struct descriptor *ret, const struct descriptor *from)
{
	*ret = (struct descriptor){ .digest = from->digest,
				    .size = from->size,
				    .platform = from->platform };
	if (from->media_type)
		ret->media_type = xstrdup(from->media_type);
	string_map_set_all(&ret->annotations, &from->annotations);
}

static int read_word(const struct json_value *object, const char *key, char field[],
		     unsigned long size, struct error *err)
{
	const char *word;
	int r = json_get_string(object, key, &word, err);

	if (r <= 0)
		return r;
	r = platform_set(field, size, word, err);
	return r < 0 ? json_complain(object, err, "no platform: bad '%s'", key) : 0;
}

static int read_platform(const struct json_value *object, struct platform *ret, struct error *err)
{
	struct json_value value;
	int r = json_get_object(object, "platform", &value, err);

	if (r <= 0)
		return r;
	r = read_word(&value, "os", ret->os, sizeof ret->os, err);
	if (r == 0)
		r = read_word(&value, "architecture", ret->architecture, sizeof ret->architecture,
			      err);
	if (r == 0)
		r = read_word(&value, "variant", ret->variant, sizeof ret->variant, err);
	if (r == 0)
		r = read_word(&value, "os.version", ret->os_version, sizeof ret->os_version, err);
	return r;
}

static int read_all(const struct json_value *value, struct descriptor *ret, struct error *err)
{
	const char *text;
	int r = json_get_string(value, "mediaType", &text, err);

	if (r < 0)
		return r;
	if (r > 0)
		ret->media_type = xstrdup(text);
	r = json_need_string(value, "digest", &text, err);
	if (r < 0)
		return r;
	r = digest_parse(text, &ret->digest, err);
	if (r < 0)
		return json_prefix(value, r, err);
	r = json_need_u64(value, "size", &ret->size, err);
	if (r == 0)
		r = json_get_map(value, "annotations", &ret->annotations, err);
	return r < 0 ? r : read_platform(value, &ret->platform, err);
}

int descriptor_read(const struct json_value *value, struct descriptor *ret, struct error *err)
{
	struct descriptor descriptor = { 0 };
	int r = read_all(value, &descriptor, err);

	if (r < 0) {
		descriptor_release(&descriptor);
		return r;
	}
	*ret = descriptor;
	return 0;
}

static void write_platform(struct json_writer *writer, const struct platform *platform)
{
	json_begin(writer, "platform", '{');
	json_put_string(writer, "architecture", platform->architecture);
	json_put_string(writer, "os", platform->os);
	if (*platform->os_version)
		json_put_string(writer, "os.version", platform->os_version);
	if (*platform->variant)
		json_put_string(writer, "variant", platform->variant);
	json_end(writer, '}');
}

void descriptor_write(struct json_writer *writer, const char *key,
		      const struct descriptor *descriptor)
{
	json_begin(writer, key, '{');
	json_put_string(writer, "mediaType", descriptor->media_type ? descriptor->media_type : "");
	json_put_string(writer, "digest", digest_text(&descriptor->digest).text);
	json_put_i64(writer, "size", (int64_t)descriptor->size);
	if (descriptor->annotations.count)
		json_put_map(writer, "annotations", &descriptor->annotations);
	if (descriptor_has_platform(descriptor))
		write_platform(writer, &descriptor->platform);
	json_end(writer, '}');
}

void descriptor_release(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	string_map_release(&descriptor->annotations);
	*descriptor = (struct descriptor){ 0 };
}
