/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prefixes of addresses as operators write them: 203.0.113.0/24, 2001:db8::/32, or an address
 * alone. One reading for the config's files and what is said while the daemon runs, and one
 * spelling for each prefix: an IPv4-mapped IPv6 address is the IPv4 address that it means.
 * Userland only. Nothing here logs.
 */
#ifndef SYNWARD_PREFIX_H
#define SYNWARD_PREFIX_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

#define PREFIX_SIZE (INET6_ADDRSTRLEN + 4) /* the longest text and its NUL */
#define PREFIX_WHY_SIZE 256
#define PREFIX_MAPPED_BITS 96 /* in front of an IPv4 address */

struct prefix {
	struct ip_addr addr; /* no bit beyond the length is set */
	__u8 bits;           /* 1 to 32, or 1 to 128 */
	bool is_v6;
};

/* As mapped into IPv6, which is how the address is kept. */
static inline unsigned int prefix_ip6_bits(const struct prefix *prefix)
{
	return prefix->bits + (prefix->is_v6 ? 0 : PREFIX_MAPPED_BITS);
}

/* IPv4 before IPv6, by address, shorter ones first: as strcmp() says it. */
static inline int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = a->is_v6 - b->is_v6 ?: memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return order ?: a->bits - b->bits;
}

/* Returns `buffer`. */
static inline const char *prefix_format(const struct prefix *prefix, char buffer[PREFIX_SIZE])
{
	const void *addr = prefix->is_v6 ? &prefix->addr.word[0] : &prefix->addr.word[3];
	size_t length;

	inet_ntop(prefix->is_v6 ? AF_INET6 : AF_INET, addr, buffer, PREFIX_SIZE);
	length = strlen(buffer);
	snprintf(buffer + length, PREFIX_SIZE - length, "/%u", prefix->bits);
	return buffer;
}

/* Clears what is beyond the length. Returns whether anything was. */
static inline bool prefix_cut(struct prefix *prefix)
{
	const struct ip_addr before = prefix->addr;
	const unsigned int bits = prefix_ip6_bits(prefix);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		const unsigned int nr = bits < 32 * i ? 0 : bits < 32 * i + 32 ? bits - 32 * i : 32;

		prefix->addr.word[i] &= nr ? htonl(~0U << (32 - nr)) : 0;
	}
	return memcmp(&before, &prefix->addr, sizeof(before));
}

/* Decimal digits, at most three; -1 for what is no number. */
static inline int prefix_length(const char *text)
{
	int number = 0;

	if (!*text || strlen(text) > 3)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		number = number * 10 + (*text - '0');
	}
	return number;
}

/* The address of either family, with all of its bits. */
static inline bool prefix_address(const char *text, struct prefix *ret)
{
	*ret = (struct prefix){ .addr = address_of_ipv4(0), .bits = 32 };
	if (inet_pton(AF_INET, text, &ret->addr.word[3]) == 1)
		return true;
	*ret = (struct prefix){ .bits = 128, .is_v6 = true };
	return inet_pton(AF_INET6, text, &ret->addr) == 1;
}

/* IPv4 in IPv6's clothes is IPv4. */
static inline void prefix_unmap(struct prefix *prefix, int *bits)
{
	if (!prefix->is_v6 || *bits < PREFIX_MAPPED_BITS || !address_is_ipv4(&prefix->addr))
		return;
	prefix->is_v6 = false;
	*bits -= PREFIX_MAPPED_BITS;
}

/*
 * Returns 0, or -EINVAL with a line for the user in `why`; *ret is then undefined. All sources at
 * once are no prefix for a list: what is meant by that is a mode.
 */
static inline int prefix_parse(const char *text, struct prefix *ret, char why[PREFIX_WHY_SIZE])
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN + 1], buffer[PREFIX_SIZE];
	int bits;

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	if (!prefix_address(address, ret)) {
		snprintf(why, PREFIX_WHY_SIZE,
			 "'%.64s' is no prefix; write one as in 203.0.113.0/24 or 2001:db8::/32",
			 text);
		return -EINVAL;
	}
	bits = slash ? prefix_length(slash + 1) : ret->bits;
	if (bits < 0 || bits > ret->bits) {
		snprintf(why, PREFIX_WHY_SIZE,
			 "'%.64s' has no length of a prefix: after an IPv%d address it is 1 to %u",
			 text, ret->is_v6 ? 6 : 4, ret->bits);
		return -EINVAL;
	}
	prefix_unmap(ret, &bits);
	if (!bits) {
		snprintf(why, PREFIX_WHY_SIZE,
			 "'%.64s' is everybody; name those that you mean, or change what a service "
			 "does with 'synward mode SERVICE off'",
			 text);
		return -EINVAL;
	}
	ret->bits = (__u8)bits;
	if (prefix_cut(ret)) {
		snprintf(why, PREFIX_WHY_SIZE, "%.64s has bits beyond its length; did you mean %s?",
			 text, prefix_format(ret, buffer));
		return -EINVAL;
	}
	return 0;
}

#endif
