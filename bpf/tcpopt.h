/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TCP header's options say: RFC 9293 §3.2 (EOL, NOP, MSS), RFC 7323 (window scale,
 * timestamps), RFC 2018 (SACK permitted), and whether the segment is signed (RFC 2385, RFC 5925),
 * since only the kernel can sign the answer.
 *
 * As in the kernel, an option whose length is wrong for its kind is skipped, one whose length is
 * impossible ends the parse with what was read so far, and the last of two equals wins.
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
#define TCPOLEN_MD5 18
#define TCPOLEN_AO_MIN 4

#define WSCALE_MAX 14
#define WSCALE_NONE 15 /* window scaling was not offered */

struct tcp_opts {
	__u32 tsval, tsecr; /* host order */
	__u16 mss;          /* 0: absent */
	__u8 wscale;        /* 0..14, or WSCALE_NONE */
	bool has_sack;
	bool has_timestamps;
	bool is_signed;
};

#define TCP_OPTS_NONE ((struct tcp_opts){ .wscale = WSCALE_NONE })

/*
 * Any layout, option by option: tcp_options_begin(), then tcp_options_step() until it says false,
 * at most TCP_OPTIONS_MAX times. The caller brings the loop, because BPF has one of its own that is
 * verified in one pass.
 */
struct opts_walk {
	__u8 opt[64]; /* more than there can be, so that a mask is all the bounds check there is */
	__u32 at, len;
	struct tcp_opts got;
};

static __always_inline void tcp_options_begin(struct opts_walk *w, const struct tcp_header *h,
					      __u32 l4_bytes)
{
	*w = (struct opts_walk){ .len = l4_bytes - TCP_HEADER_MIN, .got = TCP_OPTS_NONE };
	__builtin_memcpy(w->opt, h->word + TCP_HEADER_MIN / 4, TCP_OPTIONS_MAX);
}

static __always_inline __u32 opt_byte(const struct opts_walk *w, __u32 at)
{
	return w->opt[at & (sizeof(w->opt) - 1)];
}

static __always_inline __u32 opt_u32(const struct opts_walk *w, __u32 at)
{
	return opt_byte(w, at) << 24 | opt_byte(w, at + 1) << 16 | opt_byte(w, at + 2) << 8 |
	       opt_byte(w, at + 3);
}

static __always_inline void opt_read(struct opts_walk *w, __u32 kind, __u32 size)
{
	struct tcp_opts *got = &w->got;
	__u32 value = w->at + 2;

	if (kind == TCPOPT_MSS && size == TCPOLEN_MSS) {
		got->mss = opt_byte(w, value) << 8 | opt_byte(w, value + 1);
	} else if (kind == TCPOPT_WSCALE && size == TCPOLEN_WSCALE) {
		__u32 wscale = opt_byte(w, value);

		got->wscale = wscale > WSCALE_MAX ? WSCALE_MAX : wscale;
	} else if (kind == TCPOPT_SACK_PERM && size == TCPOLEN_SACK_PERM) {
		got->has_sack = true;
	} else if (kind == TCPOPT_TIMESTAMP && size == TCPOLEN_TIMESTAMP) {
		got->has_timestamps = true;
		got->tsval = opt_u32(w, value);
		got->tsecr = opt_u32(w, value + 4);
	} else if ((kind == TCPOPT_MD5 && size == TCPOLEN_MD5) ||
		   (kind == TCPOPT_AO && size >= TCPOLEN_AO_MIN)) {
		got->is_signed = true;
	}
}

static __always_inline bool tcp_options_step(struct opts_walk *w)
{
	__u32 kind, size;

	if (w->at >= w->len)
		return false;
	kind = opt_byte(w, w->at);
	if (kind == TCPOPT_EOL)
		return false;
	if (kind == TCPOPT_NOP) {
		w->at++;
		return true;
	}
	size = opt_byte(w, w->at + 1);
	if (size < 2 || w->at + size > w->len)
		return false;
	opt_read(w, kind, size);
	w->at += size;
	return true;
}

