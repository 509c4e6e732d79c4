/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the SYNs of a flood ask of a service and hear again and again: that it is armed, that
 * cookies for it can be sent and come back, what its answers say of us. A CPU keeps it for a moment
 * of the clock, a tick at most, and only while nothing is changed by the daemon: what it was made
 * of is not asked again.
 */
#ifndef SYNWARD_TICKET_H
#define SYNWARD_TICKET_H

#include "syn.h"

const volatile __u32 ticket_mask = TICKETS_MIN - 1; /* tickets of a CPU, less one */

/* A host that allows less is answered in full, by syn.h. */
#define TICKET_MAY (MAY_TIMESTAMPS | MAY_SACK | MAY_WSCALE)

/* Of the generation 24 bits: its milliseconds end after 34 years. */
static __always_inline __u64 ticket_stamp(const struct judgement *j)
{
	const volatile __u32 *generation = &settings.generation;

	return (__u64)*generation << 40 | j->now_ms;
}

/* Where a service has its ticket. Ports of one address do not share one, as there are
 * TICKETS_PER_ROW for each up to ROWS_MAX; nor do two devices or three. Addresses may. */
static __always_inline __u32 ticket_slot(const struct ip_addr *dst, __u32 port_number)
{
	return (port_number * TICKETS_PER_ROW + dev_slot + (dst->word[3] * 0x9e3779b1U >> 20)) &
	       ticket_mask;
}

static __always_inline bool ticket_holds(const struct judgement *j, const struct pkt *p,
					 const struct ticket *t, __u64 stamp)
{
	return t->stamp == stamp && t->port == p->dport && t->device == dev_slot &&
	       t->is_v6 == p->is_v6 &&
	       (p->is_v6 ? addr_equal(&t->dst, &p->dst) : t->dst.word[3] == p->dst.word[3]);
}

/* Is the frame for the device? */
static __always_inline bool ticket_takes(const struct ticket *t, const void *frame)
{
	return *(const __u16 *)frame == t->mac_begin &&
	       *(const __u32 *)(frame + sizeof(t->mac_begin)) == t->mac_end;
}

/* Does the service answer every SYN of a stranger with a cookie, whatever else it says? */
static __always_inline bool is_cookie_certain(const struct judgement *j, const struct dev_conf *dev,
					      const struct listener_record *rec)
{
	return is_armed(j) && !(j->row->flags & (ROW_SERVER_FIRST | ROW_BY_KERNEL)) &&
	       !(settings.flags & REPLY_BY_ROUTE) && (settings.flags & TICKET_MAY) == TICKET_MAY &&
	       device_ready(j, dev) == GO_ON && rec->is_there && !rec->is_mptcp && !rec->is_full &&
	       !lookup_due(j->cpu, rec, j->now_ms);
}

static __always_inline void ticket_write(const struct judgement *j, const struct dev_conf *dev,
					 const struct listener_record *rec, bool is_v6,
					 struct ticket *t)
{
	t->device = dev_slot;
	t->is_v6 = is_v6;
	t->row = j->row_index;
	t->listener = j->listener;
	t->flush_every = j->row->flush_every;
	t->bucket = bucket_of(j, j->now_ms);
	t->mss = own_mss(dev->mtu, is_v6);
	t->mac_begin = *(const __u16 *)dev->mac;
	__builtin_memcpy(&t->mac_end, dev->mac + sizeof(t->mac_begin), sizeof(t->mac_end));
	t->client_mss = 0;
	t->is_used = false;
	t->wscale = rec->wscale;
	t->hop_limit = own_hop_limit(dev, is_v6);
	t->is_attacked = is_attacked(j);
}

/* A ticket of now, in @slot, for @service at the address of these halves and that port, if it is
 * one of those. Bit 16 of @port_and_family: of IPv6. Global, so that it is verified once. */
__noinline int ticket_renew(__u64 upper, __u64 lower, __u32 port_and_family, __u64 service,
			    __u32 slot)
{
	const struct ip_addr dst = { .word = { upper >> 32, upper, lower >> 32, lower } };
	bool is_v6 = port_and_family >> 16;
	const struct dev_conf *dev = &devices[dev_slot];
	const struct listener_record *rec;
	struct judgement j = { .cpu = ONLY(cpu_state) };
	struct ticket *t;

	if (!j.cpu || service_read(&j, service) != GO_ON)
		return false;
	j.now_ms = j.cpu->now_ms; /* it was read just now */
	j.state = row_state_of(j.row, j.live, j.now_ms);
	rec = bpf_map_lookup_elem(&listeners, &j.listener);
	t = bpf_map_lookup_elem(&tickets, &slot);
	if (!rec || !t || !is_cookie_certain(&j, dev, rec))
		return false;
	t->dst = dst;
	t->port = port_and_family;
	ticket_write(&j, dev, rec, is_v6, t);
	return true;
}

/* The ticket of the packet's service, or NULL if it has none. @port: port_number(). What it is made
 * of is read after its stamp: if it changes meanwhile, so does the stamp. */
static __always_inline struct ticket *ticket_find(const struct judgement *j, const struct pkt *p,
						  __u32 port)
{
	__u64 upper = ADDR_UPPER(&p->dst), lower = ADDR_LOWER(&p->dst), service;
	__u64 stamp = ticket_stamp(j);
	__u32 slot = ticket_slot(&p->dst, port);
	struct ticket *t = bpf_map_lookup_elem(&tickets, &slot);

	if (!t || likely(ticket_holds(j, p, t, stamp)))
		return t;
	if (has_lookups(j->cpu, j->now_ms))
		return NULL; /* as nearly always */
	service = service_ask(upper, lower, p->dport);
	if (!ticket_renew(upper, lower, p->dport | (__u32)p->is_v6 << 16, service, slot))
		return NULL;
	t->stamp = stamp;
	return t;
}

/* The window for an MSS: it is kept for the last one that was asked for. */
static __always_inline __u16 ticket_window(struct ticket *t, __u16 mss)
{
	struct listener_record *rec;
	__u32 at = t->listener;

	if (likely(t->client_mss == mss))
		return t->window;
	rec = bpf_map_lookup_elem(&listeners, &at);
	if (!rec) /* for the verifier */
		return 0;
	t->client_mss = mss;
	t->window = listener_window(rec, mss);
	return t->window;
}

/* What the ticket does not say. */
static __always_inline void ticket_row(struct judgement *j, const struct ticket *t)
{
	j->row = &rows[t->row & ROW_MASK];
	j->live = &row_live[t->row & ROW_MASK];
	state_read(j);
}

#endif
