/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an attack comes from: now and then a SYN's source prefix is kept for the daemon, which
 * counts them. Memory is fixed; of a second with more than fit, each has the same chance to be kept
 * (reservoir sampling).
 */
#ifndef SYNWARD_SAMPLE_H
#define SYNWARD_SAMPLE_H

#include "judge.h"

static __always_inline void sample_write(const struct judgement *j, const struct pkt *p,
					 struct source_sample *to)
{
	__u64 prefix = source_prefix(p);

	to->row = j->row_index;
	to->is_v6 = p->is_v6;
	to->prefix[0] = bpf_htonl(prefix >> 32);
	to->prefix[1] = bpf_htonl(prefix);
}

static __always_inline void source_sample(const struct judgement *j, const struct pkt *p)
{
	struct source_samples *s;
	struct sample_round *round;
	__u32 slot;

	if (++j->cpu->syns_skipped < SAMPLE_EVERY)
		return;
	j->cpu->syns_skipped = 0;
	s = ONLY(source_samples);
	if (!s)
		return;
	round = j->second & 1 ? &s->round[1] : &s->round[0];
	if (round->second != j->second) {
		round->second = j->second;
		round->nr_seen = 0;
	}
	slot = round->nr_seen++;
	if (slot >= SAMPLES_MAX)
		slot = bpf_get_prandom_u32() % (slot + 1);
	if (slot < SAMPLES_MAX)
		sample_write(j, p, &round->sample[slot]);
}

#endif