/* Four option bytes as they stand in a word of the header. */
#define OPT_WORD(a, b, c, d) bpf_htonl((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define OPT_WORD_MASK_LOW bpf_htonl(0xffffff00)
#define OPT_WORD_MASK_HIGH bpf_htonl(0xffff0000)

/*
 * The layouts that nearly every packet has, by comparing whole words; @w: the words behind the
 * header's first five. Each returns false, and leaves @ret alone, for any other.
 */
#define OPTIONS_LINUX 20   /* bytes: MSS, SACK, timestamps, window scale */
#define OPTIONS_WINDOWS 12 /* MSS, window scale, SACK */
#define OPTIONS_TIMESTAMPS 12

static __always_inline bool options_linux(const __be32 *w, struct tcp_opts *ret)
{
	__u32 wscale = bpf_ntohl(w[4] & ~OPT_WORD_MASK_LOW);

	if ((w[0] & OPT_WORD_MASK_HIGH) != OPT_WORD(TCPOPT_MSS, TCPOLEN_MSS, 0, 0) ||
	    w[1] != OPT_WORD(TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM, TCPOPT_TIMESTAMP,
			     TCPOLEN_TIMESTAMP) ||
	    (w[4] & OPT_WORD_MASK_LOW) != OPT_WORD(TCPOPT_NOP, TCPOPT_WSCALE, TCPOLEN_WSCALE, 0) ||
	    wscale > WSCALE_MAX)
		return false;
	*ret = (struct tcp_opts){
		.mss = bpf_ntohl(w[0]) & 0xffff,
		.has_sack = true,
		.has_timestamps = true,
		.tsval = bpf_ntohl(w[2]),
		.tsecr = bpf_ntohl(w[3]),
		.wscale = wscale,
	};
	return true;
}

static __always_inline bool options_windows(const __be32 *w, struct tcp_opts *ret)
{
	__u32 wscale = bpf_ntohl(w[1] & ~OPT_WORD_MASK_LOW);

	if ((w[0] & OPT_WORD_MASK_HIGH) != OPT_WORD(TCPOPT_MSS, TCPOLEN_MSS, 0, 0) ||
	    (w[1] & OPT_WORD_MASK_LOW) != OPT_WORD(TCPOPT_NOP, TCPOPT_WSCALE, TCPOLEN_WSCALE, 0) ||
	    wscale > WSCALE_MAX ||
	    w[2] != OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM))
		return false;
	*ret = (struct tcp_opts){
		.mss = bpf_ntohl(w[0]) & 0xffff,
		.wscale = wscale,
		.has_sack = true,
	};
	return true;
}

static __always_inline bool options_none(const __be32 *w, struct tcp_opts *ret)
{
	(void)w;
	*ret = TCP_OPTS_NONE;
	return true;
}

static __always_inline bool options_timestamps(const __be32 *w, struct tcp_opts *ret)
{
	if (w[0] != OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP))
		return false;
	*ret = (struct tcp_opts){
		.has_timestamps = true,
		.tsval = bpf_ntohl(w[1]),
		.tsecr = bpf_ntohl(w[2]),
		.wscale = WSCALE_NONE,
	};
	return true;
}

/* Any of these. */
static __always_inline bool tcp_options_common(const struct tcp_header *h, __u32 l4_bytes,
					       struct tcp_opts *ret)
{
	const __be32 *w = h->word + TCP_HEADER_MIN / 4;

	switch (l4_bytes - TCP_HEADER_MIN) {
	case 0:
		return options_none(w, ret);
	case OPTIONS_LINUX:
		return options_linux(w, ret);
	case OPTIONS_WINDOWS:
		return options_windows(w, ret) || options_timestamps(w, ret);
	}
	return false;
}

#endif
