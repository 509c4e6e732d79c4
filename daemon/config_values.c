/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names, paths, ports and addresses of the config: which are taken, and what is said about those
 * that are not. A list reports each of its wrong words, so that one run is enough to mend them all.
 */
#include "config_values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "names.h"
#include "proto.h"

#define BLANKS " \t"

static int copy_text(const char *text, char **ret)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*ret);
	*ret = copy;
	return 0;
}

static void free_strings(char **strings, size_t nr)
{
	while (nr)
		free(strings[--nr]);
	free(strings);
}

/* What the kernel takes as a device's name (dev_valid_name). */
static bool is_device_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length < IF_NAMESIZE && !strpbrk(name, "/:") && strcmp(name, ".") &&
	       strcmp(name, "..");
}

static bool has_string(char *const *strings, size_t nr, const char *wanted)
{
	while (nr)
		if (!strcmp(strings[--nr], wanted))
			return true;
	return false;
}

int value_interfaces(const struct config_place *place, const char *text, struct config *config)
{
	char *words __cleanup(cleanup_free) = strdup(text);
	char **names = calloc(DEVS_MAX, sizeof(*names));
	char *word, *rest = NULL;
	size_t nr = 0;
	int err = 0;

	if (!words || !names) {
		free(names);
		return -ENOMEM;
	}
	for (word = strtok_r(words, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (!is_device_name(word)) {
			config_complain(place,
					"'%s' cannot be a device's name; names have 1 to %d "
					"characters, without "
					"'/' and ':', and are separated by spaces",
					word, IF_NAMESIZE - 1);
			err = -EINVAL;
		} else if (has_string(names, nr, word)) {
			config_complain(place, "interface %s stands here twice; name it once",
					word);
			err = -EINVAL;
		} else if (nr == DEVS_MAX) {
			config_complain(place, "more than %d interfaces; at most %d are possible",
					DEVS_MAX, DEVS_MAX);
			err = -EINVAL;
			break;
		} else if (!(names[nr] = strdup(word))) {
			err = -ENOMEM;
			break;
		} else {
			nr++;
		}
	}
	if (!err && !nr) {
		config_complain(
			place,
			"no interface; name the devices to protect, as in 'interfaces = eth0'");
		err = -EINVAL;
	}
	if (err) {
		free_strings(names, nr);
		return err;
	}
	free_strings(config->interfaces, config->nr_interfaces);
	config->interfaces = names;
	config->nr_interfaces = nr;
	return 0;
}

static const char *const xdp_mode_words[] = {
	[XDP_MODE_AUTO] = "auto", [XDP_MODE_NATIVE] = "native", [XDP_MODE_GENERIC] = "generic", NULL
};

const char *xdp_mode_name(enum xdp_mode mode)
{
	return xdp_mode_words[mode];
}

int value_xdp_mode(const struct config_place *place, const char *text, struct config *config)
{
	unsigned int mode;

	for (mode = XDP_MODE_AUTO; xdp_mode_words[mode]; mode++) {
		if (!strcmp(xdp_mode_words[mode], text)) {
			config->xdp_mode = (enum xdp_mode)mode;
			return 0;
		}
	}
	config_complain(place, "'%s' is no xdp-mode; it is auto, native or generic", text);
	return -EINVAL;
}

static int absolute_path(const struct config_place *place, const char *what, const char *text)
{
	if (text[0] == '/' && text[strlen(text) - 1] != '/')
		return 0;
	config_complain(place, "%s '%s' is no absolute path of a file; begin it with '/'", what,
			text);
	return -EINVAL;
}

int value_control_socket(const struct config_place *place, const char *text, struct config *config)
{
	int err = absolute_path(place, "control-socket", text);

	if (err)
		return err;
	if (strlen(text) > PROTO_PATH_MAX) {
		config_complain(place,
				"control-socket has %zu bytes; the path of a socket has at most %d",
				strlen(text), PROTO_PATH_MAX);
		return -EINVAL;
	}
	return copy_text(text, &config->control_socket);
}

int value_pin_path(const struct config_place *place, const char *text, struct config *config)
{
	int err = absolute_path(place, "pin-path", text);

	return err ? err : copy_text(text, &config->pin_path);
}

static const char *const on_stop_words[] = {
	[ON_STOP_KEEP] = "keep", [ON_STOP_DETACH] = "detach", NULL
};

const char *on_stop_name(enum on_stop on_stop)
{
	return on_stop_words[on_stop];
}

int value_on_stop(const struct config_place *place, const char *text, struct config *config)
{
	unsigned int word;

	for (word = ON_STOP_KEEP; on_stop_words[word]; word++) {
		if (!strcmp(on_stop_words[word], text)) {
			config->on_stop = (enum on_stop)word;
			return 0;
		}
	}
	config_complain(place, "'%s' is not what on-stop can be; it is keep or detach", text);
	return -EINVAL;
}

int value_state_directory(const struct config_place *place, const char *text, struct config *config)
{
	if (text[0] != '/' || strspn(text, "/") == strlen(text)) {
		config_complain(place,
				"state-directory '%s' is no absolute path of a directory below /; "
				"write one as in " CONFIG_STATE_DIRECTORY_DEFAULT,
				text);
		return -EINVAL;
	}
	return copy_text(text, &config->state_directory);
}

int value_allow_file(const struct config_place *place, const char *text, struct config *config)
{
	int err = absolute_path(place, "allow-file", text);

	return err ? err : copy_text(text, &config->allow_file);
}

int value_deny_file(const struct config_place *place, const char *text, struct config *config)
{
	int err = absolute_path(place, "deny-file", text);

	return err ? err : copy_text(text, &config->deny_file);
}

size_t value_digits(const char *text, __u32 max, __u32 *ret)
{
	__u64 number = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9'; i++) {
		number = number * 10 + (__u64)(text[i] - '0');
		if (number > max)
			return 0;
	}
	if (!number)
		return 0;
	*ret = (__u32)number;
	return i;
}

