/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an attack comes from: now and then a SYN's source prefix is kept for the daemon, which
 * counts them. Memory is fixed; of a second with more than fit, each has the same chance to be kept
 * (reservoir sampling).
 */
#ifndef SYNWARD_SAMPLE_H
#define SYNWARD_SAMPLE_H

#include "judge.h"

static __always_inline void sample_write(__u32 row, __u64 prefix, bool is_v6,
					 struct source_sample *to)
{
	to->row = row;
	to->is_v6 = is_v6;
	to->prefix[0] = bpf_htonl(prefix >> 32);
	to->prefix[1] = bpf_htonl(prefix);
}

/* Global, so that it is verified once. */
__noinline int sample_take(__u32 row, __u64 prefix, bool is_v6, __u32 second)
{
	struct source_samples *s = ONLY(source_samples);
	struct sample_round *round;
	__u32 slot;

	if (!s)
		return -1;
	round = second & 1 ? &s->round[1] : &s->round[0];
	if (round->second != second) {
		round->second = second;
		round->nr_seen = 0;
	}
	slot = round->nr_seen++;
	if (slot >= SAMPLES_MAX)
		slot = bpf_get_prandom_u32() % (slot + 1);
	if (slot < SAMPLES_MAX)
		sample_write(row, prefix, is_v6, &round->sample[slot]);
	return 0;
}

static __always_inline void source_sample(const struct judgement *j, const struct pkt *p)
{
	if (++j->cpu->syns_skipped < SAMPLE_EVERY)
		return;
	j->cpu->syns_skipped = 0;
	sample_take(j->row_index, source_prefix(p), p->is_v6, j->second);
}

#endif
