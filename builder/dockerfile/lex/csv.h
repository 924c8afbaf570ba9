/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;
struct strings;

/*
 * Append the fields of one row of comma-separated values (RFC 4180): a field may stand in double
 * quotes, with "" for one of them. A line break at the end does not count. -EINVAL: an empty row,
 * or quotes where they cannot be.
 */
int csv_fields(const char *row, struct strings *ret, struct error *err);
