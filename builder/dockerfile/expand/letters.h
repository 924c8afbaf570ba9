/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters a variable's name may have: letters and decimal digits of any script. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool is_letter(uint32_t c);
bool is_digit(uint32_t c);
