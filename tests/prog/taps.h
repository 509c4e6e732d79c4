/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet table on the programs that `synward trace` puts in the place of the others (TAPS is
 * defined): every verdict has to be the same, and what is told of a packet is to be what went in,
 * what came out, and why. Without TAPS there is nothing of it.
 */
#ifndef SYNWARD_TEST_TAPS_H
#define SYNWARD_TEST_TAPS_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <string.h>

#include "reasons.h"
#include "skel_maps.h"
#include "trace_abi.h"

#define DEV_SLOT 2 /* of all programs in the table */

/* What the last run told; reason NR_REASONS: nothing. */
static struct trace_record tap_record;

#ifdef TAPS
#define IS_TAPPED true
#else
#define IS_TAPPED false
#endif

static inline const struct bpf_program *xdp_program(const struct synward_bpf *skel)
{
	return IS_TAPPED ? skel->progs.synward_xdp_tap : skel->progs.synward_xdp;
}

static inline const struct bpf_program *tc_program(const struct synward_bpf *skel)
{
	return IS_TAPPED ? skel->progs.synward_tc_tap : skel->progs.synward_tc;
}

static inline void taps_choose(struct synward_bpf *skel, bool with_tc)
{
	MUST(bpf_program__set_autoload(skel->progs.synward_xdp, !IS_TAPPED));
	MUST(bpf_program__set_autoload(skel->progs.synward_xdp_tap, IS_TAPPED));
	MUST(bpf_program__set_autoload(skel->progs.synward_tc, with_tc && !IS_TAPPED));
	MUST(bpf_program__set_autoload(skel->progs.synward_tc_tap, with_tc && IS_TAPPED));
}

static inline int take_record(void *arg, void *data, size_t nr_bytes)
{
	(void)arg;
	if (tap_record.reason != NR_REASONS || nr_bytes > sizeof(tap_record))
		abort(); /* one packet, one record */
	memcpy(&tap_record, data, nr_bytes);
	if (nr_bytes != offsetof(struct trace_record, out) + tap_record.out_kept)
		abort();
	return 0;
}

static inline void tap_read(struct synward_bpf *skel)
{
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(skel->maps.trace_ring), take_record, NULL, NULL);

	if (!ring)
		abort();
	memset(&tap_record, 0, sizeof(tap_record));
	tap_record.reason = NR_REASONS;
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
}

/* Before a run: all is wanted, and nothing has been told in this window. */
static inline void tap_begin(struct synward_bpf *skel)
{
	const struct trace_conf conf = { .until_ms = now_ms() + 60000 };
	const struct trace_used used = {};

	if (!IS_TAPPED)
		return;
	put(skel->maps.trace_conf, 0, &conf);
	put(skel->maps.trace_used, 0, &used);
}

static inline void tap_end(struct synward_bpf *skel)
{
	if (IS_TAPPED)
		tap_read(skel);
}

/* Is a packet told that has this verdict? When no source and no port is asked for. */
static inline bool is_told(enum reason why, uint8_t flags)
{
	switch (why) {
	case NOT_IP:
	case NOT_TCP:
	case FRAGMENT:
	case NOT_SERVICE:
		return false;
	case FLOW_KNOWN:
		return flags & (SYN | FIN | RST);
	default:
		return true;
	}
}

/* What is wrong with what was told of a frame that became @out; NULL: nothing. */
static inline const char *tap_trouble(enum reason why, const uint8_t *in, size_t in_bytes,
				      const uint8_t *out, size_t out_bytes, bool is_dropped)
{
	const size_t in_kept = in_bytes < TRACE_SNAP ? in_bytes : TRACE_SNAP;
	const size_t out_kept = out_bytes < TRACE_SNAP ? out_bytes : TRACE_SNAP;

	if (tap_record.reason != why)
		return "the tap tells another verdict, or none";
	if (tap_record.device != DEV_SLOT)
		return "the tap tells of another device";
	if (tap_record.in_bytes != in_bytes || tap_record.in_kept != in_kept ||
	    memcmp(tap_record.in, in, in_kept))
		return "the tap tells of another frame than came in";
	if (is_dropped && (tap_record.out_bytes || tap_record.out_kept))
		return "the tap tells of a frame behind what was dropped";
	if (!is_dropped && (tap_record.out_bytes != out_bytes || tap_record.out_kept != out_kept ||
			    memcmp(tap_record.out, out, out_kept)))
		return "the tap tells of another frame than came out";
	return NULL;
}

#endif
