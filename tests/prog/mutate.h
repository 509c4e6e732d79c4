/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames for the differential test: one that is described in random words, then a few mutations of
 * its bytes, then, most times, checksums that are right again, so that what is behind them is
 * reached. All of a frame comes from one number, its seed.
 */
#ifndef SYNWARD_TEST_MUTATE_H
#define SYNWARD_TEST_MUTATE_H

#include "verdict.h"

#define MUTANT_MAX 2000 /* bytes; FRAME_ROOM has room for some more */
#define MUTATIONS_MAX 3

struct random {
	uint64_t state;
};

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint32_t below(struct random *r, uint32_t n)
{
	return random_next(r) % n;
}

/* True in @percent of all cases. */
static inline bool chance(struct random *r, uint32_t percent)
{
	return below(r, 100) < percent;
}

#define PICK(r, from) ((from)[below(r, sizeof(from) / sizeof((from)[0]))])

/* ---- a frame in words ---- */

static inline void random_options(struct random *r, struct frame *f)
{
	static const uint16_t sizes[] = { 0,    1,    47,   215,  216,  535,  536,
					  537,  1219, 1220, 1240, 1400, 1439, 1440,
					  1460, 1460, 1460, 1460, 8960, 65535 };

	f->mss = PICK(r, sizes);
	f->wscale = chance(r, 70) ? below(r, 16) : 0;
	f->sack = chance(r, 70);
	f->ts = chance(r, 60);
	f->tsval = random_next(r);
	f->tsecr = chance(r, 20) ? random_next(r) : 0;
	f->md5 = !f->ts && chance(r, 3);
	if (!chance(r, 8))
		return;
	f->raw_options_bytes = 4 * below(r, 11);
	for (size_t i = 0; i < f->raw_options_bytes; i++)
		f->raw_options[i] = chance(r, 60) ? below(r, 11) : random_next(r);
}

static inline uint8_t random_flags(struct random *r)
{
	static const uint8_t usual[] = {
		SYN, ACK, ACK | PSH, FIN | ACK, RST, RST | ACK, SYN | ACK
	};
	uint32_t which = below(r, 100);

	if (which < 60)
		return SYN | (chance(r, 20) ? ECE | CWR : 0) | (chance(r, 5) ? PSH | URG : 0);
	return which < 90 ? PICK(r, usual) : random_next(r);
}

static inline void random_ip(struct random *r, struct frame *f)
{
	static const uint8_t kinds[] = { 0, 43, 60, 60, 60, 51 };

	if (chance(r, 10)) {
		f->ext_headers = below(r, 9);
		f->ext_kind = PICK(r, kinds);
		f->routing_left = chance(r, 30);
		f->ip_option_words = below(r, 11);
	}
	if (chance(r, 3)) {
		f->more_fragments = chance(r, 50);
		f->fragment_offset = chance(r, 50) ? 0 : below(r, 8);
	}
	f->dsfield = chance(r, 20) ? random_next(r) : 0;
	f->pad_to = chance(r, 30) ? 60 + below(r, 2) * below(r, 30) : 0;
}

static inline struct frame random_frame(struct random *r, uint16_t dport)
{
	struct frame f = { .dport = dport, .flags = random_flags(r), .seq = random_next(r) };

	f.sport = 2 + below(r, 65000);
	f.ack = f.flags & ACK || chance(r, 10) ? random_next(r) : 0;
	f.accurate_ecn = chance(r, 5);
	f.window = random_next(r);
	random_options(r, &f);
	random_ip(r, &f);
	if (chance(r, 15))
		f.payload_bytes = chance(r, 80) ? below(r, 40) : 1400 + below(r, 80);
	f.kind = chance(r, 2) ? KIND_UDP : KIND_TCP;
	return f;
}

/* ---- mutations of its bytes ---- */

struct mutant {
	uint8_t byte[FRAME_ROOM];
	size_t bytes;
	size_t l3, l4; /* where they once were */
	bool v6;
};

static inline void insert(struct mutant *m, size_t at, const uint8_t *what, size_t n)
{
	if (m->bytes + n > MUTANT_MAX || at > m->bytes)
		return;
	memmove(m->byte + at + n, m->byte + at, m->bytes - at);
	memcpy(m->byte + at, what, n);
	m->bytes += n;
	m->l3 += at <= m->l3 ? n : 0;
	m->l4 += at <= m->l4 ? n : 0;
}

/* Any byte of a header that is there, or of the frame. */
static inline uint8_t *any_byte(struct random *r, struct mutant *m)
{
	size_t from[] = { 0, m->l3, m->l4, m->l4 + 20 };
	size_t room[] = { 14, m->l4 - m->l3, 20, 40 }, i = below(r, 5), at;

	at = i < 4 ? from[i] + below(r, room[i] ?: 1) : below(r, m->bytes);
	return m->byte + (at < m->bytes ? at : m->bytes - 1);
}

