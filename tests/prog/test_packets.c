// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the packet table (rows.h) against the loaded programs (BPF_PROG_TEST_RUN) and real sockets.
 * Each run must move exactly one reason's counter by one; an answer is compared byte for byte with
 * one that frame.h and ref.h build. In the end every reason must have been some row's.
 *
 * --other-kernel: rows for which the kernel lacks something are said to be "not on this kernel";
 * without it, and so where the tests are at home, they are skipped tests, or the kernel will not
 * do.
 */
#include "expect.h"
#include "rows.h"
#include "table_world.h"

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

/* ---- cookies of the kernel's ---- */

/* To any service, as if it was armed. */
static const struct row kernel_cookie_row = {
	.name = "cookie of the kernel's", .build = KERNEL_TOO, .syncookies = 2, .tc_dead = true
};

/* The kernel gives the client of @r one, and that is what @r acknowledges. */
static void put_kernel_cookie(struct world *w, struct run *r)
{
	struct run syn = *r;
	__u32 index = service_row(r->in.dport);
	bool is_full = r->in.dport == PORT_FULL;

	syn.row = &kernel_cookie_row;
	syn.skel = w->skel[KERNEL_ONLY];
	syn.in.seq = CLIENT_ISN;
	syn.in.flags = SYN;
	syn.in.payload_bytes = 0;
	syn.in.mss = 1460;
	syn.bytes = frame_build(&syn.in, &syn.net, syn.frame);
	if (is_full)
		fill_accept_queue(w, false);
	set_sysctls(w, syn.row);
	prepare(syn.skel, &(struct row){ .in = r->in });
	syn.skel->data_conf->rows[index].mode = SVC_ALWAYS;
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
	r->begin_ms = now_ms();
	prepare(r->skel, row);
	put_cookie(r);
	r->bytes = frame_build(&r->in, &r->net, r->frame);
	r->since_ms = now_ms();
	if (row->by_tc)
		put_flow(r, FLOW_VALIDATED);
	else if (row->flow)
		put_flow(r, row->flow);
	if (row->seen)
		put_seen(r);
	if (row->kept)
		put_retry(r);
	put_record(r->skel, row, r->net.v6, w->nr_cpus);
	if (row->listener != BY_LOOKUP)
		spend_lookups(r->skel, w->nr_cpus);
	if (r->when)
		put_flood(r->skel, row, r->net.v6, w->nr_cpus);
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
		run_on(&w->elsewhere);
	for (int i = 0; i < row->times + row->twice; i++)
		test_run_xdp(&earlier);
	run_on(&w->here);
	if (row->late)
		wait_ms(20);
	if (row->second_later)
		age_budgets(r->skel, w->nr_cpus);
}

/* A SYN to a service of ours that nobody has parsed was judged by the lane, which gives two
 * reasons. */
static void expect_lane(struct run *r)
{
	enum reason why = r->row->why;

	r->is_by_lane = is_counted(why) && !is_packet_parsed(r->skel, r->nr_cpus);
	if (r->is_by_lane && why != SYN_COOKIE && why != SYN_OVER_CAP)
		trouble(r, "it was the lane that judged it; ");
}

/* The TC half tells of what is behind Ethernet, and of no answer. */
static void expect_told(struct run *r)
{
	const size_t l2 = r->row->by_tc ? 14 + 4 * r->net.nr_vlans : 0;
	const char *wrong = NULL;

	if (!IS_TAPPED)
		return;
	if (is_told(r->row->why, r->in.flags))
		wrong = tap_trouble(r->row->why, r->frame + l2, r->bytes - l2,
				    r->out + r->meta_bytes, r->out_bytes,
				    r->action == XDP_DROP || r->row->by_tc);
	else if (tap_record.reason != NR_REASONS)
		wrong = "the tap tells of what nobody wants to hear of";
	if (wrong)
		trouble(r, "%s; ", wrong);
}

