/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters that the lab's own XDP programs keep and that `labxdp counts` prints: one list,
 * from which both halves take index and name.
 */
#ifndef LAB_LABXDP_H
#define LAB_LABXDP_H

#define LAB_COUNTS(C)                       \
	C(PASSED, "passed")                 \
	C(SPOOFED_SYN, "spoofed_syn")       \
	C(SPOOFED_OTHER, "spoofed_other")   \
	C(SPOOFED_SYNACK, "spoofed_synack") \
	C(SPOOFED_RST, "spoofed_rst")

enum lab_count {
#define LAB_COUNT_ENUM(id, name) LAB_COUNT_##id,
	LAB_COUNTS(LAB_COUNT_ENUM)
#undef LAB_COUNT_ENUM
		NR_LAB_COUNTS
};

#endif