int value_synack_per_prefix(const struct config_place *place, const char *text,
			    struct config *config)
{
	__u32 cap = 0;
	size_t taken = strcmp(text, "0") ? value_digits(text, SYNACK_CAP_MAX, &cap) : 1;

	if (!taken || text[taken]) {
		config_complain(place,
				"synack-per-prefix: '%s' is no cap; it is 1 to %u SYN-ACKs a "
				"second, or 0 for none",
				text, SYNACK_CAP_MAX);
		return -EINVAL;
	}
	config->synack_per_prefix = cap;
	return 0;
}

int value_reply(const struct config_place *place, const char *text, struct config *config)
{
	bool is_by_route = !strcmp(text, "fib");

	if (!is_by_route && strcmp(text, "tx")) {
		config_complain(place,
				"reply: '%s' is no way back; it is tx (the way the SYN came) or "
				"fib (by the routing table)",
				text);
		return -EINVAL;
	}
	config->reply_by_route = is_by_route;
	return 0;
}

/* Sets are found by a mask, so there is a power of two of them. */
static __u32 power_of_two_from(__u32 least)
{
	__u32 power = 1;

	while (power < least)
		power *= 2;
	return power;
}

int value_max_flows(const struct config_place *place, const char *text, struct config *config)
{
	__u32 nr = 0;
	size_t taken = value_digits(text, MAX_FLOWS_MOST, &nr);

	if (!taken || text[taken] || nr < MAX_FLOWS_LEAST) {
		config_complain(place, "max-flows: '%s' is no number of flows; it is %u to %u",
				text, MAX_FLOWS_LEAST, MAX_FLOWS_MOST);
		return -EINVAL;
	}
	config->max_flows = power_of_two_from(nr);
	return 0;
}

/* "80" or "8000-8010". */
static bool take_ports(const char *word, __u32 *ret_first, __u32 *ret_last)
{
	size_t taken = value_digits(word, NR_PORTS - 1, ret_first), taken_last;

	if (!taken)
		return false;
	*ret_last = *ret_first;
	if (!word[taken])
		return true;
	if (word[taken] != '-')
		return false;
	word += taken + 1;
	taken_last = value_digits(word, NR_PORTS - 1, ret_last);
	return taken_last && !word[taken_last] && *ret_last >= *ret_first;
}

static int complain_port(const struct config_place *place, const char *word)
{
	const char *hint = "";

	if (strchr(word, ','))
		hint = " (separate ports by spaces)";
	else if (*word == '#')
		hint = " (a comment behind a value begins with ' ;')";
	config_complain(place, "'%s' is no port; ports are 1 to 65535, ranges as in 8000-8010%s",
			word, hint);
	return -EINVAL;
}