static void judge(struct world *w, struct run *r)
{
	__u64 before[NR_REASONS], after[NR_REASONS];
	struct row_counts rows_before, rows_after;
	const struct row *row = r->row;
	uint64_t from_ms;

	run_earlier(w, r);
	if (r->when)
		forget_packet(r->skel, w->nr_cpus);
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
	expect_told(r);
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
	if (row->seen || row->seen_after)
		expect_seen(r);
	expect_held(r);
	if (r->when != IN_FLOOD_AGAIN) /* the other has said it */
		expect_host(r, from_ms);
	expect_retries(r, from_ms);
	expect_row_counts(r, &rows_before, &rows_after);
	if (r->when) {
		expect_lane(r);
		expect_rate(r);
	}
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

#define YOUNG_MS 16 /* so long is what is entered now of this moment */

/* Has time moved on under the row, so that its ages, its budgets, or the moment in which something
 * had just happened are over? */
static bool is_too_late(const struct run *r)
{
	const struct row *row = r->row;
	bool is_young = (row->flow && !row->aged) || (row->twice && !row->late);
	uint64_t now = now_ms();

	return now >> EPOCH_SHIFT != r->begin_ms >> EPOCH_SHIFT ||
	       now / 1000 != r->begin_ms / 1000 ||
	       ((row->listener || (row->spares && !row->late) || r->when) &&
		now / LOOKUP_WINDOW_MS != r->since_ms / LOOKUP_WINDOW_MS) ||
	       (is_young && now - r->since_ms >= YOUNG_MS);
}

#define TRIES 50

/* A plain SYN from elsewhere to the row's service: was it answered, by the lane? */
static bool is_another_answered(struct world *w, const struct run *r)
{
	__u64 host_armed_ms = r->skel->data_live->host_armed_ms;
	struct run other = *r;

	other.in = (struct frame){ .dport = r->row->in.dport, LINUX_SYN, .src = ADDR_OTHER };
	pick_source(&other.in, &other.net);
	other.bytes = frame_build(&other.in, &other.net, other.frame);
	forget_packet(r->skel, w->nr_cpus);
	test_run_xdp(&other);
	put_flood(r->skel, r->row, r->net.v6, w->nr_cpus);
	r->skel->data_live->host_armed_ms = host_armed_ms; /* some rows want a host at peace */
	return other.action == XDP_TX && !is_packet_parsed(r->skel, w->nr_cpus);
}

static void run_variant(struct world *w, const struct row *row, bool v6, int nr_vlans, int when)
{
	static const char *const whens[] = { "", ", in a flood", ", in a flood, again" };
	struct run r = { .row = row,
			 .when = when,
			 .skel = w->skel[row->build],
			 .nr_cpus = w->nr_cpus,
			 .net = { .v6 = v6, .nr_vlans = nr_vlans } };
	bool is_judged;
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
		is_judged = when != IN_FLOOD_AGAIN || is_another_answered(w, &r);
		if (is_judged)
			judge(w, &r);
		put_lists(r.skel, row, false);
	} while (is_judged && is_too_late(&r) && ++tries < TRIES);
	if (!is_judged)
		return;
	w->nr_again[v6] += when == IN_FLOOD_AGAIN;
	w->nr_run++;
	w->nr_by_lane[row->why][v6] += r.is_by_lane;
	if (!r.trouble[0])
		return;
	w->nr_failed++;
	printf("not ok: %s (%s, %d tags%s): %s\n", row->name, v6 ? "IPv6" : "IPv4", nr_vlans,
	       whens[when], r.trouble);
}

/* Late is when a flood's lookups are not spent any more; in one no listener spares any, and all
 * have been asked for. */
static bool is_same_in_flood(const struct row *row)
{
	return (row->in.flags & (SYN | ACK)) == SYN && !row->late && !row->spares && !row->first;
}

/* What is in TIME_WAIT is so for a minute, and taps take longer, in an emulated machine too long:
 * there tags are left out, which they have seen at home. */
static void run_variants(struct world *w, const struct row *row)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (int vlans = row->nr_vlans_min; vlans <= 2 || vlans == row->nr_vlans_min;
		     vlans++) {
			if ((v6 && row->v4_only) || (!v6 && row->v6_only) ||
			    (vlans && row->untagged) ||
			    (vlans > row->nr_vlans_min && w->is_other_kernel && IS_TAPPED))
				continue;
			run_variant(w, row, v6, vlans, CALM);
			if (vlans || !is_same_in_flood(row))
				continue;
			run_variant(w, row, v6, vlans, IN_FLOOD);
			run_variant(w, row, v6, vlans, IN_FLOOD_AGAIN);
		}
}

