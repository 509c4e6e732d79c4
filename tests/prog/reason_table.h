/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reasons as the tests say them, and what becomes of a packet by each.
 */
#ifndef SYNWARD_TEST_REASON_TABLE_H
#define SYNWARD_TEST_REASON_TABLE_H

#include <linux/bpf.h>

#include "reasons.h"

static const char *const reason_names[] = {
#define X(name, action, text) #name,
	SYNWARD_REASONS(X)
#undef X
};

static const int reason_actions[] = {
#define PASS XDP_PASS
#define DROP XDP_DROP
#define TX XDP_TX
#define REDIRECT XDP_REDIRECT
#define NEXT -1
#define X(name, action, text) action,
	SYNWARD_REASONS(X)
#undef X
#undef PASS
#undef DROP
#undef TX
#undef REDIRECT
#undef NEXT
};

#endif