static inline void mutate_bit(struct random *r, struct mutant *m)
{
	*any_byte(r, m) ^= 1 << below(r, 8);
}

static inline void mutate_byte(struct random *r, struct mutant *m)
{
	static const uint8_t values[] = { 0,  1,  2,  3,  4,    6,    8,   10,  18,   19,  29,
					  43, 44, 51, 60, 0x7f, 0x80, 131, 137, 0xfe, 0xff };

	*any_byte(r, m) = PICK(r, values);
}

static inline void mutate_length(struct random *r, struct mutant *m)
{
	uint8_t *p = m->byte + m->l3 + (m->v6 ? 4 : 2);
	static const int by[] = { -1, 1, -4, 4, -8, 8, -20, 20, -40, 1000 };

	put16(p, chance(r, 10) ? 0 : chance(r, 10) ? random_next(r) : at16(p) + PICK(r, by));
}

static inline void mutate_doff(struct random *r, struct mutant *m)
{
	uint8_t *p = chance(r, 70) || m->v6 ? m->byte + m->l4 + 12 : m->byte + m->l3;

	if (p == m->byte + m->l3)
		*p = (*p & 0xf0) | below(r, 16);
	else
		*p = (*p & 15) | below(r, 16) << 4;
}

static inline void mutate_cut(struct random *r, struct mutant *m)
{
	size_t least = chance(r, 80) ? m->l3 : 14;

	if (m->bytes > least)
		m->bytes -= below(r, m->bytes - least + 1);
}

static inline void mutate_pad(struct random *r, struct mutant *m)
{
	size_t n = chance(r, 50) ? below(r, 8) : below(r, 200);

	while (n-- && m->bytes < MUTANT_MAX)
		m->byte[m->bytes++] = chance(r, 50) ? 0 : random_next(r);
}

/* One tag of any kind, or some that Linux takes off without a VLAN device (priority tags). */
static inline void mutate_tag(struct random *r, struct mutant *m)
{
	static const uint16_t types[] = { 0x8100, 0x8100, 0x88a8, 0x9100 };
	uint8_t tag[4];

	put16(tag, PICK(r, types));
	put16(tag + 2, chance(r, 50) ? 0 : random_next(r));
	insert(m, 12, tag, 4);
	put16(tag, 0x8100);
	put16(tag + 2, below(r, 8) << 13);
	for (uint32_t nr = chance(r, 30) ? below(r, 5) : 0; nr; nr--)
		insert(m, 12, tag, 4);
}

static inline void mutate_untag(struct random *r, struct mutant *m)
{
	(void)r;
	if (m->bytes < 22)
		return;
	memmove(m->byte + 12, m->byte + 16, m->bytes - 16);
	m->bytes -= 4;
	m->l3 -= m->l3 > 14 ? 4 : 0;
	m->l4 -= 4;
}

/* An extension header of 8 bytes, or IPv4 options of 4 to 12, with the lengths that follow. */
static inline void mutate_ip_more(struct random *r, struct mutant *m)
{
	static const uint8_t kinds[] = { 0, 43, 44, 44, 51, 60, 60, 59, 6, 135 };
	uint8_t *ip = m->byte + m->l3, more[12];
	size_t n = m->v6 ? 8 : 4 + 4 * below(r, 3);
	static const uint8_t options[] = { 0, 1, 1, 1, 7, 68, 131, 137, 148 };

	for (size_t i = 0; i < n; i++)
		more[i] = m->v6 ? 0 : chance(r, 60) ? PICK(r, options) : below(r, 13);
	if (m->v6) {
		uint8_t kind = PICK(r, kinds);

		more[0] = ip[6];
		more[2] = kind == 44 ? 0 : 1; /* PadN */
		more[3] = kind == 44 ? below(r, 2) : kind == 43 ? chance(r, 20) : 4;
		if (kind == 51)
			more[1] = 0, more[2] = 0;
		put16(ip + 4, at16(ip + 4) + 8);
		ip[6] = kind;
		return insert(m, m->l3 + 40, more, 8);
	}
	if ((ip[0] & 15) * 4 + n > 60)
		return;
	put16(ip + 2, at16(ip + 2) + n);
	ip[0] += n / 4;
	insert(m, m->l3 + 20, more, n);
}

/* A jumbogram (RFC 2675) by its length, which is 0; Linux takes it for as long as the frame, with
 * or without the option. */
static inline void mutate_jumbo(struct random *r, struct mutant *m)
{
	uint8_t *ip = m->byte + m->l3, padding[8] = { ip[6], 0, 1, 4 };

	if (!m->v6 || chance(r, 20))
		return mutate_length(r, m);
	insert(m, m->l3 + 40, padding, sizeof(padding));
	ip[6] = 0;
	put16(ip + 4, 0);
}

