/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SYN cookie: what a handshake needs to be finished later, packed into our initial sequence
 * number (and into the time that the client echoes), with enough keyed bits that nobody can make
 * one up. Pure: the clock and the keys are arguments.
 *
 * A client that offers timestamps. Our TSval is a millisecond clock plus a keyed offset per
 * connection; the echo tells exactly when the SYN-ACK left, hence the epoch, the round-trip time,
 * and 15 bits more to guess (the elapsed time must lie inside the lifetime of 2^17 of 2^32 ms):
 * about 2^-37 for a blind ACK.
 *
 *      31                              10 9        6 5           2   1      0
 *     +----------------------------------+----------+-------------+------+------+
 *     |              MAC 22              | MSS class| window scale| SACK | ECN  |
 *     +----------------------------------+----------+-------------+------+------+
 *
 * A client that offers none (Windows by default): one of 16 profiles, rounded down. 2^-27 for a
 * blind ACK.
 *
 *      31                                        5    4     3                0
 *     +------------------------------------------+--------+--------------------+
 *     |                  MAC 27                  | parity |      profile       |
 *     +------------------------------------------+--------+--------------------+
 *                                                  of the epoch
 *
 * The MAC covers both addresses and ports (through the flow's id), the client's ISN, the low bits,
 * the format, and, through the key, the epoch. The formats are separate domains: neither can be
 * presented as the other.
 *
 * RFC 4987 §3.6, RFC 7323 §3. An epoch lasts 2^epoch_shift ms; the current one and the one before
 * are accepted.
 */
#ifndef SYNWARD_COOKIE_H
#define SYNWARD_COOKIE_H

#include "base.h"
#include "siphash.h"
#include "tcpopt.h"

#define NR_MSS_CLASSES 16
#define NR_PROFILES 16

/* bpf_sk_assign_tcp_reqsk() takes no less; a SYN without the option means just these (RFC 9293
 * §3.7.1). */
#define MSS_MIN_V4 536
#define MSS_MIN_V6 1220

/* The class of most links, Ethernet's, and the one above it. */
#define MSS_CLASS_USUAL 14
#define MSS_USUAL_V4 1460
#define MSS_USUAL_V6 1440
#define MSS_JUMBO_V4 8960
#define MSS_JUMBO_V6 8940

/*
 * MSS classes, rounded down to. They name what links and tunnels really announce: Ethernet, PPPoE,
 * WireGuard, IPsec, GRE, VXLAN, the clouds' own MTUs, jumbo frames.
 */
static const volatile __u16 mss_class_v4[NR_MSS_CLASSES] = {
	536,  1024, 1220, 1260, 1300, 1340, 1360,         1370,
	1380, 1400, 1410, 1420, 1440, 1452, MSS_USUAL_V4, MSS_JUMBO_V4,
};
static const volatile __u16 mss_class_v6[NR_MSS_CLASSES] = {
	1220, 1240, 1260, 1280, 1300, 1320, 1340,         1350,
	1360, 1380, 1390, 1400, 1420, 1432, MSS_USUAL_V6, MSS_JUMBO_V6,
};

/* What a finished handshake is made of, apart from addresses and sequence numbers. */
struct offer {
	__u16 mss;
	__u8 wscale; /* the client's, or WSCALE_NONE */
	bool sack;
	bool ecn;
	bool timestamps;
};

/*
 * Profiles for clients without timestamps, best first. The first that asks nothing the client did
 * not offer is taken, so a smaller MSS is preferred to the loss of SACK or of the window scale. MSS
 * as for IPv4; IPv6 has 20 less.
 */
#define PROFILE_NO_WSCALE (-1)
#define PROFILE_V6_LESS 20

struct profile {
	__u16 mss;
	__s8 wscale;
	__u8 sack;
};

static const volatile struct profile profiles[NR_PROFILES] = {
	{ 1460, 10, 1 }, /* Linux with 32 MB of receive buffer */
	{ 1460, 8, 1 },  /* Windows */
	{ 1460, 7, 1 },  /* Linux with 6 MB */
	{ 1440, 8, 1 },  /* Windows behind PPPoE and tunnels */
	{ 1400, 8, 1 },
	{ 1360, 8, 1 },
	{ 1300, 8, 1 },
	{ 1240, 8, 1 }, /* MTU 1280 */
	{ 1460, 5, 1 },
	{ 1240, 5, 1 },
	{ 1460, 0, 1 },
	{ 1240, 0, 1 },
	{ 1460, PROFILE_NO_WSCALE, 1 },
	{ 1240, PROFILE_NO_WSCALE, 1 },
	{ 1460, PROFILE_NO_WSCALE, 0 }, /* small stacks */
	{ 536, PROFILE_NO_WSCALE, 0 },  /* everybody */
};

/* The low bits of the two formats. */
#define LOW_BITS_TS 10
#define LOW_MASK_TS ((1U << LOW_BITS_TS) - 1)
#define LOW_ECN (1U << 0)
#define LOW_SACK (1U << 1)
#define LOW_WSCALE_SHIFT 2
#define LOW_MSS_SHIFT 6

#define LOW_BITS_PLAIN 5
#define LOW_MASK_PLAIN ((1U << LOW_BITS_PLAIN) - 1)
#define LOW_PROFILE_MASK 0xfU
#define LOW_PARITY_SHIFT 4

/* Cookies from a clock that is a little ahead, on another CPU, are still of now. */
#define CLOCK_SKEW_MS 64

static __always_inline __u64 epoch_of(__u64 ms, __u32 epoch_shift)
{
	return ms >> epoch_shift;
}

/* The key of an epoch, from the master key. */
static __always_inline void epoch_key_make(const struct sip_key *master, __u64 epoch,
					   struct sip_key *ret)
{
	ret->k[0] = sip_hash15(master, epoch, 0);
	ret->k[1] = sip_hash15(master, epoch, 1);
}

static __always_inline __u16 mss_of_class(__u32 class, bool is_v6)
{
	class &= NR_MSS_CLASSES - 1;
	return is_v6 ? mss_class_v6[class] : mss_class_v4[class];
}

static __always_inline __u16 mss_usual(bool is_v6)
{
	return is_v6 ? MSS_USUAL_V6 : MSS_USUAL_V4;
}

/* Is MSS_CLASS_USUAL the class of @mss? */
static __always_inline bool is_usual_mss(__u16 mss, bool is_v6)
{
	return mss >= mss_usual(is_v6) && mss < (is_v6 ? MSS_JUMBO_V6 : MSS_JUMBO_V4);
}

/* The largest class that is not above @mss; what is below all of them is in the first. */
static __always_inline __u32 mss_class(__u16 mss, bool is_v6)
{
	__u32 class = NR_MSS_CLASSES - 1;

	while (class > 0 && mss < mss_of_class(class, is_v6))
		class --;
	return class;
}

static __always_inline __u16 profile_mss(__u32 profile, bool is_v6)
{
	__u16 mss = profiles[profile & LOW_PROFILE_MASK].mss;

	if (!is_v6)
		return mss;
	return mss - PROFILE_V6_LESS < MSS_MIN_V6 ? MSS_MIN_V6 : mss - PROFILE_V6_LESS;
}

static __always_inline bool profile_fits(__u32 profile, const struct offer *o, bool is_v6)
{
	__s8 wscale = o->wscale == WSCALE_NONE ? PROFILE_NO_WSCALE : o->wscale;

	return profile_mss(profile, is_v6) <= o->mss && profiles[profile].wscale <= wscale &&
	       profiles[profile].sack <= o->sack;
}

static __always_inline __u32 profile_pick(const struct offer *o, bool is_v6)
{
	for (__u32 i = 0; i < NR_PROFILES - 1; i++)
		if (profile_fits(i, o, is_v6))
			return i;
	return NR_PROFILES - 1;
}

static __always_inline __u16 cookie_mss_ts(__u32 low, bool is_v6)
{
	return mss_of_class(low >> LOW_MSS_SHIFT, is_v6);
}

/* What the low bits of a cookie say. */
static __always_inline void cookie_unpack(__u32 low, bool timestamps, bool is_v6, struct offer *ret)
{
	if (timestamps) {
		ret->mss = cookie_mss_ts(low, is_v6);
		ret->wscale = (low >> LOW_WSCALE_SHIFT) & 0xf;
		ret->sack = low & LOW_SACK;
		ret->ecn = low & LOW_ECN;
	} else {
		__u32 i = low & LOW_PROFILE_MASK;
		__s8 wscale = profiles[i].wscale;

		ret->mss = profile_mss(i, is_v6);
		ret->wscale = wscale == PROFILE_NO_WSCALE ? WSCALE_NONE : wscale;
		ret->sack = profiles[i].sack;
		ret->ecn = false;
	}
	ret->timestamps = timestamps;
}

static __always_inline __u32 cookie_low_ts(const struct offer *o, __u32 class)
{
	return class << LOW_MSS_SHIFT | (__u32)o->wscale << LOW_WSCALE_SHIFT |
	       (o->sack ? LOW_SACK : 0) | (o->ecn ? LOW_ECN : 0);
}

/* Low bits for the best that @o can have; cookie_unpack() says what that is. */
static __always_inline __u32 cookie_pack(const struct offer *o, __u64 epoch, bool is_v6)
{
	if (!o->timestamps)
		return (epoch & 1) << LOW_PARITY_SHIFT | profile_pick(o, is_v6);
	return cookie_low_ts(o, mss_class(o->mss, is_v6));
}

/* @client_isn in host order, @low from cookie_pack(), @key that of the epoch, as a hash begins with
 * it. Returns our ISN, host order. */
static __always_inline __u32 cookie_make(const struct sip_state *key, __u64 flow_id,
					 __u32 client_isn, __u32 low, bool timestamps)
{
	__u64 mac =
		sip_from15(key, flow_id, (__u64)timestamps << 48 | (__u64)low << 32 | client_isn);

	return (__u32)mac << (timestamps ? LOW_BITS_TS : LOW_BITS_PLAIN) | low;
}

static __always_inline __u32 cookie_low(__u32 cookie, bool timestamps)
{
	return cookie & (timestamps ? LOW_MASK_TS : LOW_MASK_PLAIN);
}

static __always_inline bool cookie_check(const struct sip_state *key, __u64 flow_id,
					 __u32 client_isn, __u32 cookie, bool timestamps)
{
	return cookie_make(key, flow_id, client_isn, cookie_low(cookie, timestamps), timestamps) ==
	       cookie;
}

/* The keyed offset of a connection's timestamps: the half of the flow's id that no table is indexed
 * by. */
static __always_inline __u32 ts_offset(__u64 flow_id)
{
	return flow_id >> 32;
}

/*
 * When was the SYN-ACK sent that @tsecr echoes? @now_ms is this moment.
 * Returns false when that is no time at which an acceptable cookie was made.
 */
static __always_inline bool cookie_sent_at(__u64 now_ms, __u64 flow_id, __u32 tsecr,
					   __u32 epoch_shift, __u64 *ret_sent_ms)
{
	__s32 elapsed = (__s32)((__u32)now_ms - (tsecr - ts_offset(flow_id)));
	__u64 sent_ms = now_ms - (__s64)elapsed;

	if (elapsed < -CLOCK_SKEW_MS || sent_ms > now_ms + CLOCK_SKEW_MS)
		return false;
	if ((__s64)(epoch_of(now_ms, epoch_shift) - epoch_of(sent_ms, epoch_shift)) > 1)
		return false;
	*ret_sent_ms = sent_ms;
	return true;
}

/*
 * A cookie without timestamps names its epoch by parity: the current one or the one before. The
 * current one begins CLOCK_SKEW_MS early, for cookies of a clock that is ahead, and what is before
 * the one before ends as much earlier.
 */
static __always_inline __u64 cookie_epoch(__u64 now_ms, __u32 cookie, __u32 epoch_shift)
{
	__u64 epoch = epoch_of(now_ms + CLOCK_SKEW_MS, epoch_shift);

	return epoch - ((epoch ^ (cookie >> LOW_PARITY_SHIFT)) & 1);
}

#endif
