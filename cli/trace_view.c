/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection's lines stand together under its addresses. When another one's come in between, the
 * heading is said again, with the same number.
 */
#include "trace_view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "names.h"
#include "out.h"

#define FLAG_SYN 0x02
#define FLAG_ACK 0x10

/* ---- from the event ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int side_read(const json_t *event, const char *bytes_key, const char *nr_key,
		     bool has_ethernet, struct trace_side *ret)
{
	const char *hex = json_string_value(json_object_get(event, bytes_key));
	const json_int_t nr_bytes = json_integer_value(json_object_get(event, nr_key));
	size_t nr = hex ? strlen(hex) / 2 : 0, i;

	if (!hex || strlen(hex) % 2 || nr > TRACE_KEPT_MAX || nr_bytes < (json_int_t)nr)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		const int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		ret->bytes[i] = (unsigned char)(high << 4 | low);
	}
	ret->nr_kept = nr;
	ret->nr_bytes = (size_t)nr_bytes;
	ret->is_tcp = !frame_read(ret->bytes, nr, has_ethernet, &ret->tcp);
	return 0;
}

int trace_packet_read(const json_t *event, struct trace_packet *ret)
{
	const char *hook = json_string_value(json_object_get(event, "hook"));
	const char *interface = json_string_value(json_object_get(event, "interface"));
	const char *reason = json_string_value(json_object_get(event, "reason"));

	memset(ret, 0, sizeof(*ret));
	if (!hook || !interface || !reason)
		return -EINVAL;
	ret->time_us = json_integer_value(json_object_get(event, "time_us"));
	ret->interface = interface;
	ret->out_interface = json_string_value(json_object_get(event, "out_interface"));
	ret->reason = reason;
	ret->is_from_tc = !strcmp(hook, "tc");
	if (side_read(event, "in", "in_bytes", !ret->is_from_tc, &ret->in))
		return -EINVAL;
	if (json_object_get(event, "out") && side_read(event, "out", "out_bytes", true, &ret->out))
		return -EINVAL;
	ret->is_answer = ret->out.nr_bytes && !strcmp(trace_fate(ret), "answered");
	return 0;
}

const char *trace_fate(const struct trace_packet *packet)
{
	const struct reason_words *words = reason_words(reason_find(packet->reason));

	return words ? reason_fate(words->action) : "-";
}

const char *trace_reason_text(const struct trace_packet *packet)
{
	const struct reason_words *words = reason_words(reason_find(packet->reason));

	return words ? words->text : "";
}

const char *trace_time(json_int_t time_us, char buffer[TRACE_TIME_SIZE])
{
	const time_t second = (time_t)(time_us / 1000000);
	struct tm utc;
	size_t length;

	if (time_us < 0 || !gmtime_r(&second, &utc))
		return strcpy(buffer, "-");
	length = strftime(buffer, TRACE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	if (!length)
		return strcpy(buffer, "-");
	snprintf(buffer + length, TRACE_TIME_SIZE - length, ".%06uZ",
		 (unsigned int)(time_us % 1000000));
	return buffer;
}

/* ---- for programs ---- */

static json_t *side_json(const struct trace_side *side)
{
	json_t *frame = side->is_tcp ? frame_json(&side->tcp) : json_object();

	json_object_set_new(frame, "frame_bytes", json_integer((json_int_t)side->nr_bytes));
	return frame;
}

json_t *trace_packet_object(const struct trace_packet *packet)
{
	char time[TRACE_TIME_SIZE];
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "event", "packet", "time",
			  trace_time(packet->time_us, time), "interface", packet->interface, "hook",
			  packet->is_from_tc ? "tc" : "xdp", "reason", packet->reason, "fate",
			  trace_fate(packet), "in", side_json(&packet->in));

	if (!object || !packet->out.nr_bytes)
		return object;
	json_object_set_new(object, "out", side_json(&packet->out));
	if (packet->out_interface)
		json_object_set_new(object, "out_interface", json_string(packet->out_interface));
	return object;
}

/* ---- for people ---- */

static bool is_same(const struct trace_connection *c, const struct frame_tcp *tcp)
{
	return c->number && c->sport == tcp->sport && c->dport == tcp->dport &&
	       !memcmp(&c->src, &tcp->src, sizeof(c->src)) &&
	       !memcmp(&c->dst, &tcp->dst, sizeof(c->dst));
}