/* What the row needs and the kernel has not; NULL: nothing. */
static const char *what_lacks(const struct world *w, const struct row *row)
{
	if (row->tsecr_by && !w->checks_echo)
		return "it does not look at the echoed time";
	if (is_mptcp(row->in.dport) && !w->has_mptcp)
		return "it has no MPTCP";
	if (row->by_tc && !w->has_hand_off)
		return "it has no bpf_sk_assign_tcp_reqsk()";
	return NULL;
}

static void run_row(struct world *w, const struct row *row)
{
	const char *lacks = what_lacks(w, row);

	if (lacks) {
		printf("%s: %s: %s\n", w->is_other_kernel ? "not on this kernel" : "SKIP",
		       row->name, lacks);
		w->seen[row->why] = true;
		return;
	}
	w->nr_rows++;
	if (row->forwards_not)
		world_forward(false);
	run_variants(w, row);
	if (row->forwards_not)
		world_forward(true);
}

/* ---- what takes more than one packet to see ---- */

/* So often comes @r, on two CPUs by turns if @by_turns, all within one second; how often was that
 * @why? */
static unsigned int count_of(const struct world *w, struct run *r, unsigned int times,
			     bool by_turns, enum reason why)
{
	__u64 before[NR_REASONS], after[NR_REASONS], second;

	r->skel = w->skel[r->row->build];
	r->nr_cpus = w->nr_cpus;
	r->bytes = frame_build(&r->in, &r->net, r->frame);
	do {
		prepare(r->skel, r->row);
		read_counts(r, before);
		second = now_ms() / 1000;
		for (unsigned int i = 0; i < times; i++) {
			if (by_turns)
				run_on(i % 2 ? &w->here : &w->elsewhere);
			test_run_xdp(r);
		}
		run_on(&w->here);
		read_counts(r, after);
	} while (second != now_ms() / 1000);
	return after[why] - before[why];
}

static struct run run_of(const struct row *row)
{
	struct run r = { .row = row, .in = row->in };

	memcpy(r.net.dst_mac, our_mac, 6);
	memcpy(r.net.src_mac, their_mac, 6);
	memcpy(r.net.src, world_cli4, 4);
	memcpy(r.net.dst, world_srv4, 4);
	return r;
}

#define SPREAD_PREFIXES 64
#define RESETS_TRIED 9

/* From 2 to 6 resets, by chance: an outsider must not know how many are left. */
static void check_reset_spread(struct world *w)
{
	static const struct row row = { .in = { .dport = PORT_NOBODY, .flags = SYN },
					.build = FULL };
	unsigned int with[RESETS_TRIED + 1] = {};
	struct run r = run_of(&row);

	for (int i = 0; i < SPREAD_PREFIXES; i++) {
		memcpy(r.net.src, (uint8_t[]){ 198, 18, i, 1 }, 4);
		with[count_of(w, &r, RESETS_TRIED, false, SYN_NO_LISTENER)]++;
	}
	for (int nr = 0; nr <= RESETS_TRIED; nr++) {
		if ((with[nr] > 0) == (nr >= RESETS_LEAST && nr <= RESETS_MOST))
			continue;
		w->nr_failed++;
		printf("not ok: %u of %d prefixes got %d resets in a second\n", with[nr],
		       SPREAD_PREFIXES, nr);
	}
}

#define CAP_OF_TWO 64

/* What CPUs keep for themselves costs a sixteenth at most, and is never too much. */
static void check_cap_of_two_cpus(struct world *w)
{
	static const struct row row = { .in = { .dport = PORT_WEB, LINUX_SYN },
					.cap = CAP_OF_TWO,
					.flush = 2 };
	struct run r = run_of(&row);
	unsigned int nr = count_of(w, &r, 3 * CAP_OF_TWO, true, SYN_COOKIE);

	if (nr <= CAP_OF_TWO && nr >= CAP_OF_TWO - CAP_OF_TWO / 16)
		return;
	w->nr_failed++;
	printf("not ok: of a cap of %d, two CPUs sent %u\n", CAP_OF_TWO, nr);
}

static const struct row plain_row = { .in = { .dport = PORT_WEB, LINUX_SYN } };

