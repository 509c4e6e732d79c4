// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYN: a trial through the XDP program that is attached, so that the SYN-ACK is there to be looked
 * at and nothing goes out. ACK: let in, by XDP, TC, netfilter, to the listener. Then the kernel is
 * asked whether it holds the connection, and a reset, let in as well, ends it.
 *
 * XDP does not say why it did what it did but by counters of all packets, so under load the reason
 * that is named for a failure is the most probable one.
 */
#include "selftest.h"

#include <errno.h>
#include <linux/bpf.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "names.h"
#include "random.h"
#include "rows_inside.h"
#include "selftest_address.h"
#include "selftest_frames.h"
#include "sockdiag.h"

#define ARMED_MS 2000 /* no longer, if the daemon ends in the midst of it */
#define WAIT_MS 200   /* for the connection to appear, and again to go */
#define TRIES 3       /* a trial shares its CPU's scratch space with real packets */
#define PORT_FIRST 32768
#define NR_PORTS_USED 16384

struct test {
	struct dataplane *dp;
	const struct selftest_order *order;
	struct test_device device;
	struct test_client client;
	struct test_answer answer;
	struct selftest_seen seen;
	struct snapshot *before, *after;
};

/* ---- why ---- */

/* Of the verdicts that end in @action and of which @is_candidate: the one that was given most
 * seldom since `before`, as what is seldom is ours. */
static enum reason reason_since(struct test *t, const char *action, const char *prefix)
{
	enum reason found = NR_REASONS;
	__u64 fewest = 0;

	if (dataplane_snapshot(t->dp, t->after))
		return NR_REASONS;
	for (enum reason r = 0; r < NR_REASONS; r++) {
		const struct reason_words *words = reason_words(r);
		__u64 more = t->after->reasons[r] - t->before->reasons[r];

		if (!more || (action && strcmp(words->action, action)) ||
		    (prefix && strncmp(words->name, prefix, strlen(prefix))))
			continue;
		if (found == NR_REASONS || more < fewest) {
			found = r;
			fewest = more;
		}
	}
	return found;
}

static bool was_given(const struct test *t, enum reason reason)
{
	return t->after->reasons[reason] != t->before->reasons[reason];
}

/* ---- the handshake ---- */

static void client_make(struct test *t, const struct test_addresses *at, bool is_routed)
{
	struct test_client *c = &t->client;
	__u32 random[3] = { 0 };

	if (random_fill(random, sizeof(random)))
		random[0] = (__u32)clock_now_ms();
	*c = (struct test_client){
		.address = at->client,
		.server = at->server,
		.port = PORT_FIRST + random[0] % NR_PORTS_USED,
		.server_port = t->order->port,
		.mac = { 0x02, 0x73, 0x79, 0x6e, 0x77, 0x64 }, /* locally administered */
		.isn = random[1],
		.tsval = random[2],
		.is_routed = is_routed,
	};
	memcpy(c->server_mac, t->device.mac, sizeof(c->server_mac));
	t->seen.server = at->server;
	t->seen.client = at->client;
	t->seen.is_certain = at->is_certain;
}

/* Returns whether there is an answer to go on with. */
static bool try_syn(struct test *t)
{
	struct test_frame frame;
	int action;

	selftest_syn(&t->client, &frame);
	if (dataplane_snapshot(t->dp, t->before))
		return false;
	action = dataplane_try(t->dp, t->order->interface, &frame);
	if (action < 0) {
		t->seen.stage = SELFTEST_NOT_TRIED;
		t->seen.error = action;
		return false;
	}
	if (action != XDP_TX && action != XDP_REDIRECT) {
		t->seen.stage = SELFTEST_NO_ANSWER;
		t->seen.reason = reason_since(t, action == XDP_PASS ? "PASS" : "DROP", "SYN_");
		return false;
	}
	t->seen.is_kernel_cookie = reason_since(t, "TX", "SYN_") == SYN_KERNEL_COOKIE;
	t->seen.wrong = selftest_read(&t->client, &frame, &t->answer);
	t->seen.stage = SELFTEST_BAD_ANSWER;
	return !t->seen.wrong;
}

static int socket_state(const struct test *t)
{
	return sockdiag_state(&(struct tcp_tuple){
		.local = t->client.server,
		.peer = t->client.address,
		.local_port = t->client.server_port,
		.peer_port = t->client.port,
		.ifindex = t->device.ifindex,
	});
}

static bool is_connection(int state)
{
	return state > 0 && state != TCP_LISTEN && state != TCP_CLOSE;
}

/* Until there is a connection, or none any more. Returns the state that it was left in. */
static int wait_for_socket(const struct test *t, bool is_wanted)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	const __u64 end_ms = clock_now_ms() + WAIT_MS;
	int state;

	while (is_connection(state = socket_state(t)) != is_wanted && clock_now_ms() < end_ms)
		nanosleep(&moment, NULL);
	return state;
}

