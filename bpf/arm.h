/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When is a row under attack, and is it armed? Decided here and nowhere else, packet by packet, so
 * that it needs no daemon. Coming under attack is immediate, and so is the answer to the SYN that
 * made it so; it ends by itself when the SYN rate has been below the low-water mark for `hold`.
 *
 * The SYN rate is counted in seconds of the clock, over all CPUs. In peace every SYN is added at
 * once; under attack a CPU adds `flush_every` at a time (the daemon makes that an eighth of the
 * low-water mark at most, over all CPUs), since a shared line costs more than the cookie.
 */
#ifndef SYNWARD_ARM_H
#define SYNWARD_ARM_H

#include "judge.h"

#define EXTEND_STEP_MS 128 /* until_ms lies on a line that every packet reads */

struct arm_why {
	__u32 cause; /* enum arm_cause */
	__u32 value;
	__u32 threshold;
};

/* Returns the row's state, IS_*. Global as row_state() is. */
__noinline __u32 row_arm(const struct row_conf *row, struct row_live *live, __u64 now_ms,
			 const struct arm_why *why)
{
	__u64 was;

	if (!row || !live || !why)
		return 0;
	was = live->until_ms;
	if (row_state(row, live, now_ms) & IS_ATTACKED ||
	    __sync_val_compare_and_swap(&live->until_ms, was, now_ms + row->hold_ms) != was)
		return row_state(row, live, now_ms); /* another CPU did it just now */
	live->since_ms = now_ms;
	live->cause = why->cause;
	live->value = why->value;
	live->threshold = why->threshold;
	live->times++;
	return row_state(row, live, now_ms);
}

static __always_inline void arm(struct judgement *j, enum arm_cause cause, __u32 value,
				__u32 threshold)
{
	struct arm_why why = { .cause = cause, .value = value, .threshold = threshold };

	j->state = row_arm(j->row, j->live, j->now_ms, &why);
}

static __always_inline void arm_extend(const struct judgement *j)
{
	__u64 until_ms = j->now_ms + j->row->hold_ms;

	if ((__s64)(until_ms - j->live->until_ms) >= EXTEND_STEP_MS)
		j->live->until_ms = until_ms;
}

/* SYNs in @second over all CPUs, with @n more. A CPU whose clock is a tick behind adds to the newer
 * second. */
static __always_inline __u32 rate_add(struct row_rate *rate, __u32 second, __u32 n)
{
	__u64 was = rate->now;

	if ((__s32)(second - (__u32)(was >> 32)) > 0 &&
	    __sync_val_compare_and_swap(&rate->now, was, (__u64)second << 32 | n) == was)
		return n;
	return (__u32)__sync_fetch_and_add(&rate->now, n) + n;
}

/* Count a SYN, and see what the rate means. */
static __always_inline void arm_by_rate(struct judgement *j)
{
	bool is_busy = is_attacked(j) || is_armed(j);
	struct row_cpu *here = j->here;
	struct row_rate *total;
	__u32 rate;

	if (here->rate_second != j->second) {
		here->rate_second = j->second;
		here->rate_kept = 0;
	}
	here->rate_kept++;
	if (is_busy && here->rate_kept < j->row->flush_every)
		return;
	total = bpf_map_lookup_elem(&row_rate, &j->row_index);
	if (!total)
		return;
	rate = rate_add(total, j->second, here->rate_kept);
	here->rate_kept = 0;
	if (rate >= j->row->arm_syn_rate)
		arm(j, ARM_SYN_RATE, rate, j->row->arm_syn_rate);
	if (rate >= j->row->low_water && is_attacked(j))
		arm_extend(j);
}

#endif
