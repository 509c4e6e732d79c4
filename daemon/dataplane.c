// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all devices have in common: the shared maps, the rows and the table of services that they
 * are filled with. The BPF object is loaded once per device (device.c); all share the maps of the
 * first. What is read out of the maps is in observe.c.
 */
#include "dataplane_inside.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "log.h"
#include "sysctls.h"
#include "synward.skel.h"

#define HAND_OFF_KFUNC "bpf_sk_assign_tcp_reqsk"
#define MSS_MTU_MAX 65535
#define SILENT_RETRY_SECONDS 60 /* a few connections are lost with each try */

struct service_entry {
	struct svc_key key;
	__u32 row;
};

static void probe_hand_off(struct dataplane *dp)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname u;
	int id;

	uname(&u);
	dp->request_bytes = REQUEST_BYTES_DEFAULT;
	if (libbpf_get_error(btf)) {
		snprintf(dp->why_not, sizeof(dp->why_not),
			 "kernel %s shows no BTF (/sys/kernel/btf/vmlinux): it must be built with "
			 "CONFIG_DEBUG_INFO_BTF",
			 u.release);
		return;
	}
	dp->can_hand_off = btf__find_by_name_kind(btf, HAND_OFF_KFUNC, BTF_KIND_FUNC) > 0;
	if (!dp->can_hand_off)
		snprintf(dp->why_not, sizeof(dp->why_not),
			 "kernel %s has no %s(): SYNs are only counted; Linux 6.9 or newer answers "
			 "them "
			 "(on Debian 12: linux-image-6.12-amd64)",
			 u.release, HAND_OFF_KFUNC);
	id = btf__find_by_name_kind(btf, "tcp_request_sock", BTF_KIND_STRUCT);
	if (id > 0)
		dp->request_bytes = btf__resolve_size(btf, id);
	btf__free(btf);
}

/* ---- feeding the maps ---- */

static int put(struct bpf_map *map, const void *key, const void *value)
{
	return bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY);
}

static int put_at(struct bpf_map *map, __u32 index, const void *value)
{
	return put(map, &index, value);
}

static int put_secret(struct dataplane *dp)
{
	struct secret s;
	int err;

	if (getrandom(&s, sizeof(s), 0) != sizeof(s))
		return -EIO;
	err = put_at(first_skel(dp)->maps.secret, 0, &s);
	explicit_bzero(&s, sizeof(s));
	return err;
}

static int put_rows(struct dataplane *dp)
{
	struct synward_bpf *skel = first_skel(dp);
	const __u8 yes = 1;
	int err = 0;

	for (size_t i = 0; i < dp->nr_rows && !err; i++) {
		err = put_at(skel->maps.rows, i, &dp->row_confs[i]);
		if (!err)
			err = put_at(skel->maps.ports, dp->row_ids[i].port, &yes);
	}
	return err;
}

int dataplane_set_row(struct dataplane *dp, size_t row, const struct row_conf *conf)
{
	dp->row_confs[row] = *conf;
	return dp->nr_devices ? put_at(first_skel(dp)->maps.rows, row, conf) : 0;
}

size_t dataplane_nr_rows(const struct dataplane *dp)
{
	return dp->nr_rows;
}

const struct row_id *dataplane_row(const struct dataplane *dp, size_t row)
{
	return &dp->row_ids[row];
}

static int entry_order(const void *a, const void *b)
{
	const struct service_entry *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* (address, port) of every service, sorted, each once: two devices may have the same address. What
 * is off is there too: it can be switched on without waiting for anything. */
static size_t entries_make(const struct dataplane *dp, const struct ip_addr *addrs, size_t nr,
			   struct service_entry *ret)
{
	size_t n = 0, kept = 0;
	__u32 row = 0;

	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];
		const struct ip_addr *at = svc->any_address ? addrs : svc->addresses;
		size_t nr_at = svc->any_address ? nr : svc->nr_addresses;

		for (size_t p = 0; p < svc->nr_ports; p++, row++)
			for (size_t a = 0; a < nr_at; a++)
				ret[n++] = (struct service_entry){
					.key = { .addr = at[a], .port = htons(svc->ports[p]) },
					.row = row,
				};
	}
	qsort(ret, n, sizeof(*ret), entry_order);
	for (size_t i = 0; i < n; i++)
		if (!kept || memcmp(&ret[kept - 1].key, &ret[i].key, sizeof(ret[i].key)))
			ret[kept++] = ret[i];
	return kept;
}

