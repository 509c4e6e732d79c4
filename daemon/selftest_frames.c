// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ethernet, IPv4 or IPv6, TCP (RFC 9293, 7323). Checksums are complete.
 */
#include "selftest_frames.h"

#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>

#include "address.h"

#define HOPS 64
#define WINDOW 64240
#define MSS_V4 1460
#define MSS_V6 1440
#define WSCALE 7
#define TIMESTAMPS_BYTES 12 /* padded to whole words */

#define FLAG_RST 0x04
#define FLAG_SYN 0x02
#define FLAG_ACK 0x10

struct segment {
	__u32 seq, ack;
	__u8 flags;
	__u8 options[40];
	size_t nr_options;
};

static __u64 sum_of(const void *from, size_t nr_bytes)
{
	const __u8 *at = from;
	__u64 sum = 0;

	for (; nr_bytes > 1; at += 2, nr_bytes -= 2)
		sum += (__u32)at[0] << 8 | at[1];
	return nr_bytes ? sum + ((__u32)*at << 8) : sum;
}

/* In host order; 0 over something that carries its own checksum. */
static __u16 checksum(__u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

static size_t ip_bytes(bool is_v6)
{
	return is_v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr);
}

/* With the pseudo-header; IPv4's addresses stand in the last word, and the rest of them adds
 * nothing for it. */
static __u16 tcp_checksum(const struct ip_addr *a, const struct ip_addr *b, const void *tcp,
			  size_t nr_bytes)
{
	bool is_v6 = !address_is_ipv4(a);
	size_t nr_addr = is_v6 ? sizeof(*a) : sizeof(a->word[3]);

	return checksum(sum_of(&a->word[is_v6 ? 0 : 3], nr_addr) +
			sum_of(&b->word[is_v6 ? 0 : 3], nr_addr) + IPPROTO_TCP + nr_bytes +
			sum_of(tcp, nr_bytes));
}

/* ---- to the server ---- */

static void put_ip(const struct test_client *c, size_t tcp_bytes, __u8 *at)
{
	struct ip6_hdr v6 = { .ip6_ctlun.ip6_un1 = { .ip6_un1_flow = htonl(6U << 28),
						     .ip6_un1_plen = htons(tcp_bytes),
						     .ip6_un1_nxt = IPPROTO_TCP,
						     .ip6_un1_hlim = HOPS } };
	struct iphdr v4 = { .version = 4,
			    .ihl = sizeof(v4) / 4,
			    .tot_len = htons(sizeof(v4) + tcp_bytes),
			    .frag_off = htons(IP_DF),
			    .ttl = HOPS,
			    .protocol = IPPROTO_TCP,
			    .saddr = c->address.word[3],
			    .daddr = c->server.word[3] };

	if (address_is_ipv4(&c->server)) {
		v4.check = htons(checksum(sum_of(&v4, sizeof(v4))));
		memcpy(at, &v4, sizeof(v4));
		return;
	}
	memcpy(&v6.ip6_src, &c->address, sizeof(v6.ip6_src));
	memcpy(&v6.ip6_dst, &c->server, sizeof(v6.ip6_dst));
	memcpy(at, &v6, sizeof(v6));
}

static void put(const struct test_client *c, const struct segment *seg, struct test_frame *ret)
{
	bool is_v6 = !address_is_ipv4(&c->server);
	size_t tcp_bytes = sizeof(struct tcphdr) + seg->nr_options;
	struct ethhdr eth = { .h_proto = htons(is_v6 ? ETH_P_IPV6 : ETH_P_IP) };
	struct tcphdr th = { .source = htons(c->port),
			     .dest = htons(c->server_port),
			     .seq = htonl(seg->seq),
			     .ack_seq = htonl(seg->ack),
			     .doff = tcp_bytes / 4,
			     .window = htons(WINDOW) };
	__u8 *tcp;

	*ret = (struct test_frame){ .nr_bytes = sizeof(eth) + ip_bytes(is_v6) + tcp_bytes };
	tcp = ret->bytes + sizeof(eth) + ip_bytes(is_v6);
	memcpy(eth.h_dest, c->server_mac, sizeof(eth.h_dest));
	memcpy(eth.h_source, c->mac, sizeof(eth.h_source));
	memcpy(ret->bytes, &eth, sizeof(eth));
	put_ip(c, tcp_bytes, ret->bytes + sizeof(eth));
	th.th_flags = seg->flags;
	memcpy(tcp, &th, sizeof(th));
	memcpy(tcp + sizeof(th), seg->options, seg->nr_options);
	th.check = htons(tcp_checksum(&c->address, &c->server, tcp, tcp_bytes));
	memcpy(tcp, &th, sizeof(th));
}

static void add_option(struct segment *seg, __u8 kind, const void *value, __u8 nr_bytes)
{
	__u8 *at = seg->options + seg->nr_options;

	*at++ = kind;
	*at++ = 2 + nr_bytes;
	memcpy(at, value, nr_bytes);
	seg->nr_options += 2 + nr_bytes;
}

static void add_nop(struct segment *seg)
{
	seg->options[seg->nr_options++] = TCPOPT_NOP;
}

static void add_timestamps(struct segment *seg, __u32 tsval, __u32 tsecr)
{
	const __be32 value[2] = { htonl(tsval), htonl(tsecr) };

	add_option(seg, TCPOPT_TIMESTAMP, value, sizeof(value));
}

