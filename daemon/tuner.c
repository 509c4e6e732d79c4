// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thresholds: derived so that one an attacker can sit just beneath is still harmless, since the
 * half-open count stops at half the backlog whatever the rate is.
 */
#include "tuner.h"

#define RISE_SECONDS 600
#define FALL_SECONDS 86400
#define HEADROOM 4 /* thresholds stand that many times above peace */
#define SERVED_ENOUGH 0.75
#define FLUSH_MOST 64 /* SYNs */
#define FLUSH_SHARE 8 /* of the low-water mark, over all CPUs */
#define BUCKETS_MOST (HANDSHAKE_BUCKETS - 2)

static void follow(double *value, double seen)
{
	*value += (seen - *value) / (seen > *value ? RISE_SECONDS : FALL_SECONDS);
}

void tuner_learn(struct baseline *baseline, const struct tuner_second *second)
{
	bool is_real = second->syns > 0 && second->served >= SERVED_ENOUGH * second->syns;

	if (second->is_attacked && !is_real)
		return;
	follow(&baseline->syn_rate, second->served);
	if (!second->is_attacked)
		follow(&baseline->half_open, second->half_open);
}

static __u32 clamped(double value, double least, double most)
{
	if (value > most)
		return (__u32)most;
	return value < least ? (__u32)least : (__u32)value;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static __u32 half_open_tuned(const struct row_listeners *listeners, const struct baseline *learned)
{
	__u32 most = listeners->backlog / 2 ?: 1;

	if (most > ARM_HALF_OPEN_MAX)
		most = ARM_HALF_OPEN_MAX;
	return clamped(larger(listeners->backlog / 4, HEADROOM * learned->half_open), 1, most);
}

static __u32 syn_rate_tuned(const struct row_listeners *listeners, const struct baseline *learned)
{
	return clamped(larger(2.0 * listeners->backlog, HEADROOM * learned->syn_rate),
		       SYN_RATE_LEAST, ARM_SYN_RATE_MAX);
}

void tuner_thresholds(const struct tunables *tunables, const struct row_listeners *listeners,
		      const struct baseline *learned, struct thresholds *ret)
{
	enum threshold_source automatic = listeners->nr ? THRESHOLD_TUNED : THRESHOLD_DEFAULT;
	struct thresholds t = {
		.half_open = tunables->arm_half_open,
		.half_open_source = THRESHOLD_PINNED,
		.syn_rate = tunables->arm_syn_rate,
		.syn_rate_source = THRESHOLD_PINNED,
		.hold_seconds = tunables->hold_seconds,
		.handshake_timeout_seconds = tunables->handshake_timeout_seconds,
		.max_half_open = tunables->max_half_open,
	};

	if (t.half_open == THRESHOLD_AUTO) {
		t.half_open_source = automatic;
		t.half_open =
			listeners->nr ? half_open_tuned(listeners, learned) : HALF_OPEN_DEFAULT;
	}
	if (t.syn_rate == THRESHOLD_AUTO) {
		t.syn_rate_source = automatic;
		t.syn_rate = listeners->nr ? syn_rate_tuned(listeners, learned) : SYN_RATE_DEFAULT;
	}
	t.low_water = (__u64)t.syn_rate * tunables->low_water_percent / 100 ?: 1;
	*ret = t;
}

/* The shortest buckets of 2^n ms of which few enough make the handshake timeout. */
static void buckets_make(__u32 timeout_seconds, struct row_conf *ret)
{
	__u32 timeout_ms = timeout_seconds * 1000, shift = 0;

	while (((timeout_ms - 1) >> shift) + 1 > BUCKETS_MOST)
		shift++;
	ret->bucket_shift = shift;
	ret->nr_buckets = ((timeout_ms - 1) >> shift) + 1;
}

void tuner_row_conf(const struct thresholds *thresholds, unsigned int nr_cpus, struct row_conf *ret)
{
	*ret = (struct row_conf){
		.arm_half_open = thresholds->half_open,
		.max_half_open = thresholds->max_half_open,
		.arm_syn_rate = thresholds->syn_rate,
		.low_water = thresholds->low_water,
		.hold_ms = thresholds->hold_seconds * 1000,
		.flush_every =
			clamped((double)thresholds->low_water / (FLUSH_SHARE * (nr_cpus ?: 1)), 1,
				FLUSH_MOST),
	};
	buckets_make(thresholds->handshake_timeout_seconds, ret);
}
