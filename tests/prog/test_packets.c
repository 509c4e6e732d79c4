// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the packet table (rows.h) against the loaded programs (BPF_PROG_TEST_RUN) and real sockets.
 * Each run must move exactly one reason's counter by one; an answer is compared byte for byte with
 * one that frame.h and ref.h build. In the end every reason must have been some row's.
 */
#include <bpf/btf.h>

#include "expect.h"
#include "rows.h"

struct world {
	struct synward_bpf *skel[NR_BUILDS]; /* share nothing */
	int nr_cpus;
	cpu_set_t here, elsewhere; /* one CPU each */
	bool seen[NR_REASONS];
	unsigned int nr_rows, nr_run, nr_failed;
	bool has_mptcp, checks_echo;
	int syncookies, full_listener;
	struct world_synack synacks[NR_SERVICES][2]; /* of half-open connections, IPv4 and IPv6 */
};

/* Must never be seen. */
static bool is_internal(enum reason why)
{
	return why == GO_ON || why == SYN_NO_ROOM;
}

/* Tests elsewhere see it: TC cannot be at a device's ingress in a test run. */
static bool is_seen_elsewhere(enum reason why)
{
	return why == HANDOFF; /* e2e/handoff.bats */
}

static void wait_ms(uint64_t ms)
{
	for (uint64_t until = now_ms() + ms; now_ms() <= until;)
		usleep(500);
}

/* What is different while a row runs. */
static void set_sysctls(struct world *w, const struct row *row)
{
	int syncookies = row->syncookies ?: 1;

	if (w->syncookies != syncookies)
		world_sysctl("ipv4/tcp_syncookies", syncookies);
	w->syncookies = syncookies;
}

/* ---- cookies of the kernel's ---- */

/* To any service, as if it was armed and had no TC half. */
static const struct row kernel_cookie_row = {
	.name = "cookie of the kernel's", .build = KERNEL_TOO, .syncookies = 2, .tc_dead = true
};

/* Let the kernel take one connection, and no more. */
static void fill_accept_queue(const struct world *w, bool is_full)
{
	if (is_full)
		world_connect(false, 0, PORT_FULL);
	else
		close(MUST(accept(w->full_listener, NULL, NULL)));
}

/* The kernel gives the client of @r one, and that is what @r acknowledges. */
static void put_kernel_cookie(struct world *w, struct run *r)
{
	struct run syn = *r;
	struct row_conf conf;
	__u32 index = service_row(r->in.dport);
	bool is_full = r->in.dport == PORT_FULL;

	syn.row = &kernel_cookie_row;
	syn.skel = w->skel[KERNEL_TOO];
	syn.in.seq = CLIENT_ISN;
	syn.in.flags = SYN;
	syn.in.payload_bytes = 0;
	syn.in.mss = 1460;
	syn.bytes = frame_build(&syn.in, &syn.net, syn.frame);
	if (is_full)
		fill_accept_queue(w, false);
	set_sysctls(w, syn.row);
	prepare(syn.skel, &(struct row){ .in = r->in, .tc_dead = true });
	MUST(bpf_map_lookup_elem(bpf_map__fd(syn.skel->maps.rows), &index, &conf));
	conf.mode = SVC_ALWAYS;
	put(syn.skel->maps.rows, index, &conf);
	test_run_xdp(&syn);
	if (is_full)
		fill_accept_queue(w, true);
	if (syn.action != XDP_TX)
		trouble(r, "the kernel gives no cookie; ");
	r->in.seq = CLIENT_ISN + 1;
	r->in.ack = cookie_in(&syn) + 1;
	if (r->row->cookie == COOKIE_KERNEL_OFF) /* not a low one, which would name another MSS */
		r->in.ack ^= 1U << 15;
}

/* The answer had one: does the kernel know it again? */
static void expect_kernel_takes(struct run *answered)
{
	__u64 before[NR_REASONS], after[NR_REASONS];
	struct run ack = *answered;

	ack.in.flags = ACK;
	ack.in.seq = answered->in.seq + 1;
	ack.in.ack = cookie_in(answered) + 1;
	ack.in.mss = ack.in.wscale = ack.in.raw_options_bytes = 0;
	ack.in.sack = false;
	ack.bytes = frame_build(&ack.in, &ack.net, ack.frame);
	read_counts(&ack, before);
	test_run_xdp(&ack);
	read_counts(&ack, after);
	if (after[KERNEL_COOKIE] != before[KERNEL_COOKIE] + 1)
		trouble(answered, "the kernel does not know its cookie again; ");
}

