/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Budgets by source prefix: how many SYN-ACKs, wrong cookies and resets a /24 (IPv6: /48) may cost
 * in one second. Counters are of a fixed number; which prefixes share one is said by a salted hash.
 * Nothing is allocated or evicted, so a flood of random sources wears out all of them evenly, and
 * that of one prefix only its own.
 *
 * Where CPUs meet on a counter a count may be lost, which is as good as a slightly larger budget.
 * The SYN-ACKs' cap is a promise to third parties and is exact; see synack_take().
 */
#ifndef SYNWARD_BUDGET_H
#define SYNWARD_BUDGET_H

#include "judge.h"

#define WINDOW_SHIFT 20 /* see struct budget_line */

#define VERIFY_PER_SECOND 128 /* 8192 counters: 10^6 a second, 2^27 take more than two minutes */
#define RESET_LEAST 2         /* a second, and up to RESET_SPREAD - 1 more, by chance: an */
#define RESET_SPREAD 5        /* outsider shall not measure with it what others do (RFC 5961 §7) */

/* Not secret enough to keep a prefix's neighbours unknown for ever, and it need not be: whoever
 * wants to wear out a prefix's budget can claim to come from that prefix. */
static __always_inline __u64 prefix_hash(const struct secret *s, const struct pkt *p)
{
	__u64 prefix = source_prefix(p), h;

	/* Turned round, so that all bits of the salt count; bit 32 is free: it tells the family. */
	h = prefix << 32 | prefix >> 32 | (__u64)!p->is_v6 << 32;
	h *= s->salt | 1;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ULL; /* 2^64 divided by the golden ratio */
	return h >> 32;
}

#define BUDGET_OF(map, nr, hash)                                               \
	({                                                                     \
		__u32 index_ = (hash) & ((nr)-1);                              \
		__u32 line_ = index_ / BUDGETS_PER_LINE;                       \
		struct budget_line *at_ = bpf_map_lookup_elem(&(map), &line_); \
		at_ ? &at_->word[index_ % BUDGETS_PER_LINE] : NULL;            \
	})

static __always_inline __u32 budget_used(const __u32 *budget, __u32 window)
{
	__u32 is = *budget;

	return is >> WINDOW_SHIFT == (window & (~0U >> WINDOW_SHIFT)) ? is & BUDGET_USED_MAX : 0;
}

static __always_inline __u32 budget_word(__u32 window, __u32 used)
{
	return window << WINDOW_SHIFT | used;
}

/* Another CPU's clock may be a tick ahead: its window is the one then, and is not begun anew. */
static __always_inline __u32 budget_window(const __u32 *budget, __u32 window)
{
	__u32 ahead = ((*budget >> WINDOW_SHIFT) - window) & (~0U >> WINDOW_SHIFT);

	return ahead == 1 ? window + 1 : window;
}

static __always_inline bool budget_take(__u32 *budget, __u32 now, __u32 limit)
{
	__u32 window = budget_window(budget, now), used = budget_used(budget, window);

	if (used >= limit)
		return false;
	*budget = budget_word(window, used + 1);
	return true;
}

/* The counter of all CPUs, with @n more. */
static __always_inline __u32 budget_add(__u32 *budget, __u32 window, __u32 n)
{
	__u32 was = *budget;
	__u32 ahead = (budget_word(window, 0) - (was & ~BUDGET_USED_MAX)) >> WINDOW_SHIFT;

	/* One behind is a CPU whose clock is a tick late: it must not begin the old one anew. */
	if (ahead && ahead != ~0U >> WINDOW_SHIFT &&
	    __sync_val_compare_and_swap(budget, was, budget_word(window, n)) == was)
		return n;
	return (__sync_fetch_and_add(budget, n) & BUDGET_USED_MAX) + n;
}

/* So many more SYN-ACKs, which a CPU has kept for itself: is there room for them? Global, so that
 * it is verified once. */
__noinline int synack_flush(__u32 hash, __u32 second)
{
	__u32 cap = settings.synack_cap, flush = settings.synack_flush;
	__u32 *here = BUDGET_OF(synack_here, SYNACK_BUDGETS, hash);
	__u32 *total = BUDGET_OF(synack_total, SYNACK_BUDGETS, hash);
	__u32 sum;

	if (!here || !total) /* for the verifier */
		return true;
	if (flush > 1)
		cap -= cap / 16;
	sum = budget_add(total, second, flush);
	*here = budget_word(second, sum < cap ? 0 : BUDGET_USED_MAX);
	return sum <= cap;
}

/*
 * One more SYN-ACK to this prefix? A CPU counts for itself, and adds to the counter of all every
 * `synack_flush`: all CPUs together keep a sixteenth of the cap for themselves at most, and that is
 * taken off it. What reads BUDGET_USED_MAX is closed for this second.
 */
static __always_inline bool synack_take(const struct judgement *j, const struct pkt *p)
{
	__u32 *here, word, hash;

	if (!settings.synack_cap)
		return true;
	hash = prefix_hash(&j->cpu->secret, p);
	here = BUDGET_OF(synack_here, SYNACK_BUDGETS, hash);
	if (!here)
		return true;
	word = *here;
	if (unlikely((word ^ budget_word(j->second, 0)) > BUDGET_USED_MAX))
		word = budget_word(j->second, 0);
	if (unlikely((word & BUDGET_USED_MAX) == BUDGET_USED_MAX))
		return false;
	*here = ++word;
	return likely((word & BUDGET_USED_MAX) < settings.synack_flush) ||
	       synack_flush(hash, j->second);
}

/* May the prefix of cpu_state's packet have one more cookie looked at? Only wrong ones cost
 * something: with @take, one. Global, as the next is, so that it is verified once. */
__noinline int verify_ask(__u32 second, bool take)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	__u32 *budget;

	if (!cpu) /* for the verifier */
		return true;
	budget = BUDGET_OF(verify_budgets, VERIFY_BUDGETS, prefix_hash(&cpu->secret, &cpu->pkt));
	if (!budget)
		return true;
	if (!take)
		return budget_used(budget, budget_window(budget, second)) < VERIFY_PER_SECOND;
	return budget_take(budget, second, VERIFY_PER_SECOND);
}

static __always_inline bool verify_left(const struct judgement *j)
{
	return verify_ask(j->second, false);
}

static __always_inline void verify_take(const struct judgement *j)
{
	verify_ask(j->second, true);
}

/* May the kernel answer one more packet of this prefix with a reset? */
__noinline int reset_ask(__u32 second)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	__u32 *budget, chance;
	__u64 hash;

	if (!cpu) /* for the verifier */
		return false;
	hash = prefix_hash(&cpu->secret, &cpu->pkt);
	chance = ((__u32)hash ^ second) * 0x9e3779b1U;
	budget = BUDGET_OF(reset_budgets, RESET_BUDGETS, hash);
	return budget && budget_take(budget, second, RESET_LEAST + (chance >> 16) % RESET_SPREAD);
}

static __always_inline bool reset_take(const struct judgement *j)
{
	return reset_ask(j->second);
}

#endif
