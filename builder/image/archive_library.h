/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive, loaded when something compressed comes in: it brings libxml2, ICU and libstdc++ with
 * it, which cost every start of the program more than all the rest.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>

struct error;

#define ARCHIVE_FUNCTIONS(FUNCTION)         \
	FUNCTION(error_string)              \
	FUNCTION(read_data_block)           \
	FUNCTION(read_free)                 \
	FUNCTION(read_new)                  \
	FUNCTION(read_next_header)          \
	FUNCTION(read_open)                 \
	FUNCTION(read_support_filter_bzip2) \
	FUNCTION(read_support_filter_gzip)  \
	FUNCTION(read_support_filter_xz)    \
	FUNCTION(read_support_filter_zstd)  \
	FUNCTION(read_support_format_empty) \
	FUNCTION(read_support_format_raw)   \
	FUNCTION(set_error)

/* Its functions, without "archive_" in front of their names. */
struct archive_library {
#define FUNCTION(name) __typeof__(archive_##name) *name;
	ARCHIVE_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* Stays loaded. -EOPNOTSUPP when it is not installed, or not the one we know. */
int archive_library_load(const struct archive_library **ret, struct error *err);
