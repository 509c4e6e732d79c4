/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the socket comes to be: directory, lock, a look at what is there, bind, owner, listen. Until
 * it has its owner nobody but this user may connect. Who is served and what is answered is decided
 * elsewhere.
 */
#include "control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cleanup.h"
#include "log.h"
#include "proto.h"

#define BACKLOG 128
#define LOCK_TRIES 10 /* the lock's file may be removed by a daemon that stops while we take it */

static int make_directory(const char *path)
{
	char *directory __cleanup(cleanup_free) = strdup(path);
	char *slash = directory ? strrchr(directory, '/') : NULL;
	int err;

	if (!directory)
		return -ENOMEM;
	if (!slash || slash == directory)
		return 0;
	*slash = '\0';
	/* Whatever the umask: the group has to get as far as the socket. */
	if ((!mkdir(directory, 0755) && !chmod(directory, 0755)) || errno == EEXIST)
		return 0;
	err = -errno;
	log_err("%s: the directory of the control socket cannot be made: %s", directory,
		strerror(-err));
	return err;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, strlen(path) + 1);
	return address;
}

/* 1: somebody listens, and *ret_pid says who, or 0 if that cannot be told; 0: nobody; or -errno. */
static int find_listener(const char *path, pid_t *ret_pid)
{
	int fd __cleanup(cleanup_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const struct sockaddr_un address = address_of(path);
	socklen_t size = sizeof(struct ucred);
	struct ucred peer = { 0 };

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EAGAIN)
		return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		peer.pid = 0;
	*ret_pid = peer.pid;
	return 1;
}

static int complain_in_use(const char *path)
{
	pid_t pid = 0;

	if (find_listener(path, &pid) == 1 && pid > 0)
		log_err("%s: process %d already answers there; stop it, or set another "
			"control-socket",
			path, (int)pid);
	else
		log_err("%s: another process holds it; stop it, or set another control-socket",
			path);
	return -EADDRINUSE;
}

/* 0 when the file that was locked is still the one with that name. */
static int check_lock(const char *lock_path, int fd)
{
	struct stat locked, named;

	if (fstat(fd, &locked) < 0)
		return -errno;
	if (lstat(lock_path, &named) < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	return locked.st_dev == named.st_dev && locked.st_ino == named.st_ino ? 0 : -EAGAIN;
}

static int take_lock(const char *path, const char *lock_path, int *ret_fd)
{
	int err = -EAGAIN, tries;

	for (tries = 0; err == -EAGAIN && tries < LOCK_TRIES; tries++) {
		int fd __cleanup(cleanup_close) =
			open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0) {
			err = -errno;
			break;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return complain_in_use(path);
			err = -errno;
			break;
		}
		err = check_lock(lock_path, fd);
		if (!err)
			*ret_fd = take_fd(&fd);
	}
	if (err)
		log_err("%s: cannot be locked: %s", lock_path, strerror(-err));
	return err;
}

static int remove_stale(const char *path)
{
	struct stat st;
	pid_t pid;
	int err;

	if (lstat(path, &st) < 0) {
		err = -errno;
		if (err == -ENOENT)
			return 0;
		log_err("%s: %s", path, strerror(-err));
		return err;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_err("%s: is there and is no socket; remove it, or set another control-socket",
			path);
		return -EEXIST;
	}
	err = find_listener(path, &pid);
	if (err == 1)
		return complain_in_use(path);
	if (!err && unlink(path) < 0 && errno != ENOENT)
		err = -errno;
	if (err)
		log_err("%s: a socket is there that cannot be replaced: %s", path, strerror(-err));
	return err;
}

/* Root and, where it exists, the group. Without the right to give it away it stays with who started
 * the daemon. */
static void give_to_group(const char *path)
{
	const struct group *group = getgrnam(PROTO_SOCKET_GROUP);

	if (group && lchown(path, (uid_t)-1, group->gr_gid) < 0) {
		log_warn("%s: cannot be given to group %s: %s; only its owner may connect", path,
			 PROTO_SOCKET_GROUP, strerror(errno));
		return;
	}
	if (chmod(path, 0660) < 0)
		log_warn("%s: mode cannot be set to 0660: %s; only its owner may connect", path,
			 strerror(errno));
}

static int bind_and_listen(const char *path, int *ret_fd)
{
	int fd __cleanup(cleanup_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const struct sockaddr_un address = address_of(path);
	int err;

	/* A socket's file takes its mode from the socket, so that it is never open to all. */
	if (fd < 0 || fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err = -errno;
		log_err("%s: control socket cannot be made: %s", path, strerror(-err));
		return err;
	}
	give_to_group(path);
	if (listen(fd, BACKLOG) < 0) {
		err = -errno;
		log_err("%s: control socket cannot listen: %s", path, strerror(-err));
		unlink(path);
		return err;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

int control_socket_open(const char *path, struct control_socket *ret)
{
	char *own_path __cleanup(cleanup_free) = strdup(path);
	char *lock_path __cleanup(cleanup_free) = NULL;
	int lock_fd __cleanup(cleanup_close) = -1;
	int fd = -1, err;

	if (!own_path || asprintf(&lock_path, "%s.lock", path) < 0) {
		lock_path = NULL;
		return -ENOMEM;
	}
	if (strlen(path) > PROTO_PATH_MAX) {
		log_err("%s: the path of a socket has at most %d bytes", path, PROTO_PATH_MAX);
		return -ENAMETOOLONG;
	}
	err = make_directory(path);
	if (!err)
		err = take_lock(path, lock_path, &lock_fd);
	if (err)
		return err;
	err = remove_stale(path);
	if (!err)
		err = bind_and_listen(path, &fd);
	if (err) {
		unlink(lock_path);
		return err;
	}
	*ret = (struct control_socket){ take_ptr(own_path), take_ptr(lock_path), fd,
					take_fd(&lock_fd) };
	return 0;
}

/* The lock goes last: who takes it next finds no socket. */
void control_socket_close(struct control_socket *control_socket)
{
	if (!control_socket->path)
		return;
	close(control_socket->fd);
	unlink(control_socket->path);
	unlink(control_socket->lock_path);
	close(control_socket->lock_fd);
	free(control_socket->path);
	free(control_socket->lock_path);
	*control_socket = (struct control_socket){ .fd = -1, .lock_fd = -1 };
}
