/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes of a repository. */
#include <errno.h>
#include <string.h>

#include "builder/image/json.h"
#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

struct reading {
	struct buf *text; /* NULL: nobody wants it */
	size_t start;
};

static int begin(void *context, struct strings *headers)
{
	struct reading *reading = context;

	strings_add(headers, "Accept: " MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST
			     ", " MEDIA_DOCKER_INDEX ", " MEDIA_DOCKER_MANIFEST);
	if (reading->text)
		buf_truncate(reading->text, reading->start);
	return 0;
}

static int take(void *context, long status, const void *data, size_t size)
{
	struct reading *reading = context;

	(void)status;
	if (reading->text->length - reading->start + size > JSON_DOCUMENT_MAX)
		return -E2BIG;
	buf_append(reading->text, data, size);
	return 0;
}

/* Without "; charset=…" */
static int read_type(const struct exchange_answer *answer, char **ret, struct error *err)
{
	const char *type = exchange_header(answer, "Content-Type");
	cleanup_free char *clean = NULL;

	if (!type)
		return error_set(err, -EPROTO,
				 "the registry does not say what kind of manifest "
				 "it sends");
	clean = xstrndup(type, strcspn(type, "; \t"));
	if (media_kind(clean) != MEDIA_INDEX && media_kind(clean) != MEDIA_MANIFEST)
		return error_set(err, -EOPNOTSUPP,
				 "a manifest of type '%.100s', which is not supported", clean);
	*ret = take_ptr(&clean);
	return 0;
}

static int ask(struct repository *repository, const char *method, const char *name,
	       struct reading *reading, struct exchange_answer *ret, struct error *err)
{
	cleanup_free char *path = xasprintf("manifests/%s", name);
	cleanup_free char *what = xasprintf("manifest of %s", name);
	const struct registry_request request = { .method = method,
						  .path = path,
						  .what = what,
						  .begin = begin,
						  .take = reading->text ? take : NULL,
						  .context = reading };

	return registry_request(repository, &request, ret, err);
}

static int check_digest(const struct object_id *got, const char *name, struct error *err)
{
	struct object_id want;

	if (digest_parse(name, &want, NULL) < 0 || object_id_equal(&want, got))
		return 0;
	return error_set(err, -EBADMSG, "the manifest has the digest %s instead of %s",
			 digest_text(got).text, name);
}

int repository_manifest(struct repository *repository, const char *name, struct descriptor *ret,
			struct buf *ret_text, struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_free char *type = NULL;
	struct reading reading = { .text = ret_text, .start = ret_text->length };
	struct object_id digest;
	int r = ask(repository, "GET", name, &reading, &answer, err);

	if (r == 0)
		r = read_type(&answer, &type, err);
	if (r < 0)
		return r;
	digest = object_id_of(buf_string(ret_text) + reading.start,
			      ret_text->length - reading.start);
	r = check_digest(&digest, name, err);
	if (r < 0)
		return r;
	*ret = (struct descriptor){ 0 };
	descriptor_set(ret, type, &digest, ret_text->length - reading.start);
	return 0;
}

/* Some registries, and mirrors before them, leave the digest out: then it is read. */
int repository_resolve(struct repository *repository, const char *name, struct descriptor *ret,
		       struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *type = NULL;
	struct reading reading = { 0 };
	const char *said, *length;
	struct object_id digest;
	uint64_t size = 0;
	int r = ask(repository, "HEAD", name, &reading, &answer, err);

	if (r < 0)
		return r;
	said = exchange_header(&answer, "Docker-Content-Digest");
	if (!said || digest_parse(said, &digest, NULL) < 0 || read_type(&answer, &type, NULL) < 0)
		return repository_manifest(repository, name, ret, &text, err);
	length = exchange_header(&answer, "Content-Length");
	if (length)
		(void)parse_u64(length, &size);
	r = check_digest(&digest, name, err);
	if (r < 0)
		return r;
	*ret = (struct descriptor){ 0 };
	descriptor_set(ret, type, &digest, size);
	return 0;
}

int repository_put_manifest(struct repository *repository, const char *name, const char *media_type,
			    const struct buf *text, struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_with(strings_release) struct strings headers = { 0 };
	cleanup_free char *path = xasprintf("manifests/%s", name);
	cleanup_free char *what = xasprintf("manifest of %s", name);
	const struct blob_content content = { .data = text->data, .fd = -1, .size = text->length };
	const struct registry_request request = {
		.method = "PUT", .path = path, .headers = &headers, .body = &content, .what = what
	};

	strings_add_format(&headers, "Content-Type: %s", media_type);
	return registry_request(repository, &request, &answer, err);
}