/* Is it answered, once more? */
static bool is_answered(struct run *r)
{
	test_run_xdp(r);
	return r->action == XDP_TX;
}

/* A ticket holds although its row has changed, until the daemon says that something has. */
static void check_ticket(struct world *w)
{
	struct row_conf *conf = &w->skel[FULL]->data_conf->rows[service_row(PORT_WEB)];
	struct run r = run_of(&plain_row);
	bool has_held, has_ended;
	uint64_t since;

	r.skel = w->skel[FULL];
	r.nr_cpus = w->nr_cpus;
	do {
		since = now_ms();
		prepare_run(w, &r);
		put_flood(r.skel, &plain_row, false, w->nr_cpus);
		has_held = is_answered(&r);
		conf->mode = SVC_OFF;
		has_held &= is_answered(&r);
		r.skel->data_conf->settings.generation++;
		has_ended = !is_answered(&r);
	} while (now_ms() != since);
	w->nr_failed += !has_held + !has_ended;
	if (!has_held || !has_ended)
		printf("not ok: a ticket does not %s\n", has_held ? "end" : "hold");
}

static uint32_t isn_of_answer(struct run *r)
{
	return is_answered(r) ? get32(r->out + 14 + 20 + 4) : 0;
}

/* A CPU that has read the secret reads it again when it is told, and derives its epoch's key. */
static void check_rotation(struct world *w)
{
	struct run r = run_of(&plain_row);
	uint32_t isn, untold, told;
	struct secret s;

	r.skel = w->skel[FULL];
	r.nr_cpus = w->nr_cpus;
	prepare_run(w, &r);
	while (now_ms() % (1 << EPOCH_SHIFT) > (1 << EPOCH_SHIFT) - 500)
		wait_ms(20);
	MUST(bpf_map_lookup_elem(bpf_map__fd(r.skel->maps.secret), &(__u32){ 0 }, &s));
	isn = isn_of_answer(&r);
	s.master[0] ^= 1;
	put(r.skel->maps.secret, 0, &s);
	wait_ms(20);
	untold = isn_of_answer(&r);
	r.skel->data_conf->settings.secret_serial++;
	wait_ms(20);
	told = isn_of_answer(&r);
	if (isn && untold == isn && told && told != isn)
		return;
	w->nr_failed++;
	printf("not ok: another key makes %08x of %08x, and %08x before it is told\n", told, isn,
	       untold);
}

/* Or all that floods have shown was about the long way. */
static void check_lane(struct world *w)
{
	static const enum reason wanted[] = { SYN_COOKIE, SYN_OVER_CAP };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			w->nr_failed += !w->nr_by_lane[wanted[i]][v6];
			printf("%sthe lane's: %s, IPv%d, %u runs\n",
			       w->nr_by_lane[wanted[i]][v6] ? "" : "not ok: ",
			       reason_names[wanted[i]], v6 ? 6 : 4, w->nr_by_lane[wanted[i]][v6]);
		}
	for (int v6 = 0; v6 < 2; v6++) {
		w->nr_failed += !w->nr_again[v6];
		printf("%swith a ticket that was there: IPv%d, %u runs\n",
		       w->nr_again[v6] ? "" : "not ok: ", v6 ? 6 : 4, w->nr_again[v6]);
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

int main(int argc, char **argv)
{
	struct world w = { .is_other_kernel = argc == 2 && !strcmp(argv[1], "--other-kernel") };

	if (argc > 1 && !w.is_other_kernel) {
		fprintf(stderr, "usage: test_packets [--other-kernel]\n");
		return 2;
	}
	world_open(&w);
	for (size_t t = 0; t < sizeof(row_tables) / sizeof(row_tables[0]); t++)
		for (size_t i = 0; i < row_tables[t].nr; i++)
			run_row(&w, &row_tables[t].row[i]);
	check_reset_spread(&w);
	check_cap_of_two_cpus(&w);
	check_ticket(&w);
	check_rotation(&w);
	check_lane(&w);
	check_all_seen(&w);
	printf("%u rows, %u runs, %u failed\n", w.nr_rows, w.nr_run, w.nr_failed);
	for (int build = 0; build < NR_BUILDS; build++)
		synward_bpf__destroy(w.skel[build]);
	return w.nr_failed ? 1 : 0;
}
