/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys: any, and one as the data path keeps it, the state in which its hashes begin.
 */
#ifndef SYNWARD_TEST_BEGUN_H
#define SYNWARD_TEST_BEGUN_H

#include "refs.h"
#include "siphash.h"

static inline struct sip_key key_random(void)
{
	return (struct sip_key){ { rng(), rng() } };
}

/* Good until the next call. */
static inline const struct sip_state *begun(const struct sip_key *key)
{
	static struct sip_state s;

	sip_begin(&s, key);
	return &s;
}

#endif
