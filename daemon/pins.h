/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where that is kept which outlives the daemon: files of a BPF file system, each of which holds a
 * map or a link for as long as it is there. A directory per network namespace, since devices are
 * numbered in each:
 *
 *     PIN-PATH/COOKIE/maps/NAME      the data path's maps, and `about`, what is in them
 *     PIN-PATH/COOKIE/next/NAME      maps that are to take their place
 *     PIN-PATH/COOKIE/xdp_IFINDEX    links, by which programs are attached
 *     PIN-PATH/COOKIE/tc_IFINDEX
 *
 * Whatever a daemon was doing when it died, the next one finds all of the old maps or all of the
 * new ones. What is in the files is for others; here are names, and the order in which they come
 * and go. Nothing here logs.
 */
#ifndef SYNWARD_PINS_H
#define SYNWARD_PINS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define PINS_ABOUT "about" /* the last map to be pinned: with it, all are there */

struct pins;

enum pins_maps {
	PINS_MAPS,
	PINS_NEXT,
};

enum pins_link {
	PINS_XDP,
	PINS_TC,
};

/*
 * The directory of this network namespace, which is then ours alone until pins_close() or our end.
 * What another daemon left half done is done, or undone. @may_make: make it where there is none.
 * Returns 0, -ENOENT (there is none), -EBUSY (another process has it), -EMEDIUMTYPE (@pin_path is
 * on no BPF file system), or another -errno.
 */
int pins_open(const char *pin_path, bool may_make, struct pins **ret);

/* What is pinned stays; a directory with nothing in it goes. */
void pins_close(struct pins *pins);

/* Path of a map, or a link. Dots in names become underscores: a BPF file system has none. */
void pins_map_path(const struct pins *pins, enum pins_maps which, const char *map,
		   char ret[PATH_MAX]);
void pins_link_path(const struct pins *pins, enum pins_link kind, int ifindex, char ret[PATH_MAX]);

/* Are there maps of a daemon before? */
bool pins_has_maps(const struct pins *pins);

/* An empty directory for the next maps; and they take the place of those that were. Return 0 or
 * -errno. */
int pins_begin_next(const struct pins *pins);
int pins_take_next(const struct pins *pins);

/* Calls @take for the ifindex of every pinned link. Returns 0 or -errno. */
int pins_each_link(const struct pins *pins,
		   void (*take)(void *arg, enum pins_link kind, int ifindex), void *arg);

/* Remove all that is pinned: XDP links, then TC links, then maps. What nobody else holds is then
 * detached and freed. Returns 0 or -errno of the first that failed. */
int pins_remove(const struct pins *pins);

/* Calls @look for the directory of each network namespace that no process has, as it were opened.
 * Of those for which it returns true all is removed. */
void pins_sweep(const char *pin_path, bool (*is_dead)(const struct pins *pins));

#endif