int value_ports(const struct config_place *place, const char *text, struct service *service)
{
	char *words __cleanup(cleanup_free) = strdup(text);
	__u16 *ports __cleanup(cleanup_free) = calloc(ROWS_MAX, sizeof(*ports));
	bool *seen __cleanup(cleanup_free) = calloc(NR_PORTS, sizeof(*seen));
	unsigned int nr = 0;
	__u32 port, last;
	char *word, *rest = NULL;
	int err = 0;

	if (!words || !ports || !seen)
		return -ENOMEM;
	for (word = strtok_r(words, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (!take_ports(word, &port, &last)) {
			err = complain_port(place, word);
			continue;
		}
		for (; port <= last; port++) {
			if (seen[port]) {
				config_complain(place, "port %u stands here twice; name it once",
						port);
				err = -EINVAL;
				break;
			}
			seen[port] = true;
			if (nr < ROWS_MAX)
				ports[nr] = (__u16)port;
			nr++;
		}
	}
	if (!err && !nr) {
		config_complain(place,
				"no port; name the ports to protect, as in 'ports = 80 443'");
		err = -EINVAL;
	}
	if (nr > ROWS_MAX) {
		config_complain(place, "%u ports; at most %d ports over all services are possible",
				nr, ROWS_MAX);
		err = -EINVAL;
	}
	if (err)
		return err;
	free(service->ports);
	service->ports = take_ptr(ports);
	service->nr_ports = nr;
	return 0;
}

/* IPv4 is kept as ::ffff:a.b.c.d, so that both spellings of it are one address. */
static bool take_address(const char *word, struct ip_addr *ret)
{
	struct ip_addr address = address_of_ipv4(0);

	if (inet_pton(AF_INET, word, &address.word[3]) != 1 &&
	    inet_pton(AF_INET6, word, &address) != 1)
		return false;
	*ret = address;
	return true;
}

/* What no connection can be made to: unspecified, multicast, broadcast. */
static bool is_no_target(const struct ip_addr *address)
{
	const struct in6_addr *ip6 = (const struct in6_addr *)address;
	__u32 ip4 = ntohl(address->word[3]);

	if (address_is_ipv4(address))
		return ip4 == INADDR_ANY || ip4 == INADDR_BROADCAST || IN_MULTICAST(ip4);
	return IN6_IS_ADDR_UNSPECIFIED(ip6) || IN6_IS_ADDR_MULTICAST(ip6);
}

static int check_address(const struct config_place *place, const char *word, struct ip_addr *ret)
{
	struct ip_addr address;

	if (!strcmp(word, "any")) {
		config_complain(
			place,
			"'any' already is every local address; write it alone, or only the others");
	} else if (strchr(word, '/')) {
		config_complain(place, "'%s' is a prefix; write single addresses, or any", word);
	} else if (!take_address(word, &address)) {
		config_complain(place,
				"'%s' is no IPv4 or IPv6 address; write any, or addresses "
				"separated by spaces",
				word);
	} else if (is_no_target(&address)) {
		config_complain(place,
				"'%s' takes no connections; write any for every local address",
				word);
	} else {
		*ret = address;
		return 0;
	}
	return -EINVAL;
}

static bool has_address(const struct ip_addr *addresses, size_t nr, const struct ip_addr *wanted)
{
	while (nr)
		if (!memcmp(&addresses[--nr], wanted, sizeof(*wanted)))
			return true;
	return false;
}

int value_addresses(const struct config_place *place, const char *text, struct service *service)
{
	struct ip_addr *addresses __cleanup(cleanup_free) = NULL;
	char *words __cleanup(cleanup_free) = strdup(text);
	bool is_any = !strcmp(text, "any");
	char *word, *rest = NULL;
	struct ip_addr address;
	size_t nr = 0;
	int err = 0;

	addresses = calloc(strlen(text) + 1, sizeof(*addresses)); /* more than there are words */
	if (!words || !addresses)
		return -ENOMEM;
	word = is_any ? NULL : strtok_r(words, BLANKS, &rest);
	for (; word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (check_address(place, word, &address)) {
			err = -EINVAL;
		} else if (has_address(addresses, nr, &address)) {
			config_complain(place, "address %s stands here twice; name it once", word);
			err = -EINVAL;
		} else {
			addresses[nr++] = address;
		}
	}
	if (!err && !nr && !is_any) {
		config_complain(place, "no address; write any, or addresses separated by spaces");
		err = -EINVAL;
	}
	if (err)
		return err;
	free(service->addresses);
	service->addresses = is_any ? NULL : take_ptr(addresses);
	service->nr_addresses = nr;
	service->any_address = is_any;
	return 0;
}

/* Written as it is shown, which svc_mode_find() does not ask for. */
int value_mode(const struct config_place *place, const char *text, struct service *service)
{
	enum svc_mode mode;

	if (svc_mode_find(text, &mode) || strcmp(text, svc_mode_name(mode))) {
		config_complain(place, "'%s' is no mode; it is off, monitor, auto or always", text);
		return -EINVAL;
	}
	service->mode = mode;
	return 0;
}

int value_server_first(const struct config_place *place, const char *text, struct service *service)
{
	bool is_yes = !strcmp(text, "yes");

	if (!is_yes && strcmp(text, "no")) {
		config_complain(place, "server-first: '%s' is neither yes nor no", text);
		return -EINVAL;
	}
	service->server_first = is_yes;
	return 0;
}