static bool is_syn(const struct frame_tcp *tcp)
{
	return (tcp->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
}

/* The client's own. A SYN with another sequence number begins anew; that of a packet that is no SYN
 * says nothing. *ret_is_new: its heading was never said. */
static const struct trace_connection *connection_of(struct trace_view *view,
						    const struct frame_tcp *tcp, bool *ret_is_new)
{
	struct trace_connection *c;
	size_t i;

	*ret_is_new = false;
	for (i = 0; i < TRACE_CONNECTIONS; i++) {
		c = &view->connections[i];
		if (is_same(c, tcp) && (!is_syn(tcp) || c->isn == tcp->seq))
			return c;
	}
	for (i = 0; i < TRACE_CONNECTIONS; i++) /* the one before of those addresses is over */
		if (is_same(&view->connections[i], tcp))
			view->connections[i].number = 0;
	c = &view->connections[view->nr_connections++ % TRACE_CONNECTIONS];
	*c = (struct trace_connection){ tcp->src,
					tcp->dst,
					tcp->sport,
					tcp->dport,
					is_syn(tcp) ? tcp->seq : 0,
					view->nr_connections };
	*ret_is_new = true;
	return c;
}

static void print_endpoint(const struct ip_addr *address, unsigned int port)
{
	char text[INET6_ADDRSTRLEN];

	printf(address_is_ipv4(address) ? "%s:%u" : "[%s]:%u", address_text(address, text), port);
}

static void print_heading(struct trace_view *view, const struct trace_packet *packet)
{
	const struct frame_tcp *tcp = &packet->in.tcp;
	const struct trace_connection *c;
	bool is_new;

	if (!packet->in.is_tcp) {
		printf("%s%sno whole TCP header%s, on %s\n", view->last ? "\n" : "",
		       out_style(OUT_BOLD), out_style(OUT_PLAIN), packet->interface);
		view->last = ~0UL;
		return;
	}
	c = connection_of(view, tcp, &is_new);
	if (c->number == view->last)
		return;
	printf("%s%s#%lu ", view->last ? "\n" : "", out_style(OUT_BOLD), c->number);
	print_endpoint(&tcp->src, tcp->sport);
	fputs(" > ", stdout);
	print_endpoint(&tcp->dst, tcp->dport);
	printf("%s on %s%s\n", out_style(OUT_PLAIN), packet->interface, is_new ? "" : ", goes on");
	view->last = c->number;
}

/* "10:31:02.123456", or as many blanks. */
static void print_step(json_int_t time_us, const char *step)
{
	char time[TRACE_TIME_SIZE], *clock;

	trace_time(time_us, time);
	clock = strchr(time, 'T');
	if (time_us && clock)
		printf("  %.15s  ", clock + 1);
	else
		printf("  %15s  ", "");
	printf("%-8s  ", step);
}

static void print_tcp(const struct trace_side *side)
{
	char flags[FRAME_WORDS_SIZE], options[FRAME_WORDS_SIZE];
	const struct frame_tcp *tcp = &side->tcp;

	if (!side->is_tcp) {
		printf("%zu bytes\n", side->nr_bytes);
		return;
	}
	printf("%s seq %u", frame_flags(tcp, flags), tcp->seq);
	if (tcp->flags & FLAG_ACK)
		printf(" ack %u", tcp->ack);
	printf(" win %u", tcp->window);
	if (tcp->payload_bytes)
		printf(" len %u", tcp->payload_bytes);
	frame_options(tcp, options);
	printf("%s%s%s\n", options[0] ? "  <" : "", options, options[0] ? ">" : "");
}

static void print_reason(const struct trace_packet *packet)
{
	const enum out_style style = !strcmp(trace_fate(packet), "dropped") ? OUT_BAD : OUT_GOOD;
	const struct reason_words *words = reason_words(reason_find(packet->reason));

	printf("%s%s%s%s%s\n", out_style(style), words ? words->name : packet->reason,
	       out_style(OUT_PLAIN), words ? ": " : "", trace_reason_text(packet));
}

void trace_print(struct trace_view *view, const struct trace_packet *packet)
{
	print_heading(view, packet);
	if (packet->is_from_tc) {
		print_step(packet->time_us, "tc");
		print_reason(packet);
		return;
	}
	print_step(packet->time_us, "in");
	print_tcp(&packet->in);
	if (packet->is_answer) {
		print_step(0, packet->out_interface ?: "out");
		print_tcp(&packet->out);
	}
	print_step(0, trace_fate(packet));
	print_reason(packet);
}