/* ---- one run ---- */

/* All that the host knows of the client and of its service. */
static void prepare_run(struct world *w, struct run *r)
{
	const struct row *row = r->row;

	if (row->cookie == COOKIE_KERNEL || row->cookie == COOKIE_KERNEL_OFF)
		put_kernel_cookie(w, r);
	set_sysctls(w, row);
	prepare(r->skel, row);
	put_cookie(r);
	r->bytes = frame_build(&r->in, &r->net, r->frame);
	r->since_ms = now_ms();
	if (row->by_tc)
		put_flow(r, FLOW_VALIDATED);
	else if (row->flow)
		put_flow(r, row->flow);
	if (row->kept)
		put_retry(r);
	put_record(r->skel, row, r->net.v6, w->nr_cpus);
	if (row->listener != BY_LOOKUP)
		spend_lookups(r->skel, w->nr_cpus);
}

/* What comes before the packet. */
static void run_earlier(struct world *w, const struct run *r)
{
	const struct row *row = r->row;
	struct run earlier = *r;

	if (row->earlier.dport) {
		earlier.in = row->earlier;
		earlier.bytes = frame_build(&earlier.in, &earlier.net, earlier.frame);
	}
	if (row->elsewhere)
		MUST(sched_setaffinity(0, sizeof(w->elsewhere), &w->elsewhere));
	for (int i = 0; i < row->times + row->twice; i++)
		test_run_xdp(&earlier);
	MUST(sched_setaffinity(0, sizeof(w->here), &w->here));
	if (row->late)
		wait_ms(20);
	if (row->second_later)
		age_budgets(r->skel, w->nr_cpus);
}

static void judge(struct world *w, struct run *r)
{
	__u64 before[NR_REASONS], after[NR_REASONS];
	struct row_counts rows_before, rows_after;
	const struct row *row = r->row;
	uint64_t from_ms;

	run_earlier(w, r);
	read_counts(r, before);
	rows_before = read_row_counts(r);
	from_ms = now_ms();
	if (row->by_tc)
		test_run_tc(r);
	else
		test_run_xdp(r);
	read_counts(r, after);
	rows_after = read_row_counts(r);
	for (int i = 0; i < NR_REASONS; i++)
		w->seen[i] |= after[i] != before[i];
	expect_one_verdict(r, before, after);
	if (!is_answer(row->why) || r->action == XDP_PASS || r->action == XDP_DROP)
		expect_unchanged(r);
	else
		expect_answer(r, from_ms);
	if (row->why == ACK_COOKIE_VALID)
		expect_note(r);
	if (row->why == SYN_DENIED)
		expect_uncounted(r);
	if (row->flow || row->flow_after)
		expect_flow(r);
	expect_held(r);
	expect_host(r, from_ms);
	expect_retries(r, from_ms);
	expect_row_counts(r, &rows_before, &rows_after);
	if (is_by_kernel(row) && !r->trouble[0])
		expect_kernel_takes(r);
}

/* What the kernel said of this service's half-open connection. */
static void acknowledge(const struct world *w, struct run *r)
{
	const struct world_synack *said = &w->synacks[service_row(r->in.dport)][r->net.v6];

	r->in.ack = said->seq + 1;
	if (r->in.ts)
		r->in.tsecr = said->tsval + r->row->tsecr_by;
}

/* Times that a row is about; when they move on under it, its ages or its budgets are off. */
struct moment {
	uint64_t epoch, second, window;
};

static struct moment moment_of(const struct row *row)
{
	uint64_t now = now_ms();

	return (struct moment){ .epoch = now >> EPOCH_SHIFT,
				.second = now / 1000,
				.window = row->listener ? now / LOOKUP_WINDOW_MS : 0 };
}

#define YOUNG_MS 16 /* so long is what is entered now of this moment */

/* Or it was to be judged in the moment in which something happened, and that is over. */
static bool is_too_late(const struct run *r)
{
	const struct row *row = r->row;
	bool is_young = (row->flow && !row->aged) || (row->twice && !row->late);

	return is_young && now_ms() - r->since_ms >= YOUNG_MS;
}

#define TRIES 50

