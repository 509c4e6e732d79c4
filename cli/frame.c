/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cursor walks the bytes, and every read of it asks whether there are so many left.
 */
#include "frame.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"

#define ETH_HEADER 14
#define ETH_ADDRESSES 12
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define IP_TCP 6
#define IPV6_HEADER 40
#define IPV6_AH 51 /* counts its length in other units than the rest */
#define EXT_HEADERS_MAX 8
#define TCP_HEADER 20

struct bytes {
	const unsigned char *at;
	size_t nr;
};

static unsigned int get8(const struct bytes *b, size_t at)
{
	return b->at[at];
}

static unsigned int get16(const struct bytes *b, size_t at)
{
	return (unsigned int)b->at[at] << 8 | b->at[at + 1];
}

static __u32 get32(const struct bytes *b, size_t at)
{
	return (__u32)get16(b, at) << 16 | get16(b, at + 2);
}

static bool skip(struct bytes *b, size_t nr)
{
	if (nr > b->nr)
		return false;
	b->at += nr;
	b->nr -= nr;
	return true;
}

/* ---- down to TCP ---- */

static bool is_tag(unsigned int type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* Past Ethernet and its tags. What is behind tells by itself which IP it is. */
static bool skip_ethernet(struct bytes *b)
{
	unsigned int type;

	if (b->nr < ETH_HEADER)
		return false;
	type = get16(b, ETH_ADDRESSES);
	skip(b, ETH_HEADER);
	while (is_tag(type)) {
		if (b->nr < 4)
			return false;
		type = get16(b, 2);
		skip(b, 4);
	}
	return type == TYPE_IPV4 || type == TYPE_IPV6;
}

/* *ret_segment: bytes of TCP, as the IP header says. */
static bool skip_ipv4(struct bytes *b, struct frame_tcp *ret, size_t *ret_segment)
{
	size_t header, total;

	if (b->nr < 20)
		return false;
	header = (get8(b, 0) & 15) * 4UL;
	total = get16(b, 2);
	if (header < 20 || total < header || get8(b, 9) != IP_TCP || (get16(b, 6) & 0x1fff))
		return false;
	ret->src = address_of_ipv4(htonl(get32(b, 12)));
	ret->dst = address_of_ipv4(htonl(get32(b, 16)));
	*ret_segment = total - header;
	return skip(b, header);
}

static bool is_extension(unsigned int next)
{
	return next == 0 || next == 43 || next == IPV6_AH || next == 60;
}

static bool skip_ipv6(struct bytes *b, struct frame_tcp *ret, size_t *ret_segment)
{
	unsigned int next, i;
	size_t left;

	if (b->nr < IPV6_HEADER)
		return false;
	left = get16(b, 4);
	next = get8(b, 6);
	memcpy(&ret->src, b->at + 8, sizeof(ret->src));
	memcpy(&ret->dst, b->at + 24, sizeof(ret->dst));
	skip(b, IPV6_HEADER);
	for (i = 0; i < EXT_HEADERS_MAX && is_extension(next); i++) {
		size_t length;

		if (b->nr < 2)
			return false;
		length = next == IPV6_AH ? (get8(b, 1) + 2UL) * 4 : (get8(b, 1) + 1UL) * 8;
		next = get8(b, 0);
		if (length > left || !skip(b, length))
			return false;
		left -= length;
	}
	*ret_segment = left;
	return next == IP_TCP;
}

/* ---- options ---- */

static void option_take(const struct bytes *b, unsigned int kind, unsigned int length,
			struct frame_tcp *ret)
{
	if (kind == 2 && length == 4) {
		ret->mss = (__u16)get16(b, 2);
	} else if (kind == 3 && length == 3) {
		ret->has_wscale = true;
		ret->wscale = (__u8)get8(b, 2);
	} else if (kind == 8 && length == 10) {
		ret->has_timestamps = true;
		ret->ts_value = get32(b, 2);
		ret->ts_echo = get32(b, 6);
	}
	ret->has_sack |= kind == 4 && length == 2;
	ret->has_fast_open |= kind == 34;
	ret->has_md5 |= kind == 19;
	ret->has_ao |= kind == 29;
}

/* What is whole of them; what follows a length that lies is nothing. */
static void options_read(struct bytes b, struct frame_tcp *ret)
{
	while (b.nr) {
		unsigned int kind = get8(&b, 0), length;

		if (kind == 0)
			return;
		if (kind == 1) {
			skip(&b, 1);
			continue;
		}
		length = b.nr < 2 ? 0 : get8(&b, 1);
		if (length < 2 || length > b.nr) {
			ret->is_cut = true;
			return;
		}
		option_take(&b, kind, length, ret);
		skip(&b, length);
	}
}

int frame_read(const unsigned char *bytes, size_t nr_bytes, bool has_ethernet,
	       struct frame_tcp *ret)
{
	struct bytes b = { bytes, nr_bytes }, options;
	struct frame_tcp tcp = { .mss = 0 };
	size_t segment = 0, header;
	bool is_ip;

	if (has_ethernet && !skip_ethernet(&b))
		return -EINVAL;
	if (!b.nr)
		return -EINVAL;
	is_ip = get8(&b, 0) >> 4 == 4 ? skip_ipv4(&b, &tcp, &segment) :
		get8(&b, 0) >> 4 == 6 ? skip_ipv6(&b, &tcp, &segment) :
					false;
	if (!is_ip || b.nr < TCP_HEADER)
		return -EINVAL;
	header = (get8(&b, 12) >> 4) * 4UL;
	if (header < TCP_HEADER || header > segment)
		return -EINVAL;
	tcp.sport = (__u16)get16(&b, 0);
	tcp.dport = (__u16)get16(&b, 2);
	tcp.seq = get32(&b, 4);
	tcp.ack = get32(&b, 8);
	tcp.flags = get16(&b, 12) & 0x1ff;
	tcp.window = (__u16)get16(&b, 14);
	tcp.payload_bytes = (__u32)(segment - header);
	tcp.is_cut = header > b.nr;
	options = (struct bytes){ b.at + TCP_HEADER, (tcp.is_cut ? b.nr : header) - TCP_HEADER };
	options_read(options, &tcp);
	*ret = tcp;
	return 0;
}

/* ---- words ---- */

__attribute__((format(printf, 2, 3))) static void append(char buffer[FRAME_WORDS_SIZE],
							 const char *format, ...)
{
	const size_t length = strlen(buffer);
	va_list args;

	va_start(args, format);
	vsnprintf(buffer + length, FRAME_WORDS_SIZE - length, format, args);
	va_end(args);
}

const char *frame_flags(const struct frame_tcp *tcp, char buffer[FRAME_WORDS_SIZE])
{
	/* In the order in which people say them. */
	static const struct {
		unsigned int bit;
		const char *name;
	} flags[] = { { 0x02, "SYN" }, { 0x01, "FIN" }, { 0x04, "RST" },
		      { 0x08, "PSH" }, { 0x10, "ACK" }, { 0x20, "URG" },
		      { 0x40, "ECE" }, { 0x80, "CWR" }, { 0x100, "AE" } };
	size_t i;

	buffer[0] = '\0';
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (tcp->flags & flags[i].bit)
			append(buffer, "%s%s", buffer[0] ? " " : "", flags[i].name);
	return buffer[0] ? buffer : strcpy(buffer, "none");
}

const char *frame_options(const struct frame_tcp *tcp, char buffer[FRAME_WORDS_SIZE])
{
	const char *comma = ", ";

	buffer[0] = '\0';
	if (tcp->mss)
		append(buffer, "%smss %u", buffer[0] ? comma : "", tcp->mss);
	if (tcp->has_sack)
		append(buffer, "%ssackOK", buffer[0] ? comma : "");
	if (tcp->has_timestamps)
		append(buffer, "%sts %u %u", buffer[0] ? comma : "", tcp->ts_value, tcp->ts_echo);
	if (tcp->has_wscale)
		append(buffer, "%swscale %u", buffer[0] ? comma : "", tcp->wscale);
	if (tcp->has_fast_open)
		append(buffer, "%sfast open", buffer[0] ? comma : "");
	if (tcp->has_md5)
		append(buffer, "%sTCP-MD5", buffer[0] ? comma : "");
	if (tcp->has_ao)
		append(buffer, "%sTCP-AO", buffer[0] ? comma : "");
	if (tcp->is_cut)
		append(buffer, "%s...", buffer[0] ? comma : "");
	return buffer;
}

json_t *frame_json(const struct frame_tcp *tcp)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], flags[FRAME_WORDS_SIZE];
	json_t *frame = json_pack(
		"{s:s, s:i, s:s, s:i, s:s, s:I, s:I, s:i, s:I, s:b}", "source",
		address_text(&tcp->src, src), "source_port", tcp->sport, "destination",
		address_text(&tcp->dst, dst), "port", tcp->dport, "flags", frame_flags(tcp, flags),
		"seq", (json_int_t)tcp->seq, "ack", (json_int_t)tcp->ack, "window", tcp->window,
		"payload_bytes", (json_int_t)tcp->payload_bytes, "sack", tcp->has_sack);

	if (!frame)
		return NULL;
	if (tcp->mss)
		json_object_set_new(frame, "mss", json_integer(tcp->mss));
	if (tcp->has_wscale)
		json_object_set_new(frame, "wscale", json_integer(tcp->wscale));
	if (tcp->has_timestamps) {
		json_object_set_new(frame, "ts_value", json_integer(tcp->ts_value));
		json_object_set_new(frame, "ts_echo", json_integer(tcp->ts_echo));
	}
	if (tcp->has_fast_open)
		json_object_set_new(frame, "fast_open", json_true());
	if (tcp->has_md5)
		json_object_set_new(frame, "tcp_md5", json_true());
	if (tcp->has_ao)
		json_object_set_new(frame, "tcp_ao", json_true());
	if (tcp->is_cut)
		json_object_set_new(frame, "options_cut", json_true());
	return frame;
}
