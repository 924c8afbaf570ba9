/* SPDX-License-Identifier: Apache-2.0 */
/* For which platforms RUN steps work here. */
#pragma once

struct probe_report;

/* `handlers` is a directory as BINFMT_HANDLERS. */
void doctor_platforms(const char *handlers, struct probe_report *report);
