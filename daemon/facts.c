// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sysctls and devices by /proc and ioctl(2), which see the namespace of the caller.
 */
#include "facts.h"

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "cleanup.h"
#include "json.h"
#include "names.h"
#include "offloads.h"
#include "state_file.h"

#define VLAN_CONFIG_MAX 65536 /* bytes that are read of it */
#define ADDRESSES_MAX 64      /* of a service, that are told */

/* One whose file is not there is left out: systemd's reader of Varlink knows no null in an object
 * of values. */
static const char *const sysctls[] = {
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_timestamps",
	"net.ipv4.tcp_sack",
	"net.ipv4.tcp_ecn",
	"net.ipv4.tcp_window_scaling",
	"net.core.somaxconn",
	"net.ipv4.conf.lo.forwarding",
	"net.ipv6.conf.lo.forwarding",
	"net.netfilter.nf_conntrack_tcp_loose",
	"net.netfilter.nf_conntrack_count",
	"net.netfilter.nf_conntrack_max",
	"net.core.bpf_jit_enable",
};

static json_t *sysctl_json(const char *name)
{
	FILE *file __cleanup(cleanup_file) = NULL;
	char path[128] = "/proc/sys/";
	size_t at = strlen(path);
	long long value;

	for (; *name && at < sizeof(path) - 1; name++)
		path[at++] = *name == '.' ? '/' : *name;
	file = fopen(path, "re");
	return file && fscanf(file, "%lld", &value) == 1 ? json_integer(value) : NULL;
}

static json_t *sysctls_json(void)
{
	json_t *object = json_object(), *value;

	for (size_t i = 0; i < NAMES_COUNT(sysctls); i++) {
		value = sysctl_json(sysctls[i]);
		if (value)
			json_object_set_new(object, sysctls[i], value);
	}
	return object;
}

/* ---- devices ---- */

/* A header of two lines, then "srv0.100  | 100  | srv0". */
json_t *facts_vlans(const char *text, const char *device)
{
	json_t *array = json_array();
	char name[32], lower[32];
	unsigned int id;

	for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (sscanf(text, "%31s | %u | %31s", name, &id, lower) == 3 &&
		    !strcmp(lower, device))
			json_array_append_new(array, json_string(name));
	return array;
}

static json_t *vlans_of(const char *device)
{
	FILE *file __cleanup(cleanup_file) = fopen("/proc/net/vlan/config", "re");
	char *text __cleanup(cleanup_free) = calloc(1, VLAN_CONFIG_MAX);

	if (file && text)
		text[fread(text, 1, VLAN_CONFIG_MAX - 1, file)] = '\0';
	return facts_vlans(text, device);
}

static int mtu_of(int fd, const char *device)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	return ioctl(fd, SIOCGIFMTU, &request) ? 0 : request.ifr_mtu;
}

/* Does the NIC take tags off the frames? NULL: it does not say. */
static json_t *rx_vlan_of(int fd, const char *device)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { .ifr_data = (void *)&value };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	return ioctl(fd, SIOCETHTOOL, &request) ? json_null() :
						  json_boolean(value.data & ETH_FLAG_RXVLAN);
}

static json_t *device_json(int fd, const char *name)
{
	json_t *vlans = vlans_of(name), *with_mtu = json_array();
	struct offloads offloads;
	json_t *vlan;
	size_t i;

	json_array_foreach (vlans, i, vlan) {
		json_array_append_new(with_mtu, json_pack("{s:O, s:i}", "name", vlan, "mtu",
							  mtu_of(fd, json_string_value(vlan))));
	}
	json_decref(vlans);
	offloads_read(name, &offloads);
	return json_pack("{s:s, s:i, s:o, s:b, s:b, s:o}", "name", name, "mtu", mtu_of(fd, name),
			 "rx_vlan_offload", rx_vlan_of(fd, name), "lro", offloads.lro, "gro_hw",
			 offloads.gro_hw, "vlans", with_mtu);
}

static json_t *devices_json(const struct snapshot *snapshot)
{
	int fd __cleanup(cleanup_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	json_t *array = json_array();

	for (unsigned int i = 0; i < snapshot->nr_devices; i++)
		if (mtu_of(fd, snapshot->devices[i].name)) /* it is there */
			json_array_append_new(array, device_json(fd, snapshot->devices[i].name));
	return array;
}

/* ---- services ---- */

static json_t *addresses_json(const struct ip_addr *addresses, size_t nr)
{
	json_t *array = json_array();
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < nr && i < ADDRESSES_MAX; i++)
		json_array_append_new(array, json_string(address_text(&addresses[i], text)));
	return array;
}

static const struct service *service_of(const struct config *conf, const char *name)
{
	for (size_t i = 0; i < conf->nr_services; i++)
		if (!strcmp(conf->services[i].name, name))
			return &conf->services[i];
	return NULL;
}

static json_t *row_json(const struct config *conf, const struct snapshot_row *row,
			const struct ip_addr *addresses, size_t nr_addresses)
{
	const struct service *service = service_of(conf, row->name);
	const bool is_any = service && service->any_address;

	return json_pack(
		"{s:s, s:i, s:o, s:I, s:I, s:I, s:I}", "name", row->name, "port", (int)row->port,
		"addresses",
		is_any || !service ? addresses_json(addresses, nr_addresses) :
				     addresses_json(service->addresses, service->nr_addresses),
		"listeners", (json_int_t)row->listeners.nr, "mptcp_listeners",
		(json_int_t)row->listeners.nr_mptcp, "backlog", (json_int_t)row->listeners.backlog,
		"accept_queue", (json_int_t)row->listeners.accept_queue);
}

/* Where it is, and why nothing can be kept there. */
static json_t *state_json(const char *directory)
{
	int err = directory ? state_file_check(directory) : 0;

	return json_pack("{s:s?, s:s?}", "directory", directory, "error",
			 err ? strerror(-err) : NULL);
}

/* What becomes of it when synwardd stops; and where that should be kept and cannot be, and why. */
static json_t *on_stop_json(const struct config *conf, const struct snapshot *snapshot)
{
	int err = snapshot->pins_err;

	return json_pack("{s:b, s:s?, s:s?}", "keeps", (int)snapshot->is_kept, "pin_path",
			 err ? conf->pin_path : NULL, "error",
			 err == -EMEDIUMTYPE ? "no BPF file system" :
			 err                 ? strerror(-err) :
					       NULL);
}

json_t *facts_json(const struct config *conf, const struct snapshot *snapshot,
		   const struct ip_addr *addresses, size_t nr_addresses)
{
	json_t *rows = json_array();
	struct stat netns = { 0 };

	for (unsigned int i = 0; i < snapshot->nr_rows; i++)
		json_array_append_new(rows,
				      row_json(conf, &snapshot->rows[i], addresses, nr_addresses));
	stat("/proc/self/ns/net", &netns);
	return json_pack(
		"{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "pid", (json_int_t)getpid(), "netns",
		(json_int_t)netns.st_ino, "reply", conf->reply_by_route ? "fib" : "tx", "on_stop",
		on_stop_json(conf, snapshot), "state", state_json(conf->state_directory), "sysctls",
		sysctls_json(), "interfaces", devices_json(snapshot), "services", rows);
}
