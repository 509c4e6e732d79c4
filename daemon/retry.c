// SPDX-License-Identifier: GPL-2.0-only
/*
 * The id is written last and cleared first. What was copied while it changed is not used: it is the
 * same id only if nobody wrote, or the same flow was written again, and then its time is another.
 */
#include "retry.h"

#include <string.h>

/* Empty the slot, if it still is that flow's. */
static bool clear(struct retry *slot, __u64 id)
{
	return __atomic_compare_exchange_n(&slot->id, &id, RETRY_EMPTY, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

bool retry_take(struct retry *slot, __u32 now_ms, struct retry *ret)
{
	__u64 id = __atomic_load_n(&slot->id, __ATOMIC_ACQUIRE);
	__u32 sent_ms = __atomic_load_n(&slot->sent_ms, __ATOMIC_RELAXED);
	__s32 age_ms = (__s32)(now_ms - sent_ms);

	if (id <= RETRY_BUSY || age_ms < RETRY_AFTER_MS)
		return false;
	if (age_ms >= RETRY_UNTIL_MS) {
		clear(slot, id);
		return false;
	}
	memcpy(ret, slot, sizeof(*ret));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (ret->id != id || ret->sent_ms != sent_ms ||
	    __atomic_load_n(&slot->sent_ms, __ATOMIC_RELAXED) != sent_ms)
		return false;
	return ret->bytes && ret->bytes <= RETRY_FRAME_MAX && clear(slot, id);
}
