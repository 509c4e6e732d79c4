/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way out: a reason is counted and becomes an action. Actions come from the list of reasons
 * and nowhere else.
 */
#ifndef SYNWARD_FINISH_H
#define SYNWARD_FINISH_H

#include "maps.h"

enum {
	XDP_OF_PASS = XDP_PASS,
	XDP_OF_DROP = XDP_DROP,
	XDP_OF_TX = XDP_TX,
	XDP_OF_REDIRECT = XDP_REDIRECT,
	XDP_OF_NEXT = XDP_PASS, /* never reached; passing is harmless */
};

static const volatile __u8 xdp_action[NR_REASONS] = {
#define X(name, action, text) [name] = XDP_OF_##action,
	SYNWARD_REASONS(X)
#undef X
};

static __always_inline void count_reason(enum reason why)
{
	__u32 key = why;
	__u64 *count = bpf_map_lookup_elem(&reason_counts, &key);

	if (count)
		(*count)++;
}

static __always_inline int finish(enum reason why)
{
	count_reason(why);
	return why < NR_REASONS ? xdp_action[why] : XDP_PASS;
}

#endif
