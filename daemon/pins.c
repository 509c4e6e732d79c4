// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock on the directory itself says whose it is: it goes with the process, however that ends.
 *
 * New maps are pinned in next/, `about` last; then all links are moved to them; then
 *
 *     maps -> old     next -> maps     old is removed
 *
 * Before the first of these the old maps count, and from the second on the new ones.
 */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cleanup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define DIR_MODE 0700
#define OLD "old"

struct pins {
	char *directory;
	int fd; /* of it, with the lock */
};

static const char *const link_prefixes[] = { [PINS_XDP] = "xdp_", [PINS_TC] = "tc_" };
static const char *const map_directories[] = { [PINS_MAPS] = "maps", [PINS_NEXT] = "next" };

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* ---- names ---- */

void pins_map_path(const struct pins *pins, enum pins_maps which, const char *map,
		   char ret[PATH_MAX])
{
	int len = snprintf(ret, PATH_MAX, "%s/%s/", pins->directory, map_directories[which]);

	snprintf(ret + len, PATH_MAX - len, "%s", map);
	for (char *c = ret + len; *c; c++)
		if (*c == '.')
			*c = '_';
}

void pins_link_path(const struct pins *pins, enum pins_link kind, int ifindex, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s%d", pins->directory, link_prefixes[kind], ifindex);
}

/* Is it a link's name? */
static bool link_of(const char *name, enum pins_link *ret_kind, int *ret_ifindex)
{
	for (size_t i = 0; i < sizeof(link_prefixes) / sizeof(link_prefixes[0]); i++) {
		size_t len = strlen(link_prefixes[i]);

		if (strncmp(name, link_prefixes[i], len))
			continue;
		*ret_kind = i;
		*ret_ifindex = atoi(name + len);
		return *ret_ifindex > 0;
	}
	return false;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* ---- files and directories ---- */

static DIR *open_directory(int at, const char *name)
{
	int fd __cleanup(cleanup_close) = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		take_fd(&fd);
	return dir;
}

/* With the files in it. Returns 0, also when there is none, or -errno. */
static int remove_directory(const struct pins *pins, const char *name)
{
	DIR *dir __cleanup(cleanup_dir) = open_directory(pins->fd, name);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (!is_dots(entry->d_name) && unlinkat(dirfd(dir), entry->d_name, 0))
			return -errno;
	return unlinkat(pins->fd, name, AT_REMOVEDIR) ? -errno : 0;
}

static bool has(const struct pins *pins, const char *path)
{
	return !faccessat(pins->fd, path, F_OK, 0);
}

static int rename_in(const struct pins *pins, const char *from, const char *to)
{
	return renameat(pins->fd, from, pins->fd, to) ? -errno : 0;
}

/* Of the nearest directory above @path that there is. */
static bool is_on_bpffs(const char *path)
{
	char *up __cleanup(cleanup_free) = strdup(path);
	struct statfs fs;
	char *slash;

	while (up && statfs(up, &fs)) {
		slash = errno == ENOENT ? strrchr(up, '/') : NULL;
		if (!slash || slash == up)
			return false;
		*slash = 0;
	}
	return up && fs.f_type == BPF_FS_MAGIC;
}

static int make_directories(const char *path)
{
	char *part __cleanup(cleanup_free) = strdup(path);

	if (!part)
		return -ENOMEM;
	for (char *c = part + 1;; c++) {
		char was = *c;

		if (was && was != '/')
			continue;
		*c = 0;
		if (mkdir(part, DIR_MODE) && errno != EEXIST)
			return -errno;
		*c = was;
		if (!was)
			return 0;
	}
}

/* ---- open and close ---- */

static int own_cookie(uint64_t *ret)
{
	int fd __cleanup(cleanup_close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret);

	return fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len) ? -errno : 0;
}

static void pins_free(struct pins *pins)
{
	if (pins->fd >= 0)
		close(pins->fd);
	free(pins->directory);
	free(pins);
}

/* Somebody who swept it away had it before us. */
static bool is_gone(const struct pins *pins)
{
	struct stat ours, there;

	return fstat(pins->fd, &ours) || stat(pins->directory, &there) ||
	       ours.st_ino != there.st_ino;
}

