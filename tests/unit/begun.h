/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key as the data path keeps it: the state in which its hashes begin.
 */
#ifndef SYNWARD_TEST_BEGUN_H
#define SYNWARD_TEST_BEGUN_H

#include "siphash.h"

/* Good until the next call. */
static inline const struct sip_state *begun(const struct sip_key *key)
{
	static struct sip_state s;

	sip_begin(&s, key);
	return &s;
}

#endif
