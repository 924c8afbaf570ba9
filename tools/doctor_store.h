/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a filesystem is good for a store. */
#pragma once

struct probe_report;

/* Look at where the store lies, or would lie, and add what was found. Nothing is left there. */
void doctor_store(const char *path, struct probe_report *report);
