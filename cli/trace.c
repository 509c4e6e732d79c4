/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward trace`: packets of handshakes as they come, with what became of each and why, to the
 * screen and, both sides of XDP, to a file. It ends with Ctrl-C, by --count or --for, or with the
 * daemon. The file is opened before anything is asked of the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "names.h"
#include "pcapng.h"
#include "proto.h"
#include "trace_view.h"
#include "wire.h"

#define COUNT_MAX 1000000000UL
#define FOR_MAX (365U * 86400)
#define PORT_MAX 65535
#define AFTER_LAST_MS 200 /* in which the TC half says what it made of the last packet */

struct trace {
	const struct cli *cli;
	const char *path; /* of `file` */
	struct pcapng *file;
	struct trace_view view;
	unsigned long count, nr_packets; /* wanted, or 0; told */
	unsigned long long nr_lost;
	long for_ms; /* from the begin on; 0: without end */
	long end_ms; /* WIRE_WITHOUT_END, or when it is over */
	bool has_begun;
};

static int end_pipe[2] = { -1, -1 };

static void on_signal(int number)
{
	const int kept = errno;

	(void)number;
	if (write(end_pipe[1], "", 1) < 0) /* it is full of the same */
		errno = kept;
	errno = kept;
}

/* The first Ctrl-C ends it in good order, the second one at once. */
static int signals_take(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART | (int)SA_RESETHAND };

	if (end_pipe[0] < 0 && pipe2(end_pipe, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return 0;
}

static void signals_give_back(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	close(end_pipe[0]);
	close(end_pipe[1]);
	end_pipe[0] = end_pipe[1] = -1;
}

/* ---- the file ---- */

static enum cli_exit complain_file(const struct trace *t, int err)
{
	if (err == -EEXIST)
		fprintf(stderr,
			"synward: %s exists, and is not written over; name another file, or remove "
			"it\n",
			t->path);
	else
		fprintf(stderr, "synward: cannot write %s: %s\n", t->path, strerror(-err));
	return CLI_FAILED;
}

static int side_write(struct trace *t, const struct trace_packet *packet, const char *side,
		      const char *comment)
{
	const bool is_in = !strcmp(side, "in");
	const struct trace_side *from = is_in ? &packet->in : &packet->out;
	const char *interface = is_in                 ? packet->interface :
				packet->out_interface ?:
							packet->interface;
	char name[64];
	const struct pcapng_frame frame = { .interface = name,
					    .time_us = packet->time_us,
					    .bytes = from->bytes,
					    .nr_kept = from->nr_kept,
					    .nr_bytes = from->nr_bytes,
					    .is_outbound = packet->is_answer && !is_in,
					    .comment = comment };

	snprintf(name, sizeof(name), "%.20s:%s", interface, side);
	return pcapng_write(t->file, &frame);
}

/* As it came from the wire; and as it went back there, or on to the kernel. */
static enum cli_exit packet_write(struct trace *t, const struct trace_packet *packet)
{
	char comment[512];
	int err;

	if (!t->file || packet->is_from_tc)
		return CLI_DONE;
	snprintf(comment, sizeof(comment), "%s, %.64s: %s", trace_fate(packet), packet->reason,
		 trace_reason_text(packet));
	err = side_write(t, packet, "in", comment);
	if (!err && packet->out.nr_bytes)
		err = side_write(t, packet, packet->is_answer ? "out" : "kernel", comment);
	return err ? complain_file(t, err) : CLI_DONE;
}

/* ---- what is said ---- */

/* A row for tabs: what came, and of the answer what differs. */
static json_t *tabs_row(const struct trace_packet *packet)
{
	json_t *row = trace_packet_object(packet), *in = json_object_get(row, "in"),
	       *out = json_object_get(row, "out");
	static const char *const of_out[] = { "flags", "seq", "ack", "window", "mss", "wscale" };
	char key[32];
	size_t i;

	for (i = 0; i < NAMES_COUNT(of_out); i++) {
		snprintf(key, sizeof(key), "out_%s", of_out[i]);
		json_object_set(row, key, json_object_get(out, of_out[i]));
	}
	json_object_update_missing(row, in);
	return json_pack("[o]", row);
}

static const struct out_table packet_table = {
	"packet",
	(const struct out_column[]){
		OUT_TABS_COLUMN("time"),        OUT_TABS_COLUMN("interface"),
		OUT_TABS_COLUMN("hook"),        OUT_TABS_COLUMN("reason"),
		OUT_TABS_COLUMN("fate"),        OUT_TABS_COLUMN("source"),
		OUT_TABS_COLUMN("source_port"), OUT_TABS_COLUMN("destination"),
		OUT_TABS_COLUMN("port"),        OUT_TABS_COLUMN("flags"),
		OUT_TABS_COLUMN("seq"),         OUT_TABS_COLUMN("ack"),
		OUT_TABS_COLUMN("window"),      OUT_TABS_COLUMN("payload_bytes"),
		OUT_TABS_COLUMN("mss"),         OUT_TABS_COLUMN("sack"),
		OUT_TABS_COLUMN("wscale"),      OUT_TABS_COLUMN("ts_value"),
		OUT_TABS_COLUMN("ts_echo"),     OUT_TABS_COLUMN("out_flags"),
		OUT_TABS_COLUMN("out_seq"),     OUT_TABS_COLUMN("out_ack"),
		OUT_TABS_COLUMN("out_window"),  OUT_TABS_COLUMN("out_mss"),
		OUT_TABS_COLUMN("out_wscale"),  OUT_END,
	},
};

static const struct out_table lost_table = {
	"lost",
	(const struct out_column[]){
		OUT_TABS_COLUMN("packets"),
		OUT_TABS_COLUMN("cause"),
		OUT_END,
	},
};

static void packet_say(struct trace *t, const struct trace_packet *packet)
{
	json_t *said __cleanup(cleanup_json) = NULL;

	switch (t->cli->format) {
	case OUT_TEXT:
		trace_print(&t->view, packet);
		break;
	case OUT_TABS:
		out_table(OUT_TABS, &packet_table, said = tabs_row(packet));
		break;
	case OUT_JSON:
	case OUT_PRETTY:
		out_json(t->cli->format, said = trace_packet_object(packet));
		break;
	}
}

static enum cli_exit on_packet(struct trace *t, const json_t *event)
{
	struct trace_packet packet;
	const bool is_enough = t->count && t->nr_packets >= t->count;

	if (trace_packet_read(event, &packet)) {
		fputs("synward: synwardd tells of a packet in a way that is not understood; are "
		      "both of one version? See 'synward version'\n",
		      stderr);
		return CLI_FAILED;
	}
	if (is_enough && !packet.is_from_tc)
		return CLI_DONE;
	t->nr_packets += !packet.is_from_tc;
	if (!is_enough && t->nr_packets == t->count) {
		const long last_ms = wire_now_ms() + AFTER_LAST_MS;

		t->end_ms = last_ms < t->end_ms ? last_ms : t->end_ms;
	}
	packet_say(t, &packet);
	return packet_write(t, &packet);
}

static void on_lost(struct trace *t, const json_t *event)
{
	static const char *const causes[][2] = {
		{ "limit", "there are more in a second than are followed; --source and --port say "
			   "whose are wanted" },
		{ "ring", "synwardd was busy" },
		{ "reader", "synward was not read from" },
	};
	const char *cause = out_text_of(event, "cause");
	json_t *row __cleanup(cleanup_json) = NULL;
	size_t i;

	t->nr_lost += (unsigned long long)out_integer_of(event, "packets");
	if (t->cli->format == OUT_TABS)
		out_table(OUT_TABS, &lost_table, row = json_pack("[O]", event));
	if (t->cli->format == OUT_JSON || t->cli->format == OUT_PRETTY)
		out_json(t->cli->format, event);
	if (t->cli->format != OUT_TEXT)
		return;
	for (i = 0; i < NAMES_COUNT(causes); i++)
		if (!strcmp(causes[i][0], cause))
			cause = causes[i][1];
	printf("%s-- %lld packets are not shown: %s\n", t->view.last ? "\n" : "",
	       (long long)out_integer_of(event, "packets"), cause);
	t->view.last = ~0UL;
}

static void on_begin(struct trace *t, const json_t *event)
{
	const json_t *name;
	size_t i;

	t->has_begun = true;
	if (t->for_ms)
		t->end_ms = wire_now_ms() + t->for_ms;
	if (t->cli->format == OUT_JSON || t->cli->format == OUT_PRETTY) {
		out_json(t->cli->format, event);
		return;
	}
	fputs("synward: follows handshakes on", stderr);
	json_array_foreach (json_object_get(event, "interfaces"), i, name) {
		fprintf(stderr, "%s %s", i ? "," : "", json_string_value(name) ?: "?");
	}
	fprintf(stderr, ", at most %lld packets a second; Ctrl-C ends it\n",
		(long long)out_integer_of(event, "per_second"));
}

static enum cli_exit on_event(struct trace *t, const json_t *event)
{
	const char *kind = out_text_of(event, "event");

	if (!strcmp(kind, "packet"))
		return on_packet(t, event);
	if (!strcmp(kind, "lost"))
		on_lost(t, event);
	else if (!strcmp(kind, "trace_begin"))
		on_begin(t, event);
	else
		out_json(t->cli->format, event); /* newer than this program */
	return CLI_DONE;
}

/* ---- the loop ---- */

#define POLL_MAX_MS 1000000

/* Until there is something to read. False: it is over. */
static bool wait_for_next(const struct trace *t, const struct client *client)
{
	struct pollfd fds[] = { { .fd = client_fd(client), .events = POLLIN },
				{ .fd = end_pipe[0], .events = POLLIN } };
	const bool is_at_hand = client_has_next(client);
	const bool has_end = t->end_ms != WIRE_WITHOUT_END;
	long left_ms;
	int nr;

	do {
		left_ms = has_end ? t->end_ms - wire_now_ms() : POLL_MAX_MS;
		if (left_ms < 0)
			return false;
		nr = poll(fds, 2,
			  is_at_hand            ? 0 :
			  left_ms < POLL_MAX_MS ? (int)left_ms :
						  POLL_MAX_MS);
	} while ((nr < 0 && errno == EINTR) || (!nr && !is_at_hand));
	return !fds[1].revents && (is_at_hand || nr > 0);
}

static enum cli_exit follow(struct trace *t, struct client *client)
{
	enum cli_exit end = CLI_DONE;

	while (!end && wait_for_next(t, client)) {
		json_t *reply __cleanup(cleanup_json) = NULL;

		end = client_next(client, &reply);
		if (end)
			break;
		end = on_event(t, json_object_get(reply, "event"));
		if (fflush(stdout))
			break; /* main() says what is wrong */
	}
	return end;
}

static json_t *parameters_of(const struct cli *cli, unsigned long port)
{
	json_t *parameters = json_object();

	if (cli->options[CLI_SOURCE] &&
	    json_object_set_new(parameters, "source", json_string(cli->options[CLI_SOURCE]))) {
		json_decref(parameters);
		return NULL; /* no UTF-8 */
	}
	if (port)
		json_object_set_new(parameters, "port", json_integer((json_int_t)port));
	return parameters;
}

static enum cli_exit trace(struct trace *t, unsigned long port)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	enum cli_exit end = client_open(t->cli, &client);

	if (!end)
		end = client_listen(client, PROTO_TRACE, parameters_of(t->cli, port));
	if (!end)
		end = follow(t, client);
	if (t->has_begun && t->cli->format == OUT_TEXT)
		fprintf(stderr, "synward: %lu packets of %lu connections%s\n", t->nr_packets,
			t->view.nr_connections,
			t->nr_lost ? "; others were not shown, see above" : "");
	return end;
}

static enum cli_exit options_read(struct trace *t, unsigned long *ret_port)
{
	const char *count = t->cli->options[CLI_COUNT], *port = t->cli->options[CLI_PORT];
	__u32 seconds = 0;
	enum cli_exit end = cli_seconds(t->cli, FOR_MAX, &seconds);

	if (end)
		return end;
	if (count && !cli_number(count, COUNT_MAX, &t->count))
		return cli_misuse(count, "is no count of packets, 1 to 1000000000");
	if (port && !cli_number(port, PORT_MAX, ret_port))
		return cli_misuse(port, "is no port, 1 to 65535");
	t->for_ms = seconds * 1000L;
	t->end_ms = WIRE_WITHOUT_END;
	return CLI_DONE;
}

enum cli_exit cli_trace(const struct cli *cli, char **words)
{
	struct trace *t __cleanup(cleanup_free) = calloc(1, sizeof(*t));
	unsigned long port = 0;
	enum cli_exit end;
	int err;

	(void)words;
	if (!t) {
		fputs("synward: no memory\n", stderr);
		return CLI_FAILED;
	}
	t->cli = cli;
	t->path = cli->options[CLI_PCAP];
	end = options_read(t, &port);
	if (end)
		return end;
	err = t->path ? pcapng_open(t->path, &t->file) : 0;
	if (err)
		return complain_file(t, err);
	err = signals_take();
	if (err) {
		fprintf(stderr, "synward: %s\n", strerror(-err));
		end = CLI_FAILED;
	} else {
		end = trace(t, port);
		signals_give_back();
	}
	err = pcapng_close(t->file, !t->has_begun);
	return end ?: err ? complain_file(t, err) : CLI_DONE;
}
