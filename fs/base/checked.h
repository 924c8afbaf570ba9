/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and products of numbers that somebody else chose: true when the result fits. */
#pragma once

#include <stdbool.h>

#define checked_add(a, b, ret) (!__builtin_add_overflow((a), (b), (ret)))
#define checked_sub(a, b, ret) (!__builtin_sub_overflow((a), (b), (ret)))
#define checked_mul(a, b, ret) (!__builtin_mul_overflow((a), (b), (ret)))
