/* SPDX-License-Identifier: Apache-2.0 */
/* Included in front of every file: calls that invite mistakes do not compile. */
#pragma once

#ifndef VARVE_BANNED_H
#	define VARVE_BANNED_H
/* The headers that declare them come first, so that only our own use is refused. */
#	include <stdio.h>
#	include <stdlib.h>
#	include <string.h>
#	include <time.h>

/* To clang, some are macros when buffers are checked, and macros cannot be poisoned. */
#	undef strcpy
#	undef strcat
#	undef sprintf
#	undef vsprintf
#	undef strncpy
#	undef strncat
#	pragma GCC poison strcpy strcat sprintf vsprintf strtok gets mktemp tmpnam atoi atol atoll
#	pragma GCC poison gmtime localtime asctime strncpy strncat
#endif
