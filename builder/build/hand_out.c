/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/hand_out.h"

#include <stdio.h>

#include "builder/build/news.h"
#include "builder/export/output.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"

struct reporter {
	struct news *news;
	unsigned number;
};

static void report(void *context, const char *what, uint64_t current, uint64_t total)
{
	const struct reporter *reporter = context;

	news_status(reporter->news, reporter->number, what, current, total, true,
		    total > 0 && current >= total);
}

static const char *title_of(enum output_type type)
{
	switch (type) {
	case OUTPUT_IMAGE:
		return "exporting to image";
	case OUTPUT_REGISTRY:
		return "exporting to registry";
	case OUTPUT_OCI:
		return "exporting to oci image format";
	case OUTPUT_DOCKER:
		return "exporting to docker image format";
	case OUTPUT_LOCAL:
		return "exporting to client directory";
	case OUTPUT_TAR:
		return "exporting to client tarball";
	case OUTPUT_CACHE_ONLY:
		break;
	}
	return "keeping the cache";
}

/* What it is now called, and known by. */
static void tell_names(struct reporter *reporter, const struct export_result *result)
{
	if (result->has_index) {
		cleanup_free char *line = xasprintf("exporting manifest list sha256:%s",
						    object_id_hex(&result->descriptor.digest).text);

		news_status(reporter->news, reporter->number, line, 0, 0, false, true);
	}
	if (result->has_digests && !result->has_index) {
		cleanup_free char *line = xasprintf("writing image sha256:%s",
						    object_id_hex(&result->config_digest).text);

		news_status(reporter->news, reporter->number, line, 0, 0, false, true);
	}
	for (size_t i = 0; i < result->names.count; i++) {
		cleanup_free char *line = xasprintf("naming to %s", result->names.items[i]);

		news_status(reporter->news, reporter->number, line, 0, 0, false, true);
	}
}

static int write_output(const struct hand_out *out, const struct output *output,
			const struct strings *names, struct export_result *ret, struct error *err)
{
	struct reporter reporter = { .news = out->news };
	struct progress progress = { .report = report,
				     .cancel_fd = &out->cancel_fd,
				     .context = &reporter };
	struct export export = { .store = out->store,
				 .lease = out->lease,
				 .registries = out->registries,
				 .output = output,
				 .images = out->images,
				 .count = out->image_count,
				 .as_index = out->as_index,
				 .names = names,
				 .has_epoch = out->has_epoch,
				 .epoch_s = out->epoch_s,
				 .progress = &progress };
	int r;

	export_result_release(ret);
	reporter.number = news_begin(out->news, title_of(output->type));
	r = export_run(&export, ret, err);
	if (r == 0)
		tell_names(&reporter, ret);
	for (size_t i = 0; i < ret->warnings.count; i++)
		news_warn(out->news, ret->warnings.items[i], NULL);
	return news_end(out->news, reporter.number, r, err);
}

int hand_out(const struct hand_out *out, struct export_result *ret, struct error *err)
{
	const struct output in_store = { .type = OUTPUT_IMAGE, .layering = out->layering };
	int r = 0;

	/* Also with other outputs the store knows the image by its names. */
	if (out->output_count == 0 || out->tags->count > 0)
		r = write_output(out, &in_store, out->tags, ret, err);
	for (size_t i = 0; i < out->output_count && r == 0; i++) {
		r = cancel_check(out->cancel_fd, err);
		if (r < 0)
			break;
		if (out->outputs[i].type != OUTPUT_CACHE_ONLY)
			r = write_output(out, &out->outputs[i], out->tags, ret, err);
	}
	return r;
}
