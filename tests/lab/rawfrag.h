/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Splits a frame of rawpkt.h into two IP fragments (RFC 791, RFC 8200 section 4.5), so that
 * the one who puts them together gets the very same segment. Not for frames with IPv4 options or
 * IPv6 extension headers.
 */
#ifndef LAB_RAWFRAG_H
#define LAB_RAWFRAG_H

#include "rawpkt.h"

#define RAWFRAG_ID 0x5359u

static inline void rawfrag_head4(uint8_t *ip, size_t head, size_t off, size_t len, bool is_last)
{
	raw_put(ip + 2, 2, (uint32_t)(head + len));
	raw_put(ip + 4, 2, RAWFRAG_ID);
	raw_put(ip + 6, 2, (uint32_t)(off / 8) | (is_last ? 0 : 0x2000));
	raw_put(ip + 10, 2, 0);
	raw_put(ip + 10, 2, ~raw_sum(ip, head, 0));
}

static inline void rawfrag_head6(uint8_t *ip, size_t off, size_t len, bool is_last)
{
	uint8_t *frag = ip + 40;

	raw_put(ip + 4, 2, (uint32_t)len + 8);
	frag[0] = ip[6];
	frag[1] = 0;
	raw_put(frag + 2, 2, (uint32_t)off | !is_last);
	raw_put(frag + 4, 4, RAWFRAG_ID);
	ip[6] = 44;
}

/* One of the two: what of @whole's TCP segment lies from @off on, @len bytes. */
static inline void rawfrag_make(const struct batch_frame *whole, size_t l4_off, bool is_v6,
				size_t off, size_t len, struct batch_frame *ret)
{
	size_t l3_len = is_v6 ? 40 : 20, more = is_v6 ? 8 : 0;
	uint8_t *ip = ret->bytes + l4_off - l3_len;
	bool is_last = l4_off + off + len == whole->len;

	memcpy(ret->bytes, whole->bytes, l4_off);
	memcpy(ret->bytes + l4_off + more, whole->bytes + l4_off + off, len);
	ret->len = (uint32_t)(l4_off + more + len);
	if (is_v6)
		rawfrag_head6(ip, off, len, is_last);
	else
		rawfrag_head4(ip, l3_len, off, len, is_last);
}

/* @first_bytes: of TCP in the first, a multiple of 8. False when there is nothing to split. */
static inline bool rawfrag_split(const struct batch_frame *whole, size_t l4_off, bool is_v6,
				 size_t first_bytes, struct batch_frame ret[2])
{
	size_t tcp_len = whole->len - l4_off;

	if (!first_bytes || tcp_len <= first_bytes)
		return false;
	rawfrag_make(whole, l4_off, is_v6, 0, first_bytes, &ret[0]);
	rawfrag_make(whole, l4_off, is_v6, first_bytes, tcp_len - first_bytes, &ret[1]);
	return true;
}

#endif
