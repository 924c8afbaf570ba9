/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox-probe DIR: print what probe.h finds, a line for each. */
#include <fcntl.h>
#include <stdio.h>

#include "builder/sandbox/probe.h"

int main(int argc, char **argv)
{
	static const char *const verdicts[] = { "ok", "warn", "fail" };
	cleanup_with(probe_report_release) struct probe_report report = { 0 };
	cleanup_fd int fd = open(argc == 2 ? argv[1] : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int failed = 0;

	if (fd < 0)
		return 2;
	probe_run(fd, &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct probe_result *item = &report.items[i];

		printf("%s: %s: %s%s%s\n", item->name, verdicts[item->verdict], item->found,
		       item->mend ? " -> " : "", item->mend ? item->mend : "");
		failed |= item->verdict == PROBE_FAIL;
	}
	return failed;
}