static size_t entries_max(const struct dataplane *dp, size_t nr_addrs)
{
	size_t n = 0;

	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];

		n += svc->nr_ports * (svc->any_address ? nr_addrs : svc->nr_addresses);
	}
	return n;
}

/* Bring the map from one sorted list to another; what is new comes before what is gone goes. */
static int entries_apply(struct dataplane *dp, const struct service_entry *now, size_t nr)
{
	int fd = bpf_map__fd(first_skel(dp)->maps.services);
	int err = 0;

	for (size_t i = 0; i < nr && !err; i++) {
		struct svc_value to = { .row = now[i].row, .listener = i % LISTENERS_MAX };

		err = bpf_map_update_elem(fd, &now[i].key, &to, BPF_ANY);
	}
	for (size_t i = 0, k = 0; i < dp->nr_entries; i++) {
		while (k < nr && memcmp(&now[k].key, &dp->entries[i].key, sizeof(now[k].key)) < 0)
			k++;
		if (k == nr || memcmp(&now[k].key, &dp->entries[i].key, sizeof(now[k].key)))
			bpf_map_delete_elem(fd, &dp->entries[i].key);
	}
	return err;
}

int dataplane_set_addresses(struct dataplane *dp, const struct ip_addr *addrs, size_t nr)
{
	struct service_entry *now;
	size_t nr_now;
	int err;

	now = calloc(entries_max(dp, nr) + 1, sizeof(*now));
	if (!now)
		return -ENOMEM;
	nr_now = entries_make(dp, addrs, nr, now);
	err = entries_apply(dp, now, nr_now);
	if (err)
		log_err("cannot protect all of %zu addresses and ports: %s; name fewer addresses "
			"or ports",
			nr_now, strerror(-err));
	free(dp->entries);
	dp->entries = now;
	dp->nr_entries = nr_now;
	return err;
}

int dataplane_set_settings(struct dataplane *dp, const struct settings *settings)
{
	dp->settings = *settings;
	return dp->nr_devices ? put_at(first_skel(dp)->maps.settings, 0, settings) : 0;
}

static int put_device(struct dataplane *dp, const struct device *dev)
{
	return put_at(first_skel(dp)->maps.devices, dev->slot, &dev->conf);
}

static void read_link(struct device *dev, const struct link_info *link)
{
	memcpy(dev->conf.mac, link->mac, sizeof(dev->conf.mac));
	dev->conf.mtu = link->mtu > MSS_MTU_MAX ? MSS_MTU_MAX : link->mtu;
	dev->conf.hop_limit = sysctls_hop_limit(link->name);
}

/* ---- attaching ---- */

/* The flow table, to look at without a system call for each entry. */
static int map_flows(struct dataplane *dp)
{
	struct bpf_map *map = first_skel(dp)->maps.flows;
	size_t nr = bpf_map__max_entries(map);
	void *at = mmap(NULL, nr * sizeof(struct flow_set), PROT_READ, MAP_SHARED, bpf_map__fd(map),
			0);

	if (at == MAP_FAILED)
		return -errno;
	dp->flow_sets = at;
	dp->nr_flow_sets = nr;
	return 0;
}

static int fill_maps(struct dataplane *dp)
{
	int err = put_secret(dp);

	if (!err)
		err = map_flows(dp);
	if (!err)
		err = put_rows(dp);
	if (!err)
		err = dataplane_set_settings(dp, &dp->settings);
	if (err)
		log_err("cannot fill the data path's maps: %s", strerror(-err));
	return err;
}

