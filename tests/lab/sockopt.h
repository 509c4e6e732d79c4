/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Socket options that both ends of a connection in the lab set. Each returns 0 or -errno; nothing
 * is logged.
 */
#ifndef LAB_SOCKOPT_H
#define LAB_SOCKOPT_H

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static inline int sockopt_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno : 0;
}

/* Signs all that goes to @peer, and to the others whose first @prefix_bits are the same (RFC 2385).
 */
static inline int sockopt_md5(int fd, const struct sockaddr_storage *peer, unsigned int prefix_bits,
			      const char *key)
{
	struct tcp_md5sig md5 = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
				  .tcpm_prefixlen = (__u8)prefix_bits };

	if (strlen(key) > sizeof(md5.tcpm_key))
		return -EINVAL;
	memcpy(&md5.tcpm_addr, peer, sizeof(*peer));
	md5.tcpm_keylen = (__u16)strlen(key);
	memcpy(md5.tcpm_key, key, strlen(key));
	return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &md5, sizeof(md5)) ? -errno : 0;
}

/* The same to all of the world that a socket of @family can meet. */
static inline int sockopt_md5_all(int fd, int family, const char *key)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&any;
	int err = sockopt_md5(fd, &any, 0, key);

	if (err || family != AF_INET6)
		return err;
	six->sin6_addr.s6_addr[10] = 0xff; /* ::ffff:0.0.0.0 */
	six->sin6_addr.s6_addr[11] = 0xff;
	return sockopt_md5(fd, &any, 0, key);
}

#endif
