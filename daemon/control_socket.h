/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The listening socket in the file system: one daemon at a time, the right owner, and nothing left
 * behind. A lock beside the socket decides between two daemons that start at once; what a dead one
 * left is replaced.
 */
#ifndef SYNWARD_CONTROL_SOCKET_H
#define SYNWARD_CONTROL_SOCKET_H

struct control_socket {
	char *path, *lock_path;
	int fd, lock_fd;
};

/* Returns 0 or -errno, and logs what went wrong. *ret is untouched on failure. */
int control_socket_open(const char *path, struct control_socket *ret);
void control_socket_close(struct control_socket *control_socket);

#endif
