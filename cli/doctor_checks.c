// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all checks are made of, and those of the daemon itself, of its services and of the
 * self-test. doctor_devices.c and doctor_sysctls.c have the others.
 */
#include "doctor_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "out.h"
#include "proto.h"

#define BACKLOG_SMALL 128 /* of a listener in mode auto: a few SYNs a second fill it */

void check_add(json_t *checks, const char *name, const char *status, const char *remedy,
	       const char *format, ...)
{
	char *detail __cleanup(cleanup_free) = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&detail, format, args) < 0)
		detail = NULL;
	va_end(args);
	json_array_append_new(checks, json_pack("{s:s, s:s, s:s?, s:s?}", "name", name, "status",
						status, "detail", detail, "remedy", remedy));
}

bool checks_failed(const json_t *checks)
{
	const json_t *check;
	size_t i;

	json_array_foreach ((json_t *)checks, i, check)
		if (!strcmp(out_text_of(check, "status"), "fail"))
			return true;
	return false;
}

const char *check_service_name(const char *kind, const json_t *service,
			       char buffer[CHECK_NAME_SIZE])
{
	snprintf(buffer, CHECK_NAME_SIZE, "%s %s:%d", kind, out_text_of(service, "name"),
		 (int)out_integer_of(service, "port"));
	return buffer;
}

bool is_answering_mode(const json_t *service)
{
	const char *mode = out_text_of(service, "mode");

	return !strcmp(mode, "auto") || !strcmp(mode, "always");
}