/* No connection came of the ACK: how far did it get? */
static void find_stage(struct test *t, int state)
{
	t->seen.has_no_diag = state == -ENOENT;
	t->seen.reason = reason_since(t, NULL, "HANDOFF_");
	t->seen.stage = SELFTEST_NO_SOCKET;
	if (was_given(t, HANDOFF) || t->seen.is_kernel_cookie) {
		t->seen.reason = NR_REASONS;
		return;
	}
	t->seen.stage = SELFTEST_NOT_TAKEN;
	if (t->seen.reason != NR_REASONS || was_given(t, ACK_COOKIE_VALID) ||
	    was_given(t, ACK_NO_NOTE))
		return;
	t->seen.stage = SELFTEST_NOT_NOTED;
	t->seen.reason = reason_since(t, NULL, "ACK_");
}

static void finish_handshake(struct test *t)
{
	struct test_frame frame;
	int state, err;

	selftest_ack(&t->client, &t->answer, &frame);
	err = dataplane_snapshot(t->dp, t->before);
	if (!err)
		err = dataplane_inject(t->dp, t->order->interface, &frame);
	if (err) {
		t->seen.stage = SELFTEST_NOT_TRIED;
		t->seen.error = err;
		return;
	}
	state = wait_for_socket(t, true);
	if (!is_connection(state)) {
		find_stage(t, state);
		return;
	}
	t->seen.stage = SELFTEST_CONNECTED;
	selftest_rst(&t->client, &t->answer, &frame);
	dataplane_inject(t->dp, t->order->interface, &frame);
	t->seen.is_left = is_connection(wait_for_socket(t, false));
}

/* One try with addresses that are near, or far. */
static void handshake(struct test *t, const struct config *conf, const struct service *service,
		      bool is_off_link)
{
	struct test_addresses at;

	t->seen.error =
		selftest_addresses(service, t->order->interface, t->order->is_v6, is_off_link, &at);
	t->seen.stage = SELFTEST_NOT_TRIED;
	t->seen.reason = NR_REASONS;
	if (t->seen.error)
		return;
	client_make(t, &at, conf->reply_by_route);
	if (try_syn(t))
		finish_handshake(t);
}

static bool is_over(const struct selftest_seen *seen)
{
	if (seen->stage == SELFTEST_NO_ANSWER)
		return selftest_is_harmless(seen->reason) && seen->reason != SYN_NO_NEIGHBOUR;
	return seen->stage == SELFTEST_CONNECTED || seen->stage == SELFTEST_NO_SOCKET ||
	       seen->stage == SELFTEST_NOT_TRIED;
}

/* What fails at XDP may have met another packet; and with `reply = fib`, an address that nobody has
 * is no next hop. */
static void handshakes(struct test *t, const struct config *conf, const struct service *service)
{
	for (int i = 0; i < TRIES; i++) {
		bool is_off_link = t->seen.reason == SYN_NO_NEIGHBOUR;

		handshake(t, conf, service, is_off_link);
		if (is_over(&t->seen))
			return;
	}
}

/* ---- the row ---- */

static struct row *find_row(struct rows *rows, const struct selftest_order *order)
{
	for (size_t i = 0; i < rows->nr; i++)
		if (rows->row[i].id->port == order->port &&
		    !strcmp(rows->row[i].id->name, order->service))
			return &rows->row[i];
	return NULL;
}

/* Armed for the time of the test, and then as before. */
static void test_armed(struct rows *rows, struct row *row, struct test *t)
{
	const struct row_wanted before = row->wanted;
	const __u64 until_ms = clock_now_ms() + ARMED_MS;

	if (before.mode == SVC_AUTO && before.forced_until_ms < until_ms)
		row->wanted.forced_until_ms = until_ms;
	row_tell(rows, row);
	handshakes(t, rows->conf, &rows->conf->services[row->id->service]);
	row->wanted = before;
	row_tell(rows, row);
}

static int run(struct rows *rows, struct row *row, struct test *t)
{
	t->seen = (struct selftest_seen){ .mode = row->wanted.mode, .reason = NR_REASONS };
	if (row->wanted.mode == SVC_OFF || row->wanted.mode == SVC_MONITOR)
		return 0;
	t->before = malloc(sizeof(*t->before));
	t->after = malloc(sizeof(*t->after));
	if (!t->before || !t->after)
		return -ENOMEM;
	test_armed(rows, row, t);
	return 0;
}

int selftest_run(struct rows *rows, const struct selftest_order *order, json_t **ret,
		 char **ret_why)
{
	struct test t = { .dp = rows->dp, .order = order };
	struct row *row = find_row(rows, order);
	int err;

	if (!row || !dataplane_device(rows->dp, order->interface, &t.device)) {
		if (asprintf(ret_why,
			     "there is no service '%s' at port %u, or no interface '%s'; 'synward "
			     "status' lists those there are",
			     order->service, order->port, order->interface) < 0)
			*ret_why = NULL;
		return -EINVAL;
	}
	err = run(rows, row, &t);
	free(t.before);
	free(t.after);
	if (err)
		return err;
	*ret = selftest_verdict(order, &t.seen);
	if (!*ret)
		return -ENOMEM;
	log_info("self-test of %s:%u by %s, %s: %s", order->service, order->port, order->interface,
		 order->is_v6 ? "IPv6" : "IPv4",
		 json_string_value(json_object_get(*ret, "detail")));
	return 0;
}
