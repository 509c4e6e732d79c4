// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function for each field that is understood: is the packet's value this one? Sets, ranges and
 * negation are the same for all of them.
 */
#include "rule_match.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum tri tri_of(bool is)
{
	return is ? TRI_YES : TRI_NO;
}

static const char *member_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

static bool is_one(const json_t *value, const char *word, json_int_t number)
{
	if (json_is_integer(value))
		return json_integer_value(value) == number;
	return json_is_string(value) && !strcmp(json_string_value(value), word);
}

bool rule_is_about(const json_t *expression, const char *kind, const char *key)
{
	const json_t *is = json_object_get(expression, kind);

	return is && !strcmp(member_text(is, "key"), key);
}

static bool is_field(const json_t *left, const char *protocol, const char *field)
{
	const json_t *payload = json_object_get(left, "payload");

	return payload && !strcmp(member_text(payload, "protocol"), protocol) &&
	       !strcmp(member_text(payload, "field"), field);
}

/* ---- TCP flags ---- */

#define FLAG_SYN 0x02U
#define FLAG_ACK 0x10U
#define FLAGS_UNKNOWN (~0U)

/* "syn", ["syn", "ack"], {"|": [...]}, or a number. */
static unsigned int flags_of(const json_t *value)
{
	static const char *const words[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"
	};
	const json_t *list = json_is_object(value) ? json_object_get(value, "|") : value;
	unsigned int flags = 0;
	const json_t *one;
	size_t i;

	if (json_is_integer(value))
		return (unsigned int)json_integer_value(value);
	if (json_is_string(value)) {
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strcmp(words[i], json_string_value(value)))
				return 1U << i;
		return FLAGS_UNKNOWN;
	}
	if (!json_is_array(list))
		return FLAGS_UNKNOWN;
	json_array_foreach ((json_t *)list, i, one) {
		unsigned int more = flags_of(one);

		if (more == FLAGS_UNKNOWN)
			return more;
		flags |= more;
	}
	return flags;
}

static enum tri match_flags(const char *op, unsigned int mask, const json_t *right,
			    const struct rule_packet *packet)
{
	const json_t *set = json_object_get(right, "set"), *one;
	unsigned int flags = packet->is_syn ? FLAG_SYN : FLAG_ACK, value;
	enum tri is = TRI_NO;
	size_t i;

	if (set) {
		json_array_foreach ((json_t *)set, i, one)
			is = tri_of(is == TRI_YES || flags_of(one) == (flags & mask));
		return !strcmp(op, "!=") ? tri_not(is) : is;
	}
	value = flags_of(right);
	if (value == FLAGS_UNKNOWN || mask == FLAGS_UNKNOWN)
		return TRI_MAYBE;
	if (!strcmp(op, "in"))
		return tri_of(flags & mask & value);
	if (!strcmp(op, "!"))
		return tri_of(!(flags & mask & value));
	if (!strcmp(op, "=="))
		return tri_of((flags & mask) == value);
	return !strcmp(op, "!=") ? tri_of((flags & mask) != value) : TRI_MAYBE;
}

/* ---- single values ---- */

static enum tri value_port(const json_t *value, const struct rule_packet *packet)
{
	return json_is_integer(value) ? tri_of(json_integer_value(value) == packet->port) :
					TRI_MAYBE;
}

static bool is_of_family(const char *address, bool is_v6)
{
	return !!strchr(address, ':') == is_v6;
}

/* The first @bits of both. */
static enum tri prefix_equal(const char *a, const char *b, unsigned int bits)
{
	int family = strchr(b, ':') ? AF_INET6 : AF_INET;
	uint8_t x[16] = { 0 }, y[16] = { 0 };
	unsigned int whole = bits / 8, rest = bits % 8;

	if (inet_pton(family, a, x) != 1 || inet_pton(family, b, y) != 1 || bits > 128)
		return TRI_MAYBE;
	if (memcmp(x, y, whole))
		return TRI_NO;
	return tri_of(!rest || !((x[whole] ^ y[whole]) >> (8 - rest)));
}

/* All of the addresses, or some of them? */
static enum tri value_address(const json_t *value, const struct rule_packet *packet)
{
	const json_t *prefix = json_object_get(value, "prefix"), *one;
	const char *net = json_string_value(prefix ? json_object_get(prefix, "addr") : value);
	unsigned int bits = 128, nr_yes = 0, nr_no = 0;
	size_t i;

