/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the lab's tools read from their command lines: numbers, times, addresses, tags, flags. A
 * word that is none ends the tool by its own misuse(), which shows how it is used and exits with 2.
 */
#ifndef LAB_ARGS_H
#define LAB_ARGS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "neigh.h"

#define ARGS_SECONDS_MAX 3600

/* The tool defines it. */
__attribute__((noreturn)) static void misuse(const char *what);

/* Decimal, without a sign, @max at most; else @what is said. */
static inline uint64_t args_number_or(const char *text, uint64_t max, const char *what)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > max)
		misuse(what);
	return value;
}

static inline uint64_t args_number(const char *text, uint64_t max)
{
	return args_number_or(text, max, text);
}

static inline double args_seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value > 0 && value <= ARGS_SECONDS_MAX))
		misuse("--seconds wants more than 0 and at most 3600");
	return value;
}

static inline struct lab_addr args_address(const char *text, const char *what)
{
	struct lab_addr addr;

	if (!lab_addr_read(text, &addr))
		misuse(what);
	return addr;
}

/* The same with a port, for a socket; returns its length. */
static inline socklen_t args_sockaddr(const char *text, unsigned int port,
				      struct sockaddr_storage *ret)
{
	struct lab_addr addr = args_address(text, "an address is wanted");
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = (sa_family_t)addr.family;
	if (addr.family == AF_INET6) {
		six->sin6_port = htons((uint16_t)port);
		memcpy(&six->sin6_addr, addr.bytes, addr.len);
		return sizeof(*six);
	}
	four->sin_port = htons((uint16_t)port);
	memcpy(&four->sin_addr, addr.bytes, addr.len);
	return sizeof(*four);
}

static inline void args_mac(const char *text, uint8_t ret[6])
{
	if (!lab_mac_read(text, ret))
		misuse("--dmac wants aa:bb:cc:dd:ee:ff");
}

/* Returns how many there are, 1 or 2. */
static inline unsigned int args_vlans(const char *text, unsigned int max, unsigned int ret[2])
{
	char rest;
	int nr = sscanf(text, "%u,%u%c", &ret[0], &ret[1], &rest);

	if (nr < 1 || nr > 2 || ret[0] > max || ret[1] > max)
		misuse("--vlan wants VID or VID,VID2");
	return (unsigned int)nr;
}

/* The names of TCP's flags, from the lowest bit up. */
static const char *const args_flag_names[8] = { "FIN", "SYN", "RST", "PSH",
						"ACK", "URG", "ECE", "CWR" };

static inline uint8_t args_flags(const char *text)
{
	char word[4], rest;
	uint8_t flags = 0;
	int i, used;

	if (!strcmp(text, "none"))
		return 0;
	while (sscanf(text, "%3[A-Z]%n", word, &used) == 1) {
		for (i = 0; i < 8 && strcmp(word, args_flag_names[i]); i++)
			;
		if (i == 8)
			break;
		flags |= (uint8_t)(1 << i);
		if (!text[used])
			return flags;
		if (sscanf(text += used, ",%c", &rest) != 1)
			break;
		text++;
	}
	misuse("--flags wants none, or names such as FIN,ACK");
}

#endif
