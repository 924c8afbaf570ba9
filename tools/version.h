/* SPDX-License-Identifier: Apache-2.0 */
/* VARVE_VERSION itself is given by meson. */
#pragma once

#ifdef __clang__
#	define VARVE_COMPILER "clang " __clang_version__
#else
#	define VARVE_COMPILER "gcc " __VERSION__
#endif
