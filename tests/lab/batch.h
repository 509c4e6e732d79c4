/* SPDX-License-Identifier: GPL-2.0-only */
/* The frames that batch_send.h hands to its BPF half, which sends them in this order. */
#ifndef LAB_BATCH_H
#define LAB_BATCH_H

#include <linux/types.h>

/* One bulk of the veth: its XDP runs all come before the first skb goes on. */
#define BATCH_MAX 16
#define BATCH_FRAME_MIN 14
#define BATCH_FRAME_MAX 1518

struct batch_frame {
	__u32 len;
	__u8 bytes[BATCH_FRAME_MAX + 2];
};

#endif
