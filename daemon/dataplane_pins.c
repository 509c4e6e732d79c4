// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one daemon to the next without a gap. Maps and links are pinned (pins.h), so that the data
 * path goes on when the daemon is gone. The next one loads programs of its own on the maps that it
 * finds, and swaps them into the links.
 *
 * Maps are taken over all together, and only if they are of the very layout that this daemon would
 * make, and their rows and devices are those of its config. If not, maps are made anew, and what
 * others rely on is carried over (dataplane_carry.c); until the last link is swapped both sets are
 * in use, and both agree on the secret.
 */
#include "dataplane_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "log.h"
#include "map_layout.h"
#include "names.h"
#include "synward.skel.h"

/* ---- what is in the maps ---- */

static json_t *rows_about(const struct dataplane *dp)
{
	json_t *array = json_array();

	for (size_t i = 0; i < dp->nr_rows; i++)
		json_array_append_new(
			array, json_pack("[s, i]", dp->row_ids[i].name, (int)dp->row_ids[i].port));
	return array;
}

static json_t *devices_about(const struct dataplane *dp)
{
	json_t *array = json_array();

	for (size_t i = 0; i < dp->conf->nr_interfaces; i++)
		json_array_append_new(array, json_string(dp->conf->interfaces[i]));
	return array;
}

static json_t *reasons_about(void)
{
	char buffer[REASON_NAME_SIZE];
	json_t *array = json_array();

	for (unsigned int i = 0; i < NR_REASONS; i++)
		json_array_append_new(array, json_string(reason_name(i, buffer)));
	return array;
}

/* To be raised when what is in a map comes to mean something else while its layout stays: a hash, a
 * tag, a flag, an enum's order. */
#define MEANING 2

/* All that the numbers in the maps mean. */
static json_t *make_about(const struct dataplane *dp)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "meaning", MEANING, "maps",
			 map_layout(dp->shared->obj), "rows", rows_about(dp), "devices",
			 devices_about(dp), "reasons", reasons_about());
}

static int pin_about(const struct dataplane *dp)
{
	char *text __cleanup(cleanup_free) = json_dumps(dp->about, JSON_COMPACT);
	int fd __cleanup(cleanup_close) = -1;
	char path[PATH_MAX];
	__u32 only = 0;

	if (!text)
		return -ENOMEM;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "synward_about", sizeof(only), strlen(text) + 1, 1,
			    NULL);
	if (fd < 0 || bpf_map_update_elem(fd, &only, text, BPF_ANY))
		return -errno;
	pins_map_path(dp->pins, PINS_NEXT, PINS_ABOUT, path);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

/* ---- maps that are there ---- */

static int open_pinned(const struct pins *pins, const char *name)
{
	char path[PATH_MAX];
	int fd;

	pins_map_path(pins, PINS_MAPS, name, path);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static json_t *read_about(const struct pins *pins)
{
	int fd __cleanup(cleanup_close) = open_pinned(pins, PINS_ABOUT);
	char *text __cleanup(cleanup_free) = NULL;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), only = 0;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.key_size != sizeof(only))
		return NULL;
	text = malloc(info.value_size);
	if (!text || bpf_map_lookup_elem(fd, &only, text) || !memchr(text, 0, info.value_size))
		return NULL;
	return json_loads(text, 0, NULL);
}

/* What is said of the map holds. */
static bool is_as_said(int fd, const json_t *said)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	json_t *is __cleanup(cleanup_json) = NULL;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	is = json_pack("{s:i, s:i, s:i, s:I, s:i}", "type", (int)info.type, "key_bytes",
		       (int)info.key_size, "value_bytes", (int)info.value_size, "entries",
		       (json_int_t)info.max_entries, "flags", (int)info.map_flags);
	json_object_set(is, "fields", json_object_get(said, "fields"));
	return json_equal(is, said);
}

