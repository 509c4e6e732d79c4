/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses are numbers: what a name resolves to would be decided by somebody else.
 */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "cleanup.h"

#define BACKLOG 128

static int complain(const char *address, const char *problem, int err)
{
	fprintf(stderr, "synward-exporter: %s: %s\n", address, problem);
	return err;
}

static int bad_address(const char *address)
{
	return complain(address,
			"is no ADDRESS:PORT with a port of 1 to 65535, as 127.0.0.1:9797 or "
			"[::1]:9797",
			-EINVAL);
}

/* Takes `text` apart, in place. */
static int split(char *text, char **ret_host, char **ret_port)
{
	char *colon = strrchr(text, ':');
	size_t length;

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	length = strlen(text);
	if (*text == '[' && length > 2 && text[length - 1] == ']') {
		text[length - 1] = '\0';
		text++;
	} else if (strchr(text, ':')) {
		return -EINVAL;
	}
	*ret_host = text;
	*ret_port = colon + 1;
	length = strlen(*ret_port);
	if (!*text || !length || length > 5 || strspn(*ret_port, "0123456789") != length)
		return -EINVAL;
	return strtoul(*ret_port, NULL, 10) - 1 < 65535 ? 0 : -EINVAL;
}

static int listen_on(const char *address, int *ret_fd)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	char *text __cleanup(cleanup_free) = strdup(address);
	int fd __cleanup(cleanup_close) = -1;
	struct addrinfo *found = NULL;
	char *host, *port;
	int one = 1, err = 0;

	if (!text)
		return complain(address, strerror(ENOMEM), -ENOMEM);
	if (split(text, &host, &port) || getaddrinfo(host, port, &hints, &found))
		return bad_address(address);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		err = -errno;
	freeaddrinfo(found);
	if (err == -EADDRINUSE)
		return complain(address, "another process listens there; choose another --listen",
				err);
	if (err == -EADDRNOTAVAIL)
		return complain(address, "is no address of this host", err);
	if (err)
		return complain(address, strerror(-err), err);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* systemd's one socket: it must be a stream that listens, and is not to block. */
static int take_over(int fd, int *ret_fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
		return complain("the socket handed over",
				"does not listen; the socket unit needs ListenStream= and "
				"Accept=no",
				-EINVAL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return complain("the socket handed over", strerror(errno), -errno);
	*ret_fd = fd;
	return 0;
}

int listen_open(const char *address, int *ret_fd)
{
	int nr = sd_listen_fds(1);

	if (nr < 0)
		return complain("the sockets handed over", strerror(-nr), nr);
	if (nr > 1)
		return complain("the sockets handed over",
				"there is more than one; one ListenStream= alone is served",
				-EINVAL);
	if (nr && address)
		return complain(address,
				"--listen is not for a socket that was handed over; change "
				"ListenStream= of the socket unit instead",
				-EINVAL);
	if (nr)
		return take_over(SD_LISTEN_FDS_START, ret_fd);
	return listen_on(address ?: LISTEN_DEFAULT, ret_fd);
}
