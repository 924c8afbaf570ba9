/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when something is fetched for the first time: it brings dozens of libraries
 * along, which a build that fetches nothing should not wait for.
 */
#pragma once

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

struct error;

#define CURL_FUNCTIONS(f)                                                                         \
	f(easy_init) f(easy_cleanup) f(easy_setopt) f(easy_perform) f(easy_getinfo) f(easy_reset) \
		f(easy_strerror) f(slist_append) f(slist_free_all) f(getdate) f(url) f(url_set)   \
			f(url_get) f(url_cleanup) f(free)

struct curl_library {
#define FUNCTION(name) __typeof__(curl_##name) *name;
	CURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* -EOPNOTSUPP when there is none, with what to install. */
int curl_library_load(const struct curl_library **ret, struct error *err);