int dataplane_open_before(const struct dataplane *dp, const char *map)
{
	const json_t *said = json_object_get(json_object_get(dp->about_before, "maps"), map);
	int fd = said ? open_pinned(dp->pins, map) : -ENOENT;

	if (fd >= 0 && !is_as_said(fd, said)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* Are they the very maps that this daemon would make? */
static bool can_reuse_maps(const struct dataplane *dp)
{
	bool can = json_equal(dp->about, dp->about_before);
	const struct bpf_map *map;

	bpf_object__for_each_map (map, dp->shared->obj) {
		int fd __cleanup(cleanup_close) = -1;

		if (!can || !device_map_is_shared(map))
			continue;
		fd = dataplane_open_before(dp, bpf_map__name(map));
		can = fd >= 0;
	}
	return can;
}

static int reuse_maps(const struct dataplane *dp)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map (map, dp->shared->obj) {
		int fd __cleanup(cleanup_close) = -1;

		if (err || !device_map_is_shared(map))
			continue;
		fd = dataplane_open_before(dp, bpf_map__name(map));
		err = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
	}
	return err;
}

/* ---- maps that are to be there ---- */

static int pin_maps(const struct dataplane *dp)
{
	const struct bpf_map *map;
	char path[PATH_MAX];
	int err = pins_begin_next(dp->pins);

	if (err)
		return err;
	bpf_object__for_each_map (map, dp->shared->obj) {
		if (!device_map_is_shared(map))
			continue;
		pins_map_path(dp->pins, PINS_NEXT, bpf_map__name(map), path);
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return -errno;
	}
	return pin_about(dp);
}

/* ---- open ---- */

static void say_not_pinned(struct dataplane *dp, int err)
{
	const char *path = dp->conf->pin_path;

	if (err == -EMEDIUMTYPE)
		log_warn("pin-path %s is on no BPF file system: the host is protected as long as "
			 "synwardd runs, and not while it is restarted; 'mount -t bpf bpf "
			 "/sys/fs/bpf' mends that, 'on-stop = detach' says that it shall be so",
			 path);
	else if (err == -EPERM)
		log_warn("pin-path %s, or the directory in it, belongs to others, or others may "
			 "write to it: nothing is pinned there, and the host is protected as long "
			 "as synwardd runs, and not while it is restarted; remove it, or name "
			 "another one",
			 path);
	else
		log_warn("nothing can be pinned under pin-path %s (%s): the host is protected as "
			 "long as synwardd runs, and not while it is restarted",
			 path, strerror(-err));
}

struct look {
	const struct pins *pins;
	bool has_live;
};

static void look_at_link(void *arg, int ifindex)
{
	struct look *look = arg;
	int fd __cleanup(cleanup_close) = -1;
	char path[PATH_MAX];

	pins_link_path(look->pins, PINS_XDP, ifindex, path);
	fd = bpf_obj_get(path);
	look->has_live |= fd < 0 || device_link_is_live(fd);
}

/* A namespace that is gone has taken its devices along, and left maps and links to nothing. */
static bool is_dead(const struct pins *pins)
{
	struct look look = { .pins = pins };

	return !pins_each_link(pins, PINS_XDP, look_at_link, &look) && !look.has_live;
}

int dataplane_open_pins(struct dataplane *dp)
{
	bool may_keep = dp->conf->on_stop == ON_STOP_KEEP;
	int err;

	if (!dp->conf->path) /* the quick start leaves alone what a service left */
		return 0;
	err = pins_open(dp->conf->pin_path, may_keep, &dp->pins);
	if (err == -EBUSY) {
		log_err("another synwardd has pin-path %s in this network namespace: stop that one "
			"first",
			dp->conf->pin_path);
		return err;
	}
	if (err && may_keep) {
		say_not_pinned(dp, err);
		dp->pins_err = err;
	}
	if (!err && may_keep)
		pins_sweep(dp->conf->pin_path, is_dead);
	dp->is_kept = !err && may_keep;
	return 0;
}

/* Those of the daemon before, as they are, or else new ones with what is carried over. */
int dataplane_open_maps(struct dataplane *dp, const struct device_wants *wants)
{
	int err = device_maps_open(wants, &dp->shared);

	if (err)
		return err;
	dp->about = make_about(dp);
	if (!dp->about) {
		log_err("no memory to say what the maps are");
		return -ENOMEM;
	}
	dp->found_maps = dp->pins && pins_has_maps(dp->pins);
	if (dp->found_maps)
		dp->about_before = read_about(dp->pins);
	if (dp->found_maps && !dp->about_before)
		log_warn("the maps under pin-path %s say nothing that can be read of themselves: "
			 "counters and the key begin anew",
			 dp->conf->pin_path);
	dp->is_adopted = can_reuse_maps(dp);
	err = dp->is_adopted ? reuse_maps(dp) : 0;
	if (err)
		log_err("cannot take over the maps under pin-path %s: %s; 'synward detach' "
			"removes them",
			dp->conf->pin_path, strerror(-err));
	err = err ?: device_maps_load(dp->shared);
	if (!err && dp->is_kept && !dp->is_adopted) {
		err = pin_maps(dp);
		if (err)
			log_err("cannot pin the maps under pin-path %s: %s", dp->conf->pin_path,
				strerror(-err));
	}
	return err;
}

/* ---- when all devices are attached, and all is told ---- */

static bool has_device(const struct dataplane *dp, int ifindex)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (dp->devices[i].ifindex == ifindex)
			return true;
	return false;
}

