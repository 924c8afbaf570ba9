/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_platforms.h"

#include "builder/image/platform.h"
#include "builder/sandbox/probe.h"
#include "builder/step/binfmt.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"

#define INSTALL "as root, for other platforms: apt-get install qemu-user-static binfmt-support"
#define SHOW    "as root, on the host: mount -t binfmt_misc none /proc/sys/fs/binfmt_misc"

struct platforms {
	struct strings native, handled, conditional;
	bool hidden; /* what handlers there are is not shown */
};

static void look_for(const struct binfmt_machine *machine, const char *path, struct platforms *ret)
{
	cleanup_with(binfmt_close) struct binfmt *handlers = NULL;
	cleanup_free char *interpreter = NULL;
	struct binfmt_head head;
	bool fixed = false;

	if (binfmt_open(path, &handlers) < 0) {
		ret->hidden = true;
		return;
	}
	binfmt_machine_head(machine, &head);
	while (!fixed) {
		cleanup_with(binfmt_handler_release) struct binfmt_handler handler = { 0 };

		if (binfmt_next(handlers, &head, &handler) == 0)
			break;
		fixed = handler.fixed || !handler.interpreter;
		free(interpreter);
		interpreter = take_ptr(&handler.interpreter);
	}
	if (fixed)
		strings_add_format(&ret->handled, "linux/%s", machine->name);
	else if (interpreter)
		strings_add_format(&ret->conditional, "linux/%s (%s)", machine->name, interpreter);
}

static void look(const char *handlers, struct platforms *ret)
{
	struct platform host = platform_host();

	for (size_t i = 0; i < binfmt_machine_count; i++) {
		const struct binfmt_machine *machine = &binfmt_machines[i];

		if (binfmt_machine_is_native(machine, host.architecture))
			strings_add_format(&ret->native, "linux/%s", machine->name);
		else
			look_for(machine, handlers, ret);
	}
}

static void add_part(struct buf *text, const char *words, const struct strings *names)
{
	cleanup_free char *joined = strings_join(names, ", ");

	if (names->count)
		buf_add_format(text, "; %s %s", words, joined);
}

void doctor_platforms(const char *handlers, struct probe_report *report)
{
	struct platforms found = { 0 };
	cleanup_with(buf_release) struct buf more = { 0 };
	cleanup_free char *native = NULL;
	const char *mend = NULL;

	look(handlers, &found);
	native = strings_join(&found.native, ", ");
	add_part(&more, "by handlers of the kernel for", &found.handled);
	add_part(&more, "where the image has the handler's program for", &found.conditional);
	if (found.hidden) {
		buf_add_string(&more, "; whether for others is not shown: there is no binfmt_misc");
		mend = SHOW;
	} else if (!more.length) {
		buf_add_string(&more, "; no handler for others");
		mend = INSTALL;
	} else if (!found.handled.count) {
		mend = INSTALL;
	}
	probe_report_add(report, "platforms", PROBE_OK, mend, "RUN for %s%s", native,
			 buf_string(&more));
	strings_release(&found.native);
	strings_release(&found.handled);
	strings_release(&found.conditional);
}
