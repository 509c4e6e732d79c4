/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many handshakes are open, without a timer for any of them: they are counted in buckets of
 * time, one that is finished leaves the bucket in which it was opened, and a bucket older than the
 * handshake timeout falls out with all that is still in it. Pure: the clock is an argument.
 *
 *      newest - window                             newest
 *     +--------+--------+--------+-- ... --+--------+--------+
 *     |  open  |  open  |  open  |         |  open  |  open  |      sum = all of them
 *     +--------+--------+--------+-- ... --+--------+--------+
 *      falls out next                                ^ opened now
 *
 * A handshake that nobody finishes is counted for `window` to `window` + 1 buckets. One CPU's
 * buckets can be below 0: what it saw finished, another had opened. A window is at most
 * HANDSHAKE_BUCKETS - 2, so that a bucket is free for what another CPU opened a tick ahead.
 */
#ifndef SYNWARD_HALF_OPEN_H
#define SYNWARD_HALF_OPEN_H

#include <stdbool.h>

#include "abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif

/* Buckets that a CPU can be late by. What seems later is ahead: a ring may not have been touched
 * since the boot, years ago. */
#define HALF_OPEN_LATE_MAX 65536U

_Static_assert(!(HANDSHAKE_BUCKETS & (HANDSHAKE_BUCKETS - 1)), "buckets are a ring");

static __always_inline __s32 *half_open_bucket(struct half_open *h, __u32 bucket)
{
	return &h->open[bucket & (HANDSHAKE_BUCKETS - 1)];
}

/* Is @bucket inside the handshake timeout at @now, both bucket numbers? Another CPU's clock can be
 * one tick ahead. */
static __always_inline bool half_open_counts(__u32 bucket, __u32 now, __u32 window)
{
	return now - bucket <= window || bucket - now == 1;
}

static __always_inline bool half_open_is_behind(const struct half_open *h, __u32 now)
{
	return h->newest - now >= HALF_OPEN_LATE_MAX;
}

/* Let fall out what is too old at @now. */
static __always_inline void half_open_advance(struct half_open *h, __u32 now, __u32 window)
{
	__u32 steps = now - h->newest;

	if (!half_open_is_behind(h, now))
		return;
	for (__u32 i = 0; i < HANDSHAKE_BUCKETS; i++) {
		__s32 *leaving = half_open_bucket(h, h->newest - window + i);

		if (i == steps)
			break;
		h->sum -= *leaving;
		*leaving = 0;
	}
	h->newest = now;
}

/* One more, opened at @now, to which it has been advanced. */
static __always_inline void half_open_add(struct half_open *h, __u32 now)
{
	(*half_open_bucket(h, now))++;
	h->sum++;
}

/* One that was opened in @bucket is open no longer, at @now, to which it has been advanced. A CPU
 * that is ahead may have let it fall out already. */
static __always_inline void half_open_sub(struct half_open *h, __u32 now, __u32 window,
					  __u32 bucket)
{
	if (!half_open_counts(bucket, now, window) || !half_open_counts(bucket, h->newest, window))
		return;
	(*half_open_bucket(h, bucket))--;
	h->sum--;
}

/* How many are open at @now, for a reader that must not write. */
static inline __s64 half_open_sum(const struct half_open *h, __u32 now, __u32 window)
{
	__s64 sum = h->sum;
	__u32 steps = now - h->newest;

	if (!half_open_is_behind(h, now))
		return sum;
	for (__u32 i = 0; i < steps && i < HANDSHAKE_BUCKETS; i++)
		sum -= h->open[(h->newest - window + i) & (HANDSHAKE_BUCKETS - 1)];
	return sum;
}

#endif
