/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What makes protection ineffective or harmful, as far as synwardd's own answers tell: its status,
 * and what it says to Doctor. Each check is an object of an array: {"name", "status": "ok", "warn"
 * or "fail", "detail", "remedy"}, the remedy a command to type, or null. "fail" is what leaves a
 * service without protection or without clients; "warn" is what weakens it, or is the operator's
 * own choice. One function for each thing that is looked at. Pure.
 */
#ifndef SYNWARD_DOCTOR_CHECKS_H
#define SYNWARD_DOCTOR_CHECKS_H

#include <jansson.h>
#include <stdbool.h>

/* @remedy: NULL for none. */
void check_add(json_t *checks, const char *name, const char *status, const char *remedy,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "web:443" */
#define CHECK_NAME_SIZE 128
const char *check_service_name(const char *kind, const json_t *service,
			       char buffer[CHECK_NAME_SIZE]);

/* How SYNs are answered by an interface or a service, and why not better. Where none is, a remedy
 * of the daemon's own words goes before @otherwise. */
void check_path(json_t *checks, const char *name, const json_t *of, const char *otherwise);

/* A sysctl of @facts; @otherwise where the kernel does not have it. */
json_int_t fact_sysctl(const json_t *facts, const char *name, json_int_t otherwise);

/* @version: of synward itself. */
void check_daemon(json_t *checks, const json_t *status, const char *version);
/* @is_its_own: the control socket is that of the group, which exists. */
void check_group(json_t *checks, bool is_its_own);
void check_state(json_t *checks, const json_t *status, const json_t *facts);
void check_on_stop(json_t *checks, const json_t *facts);
/* @is_there: /sys/kernel/btf/vmlinux. */
void check_btf(json_t *checks, bool is_there);
void check_services(json_t *checks, const json_t *status, const json_t *facts);

/* Is it in mode auto or always? */
bool is_answering_mode(const json_t *service);

/* Of a self-test: the daemon's own, or ours where it has none. NULL: none. */
const char *self_test_remedy(const json_t *result);

/* Did any fail? */
bool checks_failed(const json_t *checks);

/* ---- doctor_devices.c ---- */

void check_interfaces(json_t *checks, const json_t *status);
void check_devices(json_t *checks, const json_t *facts);

/* ---- doctor_sysctls.c ---- */

void check_sysctls(json_t *checks, const json_t *status, const json_t *facts);
/* @drops_invalid: a firewall's rule does. */
void check_conntrack(json_t *checks, const json_t *facts, bool drops_invalid);
void check_reply(json_t *checks, const json_t *facts);

#endif