/* Takes @directory. Returns 0 or -errno; -EAGAIN: it was removed meanwhile. */
static int lock_directory(char *directory, struct pins **ret)
{
	struct pins *pins = malloc(sizeof(*pins));
	int err = 0;

	if (!pins) {
		free(directory);
		return -ENOMEM;
	}
	*pins = (struct pins){ directory, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	if (pins->fd < 0)
		err = -errno;
	else if (flock(pins->fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else if (is_gone(pins))
		err = -EAGAIN;
	if (err)
		pins_free(pins);
	else
		*ret = pins;
	return err;
}

/* What a daemon left half done: see above. */
static int recover(const struct pins *pins)
{
	int err = 0;

	if (!has(pins, map_directories[PINS_MAPS]) && has(pins, "next/" PINS_ABOUT))
		err = rename_in(pins, map_directories[PINS_NEXT], map_directories[PINS_MAPS]);
	return err                                                        ?:
		       remove_directory(pins, map_directories[PINS_NEXT]) ?:
		       remove_directory(pins, OLD);
}

/* As pins_open(), once. */
static int try_open(const char *pin_path, uint64_t cookie, bool may_make, struct pins **ret)
{
	char *directory;
	int err;

	if (asprintf(&directory, "%s/%" PRIu64, pin_path, cookie) < 0)
		return -ENOMEM;
	err = may_make ? make_directories(directory) : 0;
	if (err) {
		free(directory);
		return err;
	}
	return lock_directory(directory, ret);
}

int pins_open(const char *pin_path, bool may_make, struct pins **ret)
{
	uint64_t cookie;
	int err = own_cookie(&cookie);

	if (err)
		return err;
	if (!is_on_bpffs(pin_path))
		return -EMEDIUMTYPE;
	do
		err = try_open(pin_path, cookie, may_make, ret);
	while (err == -EAGAIN);
	if (err)
		return err;
	err = recover(*ret);
	if (err)
		pins_free(*ret);
	return err;
}

void pins_close(struct pins *pins)
{
	char *slash;

	if (!pins)
		return;
	slash = strrchr(pins->directory, '/');
	if (!rmdir(pins->directory)) {
		*slash = 0;
		rmdir(pins->directory); /* PIN-PATH, if no other namespace is in it */
	}
	pins_free(pins);
}

/* ---- maps ---- */

bool pins_has_maps(const struct pins *pins)
{
	return has(pins, "maps/" PINS_ABOUT);
}

int pins_begin_next(const struct pins *pins)
{
	int err = remove_directory(pins, map_directories[PINS_NEXT]);

	if (!err && mkdirat(pins->fd, map_directories[PINS_NEXT], DIR_MODE))
		err = -errno;
	return err;
}

int pins_take_next(const struct pins *pins)
{
	int err = rename_in(pins, map_directories[PINS_MAPS], OLD);

	if (!err || err == -ENOENT)
		err = rename_in(pins, map_directories[PINS_NEXT], map_directories[PINS_MAPS]);
	return err ?: remove_directory(pins, OLD);
}

/* ---- links ---- */

int pins_each_link(const struct pins *pins,
		   void (*take)(void *arg, enum pins_link kind, int ifindex), void *arg)
{
	DIR *dir __cleanup(cleanup_dir) = open_directory(pins->fd, ".");
	struct dirent *entry;
	enum pins_link kind;
	int ifindex;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (link_of(entry->d_name, &kind, &ifindex))
			take(arg, kind, ifindex);
	return 0;
}

struct removal {
	const struct pins *pins;
	enum pins_link kind;
	int err;
};

static void remove_link(void *arg, enum pins_link kind, int ifindex)
{
	struct removal *removal = arg;
	char path[PATH_MAX];

	if (kind != removal->kind)
		return;
	pins_link_path(removal->pins, kind, ifindex, path);
	if (unlink(path) && !removal->err)
		removal->err = -errno;
}

int pins_remove(const struct pins *pins)
{
	struct removal removal = { .pins = pins };
	int err;

	for (removal.kind = PINS_XDP; removal.kind <= PINS_TC; removal.kind++) {
		err = pins_each_link(pins, remove_link, &removal);
		if (err)
			return err;
	}
	err = removal.err;
	for (size_t i = 0; i < sizeof(map_directories) / sizeof(map_directories[0]); i++)
		err = err ?: remove_directory(pins, map_directories[i]);
	return err;
}

/* ---- other namespaces ---- */

static void sweep_one(const char *pin_path, const char *name,
		      bool (*is_dead)(const struct pins *pins))
{
	struct pins *pins;
	char *directory;

	if (asprintf(&directory, "%s/%s", pin_path, name) < 0 || lock_directory(directory, &pins))
		return;
	if (is_dead(pins))
		pins_remove(pins);
	pins_close(pins);
}

void pins_sweep(const char *pin_path, bool (*is_dead)(const struct pins *pins))
{
	DIR *dir __cleanup(cleanup_dir) = open_directory(AT_FDCWD, pin_path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!is_dots(entry->d_name))
			sweep_one(pin_path, entry->d_name, is_dead);
}
