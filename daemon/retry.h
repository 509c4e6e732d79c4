/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SYN-ACKs of services whose server speaks first, once more when no ACK has come: which of them are
 * due. The data path writes the slots while they are read (bpf/retry.h); sending is for others.
 * Pure.
 */
#ifndef SYNWARD_RETRY_H
#define SYNWARD_RETRY_H

#include <stdbool.h>

#include "abi.h"

#define RETRY_AFTER_MS 1000 /* as the kernel's own first retransmission */
#define RETRY_UNTIL_MS 3000 /* by then the client has sent its SYN again */

/* Take the frame out of the slot, if it is due and nobody has touched it meanwhile: *ret is whole
 * then, and the slot is empty. An entry that is too old is thrown away. */
bool retry_take(struct retry *slot, __u32 now_ms, struct retry *ret);

#endif