int dataplane_attach(struct dataplane *dp, const struct link_info *link)
{
	struct device *dev = &dp->devices[dp->nr_devices];
	int err;

	if (dp->nr_devices == DEVS_MAX) {
		log_err("%s: at most %d devices can be protected", link->name, DEVS_MAX);
		return -E2BIG;
	}
	*dev = (struct device){
		.ifindex = link->ifindex, .slot = dp->nr_devices, .xdp_link = -1, .tc_link = -1
	};
	snprintf(dev->name, sizeof(dev->name), "%s", link->name);
	err = device_load(dev, dp->nr_devices ? first_skel(dp) : NULL, dp->conf->xdp_mode,
			  dp->can_hand_off, dp->nr_rows);
	if (err)
		return err;
	dp->nr_devices++;
	err = dev->slot ? 0 : fill_maps(dp);
	if (!err && dp->can_hand_off) {
		err = device_attach_tc(dev);
		if (err)
			log_err("cannot attach the TC half to %s: %s", dev->name, strerror(-err));
	}
	if (!err) {
		read_link(dev, link);
		err = put_device(dp, dev);
	}
	if (!err)
		err = device_attach_xdp(dev, dp->conf->xdp_mode);
	if (err) {
		device_close(dev);
		dp->nr_devices--;
		return err;
	}
	log_notice("%s: attached in %s mode, %s", dev->name, dev->xdp_mode,
		   dp->can_hand_off ? "TC half on tcx" : "no TC half");
	return 0;
}

/* ---- start, second by second, stop ---- */

static int rows_make(struct dataplane *dp)
{
	const struct config *conf = dp->conf;

	for (size_t s = 0; s < conf->nr_services; s++)
		dp->nr_rows += conf->services[s].nr_ports;
	if (dp->nr_rows > ROWS_MAX) {
		log_err("more than %d services (section, port) are configured", ROWS_MAX);
		return -E2BIG;
	}
	dp->row_ids = calloc(dp->nr_rows, sizeof(*dp->row_ids));
	dp->row_confs = calloc(dp->nr_rows, sizeof(*dp->row_confs));
	if (!dp->row_ids || !dp->row_confs)
		return -ENOMEM;
	for (size_t s = 0, row = 0; s < conf->nr_services; s++)
		for (size_t p = 0; p < conf->services[s].nr_ports; p++)
			dp->row_ids[row++] = (struct row_id){ s, conf->services[s].name,
							      conf->services[s].ports[p] };
	return 0;
}

int dataplane_open(const struct config *conf, const struct settings *settings,
		   struct dataplane **ret)
{
	struct dataplane *dp = calloc(1, sizeof(*dp));
	int err;

	if (!dp)
		return -ENOMEM;
	device_libbpf_init();
	dp->conf = conf;
	dp->settings = *settings;
	dp->nr_cpus = libbpf_num_possible_cpus();
	err = dp->nr_cpus < 0 ? dp->nr_cpus : rows_make(dp);
	if (err) {
		dataplane_close(dp);
		return err;
	}
	probe_hand_off(dp);
	if (!dp->can_hand_off)
		log_warn("%s; running in monitor", dp->why_not);
	*ret = dp;
	return 0;
}

void dataplane_close(struct dataplane *dp)
{
	if (!dp)
		return;
	if (dp->flow_sets)
		munmap(dp->flow_sets, dp->nr_flow_sets * sizeof(struct flow_set));
	while (dp->nr_devices) {
		struct device *dev = &dp->devices[--dp->nr_devices];

		device_close(dev);
		log_notice("%s: detached", dev->name);
	}
	free(dp->entries);
	free(dp->row_ids);
	free(dp->row_confs);
	free(dp);
}

/*
 * Notes that nobody takes although the TC half is attached: some were lost on the way, or another
 * program ends the chain before ours. Only that ours has run since tells the one from the other; if
 * it has not, the data path stops answering by itself, and tries again once in a while.
 */
