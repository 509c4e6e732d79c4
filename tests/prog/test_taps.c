// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packet table once more, on the programs that `synward trace` attaches; see taps.h.
 */
#define TAPS
#include "test_packets.c"
