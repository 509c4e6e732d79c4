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

#define LAST_STEP_MS 128 /* last_ms lies on a line that every packet reads */

struct arm_why {
	__u32 cause; /* enum arm_cause */
	__u32 value;
	__u32 threshold;
};

/* Returns the row's state, IS_*. Global as row_state() is. An attack that was disarmed in this same
 * millisecond begins anew with the next. */
__noinline __u32 row_arm(const struct row_conf *row, struct row_live *live, __u64 now_ms,
			 const struct arm_why *why)
{
	__u64 was, since_ms;

	if (!row || !live || !why) /* for the verifier; callers have looked */
		return 0;
	was = live->since_ms;
	since_ms = now_ms > row->disarmed_ms ? now_ms : row->disarmed_ms + 1;
	live->last_ms = now_ms;
	if (was < since_ms && __sync_val_compare_and_swap(&live->since_ms, was, since_ms) == was) {
		live->cause = why->cause;
		live->value = why->value;
		live->threshold = why->threshold;
		live->times++;
	} /* else another CPU did it just now */
	return row_state(row, live, now_ms);
}

/* An attack is seen: it begins, or goes on. */
static __always_inline void attack_seen(struct judgement *j, const struct arm_why *why)
{
	if (!is_attacked(j))
		j->state = row_arm(j->row, j->live, j->now_ms, why);
	else if ((__s64)(j->now_ms - j->live->last_ms) >= LAST_STEP_MS)
		j->live->last_ms = j->now_ms;
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

/* Count a SYN. True: what this CPU has kept is to be added to the rate. */
static __always_inline bool rate_count(const struct judgement *j, __u32 flush_every)
{
	struct row_cpu *here = j->here;

	if (unlikely(here->rate_second != j->second)) {
		here->rate_second = j->second;
		here->rate_kept = 0;
	}
	return ++here->rate_kept >= flush_every;
}

/* See what the rate means: above the one mark an attack begins, above the other it goes on. */
static __always_inline void rate_judge(struct judgement *j)
{
	struct arm_why why = { .cause = ARM_SYN_RATE, .threshold = j->row->arm_syn_rate };
	struct row_cpu *here = j->here;

	why.value = rate_add(&row_rate[j->row_index & ROW_MASK], j->second, here->rate_kept);
	here->rate_kept = 0;
	if (why.value >= (is_attacked(j) ? j->row->low_water : j->row->arm_syn_rate))
		attack_seen(j, &why);
}

static __always_inline void arm_by_rate(struct judgement *j)
{
	if (rate_count(j, j->row->flush_every) || !(is_attacked(j) || is_armed(j)))
		rate_judge(j);
}

#endif