json_int_t fact_sysctl(const json_t *facts, const char *name, json_int_t otherwise)
{
	const json_t *value = json_object_get(json_object_get(facts, "sysctls"), name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* The first command that synwardd's words quote; NULL: none. To be freed. A quote stands behind a
 * blank, an apostrophe does not. */
static char *quoted_command(const char *why)
{
	const char *from = why ? strstr(why, " '") : NULL;
	const char *to = from ? strchr(from + 2, '\'') : NULL;

	return to ? strndup(from + 2, (size_t)(to - from - 2)) : NULL;
}

void check_path(json_t *checks, const char *name, const json_t *of, const char *otherwise)
{
	const char *path = out_text_of(of, "path");
	const char *why = json_string_value(json_object_get(of, "why"));
	char *command __cleanup(cleanup_free) = quoted_command(why);

	if (!strcmp(path, "cookie"))
		check_add(checks, name, "ok", NULL, "SYNs can be answered, by the path cookie");
	else if (!strcmp(path, "kernel-cookie"))
		check_add(checks, name, "warn", command, "path kernel-cookie: %s",
			  why ?: "no reason is known");
	else
		check_add(checks, name, "fail", command ?: otherwise, "no SYN is answered: %s",
			  why ?: "no reason is known");
}

/* ---- the daemon's own ---- */

void check_daemon(json_t *checks, const json_t *status, const char *version)
{
	const char *is = out_text_of(status, "version");
	char uptime[OUT_NUMBER_SIZE];

	out_duration(out_integer_of(status, "uptime_seconds"), uptime);
	if (strcmp(is, version))
		check_add(checks, "daemon", "warn", "systemctl restart synwardd",
			  "synwardd %s, up %s, and synward is %s: it runs as it was before that "
			  "was installed",
			  is, uptime, version);
	else
		check_add(checks, "daemon", "ok", NULL, "synwardd %s, up %s", is, uptime);
}

void check_group(json_t *checks, bool is_its_own)
{
	if (is_its_own)
		check_add(checks, "group " PROTO_SOCKET_GROUP, "ok", NULL, "its members may look");
	else
		check_add(checks, "group " PROTO_SOCKET_GROUP, "warn", "systemctl restart synwardd",
			  "its members cannot connect, synward-exporter among them: the control "
			  "socket is not the group's, which may have been made after it");
}

/* "; 3 writes have failed since synwardd was started", or "": what could not be kept for a while
 * may be long mended, and whether it can be now is asked by other means. */
static const char *write_errors(const json_t *status, char *buffer, size_t size)
{
	json_int_t nr = out_integer_of(status, "state_write_errors");

	buffer[0] = '\0';
	if (nr)
		snprintf(buffer, size,
			 "; %" JSON_INTEGER_FORMAT " write%s failed since synwardd was started", nr,
			 nr == 1 ? " has" : "s have");
	return buffer;
}

void check_state(json_t *checks, const json_t *status, const json_t *facts)
{
	const json_t *state = json_object_get(facts, "state");
	const char *directory = json_string_value(json_object_get(state, "directory"));
	const char *error = json_string_value(json_object_get(state, "error"));
	char *remedy __cleanup(cleanup_free) = NULL;
	char failed[96];

	if (!directory)
		return; /* the quick start keeps nothing */
	write_errors(status, failed, sizeof(failed));
	if (error && asprintf(&remedy, "ls -ld %s; df -h %s", directory, directory) < 0)
		remedy = NULL;
	if (error)
		check_add(checks, "state-directory", "warn", remedy,
			  "nothing can be kept in %s: %s; what is learned, and what commands put "
			  "on the lists, is lost when synwardd stops%s",
			  directory, error, failed);
	else
		check_add(checks, "state-directory", "ok", NULL, "%s%s", directory, failed);
}

void check_on_stop(json_t *checks, const json_t *facts)
{
	const json_t *on_stop = json_object_get(facts, "on_stop");
	const char *pin_path = json_string_value(json_object_get(on_stop, "pin_path"));
	const char *error = json_string_value(json_object_get(on_stop, "error")) ?: "";

	if (!on_stop)
		return; /* a daemon from before an upgrade */
	if (pin_path)
		check_add(checks, "on-stop", "warn",
			  strcmp(error, "no BPF file system") ?
				  "journalctl -u synwardd | grep pin-path" :
				  "mount -t bpf bpf /sys/fs/bpf && systemctl restart synwardd",
			  "protection ends when synwardd stops, or is restarted: nothing can be "
			  "pinned under pin-path %s: %s",
			  pin_path, error);
	else if (json_is_true(json_object_get(on_stop, "keeps")))
		check_add(checks, "on-stop", "ok", NULL, "protection stays when synwardd stops");
	else
		check_add(checks, "on-stop", "ok", NULL, "detach: protection ends with synwardd");
}

void check_btf(json_t *checks, bool is_there)
{
	if (is_there)
		check_add(checks, "btf", "ok", NULL, "the kernel describes itself");
	else
		check_add(checks, "btf", "fail", "zgrep DEBUG_INFO_BTF /proc/config.gz",
			  "/sys/kernel/btf/vmlinux is not there, by which the programs find their "
			  "way in the kernel: it must be built with CONFIG_DEBUG_INFO_BTF");
}

/* ---- services ---- */

static void check_listeners(json_t *checks, const json_t *service, const json_t *fact)
{
	const int port = (int)out_integer_of(service, "port");
	const json_int_t nr = out_integer_of(fact, "listeners");
	const json_int_t nr_mptcp = out_integer_of(fact, "mptcp_listeners");
	char name[CHECK_NAME_SIZE], remedy[64];

	check_service_name("listener", service, name);
	snprintf(remedy, sizeof(remedy), "ss -ltn 'sport = :%d'", port);
	if (!nr)
		check_add(checks, name, "warn", remedy, "nobody listens on port %d", port);
	else if (nr_mptcp)
		check_add(checks, name, "warn", "GODEBUG=multipathtcp=0",
			  "%d of %d listeners speak MPTCP (Go's default), and take no cookie of "
			  "ours; set this in the environment of a program in Go",
			  (int)nr_mptcp, (int)nr);
	else
		check_add(checks, name, "ok", NULL, "%d", (int)nr);
}

static void check_backlog(json_t *checks, const json_t *service, const json_t *fact,
			  json_int_t somaxconn)
{
	const json_int_t backlog = out_integer_of(fact, "backlog");
	const json_int_t queue = out_integer_of(fact, "accept_queue");
	char name[CHECK_NAME_SIZE], remedy[64];

	if (!out_integer_of(fact, "listeners"))
		return;
	check_service_name("backlog", service, name);
	snprintf(remedy, sizeof(remedy), "ss -ltnp 'sport = :%d'",
		 (int)out_integer_of(service, "port"));
	if (queue > backlog)
		check_add(checks, name, "warn", remedy,
			  "the accept queue is full (%d of %d): the application does not take its "
			  "connections, and SYNs are dropped",
			  (int)queue, (int)backlog);
	else if (backlog <= BACKLOG_SMALL && !strcmp(out_text_of(service, "mode"), "auto"))
		check_add(checks, name, "warn",
			  somaxconn <= BACKLOG_SMALL ? "sysctl -w net.core.somaxconn=4096" : remedy,
			  "%d: a few SYNs a second fill such a queue, so it is armed often; the "
			  "application asks for it in listen(), and net.core.somaxconn = %d bounds "
			  "it",
			  (int)backlog, (int)somaxconn);
	else
		check_add(checks, name, "ok", NULL, "%d", (int)backlog);
}

static const json_t *fact_of(const json_t *facts, const json_t *service)
{
	const json_t *fact;
	size_t i;

	json_array_foreach (json_object_get(facts, "services"), i, fact)
		if (out_integer_of(fact, "port") == out_integer_of(service, "port") &&
		    !strcmp(out_text_of(fact, "name"), out_text_of(service, "name")))
			return fact;
	return NULL;
}

void check_services(json_t *checks, const json_t *status, const json_t *facts)
{
	const json_int_t somaxconn = fact_sysctl(facts, "net.core.somaxconn", 4096);
	const json_t *service;
	size_t nr_answering = 0, i;

	json_array_foreach (json_object_get(status, "services"), i, service) {
		char name[CHECK_NAME_SIZE], remedy[CHECK_NAME_SIZE];

		check_service_name("service", service, name);
		snprintf(remedy, sizeof(remedy), "synward mode %s auto",
			 out_text_of(service, "name"));
		if (is_answering_mode(service))
			check_path(checks, name, service, "synward status");
		else
			check_add(checks, name, "warn", remedy, "mode %s answers no SYN",
				  out_text_of(service, "mode"));
		nr_answering += is_answering_mode(service);
		check_listeners(checks, service, fact_of(facts, service));
		check_backlog(checks, service, fact_of(facts, service), somaxconn);
	}
	if (!nr_answering)
		check_add(checks, "services", "fail", "synward mode SERVICE auto",
			  "no service is in a mode that answers SYNs");
}

/* ---- the self-test ---- */

const char *self_test_remedy(const json_t *result)
{
	const json_t *remedy = json_object_get(result, "remedy");

	/* Others have spent the share of the prefix, a flood maybe: that is over in a second. */
	if (!json_is_string(remedy) && !strcmp(out_text_of(result, "reason"), "syn_over_cap"))
		return "sleep 1; synward doctor # if it is so again: raise synack-per-prefix in "
		       "the config file, and restart synwardd";
	return json_string_value(remedy);
}