static void run_variant(struct world *w, const struct row *row, bool v6, int nr_vlans)
{
	struct run r = { .row = row,
			 .skel = w->skel[row->build],
			 .nr_cpus = w->nr_cpus,
			 .net = { .v6 = v6, .nr_vlans = nr_vlans } };
	struct moment from, to;
	int tries = 0;

	memcpy(r.net.dst_mac, our_mac, 6);
	memcpy(r.net.src_mac, their_mac, 6);
	memcpy(r.net.src, v6 ? world_cli6 : world_cli4, 16);
	memcpy(r.net.dst, v6 ? world_srv6 : world_srv4, 16);
	do {
		r.in = row->in;
		r.trouble[0] = 0;
		if (row->kernel_ack)
			acknowledge(w, &r);
		prepare_run(w, &r);
		from = moment_of(row);
		judge(w, &r);
		to = moment_of(row);
		put_lists(r.skel, row, false);
	} while ((memcmp(&from, &to, sizeof(from)) || is_too_late(&r)) && ++tries < TRIES);
	w->nr_run++;
	if (!r.trouble[0])
		return;
	w->nr_failed++;
	printf("not ok: %s (%s, %d tags): %s\n", row->name, v6 ? "IPv6" : "IPv4", nr_vlans,
	       r.trouble);
}

static void run_variants(struct world *w, const struct row *row)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (int vlans = row->nr_vlans_min; vlans <= 2 || vlans == row->nr_vlans_min;
		     vlans++) {
			if ((v6 && row->v4_only) || (!v6 && row->v6_only) ||
			    (vlans && row->untagged))
				continue;
			run_variant(w, row, v6, vlans);
		}
}

static bool is_mptcp(uint16_t port)
{
	return port == PORT_MPTCP || port == PORT_MPTCP_FULL;
}

static void run_row(struct world *w, const struct row *row)
{
	w->nr_rows++;
	if (row->tsecr_by && !w->checks_echo) {
		printf("SKIP: %s: this kernel does not look at it\n", row->name);
		return;
	}
	if (is_mptcp(row->in.dport) && !w->has_mptcp) {
		printf("SKIP: %s: this kernel has no MPTCP\n", row->name);
		w->seen[row->why] = true;
		return;
	}
	if (row->forwards_not)
		world_forward(false);
	run_variants(w, row);
	if (row->forwards_not)
		world_forward(true);
}

/* ---- what takes more than one packet to see ---- */

#define SPREAD_PREFIXES 64
#define RESETS_TRIED 9

/* How many resets a prefix gets in this second; @ret_whole: it was one second all along. */
static int resets_of(struct run *r, bool *ret_whole)
{
	__u64 before[NR_REASONS], after[NR_REASONS], second = now_ms() / 1000;

	prepare(r->skel, r->row);
	read_counts(r, before);
	for (int i = 0; i < RESETS_TRIED; i++)
		test_run_xdp(r);
	read_counts(r, after);
	*ret_whole = second == now_ms() / 1000;
	return after[SYN_NO_LISTENER] - before[SYN_NO_LISTENER];
}

/* From 2 to 6 resets, by chance: an outsider must not know how many are left. */
static void check_reset_spread(struct world *w)
{
	static const struct row row = { .name = "resets of a prefix",
					.in = { .dport = PORT_NOBODY, .flags = SYN } };
	struct run r = { .row = &row, .skel = w->skel[FULL], .nr_cpus = w->nr_cpus, .in = row.in };
	int with[RESETS_TRIED + 1] = {};
	bool is_whole;

	memcpy(r.net.dst_mac, our_mac, 6);
	memcpy(r.net.src_mac, their_mac, 6);
	memcpy(r.net.dst, world_srv4, 4);
	for (int i = 0; i < SPREAD_PREFIXES; i++) {
		int nr;

		memcpy(r.net.src, (uint8_t[]){ 198, 18, i, 1 }, 4);
		r.bytes = frame_build(&r.in, &r.net, r.frame);
		do {
			nr = resets_of(&r, &is_whole);
		} while (!is_whole);
		with[nr]++;
	}
	for (int nr = 0; nr <= RESETS_TRIED; nr++) {
		if ((with[nr] > 0) == (nr >= RESETS_LEAST && nr <= RESETS_MOST))
			continue;
		w->nr_failed++;
		printf("not ok: %d of %d prefixes got %d resets in a second\n", with[nr],
		       SPREAD_PREFIXES, nr);
	}
}

static void check_all_seen(struct world *w)
{
	for (int i = 0; i < NR_REASONS; i++) {
		if (w->seen[i] == !is_internal(i) || is_seen_elsewhere(i))
			continue;
		w->nr_failed++;
		printf("not ok: reason %s %s\n", reason_names[i],
		       w->seen[i] ? "is internal and was seen" : "is no row's verdict");
	}
}

