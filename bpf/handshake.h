/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handshakes that the kernel holds: a SYN that passes in peace opens one. Each is in the flow table
 * (SYN_RECV) and counted in the bucket of its time, until it is seen to end: by the ACK that the
 * kernel takes or the reset that it believes (request.h), by a lookup that finds no trace of it, by
 * its time-out. Whoever takes the entry out of SYN_RECV takes it out of the count too, once.
 */
#ifndef SYNWARD_HANDSHAKE_H
#define SYNWARD_HANDSHAKE_H

#include "arm.h"
#include "held.h"
#include "listener.h"

/* So long is it open: to the end of its last bucket. */
static __always_inline __u32 handshake_life_ms(const struct judgement *j)
{
	__u64 end = (__u64)bucket_of(j, j->now_ms) + j->row->nr_buckets + 1;

	return (__u32)(end << j->row->bucket_shift) - (__u32)j->now_ms;
}

static __always_inline __u64 opened_ms(const struct judgement *j, const struct flow *f)
{
	__s32 age_ms = (__u32)j->now_ms - f->opened_ms; /* below 0: by a CPU a tick ahead */

	return j->now_ms - age_ms;
}

/* The kernel does not hold it any more. */
static __always_inline void handshake_end(const struct judgement *j, struct flow *f)
{
	__u32 was = f->is;

	if (FLOW_STATE(was) == FLOW_SYN_RECV && flow_change(f, was, FLOW_IS(0, FLOW_NONE, 0)))
		held_release(j, opened_ms(j, f));
}

static __always_inline void handshake_finish(const struct judgement *j, struct flow *f)
{
	__u32 was = f->is;

	if (FLOW_STATE(was) != FLOW_SYN_RECV ||
	    !flow_enter(f, was, FLOW_IS(FLOW_ROW(was), FLOW_ESTABLISHED, ACCEPTED_KERNEL),
			j->now_ms, FLOW_TIMEOUT_MS))
		return;
	held_release(j, opened_ms(j, f));
	j->here->counts.served++;
}

/* Is it one too many, when there are @held already? The cause in @ret, and whether there is one. */
static __always_inline bool is_one_too_many(const struct judgement *j,
					    const struct listener_record *rec, __u32 held,
					    struct arm_why *ret)
{
	if (held >= j->row->arm_half_open)
		*ret = (struct arm_why){ ARM_HALF_OPEN, held, j->row->arm_half_open };
	else if (rec->syn_queue > rec->backlog / 2)
		*ret = (struct arm_why){ ARM_SYN_QUEUE, rec->syn_queue, rec->backlog / 2 };
	else
		return false;
	return true;
}

/* Enter it into the flow table; what its place there is for is said at FLOW_HALF_SHARE. */
static __always_inline enum flow_put handshake_put(const struct judgement *j)
{
	__u32 share = can_arm(j->row) ? 0 : FLOW_HALF_SHARE;

	return flow_put(j->pkt, j->flow_id, j->now_ms, handshake_life_ms(j),
			FLOW_IS(j->row_index, FLOW_SYN_RECV, ACCEPTED_UNKNOWN) | share);
}

/*
 * A SYN that is going to be the kernel's: SYN_PEACE. Or it is one too many: GO_ON when the row is
 * armed now, and this SYN is to be answered with a cookie; SYN_UNTRACKED when it cannot be.
 */
static __always_inline enum reason handshake_open(struct judgement *j,
						  const struct listener_record *rec)
{
	bool can = can_arm(j->row);
	__u32 room = can ? j->row->arm_half_open : j->row->max_half_open;
	struct arm_why why = { .cause = ARM_FLOW_TABLE, .threshold = FLOW_WAYS };
	enum flow_put put;
	__u32 held;

	if (rec->is_full) /* the kernel will hold none */
		return SYN_PEACE;
	held = held_reserve(j, room);
	if (is_one_too_many(j, rec, held, &why))
		attack_seen(j, &why);
	put = is_armed(j) || held >= room ? FLOW_FULL : handshake_put(j);
	if (unlikely(put == FLOW_LOST)) /* another flow took the place: there are more */
		put = handshake_put(j);
	if (put == FLOW_ENTERED)
		return SYN_PEACE;
	if (held < room)
		held_release(j, j->now_ms);
	if (put != FLOW_FULL)
		return SYN_KNOWN; /* the same SYN came by another CPU too */
	if (can && !is_armed(j)) {
		why.value = held;
		attack_seen(j, &why);
	}
	if (is_armed(j))
		return GO_ON;
	j->here->counts.untracked++;
	return SYN_UNTRACKED;
}

#endif
