// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path against a reference that was written without it (verdict.h, answer.h): random
 * mutants of valid frames (mutate.h) go through the loaded program, and the reason that it gives,
 * what it does to the frame, and every field of its answers must be those of the reference. What a
 * cookie was sent for is acknowledged, and must be validated. And what is passed as none of our
 * business goes into a real stack (stack.h), which must not make a handshake of it: that would be a
 * way past an armed service.
 *
 *   MUTANTS_SECONDS=600     instead of 20; V=1 says how often each reason was given
 *   MUTANTS_SEED=0x1234     with MUTANTS_COUNT=1: that one again, as a failure says
 */
#include <sched.h>
#include <sys/random.h>

#include "host.h"
#include "mutate.h"
#include "reason_table.h"
#include "stack.h"

#define FIXED_SEED 0x73796e77617264ULL
#define SECONDS_DEFAULT 20
#define FAILURES_MAX 10

/* How a note for TC lies before the frame, as bpf/note.h has it. */
struct note_area {
	uint8_t lead[14];
	uint16_t magic;
	uint32_t tsval, tsecr, sent_ms;
	uint16_t mss;
	uint8_t wscale, flags; /* SACK 1, ECN 2, timestamps 4 */
};

struct test {
	struct host host;
	struct stack stack;
	uint64_t seed; /* of the mutant at hand */
	unsigned long nr_run, nr_in_stack, seen[NR_REASONS];
	unsigned int nr_failed;
};

/* What came of a frame. */
struct outcome {
	struct view in;
	enum reason why;
	unsigned int nr_reasons; /* that were counted: 1 */
	int action;
	uint8_t out[FRAME_ROOM];
	size_t out_bytes, meta_bytes;
	struct note_area note;
	uint64_t from_ms, to_ms;
};

/* ---- failures ---- */

static void complain(struct test *t, const struct outcome *o, const struct verdict *v,
		     const char *wrong)
{
	t->nr_failed++;
	printf("not ok: %s\n  verdict %s, action %d, %zu bytes; the reference says", wrong,
	       reason_names[o->why], o->action, o->out_bytes);
	for (int i = 0; v && i < NR_REASONS; i++)
		if (v->may[i])
			printf(" %s", reason_names[i]);
	printf("\n  MUTANTS_SEED=0x%llx MUTANTS_COUNT=1\n  frame ", (unsigned long long)t->seed);
	for (size_t i = 0; i < o->in.bytes; i++)
		printf("%02x", o->in.frame[i]);
	printf("\n");
	if (o->action != XDP_TX)
		return;
	printf("  answer ");
	for (size_t i = 0; i < o->out_bytes; i++)
		printf("%02x", o->out[i]);
	printf("\n");
}

/* ---- one frame ---- */

static void run_frame(struct test *t, const uint8_t *frame, size_t bytes, struct outcome *o)
{
	struct xdp_md in = { .data_end = bytes }, out = { 0 };
	uint8_t result[FRAME_ROOM + 64];
	__u64 moved[NR_REASONS];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes,
		    .data_out = result, .data_size_out = sizeof(result), .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out),
		    .repeat = 1);

	*o = (struct outcome){ .in = { .frame = frame, .bytes = bytes } };
	host_put_rows(&t->host);
	o->from_ms = now_ms();
	MUST(bpf_prog_test_run_opts(bpf_program__fd(t->host.skel->progs.synward_xdp), &opts));
	o->to_ms = now_ms();
	o->action = opts.retval;
	o->meta_bytes = out.data - out.data_meta;
	o->out_bytes = opts.data_size_out - o->meta_bytes;
	memcpy(o->out, result + o->meta_bytes, o->out_bytes);
	if (o->meta_bytes == sizeof(o->note))
		memcpy(&o->note, result, sizeof(o->note));
	host_read_counts(&t->host, moved);
	for (int i = 0; i < NR_REASONS; i++) {
		if (moved[i])
			o->why = i;
		o->nr_reasons += moved[i];
	}
	t->seen[o->why]++;
	t->nr_run++;
}

/* The reference's verdict at the beginning and the end of the run: a cookie may have expired. */
static void expect(struct outcome *o, struct verdict *ret)
{
	host_expect(&o->in, o->from_ms, ret);
	if (o->from_ms != o->to_ms)
		host_expect(&o->in, o->to_ms, ret);
}

/* Does it leave nothing behind in any map that the next verdict depends on? */
static bool is_forgotten(enum reason why)
{
	return reason_actions[why] == XDP_DROP || why == SYN_COOKIE || why == NOT_IP ||
	       why == NOT_TCP || why == BAD_HEADER || why == NOT_SERVICE || why == AT_PEACE ||
	       why == ACK_INVALID_PEACE || why == ACK_RESET;
}

