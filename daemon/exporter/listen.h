/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the exporter listens: on the socket that systemd hands over, or on an address of its own.
 */
#ifndef SYNWARD_LISTEN_H
#define SYNWARD_LISTEN_H

/* What --listen is without it, and dist/synward-exporter.socket has too. */
#define LISTEN_DEFAULT "127.0.0.1:9797"

/*
 * @address: ADDRESS:PORT, an IPv6 address in brackets; NULL: not given. Returns 0 and a listening
 * socket that does not block, or -errno after a line; -EINVAL: the word is wrong.
 */
int listen_open(const char *address, int *ret_fd);

#endif
