/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TCP header's options say: RFC 9293 §3.2 (EOL, NOP, MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK
 * permitted), and whether the segment is signed (RFC 2385, RFC 5925), since only the kernel can sign the answer.
 *
 * As in the kernel, an option whose length is wrong for its kind is skipped, one whose length is impossible ends the
 * parse with what was read so far, and the last of two equals wins.
 */
#ifndef SYNWARD_TCPOPT_H
#define SYNWARD_TCPOPT_H

#include "base.h"
#include "parse.h"

#define TCPOPT_EOL 0
#define TCPOPT_NOP 1
#define TCPOPT_MSS 2
#define TCPOPT_WSCALE 3
#define TCPOPT_SACK_PERM 4
#define TCPOPT_TIMESTAMP 8
#define TCPOPT_MD5 19
#define TCPOPT_AO 29

#define TCPOLEN_MSS 4
#define TCPOLEN_WSCALE 3
#define TCPOLEN_SACK_PERM 2
#define TCPOLEN_TIMESTAMP 10

#define WSCALE_MAX 14
#define WSCALE_NONE 15 /* window scaling was not offered */

struct tcp_opts {
	__u32 tsval, tsecr; /* host order */
	__u16 mss;	    /* 0: absent */
	__u8 wscale;	    /* 0..14, or WSCALE_NONE */
	bool has_sack;
	bool has_timestamps;
	bool is_signed;
};

#define TCP_OPTS_NONE ((struct tcp_opts){ .wscale = WSCALE_NONE })

static __always_inline __u32 opt_u32(const __u8 *b)
{
	return (__u32)b[0] << 24 | (__u32)b[1] << 16 | (__u32)b[2] << 8 | b[3];
}

/*
 * Any layout, option by option. @opt points to TCP_OPTIONS_MAX bytes, of which @len (at most 40) are options and the
 * rest is anything. @ret must be TCP_OPTS_NONE before.
 */
static __always_inline void tcp_options_walk(const __u8 *opt, __u32 len, struct tcp_opts *ret)
{
	__u32 at = 0;

	for (int i = 0; i < TCP_OPTIONS_MAX; i++) {
		__u32 kind, size;

		if (at >= len || at >= TCP_OPTIONS_MAX)
			return;
		kind = opt[at];
		if (kind == TCPOPT_EOL)
			return;
		if (kind == TCPOPT_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= len || at + 1 >= TCP_OPTIONS_MAX)
			return;
		size = opt[at + 1];
		if (size < 2 || at + size > len || at + size > TCP_OPTIONS_MAX)
			return;

		if (kind == TCPOPT_MSS && size == TCPOLEN_MSS && at + 4 <= TCP_OPTIONS_MAX) {
			ret->mss = (__u16)(opt[at + 2] << 8 | opt[at + 3]);
		} else if (kind == TCPOPT_WSCALE && size == TCPOLEN_WSCALE && at + 3 <= TCP_OPTIONS_MAX) {
			ret->wscale = opt[at + 2] > WSCALE_MAX ? WSCALE_MAX : opt[at + 2];
		} else if (kind == TCPOPT_SACK_PERM && size == TCPOLEN_SACK_PERM) {
			ret->has_sack = true;
		} else if (kind == TCPOPT_TIMESTAMP && size == TCPOLEN_TIMESTAMP &&
			   at + 10 <= TCP_OPTIONS_MAX) {
			ret->has_timestamps = true;
			ret->tsval = opt_u32(opt + at + 2);
			ret->tsecr = opt_u32(opt + at + 6);
		} else if (kind == TCPOPT_MD5 || kind == TCPOPT_AO) {
			ret->is_signed = true;
		}
		at += size;
	}
}

/* Four option bytes as they stand in a word of the header. */
#define OPT_WORD(a, b, c, d) bpf_htonl((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define OPT_WORD_MASK_LOW bpf_htonl(0xffffff00)
#define OPT_WORD_MASK_HIGH bpf_htonl(0xffff0000)

/*
 * The layouts that nearly every packet has, by comparing whole words: a Linux SYN (MSS, SACK, timestamps, window
 * scale), a Windows SYN (MSS, window scale, SACK), timestamps alone, nothing at all.
 * Returns false, and leaves @ret alone, for any other.
 */
static __always_inline bool tcp_options_common(const struct tcp_header *h, __u32 l4_bytes, struct tcp_opts *ret)
{
	const __be32 *w = h->word + TCP_HEADER_MIN / 4;
	const __be32 mss = OPT_WORD(TCPOPT_MSS, TCPOLEN_MSS, 0, 0);
	const __be32 wscale = OPT_WORD(TCPOPT_NOP, TCPOPT_WSCALE, TCPOLEN_WSCALE, 0);

	if (l4_bytes == TCP_HEADER_MIN) {
		*ret = TCP_OPTS_NONE;
		return true;
	}
	if (l4_bytes == TCP_HEADER_MIN + 20 && (w[0] & OPT_WORD_MASK_HIGH) == mss &&
	    w[1] == OPT_WORD(TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP) &&
	    (w[4] & OPT_WORD_MASK_LOW) == wscale && bpf_ntohl(w[4] & ~OPT_WORD_MASK_LOW) <= WSCALE_MAX) {
		*ret = (struct tcp_opts){
			.mss = bpf_ntohl(w[0]) & 0xffff,
			.has_sack = true,
			.has_timestamps = true,
			.tsval = bpf_ntohl(w[2]),
			.tsecr = bpf_ntohl(w[3]),
			.wscale = bpf_ntohl(w[4]) & 0xff,
		};
		return true;
	}
	if (l4_bytes == TCP_HEADER_MIN + 12 && (w[0] & OPT_WORD_MASK_HIGH) == mss &&
	    (w[1] & OPT_WORD_MASK_LOW) == wscale && bpf_ntohl(w[1] & ~OPT_WORD_MASK_LOW) <= WSCALE_MAX &&
	    w[2] == OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM)) {
		*ret = (struct tcp_opts){
			.mss = bpf_ntohl(w[0]) & 0xffff,
			.wscale = bpf_ntohl(w[1]) & 0xff,
			.has_sack = true,
		};
		return true;
	}
	if (l4_bytes == TCP_HEADER_MIN + 12 &&
	    w[0] == OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP)) {
		*ret = (struct tcp_opts){
			.has_timestamps = true,
			.tsval = bpf_ntohl(w[1]),
			.tsecr = bpf_ntohl(w[2]),
			.wscale = WSCALE_NONE,
		};
		return true;
	}
	return false;
}

#endif