/* Whatever is not about us: nobody else looks for a SYN in it. */
static bool is_left_to_kernel(enum reason why)
{
	return why == NOT_IP || why == NOT_TCP || why == FRAGMENT || why == BAD_HEADER ||
	       why == TAGS_TOO_DEEP || why == EXT_TOO_DEEP || why == EXT_ROUTED ||
	       why == NOT_SERVICE || why == OTHER_HOST;
}

/* Returns true when all is as the reference says. */
static bool judge_frame(struct test *t, const uint8_t *frame, size_t bytes, struct outcome *o)
{
	const char *wrong = NULL;
	struct verdict v = { 0 };

	run_frame(t, frame, bytes, o);
	expect(o, &v);
	if (o->nr_reasons != 1)
		wrong = "not exactly one reason was counted";
	else if (!v.may[o->why])
		wrong = "another verdict";
	else if (o->action != reason_actions[o->why])
		wrong = "another action than the reason has";
	else if (o->action != XDP_TX && (o->out_bytes != bytes || memcmp(o->out, frame, bytes)))
		wrong = "a frame that is no answer was changed";
	else if (o->meta_bytes != (o->why == ACK_COOKIE_VALID ? sizeof(struct note_area) : 0))
		wrong = "metadata";
	if (!is_forgotten(o->why))
		host_forget(&t->host);
	if (wrong) {
		complain(t, o, &v, wrong);
		return false;
	}
	if (t->stack.tap < 0 || !is_left_to_kernel(o->why))
		return true;
	t->nr_in_stack++;
	if (stack_makes_handshake(&t->stack, frame, bytes))
		complain(t, o, &v, "the kernel answers a SYN to an armed service in it");
	return true;
}

/* ---- and what follows ---- */

/* What TC is told is what the SYN-ACK agreed to. */
static bool is_note_right(const struct outcome *o, const struct kept *k)
{
	return o->note.mss == k->mss && o->note.wscale == (k->wscale < 0 ? 15 : k->wscale) &&
	       o->note.flags == (k->sack | k->ecn << 1 | k->ts << 2);
}

static void check_answer(struct test *t, struct random *r, const struct outcome *o)
{
	const struct answerer host = {
		.master = host_secret.master,
		.flow_key = host_secret.flow,
		.mtu = HOST_MTU,
		.ttl = HOST_TTL,
		.wscale = 10,
		.space = HOST_RMEM_DEFAULT / 2,
		.from_ms = o->from_ms,
		.to_ms = o->to_ms,
	};
	struct mutant ack = { 0 };
	struct outcome then;
	struct kept kept;
	const char *wrong = answer_wrong(&o->in, &host, o->out, o->out_bytes, &kept);

	if (wrong)
		return complain(t, o, NULL, wrong);
	ack.bytes = answer_ack(&o->in, o->out, ack.byte);
	ack.l3 = o->in.l3;
	ack.l4 = o->in.l3 + (o->in.v6 ? 40 : 20);
	ack.v6 = o->in.v6;
	if (chance(r, 30)) {
		mutate(r, &ack);
		judge_frame(t, ack.byte, ack.bytes, &then);
		return;
	}
	if (!judge_frame(t, ack.byte, ack.bytes, &then))
		return;
	if (then.why != ACK_COOKIE_VALID)
		complain(t, &then, NULL, "the answer to a cookie is not validated");
	else if (!is_note_right(&then, &kept))
		complain(t, &then, NULL, "the note says something else than the SYN-ACK");
}

/* Where it comes from: a stranger whose prefix has budgets of its own, or a connection that the
 * kernel holds. */
static void random_net(struct random *r, struct frame *f, struct frame_net *net)
{
	net->v6 = chance(r, 50);
	net->nr_vlans = chance(r, 20) ? 1 + below(r, 3) : 0;
	memcpy(net->dst_mac, host_mac, 6);
	memcpy(net->src_mac, peer_mac, 6);
	memcpy(net->dst, net->v6 ? world_srv6 : world_srv4, 16);
	memcpy(net->src, net->v6 ? world_cli6 : world_cli4, 16);
	if (net->v6)
		put32(net->src + 4, random_next(r));
	else
		put32(net->src, 0xc6120000 | below(r, 1 << 17)); /* 198.18.0.0/15 */
	if (!chance(r, 4))
		return;
	f->dport = PORT_WEB;
	f->sport = chance(r, 50) ? SPORT_ESTABLISHED : SPORT_HALF_OPEN;
	f->src = f->sport == SPORT_HALF_OPEN ? ADDR_OTHER : ADDR_USUAL;
	memcpy(net->src, net->v6 ? world_cli6 : world_cli4, 16);
}

