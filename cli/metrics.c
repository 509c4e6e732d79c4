/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which member of a status is which metric. A name that ends in _total is a counter, any other a
 * gauge. What the status does not have (an older daemon, a null) gives no sample, and a family
 * without samples no header. Labels are names that the operator chose or words of ours: no address
 * of a client, and no sentence, ever becomes a time series.
 */
#include "metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"
#include "proto.h"

/* ---- the format ---- */

static bool is_counter(const char *name)
{
	const char *last = strrchr(name, '_');

	return last && !strcmp(last, "_total");
}

/* No help of ours has a backslash or a line's end. */
static void put_header(FILE *out, const char *name, const char *help)
{
	fprintf(out, "# HELP synward_%s %s\n# TYPE synward_%s %s\n", name, help, name,
		is_counter(name) ? "counter" : "gauge");
}

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

/* `before` is '{' for the first label, ',' for the others. */
static void put_label(FILE *out, char before, const char *name, const char *value)
{
	fprintf(out, "%c%s=\"", before, name);
	put_escaped(out, value);
	fputc('"', out);
}

/* Whole numbers stay exact. */
static void put_value(FILE *out, const json_t *value)
{
	if (json_is_integer(value))
		fprintf(out, " %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, " %.17g\n", json_real_value(value));
	else
		fprintf(out, " %d\n", json_is_true(value));
}

static bool has_value(const json_t *value)
{
	return json_is_number(value) || json_is_boolean(value);
}

/* ---- what has a number of its own in the status ---- */

struct metric {
	const char *name;   /* without synward_ */
	const char *object; /* the member of `key` that has it; NULL: the row itself */
	const char *key;
	const char *help;
};

static const struct metric daemon_metrics[] = {
	{ "uptime_seconds", NULL, "uptime_seconds", "Time since synwardd was started." },
	{ "bpf_memory_bytes", NULL, "memory_bytes", "Memory of all BPF maps." },
	{ "max_flows", NULL, "max_flows",
	  "Connections and half-open handshakes that the flow table has room for." },
	{ "synacks_resent_total", NULL, "synacks_resent",
	  "SYN-ACKs of server-first services that went out once more." },
	{ "state_write_errors_total", NULL, "state_write_errors",
	  "Files of the state directory that could not be written." },
};

static const struct metric service_metrics[] = {
	{ "service_armed", NULL, "armed", "1 while SYNs to it are answered with cookies." },
	{ "service_attacked", NULL, "attacked", "1 while it is under attack, in any mode." },
	{ "service_attacks_total", NULL, "attacks", "How often it came under attack." },
	{ "service_syns_total", NULL, "syns", "SYNs to it." },
	{ "service_cookies_sent_total", NULL, "cookies_sent", "SYNs answered with a cookie." },
	{ "service_cookies_valid_total", NULL, "cookies_valid", "ACKs with a valid cookie." },
	{ "service_cookies_invalid_total", NULL, "cookies_invalid",
	  "ACKs without a valid cookie." },
	{ "service_served_total", NULL, "served",
	  "Handshakes that were finished, by the kernel or by a cookie." },
	{ "service_untracked_total", NULL, "untracked",
	  "SYNs that passed in peace and found no room among the tracked handshakes." },
	{ "service_half_open", NULL, "half_open",
	  "Handshakes that were answered, by whomever, and not finished." },
	{ "service_half_open_memory_bytes", NULL, "half_open_memory_bytes",
	  "What the half-open handshakes would take in the kernel." },
	{ "service_kernel_half_open", NULL, "kernel_half_open",
	  "Half-open handshakes that the kernel itself holds for the listeners." },
	{ "service_backlog", NULL, "backlog", "The smallest backlog of the listeners." },
	{ "service_accept_queue", NULL, "accept_queue",
	  "Connections in the fullest accept queue of the listeners." },
	{ "service_syns_per_second", NULL, "syn_rate", "SYNs in the last second." },
	{ "service_flows", NULL, "flows", "Entries of the flow table." },
	{ "service_threshold_half_open", "thresholds", "half_open",
	  "Half-open handshakes in the kernel that arm it." },
	{ "service_threshold_syns_per_second", "thresholds", "syn_rate",
	  "SYNs within a second that arm it." },
	{ "service_hold_seconds", "thresholds", "hold_seconds",
	  "How long it stays armed after the attack." },
};

#define NR_DAEMON_METRICS (sizeof(daemon_metrics) / sizeof(daemon_metrics[0]))
#define NR_SERVICE_METRICS (sizeof(service_metrics) / sizeof(service_metrics[0]))

static const json_t *value_of(const json_t *row, const struct metric *metric)
{
	const json_t *object = metric->object ? json_object_get(row, metric->object) : row;

	return json_object_get(object, metric->key);
}

static void put_daemon(FILE *out, const json_t *status)
{
	size_t i;

	for (i = 0; i < NR_DAEMON_METRICS; i++) {
		const struct metric *metric = &daemon_metrics[i];
		const json_t *value = value_of(status, metric);

		if (!has_value(value))
			continue;
		put_header(out, metric->name, metric->help);
		fprintf(out, "synward_%s", metric->name);
		put_value(out, value);
	}
}

/* ---- services ---- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

/* Name and port are one row's alone. */
static void put_service(FILE *out, const char *name, const json_t *service)
{
	fprintf(out, "synward_%s", name);
	put_label(out, '{', "service", text_of(service, "name"));
	fprintf(out, ",port=\"%" JSON_INTEGER_FORMAT "\"",
		json_integer_value(json_object_get(service, "port")));
}

static void put_service_metric(FILE *out, const json_t *services, const struct metric *metric)
{
	const json_t *service, *value;
	bool has_header = false;
	size_t i;

	json_array_foreach ((json_t *)services, i, service) {
		value = value_of(service, metric);
		if (!has_value(value))
			continue;
		if (!has_header)
			put_header(out, metric->name, metric->help);
		has_header = true;
		put_service(out, metric->name, service);
		fputc('}', out);
		put_value(out, value);
	}
}

/* The protocol's "until somebody says otherwise" is no number of seconds. */
static void put_armed_remaining(FILE *out, const json_t *services)
{
	static const char name[] = "service_armed_remaining_seconds";
	const json_t *service;
	size_t i;

	if (json_array_size(services))
		put_header(out, name,
			   "For how long it stays armed if nothing more comes; 0: it is not armed, "
			   "+Inf: until somebody says otherwise.");
	json_array_foreach ((json_t *)services, i, service) {
		const json_t *value = json_object_get(service, "armed_until_seconds");

		put_service(out, name, service);
		fputc('}', out);
		if (json_integer_value(value) >= PROTO_ARMED_WITHOUT_END)
			fputs(" +Inf\n", out);
		else
			fprintf(out, " %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	}
}

static void put_service_info(FILE *out, const json_t *services)
{
	static const char name[] = "service_info";
	const json_t *service;
	size_t i;

	if (json_array_size(services))
		put_header(out, name,
			   "Mode of the service, and path: how SYNs are answered when it is "
			   "armed. Always 1.");
	json_array_foreach ((json_t *)services, i, service) {
		put_service(out, name, service);
		put_label(out, ',', "mode", text_of(service, "mode"));
		put_label(out, ',', "path", text_of(service, "path"));
		fputs("} 1\n", out);
	}
}

static void put_services(FILE *out, const json_t *services)
{
	size_t i;

	put_service_info(out, services);
	for (i = 0; i < NR_SERVICE_METRICS; i++)
		put_service_metric(out, services, &service_metrics[i]);
	put_armed_remaining(out, services);
}

/* ---- interfaces ---- */

static void put_interfaces(FILE *out, const json_t *interfaces)
{
	const json_t *interface;
	size_t i;

	if (!json_array_size(interfaces))
		return;
	put_header(out, "interface_info",
		   "How the programs are attached, and how SYNs can be answered. Always 1.");
	json_array_foreach ((json_t *)interfaces, i, interface) {
		fputs("synward_interface_info", out);
		put_label(out, '{', "interface", text_of(interface, "name"));
		put_label(out, ',', "xdp", text_of(interface, "xdp_mode"));
		put_label(out, ',', "tc", text_of(interface, "tc"));
		put_label(out, ',', "path", text_of(interface, "path"));
		fputs("} 1\n", out);
	}
	put_header(out, "interface_answers", "1 if SYNs can be answered there.");
	json_array_foreach ((json_t *)interfaces, i, interface) {
		fputs("synward_interface_answers", out);
		put_label(out, '{', "interface", text_of(interface, "name"));
		fprintf(out, "} %d\n",
			strcmp(text_of(interface, "path"), path_name(PATH_MONITOR)) != 0);
	}
}

/* ---- verdicts ---- */

/* A reason of a newer daemon has no words here, and still its count. */
static const char *fate_of(const char *name)
{
	const struct reason_words *words = reason_words(reason_find(name));

	return words ? reason_fate(words->action) : "unknown";
}

static void put_packets(FILE *out, const json_t *reasons)
{
	json_t *count;
	const char *name;

	if (!json_object_size(reasons))
		return;
	put_header(out, "packets_total",
		   "Packets by verdict; fate: passed, dropped, answered, or - of none.");
	json_object_foreach ((json_t *)reasons, name, count) {
		if (!has_value(count))
			continue;
		fputs("synward_packets_total", out);
		put_label(out, '{', "reason", name);
		put_label(out, ',', "fate", fate_of(name));
		fputc('}', out);
		put_value(out, count);
	}
}

/* ---- all of it ---- */

static void put_build_info(FILE *out, const json_t *status)
{
	put_header(out, "build_info", "Version of synwardd. Always 1.");
	fputs("synward_build_info", out);
	put_label(out, '{', "version", text_of(status, "version"));
	fputs("} 1\n", out);
}

char *metrics_text(const json_t *status)
{
	char *text __cleanup(cleanup_free) = NULL;
	size_t nr_bytes;
	FILE *out = open_memstream(&text, &nr_bytes);
	bool is_whole;

	if (!out)
		return NULL;
	put_header(out, "up", "1 if synwardd answers.");
	fprintf(out, "synward_up %d\n", status != NULL);
	if (status) {
		put_build_info(out, status);
		put_daemon(out, status);
		put_interfaces(out, json_object_get(status, "interfaces"));
		put_services(out, json_object_get(status, "services"));
		put_packets(out, json_object_get(status, "reasons"));
	}
	is_whole = !ferror(out);
	if (fclose(out) || !is_whole)
		return NULL;
	return take_ptr(text);
}