static void check_notes(struct dataplane *dp, struct device *dev)
{
	struct bpf_map *map = first_skel(dp)->maps.device_notes;
	struct dev_notes notes;

	if (bpf_map_lookup_elem(bpf_map__fd(map), &dev->slot, &notes))
		return;
	if (notes.untaken >= TC_SILENT_NOTES && notes.taken == dev->taken)
		dev->seconds_silent++;
	else
		dev->seconds_silent = 0;
	dev->taken = notes.taken;
	if (dev->seconds_silent == SILENT_SECONDS)
		log_err("%s: the TC half is attached but sees no packets: another program before "
			"it ends the chain; see 'tc filter show dev %s ingress' and 'bpftool net'",
			dev->name, dev->name);
	if (notes.untaken < TC_SILENT_NOTES || dev->seconds_silent % SILENT_RETRY_SECONDS)
		return;
	notes.untaken = 0;
	put_at(map, dev->slot, &notes);
}

/* A TC half that is new has left no note untaken. */
static int attach_tc_again(struct dataplane *dp, struct device *dev)
{
	struct bpf_map *map = first_skel(dp)->maps.device_notes;
	struct dev_notes notes = {};
	int err = device_attach_tc(dev);

	if (err)
		return err;
	dev->taken = 0;
	dev->seconds_silent = 0;
	return put_at(map, dev->slot, &notes);
}

static void check_tc(struct dataplane *dp, struct device *dev)
{
	bool was_live = dev->conf.tc_live;

	if (device_link_is_live(dev->tc_link)) {
		check_notes(dp, dev);
		return;
	}
	device_link_close(&dev->tc_link);
	dev->conf.tc_live = 0;
	put_device(dp, dev);
	if (was_live)
		log_err("%s: the TC half was detached by somebody; SYNs go to the kernel until it "
			"is back",
			dev->name);
	if (!attach_tc_again(dp, dev)) {
		put_device(dp, dev);
		log_notice("%s: the TC half is attached again", dev->name);
	}
}

/* The first try says what is in the way, the later ones wait until it is gone. */
static void check_xdp(const struct dataplane *dp, struct device *dev)
{
	bool is_news = dev->xdp_link >= 0;

	if (device_link_is_live(dev->xdp_link))
		return;
	if (is_news) {
		device_link_close(&dev->xdp_link);
		dev->xdp_mode = NULL;
		log_err("%s: the XDP program was detached by somebody, or the device is gone: it "
			"is not protected",
			dev->name);
	}
	if ((is_news || device_xdp_is_free(dev)) && !device_attach_xdp(dev, dp->conf->xdp_mode))
		log_notice("%s: attached again in %s mode", dev->name, dev->xdp_mode);
}

/* The device was removed and made again: another one under the same name. */
static void move_to(struct dataplane *dp, struct device *dev, const struct link_info *link)
{
	device_link_close(&dev->xdp_link);
	device_link_close(&dev->tc_link);
	dev->xdp_mode = NULL;
	dev->conf.tc_live = 0;
	dev->ifindex = link->ifindex;
	log_notice("%s: is a new device", dev->name);
	if (dp->can_hand_off && attach_tc_again(dp, dev))
		log_err("%s: the TC half cannot be attached", dev->name);
	read_link(dev, link);
	put_device(dp, dev);
	if (!device_attach_xdp(dev, dp->conf->xdp_mode))
		log_notice("%s: attached again in %s mode", dev->name, dev->xdp_mode);
}

void dataplane_set_link(struct dataplane *dp, const struct link_info *link)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];

		if (strcmp(dev->name, link->name))
			continue;
		if (dev->ifindex != link->ifindex) {
			move_to(dp, dev, link);
			continue;
		}
		read_link(dev, link);
		put_device(dp, dev);
	}
}

/* No message tells of a changed hop limit. */
static void check_hop_limit(struct dataplane *dp, struct device *dev)
{
	__u8 now = sysctls_hop_limit(dev->name);

	if (now == dev->conf.hop_limit)
		return;
	dev->conf.hop_limit = now;
	put_device(dp, dev);
}

void dataplane_check(struct dataplane *dp)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		if (dp->can_hand_off)
			check_tc(dp, &dp->devices[i]);
		check_xdp(dp, &dp->devices[i]);
		check_hop_limit(dp, &dp->devices[i]);
	}
}