/* ---- the world ---- */

/* Older kernels do not compare the echoed time of a handshake with what they sent. */
static bool kernel_checks_echo(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf__find_by_name_kind(btf, "tcp_request_sock", BTF_KIND_STRUCT);
	const struct btf_type *type = btf__type_by_id(btf, id);
	bool is_there = false;

	for (int i = 0; type && i < btf_vlen(type); i++)
		is_there |= !strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off),
				    "snt_tsval_first");
	btf__free(btf);
	return is_there;
}

/* One CPU to run on, and another one, if there is one. */
static void choose_cpus(struct world *w)
{
	cpu_set_t all;
	int nr = 0;

	MUST(sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE && nr < 2; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&w->elsewhere);
		CPU_SET(cpu, &w->elsewhere);
		if (!nr++)
			w->here = w->elsewhere;
	}
	MUST(sched_setaffinity(0, sizeof(w->here), &w->here));
}

static void open_listeners(struct world *w)
{
	static const uint16_t plain[] = { PORT_MONITOR, PORT_DRAIN,    PORT_TIMES, PORT_ATTACKED,
					  PORT_FORCED,  PORT_DISARMED, PORT_OFF,   PORT_OFF_DRAIN };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		world_listen(plain[i], 0, 16, 0);
	world_listen(PORT_SMALL, 0, 16, SMALL_RCVBUF);
	world_defer(world_listen(PORT_DEFER, 0, 16, 0));
	w->has_mptcp = world_listen(PORT_MPTCP, 262, 16, 0) >= 0;
	w->full_listener = world_listen(PORT_FULL, 0, 0, 0);
	fill_accept_queue(w, true); /* one more than a backlog of 0 */
	world_add_key(world_listen(PORT_MD5, 0, 16, 0));
	world_listen(PORT_BRIM, 0, 1, 0);
	world_connect(false, 0, PORT_BRIM);
	/* of which two handshakes are open */
	world_listen(PORT_ROOMY, 0, 4, 0);
	world_listen(PORT_CROWDED, 0, 3, 0);
	if (w->has_mptcp)
		world_listen(PORT_MPTCP_FULL, 262, 1, 0);
}

static const uint16_t half_open_ports[] = { PORT_AUTO,  PORT_DEFER,   PORT_TIMES,
					    PORT_ROOMY, PORT_CROWDED, PORT_MPTCP_FULL };

static void open_connections(struct world *w, bool v6, int web, int auto_listener)
{
	struct frame from = { .src = ADDR_OTHER };
	struct frame_net net = { .v6 = v6 };

	memcpy(net.dst, v6 ? world_srv6 : world_srv4, 16);
	pick_source(&from, &net);
	world_connections(v6, web);
	world_connect(v6, SPORT_ESTABLISHED, PORT_AUTO);
	MUST(accept(auto_listener, NULL, NULL));
	world_half_open(v6, &net, PORT_WEB);
	for (size_t i = 0; i < sizeof(half_open_ports) / sizeof(half_open_ports[0]); i++) {
		uint16_t port = half_open_ports[i];

		if (is_mptcp(port) && !w->has_mptcp)
			continue;
		w->synacks[service_row(port)][v6] = world_half_open(v6, &net, port);
	}
}

static void world_open(struct world *w)
{
	int web, auto_listener;

	world_namespace();
	choose_cpus(w);
	web = world_listen(PORT_WEB, 0, 16, 0);
	auto_listener = world_listen(PORT_AUTO, 0, 16, 0);
	open_listeners(w);
	for (int v6 = 0; v6 < 2; v6++)
		open_connections(w, v6, web, auto_listener);
	w->checks_echo = kernel_checks_echo();
	w->nr_cpus = MUST(libbpf_num_possible_cpus());
	for (int build = 0; build < NR_BUILDS; build++)
		w->skel[build] = load(build);
}

int main(void)
{
	struct world w = {};

	world_open(&w);
	for (size_t t = 0; t < sizeof(row_tables) / sizeof(row_tables[0]); t++)
		for (size_t i = 0; i < row_tables[t].nr; i++)
			run_row(&w, &row_tables[t].row[i]);
	check_reset_spread(&w);
	check_all_seen(&w);
	printf("%u rows, %u runs, %u failed\n", w.nr_rows, w.nr_run, w.nr_failed);
	for (int build = 0; build < NR_BUILDS; build++)
		synward_bpf__destroy(w.skel[build]);
	return w.nr_failed ? 1 : 0;
}
