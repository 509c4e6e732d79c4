// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows whose hand-offs arrive nowhere: what is said about them, by log line and by event for the
 * clients of `synward monitor`. When one is taken for that is decided in canary.c.
 */
#include <stdio.h>

#include "clock.h"
#include "duration.h"
#include "log.h"
#include "names.h"
#include "rows_inside.h"

static struct canary_view view_of(const struct rows *rows, const struct row *row, __u64 now_ms)
{
	const struct row_counts *counts = &row->look.counts;
	const struct row_listeners *listeners = &row->listeners;

	return (struct canary_view){
		.now_ms = now_ms,
		.missed = counts->missed,
		.landed = counts->landed,
		.served = counts->served,
		.cookies_valid = counts->cookies_valid,
		.opens = rows->opens,
		.has_choice =
			row->rung.path == PATH_COOKIE && dataplane_has_kernel_cookies(rows->dp),
		.is_queue_full = listeners->nr && listeners->accept_queue >= listeners->backlog,
	};
}

static json_t *event_json(const struct row *row, const char *kind, __u64 when_ms)
{
	char time[CLOCK_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:i, s:s}", "event", kind, "time",
			 clock_text(when_ms, time), "service", row->id->name, "port",
			 (int)row->id->port, "mode", svc_mode_name(row->wanted.mode));
}

static void report(const struct rows *rows, json_t *event)
{
	if (event)
		rows->report(rows->report_arg, event);
	json_decref(event);
}

json_t *row_black_hole(const struct row *row, __u64 now_ms)
{
	const struct canary *canary = &row->canary;
	__u64 until_ms = canary->black_hole_until_ms ?: canary->by_kernel_until_ms;
	__u32 seconds =
		canary_seconds_left(canary, now_ms) ?: canary_by_kernel_seconds(canary, now_ms);
	enum path path = canary->black_hole_until_ms ? PATH_MONITOR : PATH_KERNEL_COOKIE;
	json_t *event;

	if (!until_ms)
		return NULL;
	event = event_json(row, "black_hole", until_ms - canary->pause_ms);
	if (event) {
		json_object_set_new(event, "seconds", json_integer(seconds));
		json_object_set_new(event, "path", json_string(path_name(path)));
	}
	return event;
}

static void by_kernel_begins(const struct rows *rows, const struct row *row, __u64 now_ms)
{
	char pause[DURATION_SIZE];

	log_err("%s, port %u: handshakes that are handed to the listener arrive nowhere, so the "
		"kernel's own cookies are tried: NAT on this host may take the socket from the "
		"packet, or the port is forwarded, or a firewall drops what is new without a SYN; "
		"'synward doctor' looks for it; ours are tried again in %s",
		row->id->name, row->id->port, duration_format(row->canary.pause_ms / 1000, pause));
	report(rows, row_black_hole(row, now_ms));
}

static void begins(const struct rows *rows, const struct row *row, __u64 now_ms)
{
	char pause[DURATION_SIZE];

	log_err("%s, port %u: handshakes that are handed to the listener arrive nowhere, so its "
		"SYNs go to the kernel: the port is forwarded (DNAT, IPVS, TPROXY), or a firewall "
		"drops what is new without a SYN; take it out of the service or mend the rules, "
		"then 'synward arm %s'; tried again in %s",
		row->id->name, row->id->port, row->id->name,
		duration_format(row->canary.pause_ms / 1000, pause));
	report(rows, row_black_hole(row, now_ms));
}

static void ends(const struct rows *rows, const struct row *row, const char *cause, __u64 now_ms)
{
	json_t *event = event_json(row, "black_hole_end", now_ms);

	log_notice("%s, port %u: hand-offs are tried again (%s)", row->id->name, row->id->port,
		   cause);
	if (event)
		json_object_set_new(event, "cause", json_string(cause));
	report(rows, event);
}

void row_watch_from_now(struct rows *rows, struct row *row, __u32 flags, __u64 now_ms)
{
	struct canary_view view = view_of(rows, row, now_ms);

	canary_take_over(&row->canary, &view, flags & ROW_BLACK_HOLE, flags & ROW_BY_KERNEL);
}

void row_watch(struct rows *rows, struct row *row, __u64 now_ms)
{
	struct canary_view view = view_of(rows, row, now_ms);

	switch (canary_follow(&row->canary, &view)) {
	case CANARY_NOTHING:
		break;
	case CANARY_BY_KERNEL:
		by_kernel_begins(rows, row, now_ms);
		break;
	case CANARY_BLACK_HOLE:
		begins(rows, row, now_ms);
		break;
	case CANARY_TRIED_AGAIN:
		ends(rows, row, "time", now_ms);
		break;
	case CANARY_LANDED:
		ends(rows, row, "landed", now_ms);
		break;
	case CANARY_DOUBT:
		log_warn("%s, port %u: of the handshakes that were handed to the listener in the "
			 "last ten seconds more were lost than arrived: an address of the service "
			 "may be forwarded, or a firewall drop what is new without a SYN; or one "
			 "client makes its own fail",
			 row->id->name, row->id->port);
		break;
	}
}

void row_try_again(struct rows *rows, struct row *row)
{
	__u64 now_ms = clock_now_ms();
	struct canary_view view = view_of(rows, row, now_ms);

	if (canary_lift(&row->canary, &view))
		ends(rows, row, "operator", now_ms);
}
