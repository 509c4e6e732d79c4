/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two counts of handshakes that are open: those that the kernel holds, one for all CPUs under a
 * lock, since the threshold is exact; and those that were answered with a cookie, for each CPU its
 * own. What is counted, and when, is for others.
 */
#ifndef SYNWARD_HELD_H
#define SYNWARD_HELD_H

#include "half_open.h"
#include "judge.h"

static __always_inline __u32 bucket_of(const struct judgement *j, __u64 ms)
{
	return ms >> j->row->bucket_shift;
}

/*
 * Global functions: their loops over the buckets are verified once, and not on every path that
 * comes here. @now and @opened are buckets.
 *
 * Is there room for one more, when there may be @room of them? It is taken then. Returns how many
 * there were: fewer than @room, or there was no room.
 */
__noinline __u32 held_count_in(__u32 row, __u32 now, __u32 window, __u32 room)
{
	struct peace_half_open *p = bpf_map_lookup_elem(&peace_half_open, &row);
	__s32 held;

	if (!p)
		return room;
	bpf_spin_lock(&p->lock);
	half_open_advance(&p->held, now, window);
	held = p->held.sum;
	if (held < (__s32)room)
		half_open_add(&p->held, now);
	bpf_spin_unlock(&p->lock);
	return held > 0 ? held : 0;
}

__noinline int held_count_out(__u32 row, __u32 now, __u32 window, __u32 opened)
{
	struct peace_half_open *p = bpf_map_lookup_elem(&peace_half_open, &row);

	if (!p)
		return -1;
	bpf_spin_lock(&p->lock);
	half_open_advance(&p->held, now, window);
	half_open_sub(&p->held, now, window, opened);
	bpf_spin_unlock(&p->lock);
	return 0;
}

/* The same for a CPU's own buckets of cookies, without a lock. */
__noinline int cookies_catch_up(struct half_open *cookies, __u32 now, __u32 window)
{
	if (!cookies) /* for the verifier */
		return -1;
	half_open_advance(cookies, now, window);
	return 0;
}

static __always_inline __u32 held_reserve(const struct judgement *j, __u32 room)
{
	return held_count_in(j->row_index, bucket_of(j, j->now_ms), j->row->nr_buckets, room);
}

static __always_inline void held_release(const struct judgement *j, __u64 opened_ms)
{
	held_count_out(j->row_index, bucket_of(j, j->now_ms), j->row->nr_buckets,
		       bucket_of(j, opened_ms));
}

static __always_inline void cookie_count_in(const struct judgement *j, __u32 now)
{
	struct half_open *cookies = &j->here->cookies;

	if (unlikely(half_open_is_behind(cookies, now)))
		cookies_catch_up(cookies, now, rows[j->row_index & ROW_MASK].nr_buckets);
	half_open_add(cookies, now);
}

static __always_inline void cookie_count_out(const struct judgement *j, __u64 sent_ms)
{
	struct half_open *cookies = &j->here->cookies;
	__u32 now = bucket_of(j, j->now_ms), window = j->row->nr_buckets;

	if (unlikely(half_open_is_behind(cookies, now)))
		cookies_catch_up(cookies, now, window);
	half_open_sub(cookies, now, window, bucket_of(j, sent_ms));
}

#endif
