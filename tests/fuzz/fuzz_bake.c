/* SPDX-License-Identifier: Apache-2.0 */
/* Bake and compose files, up to the builds that come of them. */
#include <stddef.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "tools/bake/bake.h"
#include "tools/bake/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_jobs(const json_t *document)
{
	static const struct bake_flags all = { .call = "build" };
	const char *name;
	json_t *target;

	json_object_foreach(json_object_get(document, "target"), name, target)
	{
		cleanup_with(strings_release) struct strings warnings = { 0 };
		cleanup_with(bake_job_release) struct bake_job job = { 0 };
		struct error err;

		(void)bake_job_make(name, target, &all, false, &job, &warnings, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(strings_release) struct strings names = { 0 }, set = { 0 }, helpers = { 0 };
	cleanup_with(bake_release) struct bake bake = { 0 };
	cleanup_free char *text = xstrndup((const char *)data, size);
	json_t *document = NULL;
	struct error err;

	bake_init(&bake);
	strings_add(&names, "*");
	strings_add(&set, "*.args.A=1");
	strings_add(&set, "*.tags+=t");
	if (bake_read_text("input", text, strlen(text), &bake, &err) == 0 &&
	    bake_evaluate(&bake, NULL, &err) == 0 &&
	    bake_resolve(&bake, &names, &set, &helpers, &document, &err) == 0)
		make_jobs(document);
	json_decref(document);
	return 0;
}
