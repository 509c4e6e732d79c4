/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers share: the entry point that libFuzzer calls, and a check that holds in every
 * build.
 */
#ifndef SYNWARD_FUZZ_H
#define SYNWARD_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Not assert(), which NDEBUG takes away. */
#define HOLDS(x)                                                                        \
	do {                                                                            \
		if (!(x)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                        \
		}                                                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
