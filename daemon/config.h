/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the operator wants: the config file, or the few words of the quick start. A config is
 * complete and checked, or there is none: every error of a file is collected in one run, and
 * nothing is returned if there is one. Whether the machine can do it (a device exists, a path can
 * be made) is for those who use it. Nothing here logs.
 */
#ifndef SYNWARD_CONFIG_H
#define SYNWARD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "abi.h"
#include "prefix.h"

#define CONFIG_PATH_DEFAULT "/etc/synward/synward.conf"
#define CONFIG_PIN_PATH_DEFAULT "/sys/fs/bpf/synward"
#define CONFIG_STATE_DIRECTORY_DEFAULT "/var/lib/synward"
#define CONFIG_SIZE_MAX (1024 * 1024) /* bytes of a file */
#define CONFIG_ERRORS_MAX 100         /* kept; more are only counted */
#define MAX_FLOWS_DEFAULT (FLOW_SETS_DEFAULT * FLOW_WAYS)
/* 128 sets: one of them is full, which arms, with 400 handshakes (median of 200 simulated runs; 274
 * in one of twenty). With less, a page that many open at once would arm. */
#define MAX_FLOWS_LEAST 1024U
#define MAX_FLOWS_MOST (1U << 24) /* 1 GiB */
#define SERVICE_NAME_MAX 63
#define SERVICE_NAME_QUICK "default" /* the one service of the quick start */

enum xdp_mode {
	XDP_MODE_AUTO, /* native, else generic with a warning */
	XDP_MODE_NATIVE,
	XDP_MODE_GENERIC,
};

/*
 * What a service's arming depends on. Each key may stand in [service NAME], for that service, or in
 * [synward], for all that do not say otherwise.
 */
#define THRESHOLD_AUTO 0

struct tunables {
	__u32 arm_half_open;     /* THRESHOLD_AUTO: tuned; else 1 to ARM_HALF_OPEN_MAX, pinned */
	__u32 arm_syn_rate;      /* SYNs/s; THRESHOLD_AUTO: tuned; else 1 to ARM_SYN_RATE_MAX */
	__u32 hold_seconds;      /* 1 to HOLD_MAX_SECONDS */
	__u32 low_water_percent; /* of arm_syn_rate, 1 to 100 */
	__u32 handshake_timeout_seconds; /* 1 to HANDSHAKE_TIMEOUT_MAX_SECONDS */
	__u32 max_half_open;             /* in monitor: 1 to ARM_HALF_OPEN_MAX */
};

#define ARM_HALF_OPEN_MAX 8192U /* of 65536 flows: more would soon find a set of 8 full */
#define ARM_SYN_RATE_MAX 100000000U
#define HOLD_MAX_SECONDS 3600U
#define HANDSHAKE_TIMEOUT_MAX_SECONDS 600U

#define HOLD_DEFAULT_SECONDS 30U
#define LOW_WATER_DEFAULT_PERCENT 50U
#define HANDSHAKE_TIMEOUT_DEFAULT_SECONDS 63U /* the kernel's five retransmissions */
#define MAX_HALF_OPEN_DEFAULT 4096U

struct service {
	char *name;
	__u16 *ports; /* host order, each once */
	size_t nr_ports;
	bool any_address; /* every local address; then there are no addresses */
	struct ip_addr *addresses;
	size_t nr_addresses;
	enum svc_mode mode;
	bool server_first; /* its SYN-ACK is sent once more when no ACK comes */
	struct tunables tunables;
};

/* A prefix that stands in allow-file or deny-file. */
struct listed {
	struct prefix prefix;
	enum list list;
	unsigned int line;
};

enum on_stop {
	ON_STOP_KEEP, /* programs and maps stay, for the next daemon */
	ON_STOP_DETACH,
};

struct config {
	char **interfaces;
	size_t nr_interfaces;
	enum xdp_mode xdp_mode;
	char *control_socket;
	char *pin_path;
	enum on_stop on_stop;
	char *state_directory; /* what was learned is kept there; NULL: nowhere (quick start) */
	char *allow_file;      /* prefixes, one a line; NULL: none */
	char *deny_file;
	struct listed *listed; /* what these files say, each prefix once */
	size_t nr_listed;
	__u32 synack_per_prefix; /* SYN-ACKs a second to a /24 or /48; 0: no cap */
	bool reply_by_route;     /* reply = fib */
	__u32 max_flows;         /* that the flow table holds: a power of two */
	char *path;              /* the main file; drop-ins are in PATH.d; NULL: quick start */
	struct service *services;
	size_t nr_services;
};

/* The quick start: what stands on the command line instead of in a file. NULL = the default, where
 * there is one. */
struct config_args {
	const char *interface; /* one or more, separated by commas */
	const char *ports;     /* separated by commas */
	const char *mode;
	const char *xdp_mode;
	const char *control_socket;
};

/* Lines "file:line: what is wrong; the remedy". Starts as {0}. */
struct config_errors {
	char *lines[CONFIG_ERRORS_MAX];
	size_t nr_lines;
	size_t nr_left_out;
};

/*
 * Each returns 0; -EINVAL, and then `errors` has at least one line; or -ENOMEM. *ret is untouched
 * on failure and is released with config_free(). config_load() reads `path`, then every *.conf in
 * the directory PATH.d, if there is one, in byte order of the names: a later file's keys override.
 * Then it reads the files of prefixes that they name; config_parse() leaves those alone.
 */
int config_load(const char *path, struct config *ret, struct config_errors *errors);
int config_parse(const char *name, const char *text, size_t nr_bytes, struct config *ret,
		 struct config_errors *errors);
int config_from_args(const struct config_args *args, struct config *ret,
		     struct config_errors *errors);

/*
 * Each key of [synward] and of every service, its value, which may be a default, and where that is
 * from: "FILE:LINE" or "default". Starts as {0}.
 */
struct config_line {
	char *section; /* the service's name; "" of [synward] */
	const char *key;
	char *value; /* as a file would have it */
	char *from;
};

struct config_lines {
	struct config_line *line;
	size_t nr;
};

/* As config_load(). */
int config_show(const char *path, struct config_lines *ret, struct config_errors *errors);
void config_lines_free(struct config_lines *lines);

/*
 * May a reload put @new in the place of @old, both whole? What was settled at the start must be the
 * same: each difference is a line in @errors. Returns 0 or -EINVAL.
 */
int config_check_reload(const struct config *old, const struct config *new,
			struct config_errors *errors);

/* Defaults: all that is not required. `config` and `service` start as {0}. Returns 0 or -ENOMEM. */
int config_init(struct config *config);
void service_init(struct service *service);

/*
 * Change one of a service's tunables by its config key and a value as in the file, both from
 * outside. Returns 0; -EINVAL, with one line in `errors` that names the allowed range (or the keys
 * there are); or -ENOMEM. *tunables is untouched on failure.
 */
int config_tune(const char *key, const char *value, struct tunables *tunables,
		struct config_errors *errors);

/* The keys that a config file may have, numbered from 0; NULL: there are no more. */
const char *config_key(size_t i);

/* Those of them that `synward set` changes, numbered from 0; NULL: there are no more. */
const char *config_live_key(size_t i);

void config_free(struct config *config);
void service_free(struct service *service);

/* All lines to `file`, each behind `prefix`. */
void config_errors_print(const struct config_errors *errors, FILE *file, const char *prefix);
void config_errors_free(struct config_errors *errors);

#endif