static void forget_xdp(void *arg, int ifindex)
{
	const struct dataplane *dp = arg;
	char name[IF_NAMESIZE];

	if (has_device(dp, ifindex))
		return;
	pins_remove_link(dp->pins, PINS_XDP, ifindex);
	if (if_indextoname(ifindex, name))
		log_warn("%s: the synwardd before had it attached, and the config does not name "
			 "it: detached; if it was renamed, or is to stay, 'interfaces' must name "
			 "it",
			 name);
}

static void forget_tc(void *arg, int ifindex)
{
	const struct dataplane *dp = arg;

	if (!has_device(dp, ifindex))
		pins_remove_link(dp->pins, PINS_TC, ifindex);
}

static const char *fate(const struct dataplane *dp)
{
	if (dp->is_adopted)
		return "taken over from the synwardd before";
	return dp->about_before ? "made anew, since layout, services or devices are others than "
				  "before; counters, key and what is armed were carried over" :
				  NULL;
}

void dataplane_settle(struct dataplane *dp)
{
	int err;

	if (fate(dp))
		log_notice("maps: %s", fate(dp));
	dp->is_settled = true;
	if (!dp->pins)
		return;
	err = pins_each_link(dp->pins, PINS_XDP, forget_xdp, dp) ?:
		      pins_each_link(dp->pins, PINS_TC, forget_tc, dp);
	if (err)
		log_err("pin-path %s: %s; a device that is not in the config may still be attached",
			dp->conf->pin_path, strerror(-err));
	err = 0;
	if (!dp->is_kept)
		err = pins_remove(dp->pins);
	else if (!dp->is_adopted)
		err = pins_take_next(dp->pins);
	if (err)
		log_err("pin-path %s: %s; the next synwardd may begin anew", dp->conf->pin_path,
			strerror(-err));
}

static void note_any(void *arg, int ifindex)
{
	(void)ifindex;
	*(bool *)arg = true;
}

/* Maps alone are of no use to the next daemon, but for a start that failed: it leaves what it
 * found. */
void dataplane_close_pins(struct dataplane *dp)
{
	bool has_link = false;

	if (dp->pins && (dp->is_settled || !dp->found_maps)) {
		pins_each_link(dp->pins, PINS_XDP, note_any, &has_link);
		if (!has_link)
			pins_remove(dp->pins);
	}
	pins_close(dp->pins);
	json_decref(dp->about);
	json_decref(dp->about_before);
}
