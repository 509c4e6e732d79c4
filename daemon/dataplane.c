// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the BPF object once per device (the device's slot is baked in) with all maps shared, and keeps the links.
 * Links are not pinned in this version: they go when the process goes.
 */
#include "dataplane.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "log.h"
#include "sysctls.h"
#include "synward.skel.h"

#define ATTACH_TCX_INGRESS 46 /* BPF_TCX_INGRESS; Debian 12's headers are older */
#define HAND_OFF_KFUNC "bpf_sk_assign_tcp_reqsk"
#define MSS_MTU_MAX 65535

struct device {
	char name[IF_NAMESIZE];
	int ifindex;
	__u32 slot;
	struct synward_bpf *skel;
	int xdp_link, tc_link; /* fds, or -1 */
	const char *xdp_mode;
	struct dev_conf conf;
};

struct row {
	const char *name;
	__u16 port;
	enum svc_mode mode;
};

struct service_entry {
	struct svc_key key;
	__u32 row;
};

struct dataplane {
	const struct config *conf;
	struct settings settings;
	bool can_hand_off;
	char why_not[256]; /* why it cannot */
	struct device devices[DEVS_MAX];
	size_t nr_devices;
	struct row rows[ROWS_MAX];
	size_t nr_rows;
	struct service_entry *entries; /* what the services map holds, sorted */
	size_t nr_entries;
	int nr_cpus;
};

/* ---- kernel ---------------------------------------------------------------------------------------- */

/* libbpf's own words, of which the end is kept for the moment when a load fails. */
static char libbpf_words[4096];

static int libbpf_listen(enum libbpf_print_level level, const char *format, va_list args)
{
	__cleanup(cleanup_free) char *text = NULL;
	size_t room = sizeof(libbpf_words) - 1, had = strlen(libbpf_words);
	const char *from;
	int len;

	if (level > LIBBPF_WARN)
		return 0;
	len = vasprintf(&text, format, args);
	if (len < 0)
		return 0;
	from = (size_t)len > room ? text + len - room : text;
	len = strlen(from);
	if (had + len > room) {
		memmove(libbpf_words, libbpf_words + (had + len - room), room - len);
		had = room - len;
	}
	memcpy(libbpf_words + had, from, len + 1);
	return len;
}

static void probe_hand_off(struct dataplane *dp)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname u;

	uname(&u);
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
			 "(on Debian 12: linux-image-amd64 from bookworm-backports)",
			 u.release, HAND_OFF_KFUNC);
	btf__free(btf);
}

/* All devices share the maps of the first. */
static struct synward_bpf *first_skel(const struct dataplane *dp)
{
	return dp->devices[0].skel;
}

static int share_maps(struct synward_bpf *from, struct synward_bpf *to)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, to->obj) {
		struct bpf_map *shared;

		if (bpf_map__is_internal(map)) /* .rodata: each device's own */
			continue;
		shared = bpf_object__find_map_by_name(from->obj, bpf_map__name(map));
		err = bpf_map__reuse_fd(map, bpf_map__fd(shared));
		if (err)
			return err;
	}
	return 0;
}

/* Logs why the kernel refused, with the end of the verifier's log. */
static void log_load_failure(int err)
{
	const char *end = libbpf_words + strlen(libbpf_words);
	int lines = 0;

	while (end > libbpf_words && lines <= 20)
		if (*--end == '\n')
			lines++;
	log_err("the kernel refuses the data path: %s; %s", strerror(-err),
		err == -EPERM || err == -EACCES ?
			"run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; otherwise "
			"the verifier's words help:" :
			"its last words:");
	fprintf(stderr, "%s\n", end);
}

static int load(struct dataplane *dp, struct device *dev)
{
	struct synward_bpf *skel;
	int err;

	libbpf_words[0] = 0;
	skel = synward_bpf__open();
	if (!skel)
		return -errno;
	skel->rodata->dev_slot = dev->slot;
	skel->rodata->can_hand_off = dp->can_hand_off;
	bpf_program__set_autoload(skel->progs.synward_tc, dp->can_hand_off);
	err = dp->nr_devices ? share_maps(first_skel(dp), skel) : 0;
	if (!err)
		err = synward_bpf__load(skel);
	if (err) {
		log_load_failure(err);
		synward_bpf__destroy(skel);
		return err;
	}
	dev->skel = skel;
	return 0;
}

/* ---- feeding the maps ------------------------------------------------------------------------------ */

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

	for (__u32 i = 0; i < dp->nr_rows; i++) {
		struct row_conf row = { .mode = dp->rows[i].mode };
		int err = put_at(skel->maps.rows, i, &row);

		if (!err && row.mode != SVC_OFF)
			err = put_at(skel->maps.ports, dp->rows[i].port, &yes);
		if (err)
			return err;
	}
	return 0;
}