	if (!net || net[strspn(net, "0123456789abcdefABCDEF.:")])
		return TRI_MAYBE;
	if (prefix)
		bits = (unsigned int)json_integer_value(json_object_get(prefix, "len"));
	else if (!strchr(net, ':'))
		bits = 32;
	json_array_foreach ((json_t *)packet->addresses, i, one) {
		const char *text = json_string_value(one);
		enum tri is;

		if (!text || !is_of_family(text, packet->is_v6))
			continue;
		is = is_of_family(net, packet->is_v6) ? prefix_equal(text, net, bits) : TRI_NO;
		if (is == TRI_MAYBE)
			return is;
		nr_yes += is == TRI_YES;
		nr_no += is == TRI_NO;
	}
	if (!nr_yes && nr_no)
		return TRI_NO;
	return nr_yes && !nr_no ? TRI_YES : TRI_MAYBE;
}

static bool device_equal(const char *device, const char *pattern)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(device, pattern, length - 1);
	return !strcmp(device, pattern);
}

static enum tri value_device(const json_t *value, const struct rule_packet *packet)
{
	const char *pattern = json_string_value(value);
	size_t nr_yes = 0, i;
	const json_t *one;

	if (!pattern)
		return TRI_MAYBE;
	json_array_foreach ((json_t *)packet->devices, i, one)
		nr_yes += device_equal(json_string_value(one), pattern);
	if (!nr_yes)
		return TRI_NO;
	return nr_yes == json_array_size(packet->devices) ? TRI_YES : TRI_MAYBE;
}

static enum tri value_ct_state(const json_t *value, const struct rule_packet *packet)
{
	return tri_of(is_one(value, packet->ct_state, -1));
}

static enum tri value_protocol(const json_t *value, const struct rule_packet *packet)
{
	(void)packet;
	return tri_of(is_one(value, "tcp", 6));
}

static enum tri value_family(const json_t *value, const struct rule_packet *packet)
{
	const char *text = json_string_value(value) ?: "";

	if (packet->is_v6)
		return tri_of(!strcmp(text, "ipv6") || !strcmp(text, "ip6"));
	return tri_of(!strcmp(text, "ipv4") || !strcmp(text, "ip"));
}

static enum tri value_address_type(const json_t *value, const struct rule_packet *packet)
{
	(void)packet;
	return tri_of(is_one(value, "local", 2));
}

typedef enum tri value_of(const json_t *value, const struct rule_packet *packet);

static bool is_fib_of_destination(const json_t *left)
{
	const json_t *fib = json_object_get(left, "fib"), *flag;
	size_t i;

	if (!fib || strcmp(member_text(fib, "result"), "type"))
		return false;
	json_array_foreach (json_object_get(fib, "flags"), i, flag)
		if (!strcmp(json_string_value(flag) ?: "", "daddr"))
			return true;
	return false;
}

/* What is asked about; NULL: something that is not known of the packet. */
static value_of *field_find(const json_t *left)
{
	if (is_field(left, "tcp", "dport") || is_field(left, "th", "dport"))
		return value_port;
	if (is_field(left, "ip", "daddr") || is_field(left, "ip6", "daddr"))
		return value_address;
	if (rule_is_about(left, "ct", "state"))
		return value_ct_state;
	if (rule_is_about(left, "meta", "iifname") || rule_is_about(left, "meta", "iif"))
		return value_device;
	if (rule_is_about(left, "meta", "l4proto") || is_field(left, "ip", "protocol") ||
	    is_field(left, "ip6", "nexthdr"))
		return value_protocol;
	if (rule_is_about(left, "meta", "nfproto") || rule_is_about(left, "meta", "protocol"))
		return value_family;
	return is_fib_of_destination(left) ? value_address_type : NULL;
}

/* ---- sets and ranges ---- */

const json_t *rule_elements(const json_t *set, const struct rule_names *names)
{
	const char *name = json_string_value(set);
	const json_t *named;

	if (!name || *name != '@')
		return json_object_get(set, "set");
	named = json_object_get(names->sets, name + 1);
	return named && !json_object_get(named, "flags") && json_object_get(named, "size") ?
		       NULL : /* packets add to it */
		       json_object_get(named, "elem");
}