static inline void mutate_fragment(struct random *r, struct mutant *m)
{
	if (!m->v6)
		put16(m->byte + m->l3 + 6, chance(r, 50) ? 0x2000 : random_next(r));
	else
		mutate_ip_more(r, m);
}

static inline void mutate_flags(struct random *r, struct mutant *m)
{
	m->byte[m->l4 + 13] = random_flags(r);
}

static inline void mutate_ports(struct random *r, struct mutant *m)
{
	put16(m->byte + m->l4 + 2 * below(r, 2), chance(r, 40) ? 0 : random_next(r));
}

static inline void mutate_source(struct random *r, struct mutant *m)
{
	static const uint8_t v4[][4] = { { 0, 0, 0, 0 },   { 0, 1, 2, 3 },
					 { 127, 0, 0, 1 }, { 224, 0, 0, 1 },
					 { 240, 0, 0, 1 }, { 255, 255, 255, 255 },
					 { 192, 0, 2, 3 }, { 169, 254, 9, 9 } };
	static const uint8_t v6[][16] = { { 0 },
					  { [15] = 1 },
					  { [15] = 2 },
					  { 0xff, 0x02, [15] = 1 },
					  { [10] = 0xff, 0xff, 198, 18, 1, 1 },
					  { 0xfe, 0x80, [15] = 1 },
					  { 0x20, 0x01, 0x0d, 0xb8, [15] = 3 },
					  { 0, 0x64, 0xff, 0x9b, [15] = 1 } };
	size_t n = m->v6 ? 16 : 4;
	uint8_t *src = m->byte + m->l3 + (m->v6 ? 8 : 12);
	const uint8_t *from = m->v6 ? PICK(r, v6) : PICK(r, v4);

	memcpy(src, chance(r, 20) ? src + n : from, n);
}

/* An IPv4 address of ours in IPv6's notation is none of our IPv6 addresses. */
static inline void mutate_mapped(struct random *r, struct mutant *m)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };

	if (m->v6 && chance(r, 20))
		memcpy(m->byte + m->l3 + 24, mapped, 16);
}

static inline void mutate_macs(struct random *r, struct mutant *m)
{
	m->byte[below(r, 12)] ^= 1 << below(r, 8);
	if (chance(r, 50))
		m->byte[6] |= 1;
}

static inline void mutate(struct random *r, struct mutant *m)
{
	static void (*const ways[])(struct random * r, struct mutant * m) = {
		mutate_bit,   mutate_bit,    mutate_bit,     mutate_bit,     mutate_byte,
		mutate_byte,  mutate_length, mutate_doff,    mutate_cut,     mutate_pad,
		mutate_tag,   mutate_untag,  mutate_ip_more, mutate_ip_more, mutate_fragment,
		mutate_flags, mutate_ports,  mutate_source,  mutate_jumbo,   mutate_mapped,
		mutate_macs,
	};

	PICK(r, ways)(r, m);
	if (m->l4 + 20 > MUTANT_MAX)
		m->l4 = m->l3;
}

/* ---- checksums ---- */

/* As they should be, in a frame that can be read so far. */
static inline void mend_checksums(struct mutant *m, bool is_partial, const uint8_t *mac)
{
	struct view w = { .frame = m->byte, .bytes = m->bytes };
	struct verdict v = { 0 };
	uint8_t *ip, *tcp;
	uint32_t pseudo;

	ref_read(&w, &v, mac);
	if (is_settled(&v))
		return;
	ip = m->byte + w.l3;
	tcp = m->byte + w.l4;
	if (!w.v6) {
		put16(ip + 10, 0);
		put16(ip + 10, ~sum_bytes(ip, w.ip_bytes, 0) & 0xffff);
	}
	pseudo = ref_pseudo_sum(&w);
	put16(tcp + 16, 0);
	put16(tcp + 16, is_partial ? sum_bytes(NULL, 0, pseudo) :
				     ~sum_bytes(tcp, w.tcp_bytes, pseudo) & 0xffff);
}

/* The frame of this seed, of @f with the addresses of @net. */
static inline void mutant_make(struct random *r, const struct frame *f, const struct frame_net *net,
			       struct mutant *ret)
{
	ret->bytes = frame_build(f, net, ret->byte);
	ret->v6 = net->v6;
	ret->l3 = 14 + 4 * net->nr_vlans;
	ret->l4 =
		ret->l3 +
		(net->v6 ? 40 + 8 * (f->more_fragments || f->fragment_offset ? 1 : f->ext_headers) :
			   20 + 4 * f->ip_option_words);
	for (uint32_t nr = below(r, MUTATIONS_MAX + 1); nr; nr--)
		mutate(r, ret);
	if (chance(r, 70))
		mend_checksums(ret, chance(r, 10), net->dst_mac);
	if (ret->bytes < 14)
		ret->bytes = 14;
}

#endif