void selftest_syn(const struct test_client *client, struct test_frame *ret)
{
	const __be16 mss = htons(address_is_ipv4(&client->server) ? MSS_V4 : MSS_V6);
	const __u8 wscale = WSCALE;
	struct segment seg = { .seq = client->isn, .flags = FLAG_SYN };

	add_option(&seg, TCPOPT_MAXSEG, &mss, sizeof(mss));
	add_option(&seg, TCPOPT_SACK_PERMITTED, "", 0);
	add_timestamps(&seg, client->tsval, 0);
	add_nop(&seg);
	add_option(&seg, TCPOPT_WINDOW, &wscale, sizeof(wscale));
	put(client, &seg, ret);
}

static void next_segment(const struct test_client *client, const struct test_answer *answer,
			 __u8 flags, struct test_frame *ret)
{
	struct segment seg = { .seq = client->isn + 1, .ack = answer->isn + 1, .flags = flags };

	if (answer->has_timestamps) {
		add_nop(&seg);
		add_nop(&seg);
		add_timestamps(&seg, client->tsval + 1, answer->tsval);
	}
	put(client, &seg, ret);
}

void selftest_ack(const struct test_client *client, const struct test_answer *answer,
		  struct test_frame *ret)
{
	next_segment(client, answer, FLAG_ACK, ret);
}

void selftest_rst(const struct test_client *client, const struct test_answer *answer,
		  struct test_frame *ret)
{
	next_segment(client, answer, FLAG_RST | FLAG_ACK, ret);
}

/* ---- from the server ---- */

/* Where TCP begins, and how long it is; 0 where the frame is none of the client's. */
static size_t find_tcp(const struct test_client *c, const struct test_frame *frame,
		       size_t *ret_bytes)
{
	const __u8 *ip = frame->bytes + sizeof(struct ethhdr);
	bool is_v6 = !address_is_ipv4(&c->server);
	size_t header = ip_bytes(is_v6), total;
	struct ip6_hdr v6;
	struct iphdr v4;

	if (frame->nr_bytes < sizeof(struct ethhdr) + header + sizeof(struct tcphdr))
		return 0;
	memcpy(&v6, ip, is_v6 ? sizeof(v6) : 0);
	memcpy(&v4, ip, sizeof(v4));
	if (is_v6 ? memcmp(&v6.ip6_src, &c->server, sizeof(v6.ip6_src)) ||
			    memcmp(&v6.ip6_dst, &c->address, sizeof(v6.ip6_dst)) ||
			    v6.ip6_nxt != IPPROTO_TCP :
		    v4.saddr != c->server.word[3] || v4.daddr != c->address.word[3] ||
			    v4.ihl != sizeof(v4) / 4 || v4.protocol != IPPROTO_TCP ||
			    checksum(sum_of(ip, sizeof(v4))))
		return 0;
	total = is_v6 ? header + ntohs(v6.ip6_plen) : ntohs(v4.tot_len);
	if (total < header + sizeof(struct tcphdr) ||
	    total > frame->nr_bytes - sizeof(struct ethhdr))
		return 0;
	*ret_bytes = total - header;
	return sizeof(struct ethhdr) + header;
}

/* False when the options are malformed. */
static bool read_options(const __u8 *at, size_t nr_bytes, struct test_answer *ret)
{
	size_t i = 0;

	while (i < nr_bytes && at[i] != TCPOPT_EOL) {
		if (at[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= nr_bytes || at[i + 1] < 2 || i + at[i + 1] > nr_bytes)
			return false;
		if (at[i] == TCPOPT_TIMESTAMP && at[i + 1] == TCPOLEN_TIMESTAMP) {
			__be32 tsval;

			memcpy(&tsval, at + i + 2, sizeof(tsval));
			ret->tsval = ntohl(tsval);
			ret->has_timestamps = true;
		}
		i += at[i + 1];
	}
	return true;
}

const char *selftest_read(const struct test_client *client, const struct test_frame *frame,
			  struct test_answer *ret)
{
	size_t nr_bytes = 0, at = find_tcp(client, frame, &nr_bytes), header;
	struct test_answer answer = { 0 };
	struct tcphdr th;

	if (!at)
		return "it is not between the right addresses, or its IP header is wrong";
	memcpy(&th, frame->bytes + at, sizeof(th));
	header = th.doff * 4U;
	if (!client->is_routed && memcmp(frame->bytes, client->mac, sizeof(client->mac)))
		return "it is not addressed to where the SYN came from";
	if (th.source != htons(client->server_port) || th.dest != htons(client->port))
		return "its ports are wrong";
	if ((th.th_flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) != (FLAG_SYN | FLAG_ACK))
		return "it is no SYN-ACK";
	if (ntohl(th.ack_seq) != client->isn + 1)
		return "it acknowledges another number than the SYN's";
	if (header < sizeof(th) || header > nr_bytes ||
	    !read_options(frame->bytes + at + sizeof(th), header - sizeof(th), &answer))
		return "its TCP options are malformed";
	if (tcp_checksum(&client->server, &client->address, frame->bytes + at, nr_bytes))
		return "its TCP checksum is wrong";
	answer.isn = ntohl(th.seq);
	*ret = answer;
	return NULL;
}