/* A range of numbers is known of ports alone; that of addresses may hold. */
static enum tri in_range(const json_t *range, value_of *value, const struct rule_packet *packet)
{
	const json_t *from = json_array_get(range, 0), *to = json_array_get(range, 1);

	if (value != value_port || !json_is_integer(from) || !json_is_integer(to))
		return TRI_MAYBE;
	return tri_of(packet->port >= json_integer_value(from) &&
		      packet->port <= json_integer_value(to));
}

static enum tri in_any(const json_t *list, const json_t *key, const struct rule_names *names,
		       const struct rule_packet *packet)
{
	enum tri is = TRI_NO;
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one) {
		enum tri now = rule_value(key, one, names, packet);

		if (now > is)
			is = now;
	}
	return is;
}

/* {"concat": [...]} on both sides: each part in its own. */
static enum tri in_all(const json_t *keys, const json_t *values, const struct rule_names *names,
		       const struct rule_packet *packet)
{
	enum tri is = TRI_YES;
	const json_t *key;
	size_t i;

	json_array_foreach ((json_t *)keys, i, key)
		is = tri_and(is, rule_value(key, json_array_get(values, i), names, packet));
	return is;
}

enum tri rule_value(const json_t *key, const json_t *value, const struct rule_names *names,
		    const struct rule_packet *packet)
{
	const json_t *keys = json_object_get(key, "concat");
	const json_t *list = rule_elements(value, names);
	value_of *field = field_find(key);

	if (list || json_is_array(value))
		return in_any(list ?: value, key, names, packet);
	if (json_object_get(value, "elem"))
		return rule_value(key, json_object_get(json_object_get(value, "elem"), "val"),
				  names, packet);
	if (keys)
		return json_object_get(value, "concat") ?
			       in_all(keys, json_object_get(value, "concat"), names, packet) :
			       TRI_MAYBE;
	if (is_one(value, "*", -1))
		return TRI_MAYBE;
	if (!field || !value || (json_is_string(value) && *json_string_value(value) == '@'))
		return TRI_MAYBE;
	if (json_object_get(value, "range"))
		return in_range(json_object_get(value, "range"), field, packet);
	return field(value, packet);
}

/* < > <= >= of a port. */
static enum tri compare_port(const char *op, const json_t *right, const struct rule_packet *packet)
{
	json_int_t number = json_integer_value(right);

	if (!json_is_integer(right))
		return TRI_MAYBE;
	if (packet->port == number)
		return tri_of(op[1] == '=');
	return tri_of(*op == '<' ? packet->port < number : packet->port > number);
}

static bool is_other_protocol(const json_t *left)
{
	static const char *const others[] = { "udp",  "udplite", "icmp", "icmpv6", "sctp",
					      "dccp", "esp",     "ah",   "comp",   "arp" };
	const char *protocol = member_text(json_object_get(left, "payload"), "protocol");

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(protocol, others[i]))
			return true;
	return false;
}

enum tri rule_match(const json_t *match, const struct rule_names *names,
		    const struct rule_packet *packet)
{
	const json_t *left = json_object_get(match, "left"),
		     *right = json_object_get(match, "right");
	const json_t *masked = json_object_get(left, "&");
	const char *op = member_text(match, "op");
	const char *protocol = member_text(json_object_get(left, "payload"), "protocol");
	enum tri is;

	if (is_field(left, "tcp", "flags"))
		return match_flags(op, 0xff, right, packet);
	if (masked && is_field(json_array_get(masked, 0), "tcp", "flags"))
		return match_flags(op, flags_of(json_array_get(masked, 1)), right, packet);
	if (is_other_protocol(left) || (!strcmp(protocol, "ip") && packet->is_v6) ||
	    (!strcmp(protocol, "ip6") && !packet->is_v6))
		return TRI_NO;
	if (*op == '<' || *op == '>')
		return field_find(left) == value_port ? compare_port(op, right, packet) : TRI_MAYBE;
	is = rule_value(left, right, names, packet);
	return !strcmp(op, "!=") || !strcmp(op, "!") ? tri_not(is) : is;
}
