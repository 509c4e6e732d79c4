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
#define TRIES 10
#define TRY_AGAIN_USEC 100000

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

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* The ifindex in the name of a link of that kind; 0: it is none. */
static int link_of(enum pins_link kind, const char *name)
{
	size_t len = strlen(link_prefixes[kind]);
	long ifindex;

	if (strncmp(name, link_prefixes[kind], len) || !is_number(name + len))
		return 0;
	ifindex = strtol(name + len, NULL, 10);
	return ifindex > 0 && ifindex <= INT_MAX ? (int)ifindex : 0;
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

/* Is @path, or the nearest directory above it that there is, on a BPF file system? Returns 0,
 * -EMEDIUMTYPE, or another -errno: it cannot be told. */
static int check_bpffs(const char *path)
{
	char *up __cleanup(cleanup_free) = strdup(path);
	struct statfs fs;
	char *slash;

	if (!up)
		return -ENOMEM;
	while (statfs(up, &fs)) {
		if (errno != ENOENT)
			return -errno;
		slash = strrchr(up, '/');
		if (!slash || slash == up)
			return -EMEDIUMTYPE;
		*slash = 0;
	}
	return fs.f_type == BPF_FS_MAGIC ? 0 : -EMEDIUMTYPE;
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

/* Nobody else can put anything there, or take it away. */
static bool is_ours_alone(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Returns an fd or -errno; -EPERM: it belongs to somebody else too. */
static int open_ours(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (is_ours_alone(fd))
		return fd;
	close(fd);
	return -EPERM;
}

static int open_below(const char *pin_path, const char *name)
{
	int fd __cleanup(cleanup_close) = open_ours(AT_FDCWD, pin_path);

	return fd < 0 ? fd : open_ours(fd, name);
}

/* PIN-PATH/NAME. Returns 0 or -errno; -EAGAIN: it was removed meanwhile. */
static int lock_directory(const char *pin_path, const char *name, struct pins **ret)
{
	struct pins *pins = calloc(1, sizeof(*pins));
	int err = 0;

	if (!pins || asprintf(&pins->directory, "%s/%s", pin_path, name) < 0) {
		free(pins);
		return -ENOMEM;
	}
	pins->fd = open_below(pin_path, name);
	if (pins->fd < 0)
		err = pins->fd;
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

/* As pins_open(), once. -EAGAIN: somebody swept it away meanwhile. */
static int try_open(const char *pin_path, const char *name, bool may_make, struct pins **ret)
{
	char *directory __cleanup(cleanup_free) = NULL;
	int err = 0;

	if (may_make) {
		if (asprintf(&directory, "%s/%s", pin_path, name) < 0)
			return -ENOMEM;
		err = make_directories(directory);
	}
	err = err ?: lock_directory(pin_path, name, ret);
	return may_make && err == -ENOENT ? -EAGAIN : err;
}

/* Who sweeps or detaches has it for a moment; who runs, for longer than we try. */
static int open_patiently(const char *pin_path, const char *name, bool may_make, struct pins **ret)
{
	int err = -EAGAIN;

	for (int i = 0; i < TRIES && (err == -EAGAIN || err == -EBUSY); i++) {
		if (i)
			usleep(TRY_AGAIN_USEC);
		err = try_open(pin_path, name, may_make, ret);
	}
	return err;
}

int pins_open(const char *pin_path, bool may_make, struct pins **ret)
{
	struct pins *pins;
	uint64_t cookie;
	char name[24];
	int err = own_cookie(&cookie) ?: check_bpffs(pin_path);

	if (err)
		return err;
	snprintf(name, sizeof(name), "%" PRIu64, cookie);
	err = open_patiently(pin_path, name, may_make, &pins);
	if (err)
		return err;
	err = recover(pins);
	if (err)
		pins_free(pins);
	else
		*ret = pins;
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

int pins_remove_link(const struct pins *pins, enum pins_link kind, int ifindex)
{
	char path[PATH_MAX];

	pins_link_path(pins, kind, ifindex, path);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

int pins_each_link(const struct pins *pins, enum pins_link kind,
		   void (*take)(void *arg, int ifindex), void *arg)
{
	DIR *dir __cleanup(cleanup_dir) = open_directory(pins->fd, ".");
	struct dirent *entry;
	int ifindex;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		ifindex = link_of(kind, entry->d_name);
		if (ifindex)
			take(arg, ifindex);
	}
	return 0;
}

struct removal {
	const struct pins *pins;
	enum pins_link kind;
	int err;
};

static void remove_link(void *arg, int ifindex)
{
	struct removal *removal = arg;
	int err = pins_remove_link(removal->pins, removal->kind, ifindex);

	removal->err = removal->err ?: err;
}

int pins_remove(const struct pins *pins)
{
	struct removal removal = { .pins = pins };
	int err = 0;

	for (removal.kind = PINS_XDP; removal.kind <= PINS_TC && !err; removal.kind++)
		err = pins_each_link(pins, removal.kind, remove_link, &removal);
	err = err ?: removal.err;
	for (size_t i = 0; i < sizeof(map_directories) / sizeof(map_directories[0]); i++)
		err = err ?: remove_directory(pins, map_directories[i]);
	return err;
}

/* ---- other namespaces ---- */

/* What else may be there is none of our business. */
static bool is_of_a_daemon(const struct pins *pins)
{
	return has(pins, map_directories[PINS_MAPS]) || has(pins, map_directories[PINS_NEXT]);
}

static void sweep_one(const char *pin_path, const char *name,
		      bool (*is_dead)(const struct pins *pins))
{
	struct pins *pins;

	if (lock_directory(pin_path, name, &pins))
		return;
	if (is_of_a_daemon(pins) && is_dead(pins)) {
		pins_remove(pins);
		pins_close(pins);
	} else {
		pins_free(pins);
	}
}

void pins_sweep(const char *pin_path, bool (*is_dead)(const struct pins *pins))
{
	DIR *dir __cleanup(cleanup_dir) = open_directory(AT_FDCWD, pin_path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (is_number(entry->d_name))
			sweep_one(pin_path, entry->d_name, is_dead);
}