static void run_mutant(struct test *t, uint64_t seed)
{
	static const uint16_t ports[] = { PORT_WEB,    PORT_WEB,  PORT_WEB,       PORT_WEB,
					  PORT_WEB,    PORT_WEB,  PORT_ATTACKED,  PORT_ATTACKED,
					  PORT_NOBODY, PORT_AUTO, PORT_MONITOR,   PORT_DRAIN,
					  PORT_DRAIN,  PORT_OFF,  PORT_OFF_DRAIN, PORT_OTHER };
	struct random r = { .state = seed * 0x2545f4914f6cdd1dULL };
	struct frame f = random_frame(&r, PICK(&r, ports));
	struct frame_net net = { 0 };
	struct mutant m = { 0 };
	struct outcome o;

	t->seed = seed;
	random_net(&r, &f, &net);
	mutant_make(&r, &f, &net, &m);
	if (f.sport == SPORT_ESTABLISHED || f.sport == SPORT_HALF_OPEN)
		host_fresh_lookups(&t->host);
	else if (chance(&r, 50))
		host_spend_lookups(&t->host); /* of what is behind them, bpf/lane.h judges most */
	if (judge_frame(t, m.byte, m.bytes, &o) && o.why == SYN_COOKIE)
		check_answer(t, &r, &o);
}

/* ---- the run ---- */

static void run_for(struct test *t, uint64_t seed, uint64_t ms, unsigned long count)
{
	uint64_t end = now_ms() + ms;

	for (; count && t->nr_failed < FAILURES_MAX && now_ms() < end; count--)
		run_mutant(t, seed++);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* A test that cannot fail is none: the real stack does answer what is sent to it. */
static void check_stack(struct test *t)
{
	struct frame f = { .dport = PORT_WEB, .flags = SYN, .seq = 0x5eed5eed, .mss = 1460 };

	for (int v6 = 0; v6 < 2; v6++) {
		struct frame_net net = { .v6 = v6 };
		uint8_t frame[FRAME_ROOM];

		memcpy(net.dst_mac, host_mac, 6);
		memcpy(net.dst, v6 ? world_srv6 : world_srv4, 16);
		memcpy(net.src, v6 ? world_cli6 : world_cli4, 16);
		put32(net.src + (v6 ? 4 : 0), v6 ? 1 : 0xc6120001);
		if (stack_makes_handshake(&t->stack, frame, frame_build(&f, &net, frame)))
			continue;
		printf("not ok: the kernel gives no answer to a SYN (IPv%d)\n", v6 ? 6 : 4);
		t->nr_failed++;
	}
}

/* What a run reaches at the least; the rest is a matter of luck, or of other tests. */
static void check_reached(struct test *t)
{
	static const enum reason wanted[] = {
		NOT_IP,
		NOT_TCP,
		FRAGMENT,
		FRAGMENT_SYN,
		BAD_HEADER,
		TAGS_TOO_DEEP_ARMED,
		EXT_TOO_DEEP_ARMED,
		EXT_ROUTED,
		NOT_SERVICE,
		OTHER_HOST,
		AT_PEACE,
		SYN_PEACE,
		SYN_KNOWN,
		SYN_BAD_FLAGS,
		SYN_MARTIAN,
		SYN_SOURCE_ROUTED,
		SYN_BAD_CHECKSUM,
		SYN_TOO_LONG,
		SYN_SMALL_MSS,
		SYN_COOKIE,
		FLOW_LEARNED,
		KERNEL_HANDSHAKE,
		ACK_COOKIE_VALID,
		ACK_INVALID_PEACE,
		ACK_COOKIE_INVALID,
		ACK_COOKIE_EXPIRED,
		OUT_OF_STATE,
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (t->seen[wanted[i]])
			continue;
		printf("not ok: no mutant was %s\n", reason_names[wanted[i]]);
		t->nr_failed++;
	}
}

int main(void)
{
	static struct test t;
	uint64_t ms = number_of("MUTANTS_SECONDS", SECONDS_DEFAULT) * 1000, seed = 0;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	MUST(sched_setaffinity(0, sizeof(one), &one)); /* what is remembered is per CPU */
	host_open(&t.host);
	stack_open(&t.stack);
	if (t.stack.tap >= 0)
		check_stack(&t);
	seed = number_of("MUTANTS_SEED", 0);
	if (seed) {
		run_for(&t, seed, ms, number_of("MUTANTS_COUNT", -1));
	} else {
		MUST(getrandom(&seed, sizeof(seed), 0));
		run_for(&t, FIXED_SEED, ms / 2, -1);
		run_for(&t, seed, ms / 2, -1);
		if (!t.nr_failed)
			check_reached(&t);
	}
	printf("%lu frames, %lu of them into the stack, %u failed; random seed 0x%llx\n", t.nr_run,
	       t.nr_in_stack, t.nr_failed, (unsigned long long)seed);
	for (int i = 0; i < NR_REASONS && getenv("V"); i++)
		if (t.seen[i])
			printf("%9lu %s\n", t.seen[i], reason_names[i]);
	synward_bpf__destroy(t.host.skel);
	return t.nr_failed ? 1 : 0;
}
