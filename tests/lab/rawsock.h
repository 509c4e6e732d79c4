/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packet sockets for the scripted clients: one that hears all that comes in on a device, read as
 * segments (rawpkt.h), one that only sends. The caller asks guard.h first. Logs nothing.
 */
#ifndef LAB_RAWSOCK_H
#define LAB_RAWSOCK_H

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "rawpkt.h"

#define RAWSOCK_RCVBUF (4 << 20) /* bytes */

/* A descriptor or -errno. @protocol 0: hears nothing. */
static inline int rawsock_open(int ifindex, int protocol)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_ifindex = ifindex,
				  .sll_protocol = htons((uint16_t)protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, at.sll_protocol);
	int err;

	if (fd < 0 || !bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

static inline bool rawsock_set(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

/* Hears all that comes in. Others' frames come too, while the caller may be asleep. */
static inline int rawsock_listen(int ifindex)
{
	int fd = rawsock_open(ifindex, ETH_P_ALL), err;

	if (fd < 0 || (rawsock_set(fd, SOL_PACKET, PACKET_AUXDATA, 1) &&
		       rawsock_set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) &&
		       rawsock_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RAWSOCK_RCVBUF)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* On one that is_partial, rawsock_send() leaves checksums partial. */
static inline int rawsock_send_only(int ifindex, bool is_partial)
{
	int fd = rawsock_open(ifindex, 0), err;

	if (fd < 0 || !is_partial || rawsock_set(fd, SOL_PACKET, PACKET_VNET_HDR, 1))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* @l4_off: where TCP begins. 0 or -errno. */
static inline int rawsock_send(int fd, struct batch_frame *frame, size_t l4_off, bool is_partial)
{
	struct virtio_net_hdr head = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	struct iovec parts[2] = { { &head, sizeof(head) }, { frame->bytes, frame->len } };

	head.csum_start = (uint16_t)l4_off;
	head.csum_offset = 16;
	if (writev(fd, is_partial ? parts : &parts[1], is_partial ? 2 : 1) < 0)
		return -errno;
	return 0;
}

/* What the kernel says beside a frame: the tag it took off, whether the checksum was left partial.
 */
static inline bool rawsock_read_aux(struct msghdr *msg, struct rawseg *seg)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *part;
	bool is_partial = false;

	for (part = CMSG_FIRSTHDR(msg); part; part = CMSG_NXTHDR(msg, part)) {
		if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(part), sizeof(aux));
		is_partial = aux.tp_status & TP_STATUS_CSUMNOTREADY;
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			seg->vlans[seg->nr_vlans++] = aux.tp_vlan_tci & 0xfff;
	}
	return is_partial;
}

/*
 * The next frame that came in, if it is a segment; its payload lies in a buffer that the next call
 * overwrites. Does not wait. Returns the frame's length as it was on the wire, or 0 when there was
 * none, or it was something else.
 */
static inline size_t rawsock_receive(int fd, struct rawseg *ret)
{
	static uint8_t frame[70000];
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec part = { frame, sizeof(frame) };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);
	struct rawseg seg = { 0 };
	bool is_partial;

	if (len <= 0)
		return 0;
	is_partial = rawsock_read_aux(&msg, &seg);
	if (!raw_read(frame, (size_t)len, is_partial, &seg))
		return 0;
	*ret = seg;
	return (size_t)len + 4 * (seg.nr_vlans > 0);
}

/* Is it from @path's destination to its source? Ports are for the caller to compare. */
static inline bool raw_is_answer(const struct rawseg *seg, const struct rawpath *path)
{
	return seg->from.family == path->dst.family && seg->sport == path->dport &&
	       !memcmp(seg->from.bytes, path->dst.bytes, path->dst.len) &&
	       !memcmp(seg->to.bytes, path->src.bytes, path->src.len);
}

#endif
