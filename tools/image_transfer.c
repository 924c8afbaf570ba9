/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/image_transfer.h"

#include <unistd.h>

#include "builder/build/news.h"
#include "builder/image/progress.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "tools/access.h"
#include "tools/environment.h"
#include "tools/interrupt.h"
#include "tools/progress/progress.h"

struct image_display {
	struct progress *shown; /* see tools/progress/progress.h */
	struct progress listener;
	struct news news;
	unsigned number; /* of the image that is under way */
	int cancel_fd;
};

static void report(void *context, const char *what, uint64_t current, uint64_t total)
{
	struct image_display *display = context;

	news_status(&display->news, display->number, what, current, total, true,
		    total > 0 && current >= total);
}

static int open_display(const struct invocation *call, bool quiet, struct image_display *display,
			struct error *err)
{
	struct progress_options how = { .fd = STDERR_FILENO };
	int r = progress_mode_choose(NULL, call->environment, &how.mode, err);

	if (quiet)
		how.mode = PROGRESS_QUIET;
	if (r == 0)
		r = progress_open(&how, &display->shown, err);
	if (r < 0)
		return r;
	display->news = (struct news){ .sink = progress_sink(display->shown), .next = 1 };
	display->listener = (struct progress){ .report = report,
					       .cancel_fd = &display->cancel_fd,
					       .context = display };
	return 0;
}

int image_transfer_open(const struct invocation *call, bool quiet, unsigned flags,
			struct image_transfer *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings insecure = { 0 };
	struct image_transfer transfer = { .display = xcalloc(1, sizeof *transfer.display) };
	int r = interrupt_catch(&transfer.display->cancel_fd, err);

	if (r == 0)
		r = access_store(call, flags, &transfer.store, err);
	if (r == 0)
		r = store_lease_begin(transfer.store, &transfer.lease, err);
	if (r == 0)
		r = environment_insecure_registries(call->environment, &insecure, err);
	if (r == 0)
		r = open_display(call, quiet, transfer.display, err);
	if (r < 0) {
		image_transfer_release(&transfer);
		return r;
	}
	transfer.registries = registries_new(&insecure, transfer.display->cancel_fd);
	*ret = transfer;
	return 0;
}

const struct progress *image_transfer_listener(const struct image_transfer *transfer)
{
	return &transfer->display->listener;
}

void image_transfer_begin(struct image_transfer *transfer, const char *what, const char *name)
{
	cleanup_free char *title = xasprintf("%s %s", what, name);

	transfer->display->number = news_begin(&transfer->display->news, title);
}

int image_transfer_end(struct image_transfer *transfer, int result, const struct error *err)
{
	return news_end(&transfer->display->news, transfer->display->number, result, err);
}

void image_transfer_finish(struct image_transfer *transfer)
{
	progress_finish(transfer->display->shown);
}

void image_transfer_release(struct image_transfer *transfer)
{
	if (transfer->display)
		progress_free(transfer->display->shown);
	free(transfer->display);
	registries_free(transfer->registries);
	store_lease_end(transfer->lease);
	store_close(transfer->store);
	*transfer = (struct image_transfer){ 0 };
}
