/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "builder/sandbox/probe.h"

/* Whether a file of /proc begins with, or has, `text`; false when it is not there. */
bool probe_file_begins(const char *path, const char *text);
bool probe_file_contains(const char *path, const char *text);

/* The line that installs what has `program`, with the package manager of this host. */
char *probe_install_line(const char *program);

/* probe_host.c: what can be told without making anything. */
void probe_kernel(struct probe_report *report);
void probe_limits(struct probe_report *report);
void probe_cgroup(struct probe_report *report);
void probe_filter(struct probe_report *report);
void probe_mount_calls(struct probe_report *report);
void probe_fusermount(struct probe_report *report);
