/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes that are no protection against anybody: tables, page boundaries, bit rot. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * 64 bits of `data`: FNV-1a, then the finaliser of MurmurHash3. Stored formats depend on it
 * (boundaries of directory pages), so it never changes.
 */
uint64_t hash64(const void *data, size_t size);

/* Spread the bits of a number: the finaliser alone. */
uint64_t hash64_mix(uint64_t value);

/* CRC-32C (Castagnoli), going on from `crc`; begin with 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