static int entry_order(const void *a, const void *b)
{
	const struct service_entry *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* (address, port) of every service that is not off, sorted, each once: two devices may have the same address. */
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
			for (size_t a = 0; svc->mode != SVC_OFF && a < nr_at; a++)
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

	for (size_t i = 0; i < nr && !err; i++)
		err = bpf_map_update_elem(fd, &now[i].key, &now[i].row, BPF_ANY);
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

void dataplane_set_link(struct dataplane *dp, const struct link_info *link)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];

		if (dev->ifindex != link->ifindex)
			continue;
		read_link(dev, link);
		put_device(dp, dev);
	}
}

/* ---- attaching ------------------------------------------------------------------------------------- */

static void log_holder(const struct device *dev)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd;

	if (bpf_xdp_query(dev->ifindex, 0, &q) || !q.prog_id) {
		log_err("%s is busy with another XDP program", dev->name);
		return;
	}
	fd = bpf_prog_get_fd_by_id(q.prog_id);
	if (fd >= 0)
		bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!strcmp(info.name, "synward_xdp"))
		log_err("%s is protected already by another synwardd (its XDP program has id %u): "
			"stop that one first",
			dev->name, q.prog_id);
	else
		log_err("%s is held by another XDP program: id %u, name '%s'; see 'bpftool net "
			"show dev %s', and detach it "
			"first, for example with 'ip link set dev %s xdp off'",
			dev->name, q.prog_id, info.name, dev->name, dev->name);
	if (fd >= 0)
		close(fd);
}

