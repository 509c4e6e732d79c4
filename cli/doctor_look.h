/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `synward doctor` looks at by itself, because it takes a program of others or root's eyes:
 * the firewall's rules and IPVS, in synwardd's network namespace. Only reads. Nothing here prints.
 */
#ifndef SYNWARD_DOCTOR_LOOK_H
#define SYNWARD_DOCTOR_LOOK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* To the network namespace of the process, if its inode is that one. Returns 0, also when we are
 * there already, or -errno. For the rest of our life. */
int look_enter(int pid, uint64_t netns);

/* What the first of these programs that there is prints, run with these arguments and without a
 * shell; both lists end in NULL. Waits 10 s at most. Returns 0 and *ret, to be freed; -ENOENT:
 * there is none of them; or another -errno. */
int look_run(const char *const *programs, const char *const *arguments, char **ret);

/* Does the kernel, with its modules, have a function of that name? */
bool look_has_symbol(const char *name);

/* The whole of a file in /proc; NULL when it cannot be read. To be freed. */
char *look_file(const char *path);

/* One way of looking at rules, as it went. */
struct looked {
	const char *name; /* "nft", "iptables", ... */
	int err;          /* 0, or -errno; -ENOENT: not installed */
};

#define LOOKED_MAX 8

/* All rules that there are, as the array `nftables` of nft; *ret_nr of @ret_looked are filled in.
 */
json_t *look_rules(struct looked ret_looked[LOOKED_MAX], size_t *ret_nr);

/* Rules of iptables that nft shows and cannot name, because iptables-save is not there to do so. */
bool look_has_unknown(const json_t *nftables);

/* Does IPVS take connections to the port? @text: /proc/net/ip_vs. Pure. */
bool look_ipvs_has_port(const char *text, int port);

#endif