static int xdp_link_make(struct device *dev, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(bpf_program__fd(dev->skel->progs.synward_xdp), dev->ifindex,
				 BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static bool is_busy(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

static int attach_xdp(const struct dataplane *dp, struct device *dev)
{
	int fd = -EOPNOTSUPP;

	if (dp->conf->xdp_mode != XDP_MODE_GENERIC) {
		fd = xdp_link_make(dev, XDP_FLAGS_DRV_MODE);
		dev->xdp_mode = "native";
	}
	if (fd < 0 && !is_busy(fd) && dp->conf->xdp_mode != XDP_MODE_NATIVE) {
		if (dp->conf->xdp_mode == XDP_MODE_AUTO)
			log_warn("%s: the driver refuses native XDP (%s); attaching in generic "
				 "mode, which is much slower",
				 dev->name, strerror(-fd));
		fd = xdp_link_make(dev, XDP_FLAGS_SKB_MODE);
		dev->xdp_mode = "generic";
	}
	if (is_busy(fd))
		log_holder(dev);
	else if (fd < 0)
		log_err("cannot attach to %s in %s mode: %s%s", dev->name, dev->xdp_mode,
			strerror(-fd),
			dp->conf->xdp_mode == XDP_MODE_NATIVE ?
				"; 'xdp-mode = auto' falls back to generic" :
				"");
	if (fd < 0)
		return fd;
	dev->xdp_link = fd;
	return 0;
}

/* Logs nothing: the caller knows whether it is the first time. */
static int attach_tc(struct device *dev)
{
	int fd = bpf_link_create(bpf_program__fd(dev->skel->progs.synward_tc), dev->ifindex,
				 (enum bpf_attach_type)ATTACH_TCX_INGRESS, NULL);

	if (fd < 0)
		return -errno;
	dev->tc_link = fd;
	dev->conf.tc_live = 1;
	return 0;
}

static void close_link(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void detach(struct device *dev)
{
	close_link(&dev->xdp_link); /* no more SYN-ACKs from here on */
	close_link(&dev->tc_link);
	synward_bpf__destroy(dev->skel);
	dev->skel = NULL;
}

static int fill_maps(struct dataplane *dp)
{
	int err = put_secret(dp);

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
	err = load(dp, dev);
	if (err)
		return err;
	dp->nr_devices++;
	err = dev->slot ? 0 : fill_maps(dp);
	if (!err && dp->can_hand_off) {
		err = attach_tc(dev);
		if (err)
			log_err("cannot attach the TC half to %s: %s", dev->name, strerror(-err));
	}
	if (!err) {
		read_link(dev, link);
		err = put_device(dp, dev);
	}
	if (!err)
		err = attach_xdp(dp, dev);
	if (err) {
		detach(dev);
		dp->nr_devices--;
		return err;
	}
	log_notice("%s: attached in %s mode, %s", dev->name, dev->xdp_mode,
		   dp->can_hand_off ? "TC half on tcx" : "no TC half");
	return 0;
}

/* ---- start, second by second, stop ----------------------------------------------------------------- */

static int rows_make(struct dataplane *dp)
{
	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];

		for (size_t p = 0; p < svc->nr_ports; p++) {
			if (dp->nr_rows == ROWS_MAX) {
				log_err("more than %d services (section, port) are configured",
					ROWS_MAX);
				return -E2BIG;
			}
			dp->rows[dp->nr_rows++] =
				(struct row){ svc->name, svc->ports[p], svc->mode };
		}
	}
	return 0;
}

int dataplane_open(const struct config *conf, const struct settings *settings,
		   struct dataplane **ret)
{
	struct dataplane *dp = calloc(1, sizeof(*dp));
	int err;

	if (!dp)
		return -ENOMEM;
	libbpf_set_print(libbpf_listen);
	dp->conf = conf;
	dp->settings = *settings;
	dp->nr_cpus = libbpf_num_possible_cpus();
	err = dp->nr_cpus < 0 ? dp->nr_cpus : rows_make(dp);
	if (err) {
		free(dp);
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
	while (dp->nr_devices) {
		struct device *dev = &dp->devices[--dp->nr_devices];

		detach(dev);
		log_notice("%s: detached", dev->name);
	}
	free(dp->entries);
	free(dp);
}

/* A link whose device has gone, or that somebody detached by force, has no device any more. */
static bool is_link_live(int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	/* tcx and xdp links both begin with the ifindex; Debian 12's headers do not know tcx */
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.xdp.ifindex;
}

static void check_tc(struct dataplane *dp, struct device *dev)
{
	bool was_live = dev->conf.tc_live;
	struct dev_notes none = {};
	struct dev_notes seen;
	int fd = bpf_map__fd(first_skel(dp)->maps.device_notes);

	if (is_link_live(dev->tc_link)) {
		/* it is there: notes that nobody took were lost on the way, as under memory pressure */
		if (!bpf_map_lookup_elem(fd, &dev->slot, &seen) && seen.untaken) {
			none.is_without_metadata = seen.is_without_metadata;
			put_at(first_skel(dp)->maps.device_notes, dev->slot, &none);
		}
		return;
	}
	close_link(&dev->tc_link);
	dev->conf.tc_live = 0;
	put_device(dp, dev);
	if (was_live)
		log_err("%s: the TC half was detached by somebody; SYNs go to the kernel until it "
			"is back",
			dev->name);
	if (!attach_tc(dev)) {
		put_device(dp, dev);
		log_notice("%s: the TC half is attached again", dev->name);
	}
}

static void check_xdp(const struct dataplane *dp, struct device *dev)
{
	if (dev->xdp_link < 0 || is_link_live(dev->xdp_link))
		return;
	close_link(&dev->xdp_link);
	dev->xdp_mode = NULL;
	log_err("%s: the XDP program was detached by somebody, or the device is gone: it is not "
		"protected",
		dev->name);
	if (!attach_xdp(dp, dev))
		log_notice("%s: attached again in %s mode", dev->name, dev->xdp_mode);
}

void dataplane_check(struct dataplane *dp)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		if (dp->can_hand_off)
			check_tc(dp, &dp->devices[i]);
		check_xdp(dp, &dp->devices[i]);
	}
}

/* ---- looking --------------------------------------------------------------------------------------- */

/* Add up the __u64 counters of one per-CPU entry. */
static int sum_counters(const struct dataplane *dp, const struct bpf_map *map, __u32 index,
			__u64 *ret, size_t nr)
{
	__u64 per_cpu[nr * dp->nr_cpus];

	if (bpf_map_lookup_elem(bpf_map__fd(map), &index, per_cpu))
		return -errno;
	memset(ret, 0, nr * sizeof(*ret));
	for (size_t i = 0; i < nr * dp->nr_cpus; i++)
		ret[i % nr] += per_cpu[i];
	return 0;
}

static const char *why_not_armed(const struct dataplane *dp, const struct device *dev)
{
	if (dev->xdp_link < 0)
		return "the XDP program is not attached";
	if (!dp->can_hand_off)
		return dp->why_not;
	if (!dev->conf.tc_live)
		return "the TC half is not attached";
	if (!(dp->settings.flags & MAY_HAND_OFF))
		return "net.ipv4.tcp_syncookies is 0; 'sysctl -w net.ipv4.tcp_syncookies=1' helps";
	return NULL;
}

static bool look_at_devices(const struct dataplane *dp, struct snapshot *ret)
{
	bool any_answers = false;

	for (size_t i = 0; i < dp->nr_devices; i++) {
		const struct device *dev = &dp->devices[i];
		struct snapshot_device *to = &ret->devices[ret->nr_devices++];

		snprintf(to->name, sizeof(to->name), "%s", dev->name);
		to->xdp_mode = dev->xdp_mode ?: "none";
		to->tc = dev->tc_link >= 0 ? "tcx" : "none";
		to->why = why_not_armed(dp, dev);
		to->path = to->why ? "monitor" : "cookie";
		any_answers |= !to->why;
	}
	return any_answers;
}

int dataplane_snapshot(struct dataplane *dp, struct snapshot *ret)
{
	struct synward_bpf *skel = first_skel(dp);
	bool any_answers;
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	any_answers = look_at_devices(dp, ret);
	for (__u32 i = 0; i < dp->nr_rows && !err; i++) {
		struct snapshot_row *row = &ret->rows[ret->nr_rows++];

		row->name = dp->rows[i].name;
		row->port = dp->rows[i].port;
		row->mode = dp->rows[i].mode;
		row->armed = row->mode == SVC_ALWAYS && any_answers;
		err = sum_counters(dp, skel->maps.row_counts, i, (__u64 *)&row->counts,
				   sizeof(row->counts) / sizeof(__u64));
	}
	for (__u32 i = 0; i < NR_REASONS && !err; i++)
		err = sum_counters(dp, skel->maps.reason_counts, i, &ret->reasons[i], 1);
	return err;
}
