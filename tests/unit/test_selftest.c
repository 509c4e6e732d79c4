/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/selftest_frames.c daemon/selftest_verdict.c daemon/selftest_address.c */
/*
 * The self-test's pure parts: the frames, each field that a SYN-ACK can have wrong, the address of
 * the client who is made up, and the words for each outcome.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "selftest_address.h"
#include "selftest_frames.h"
#include "selftest_verdict.h"
#include "wire.h"

#define ETH 14

static struct ip_addr address(const char *text)
{
	struct ip_addr a = { { 0, 0, htonl(0xffff), 0 } };

	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	else
		assert_int_equal(inet_pton(AF_INET, text, &a.word[3]), 1);
	return a;
}

static struct test_client client_of(bool is_v6)
{
	return (struct test_client){
		.address = address(is_v6 ? "2001:db8::77" : "192.0.2.77"),
		.server = address(is_v6 ? "2001:db8::1" : "192.0.2.1"),
		.port = 40000,
		.server_port = 443,
		.mac = { 2, 0, 0, 0, 0, 7 },
		.server_mac = { 2, 0, 0, 0, 0, 1 },
		.isn = 0xfffffffe,
		.tsval = 1000,
	};
}

static size_t tcp_at(bool is_v6)
{
	return ETH + (is_v6 ? 40 : 20);
}

static unsigned int fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint64_t sum16(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (; n > 1; p += 2, n -= 2)
		sum += get16(p);
	return sum + (n ? p[0] * 256u : 0);
}

/* What the whole checksum folds to; 0xffff when it is right. */
static unsigned int tcp_sum(const struct test_frame *f, bool is_v6)
{
	const uint8_t *ip = f->bytes + ETH;
	size_t nr = f->nr_bytes - tcp_at(is_v6);

	return fold((is_v6 ? sum16(ip + 8, 32) : sum16(ip + 12, 8)) + 6 + nr +
		    sum16(f->bytes + tcp_at(is_v6), nr));
}

/* The checksums of a frame that was changed. */
static void mend(struct test_frame *f, bool is_v6)
{
	uint8_t *ip = f->bytes + ETH, *tcp = f->bytes + tcp_at(is_v6);

	if (!is_v6) {
		set16(ip + 10, 0);
		set16(ip + 10, ~fold(sum16(ip, 20)) & 0xffff);
	}
	set16(tcp + 16, 0);
	set16(tcp + 16, ~tcp_sum(f, is_v6) & 0xffff);
}

static void swap(uint8_t *a, uint8_t *b, size_t nr)
{
	while (nr--) {
		uint8_t x = *a;

		*a++ = *b;
		*b++ = x;
	}
}

/* As a server would answer the SYN. */
static void answer_of(const struct test_client *c, bool is_v6, struct test_frame *f)
{
	uint8_t *ip, *tcp;

	selftest_syn(c, f);
	ip = f->bytes + ETH;
	tcp = f->bytes + tcp_at(is_v6);
	swap(f->bytes, f->bytes + 6, 6);
	if (is_v6)
		swap(ip + 8, ip + 24, 16);
	else
		swap(ip + 12, ip + 16, 4);
	swap(tcp, tcp + 2, 2);
	set32(tcp + 8, get32(tcp + 4) + 1);
	set32(tcp + 4, 0x12345678);
	tcp[13] = SYN | ACK;
	set32(tcp + 20 + 8, 0xabcdef01); /* behind MSS and SACK-permitted: TSval */
	mend(f, is_v6);
}

static void test_frames(void **state)
{
	(void)state;
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct test_client c = client_of(is_v6);
		struct test_answer a = { 0x12345678, true, 0xabcdef01 };
		size_t at = tcp_at(is_v6);
		struct test_frame f;

		selftest_syn(&c, &f);
		assert_int_equal(f.nr_bytes, at + 40);
		assert_memory_equal(f.bytes, c.server_mac, 6);
		assert_int_equal(get16(f.bytes + 12), is_v6 ? 0x86dd : 0x0800);
		assert_int_equal(get16(f.bytes + at), 40000);
		assert_int_equal(get32(f.bytes + at + 4), 0xfffffffe);
		assert_int_equal(f.bytes[at + 13], SYN);
		assert_int_equal(get16(f.bytes + at + 22), is_v6 ? 1440 : 1460);
		assert_int_equal(get32(f.bytes + at + 28), 1000);
		assert_int_equal(tcp_sum(&f, is_v6), 0xffff);
		if (!is_v6)
			assert_int_equal(fold(sum16(f.bytes + ETH, 20)), 0xffff);

		selftest_ack(&c, &a, &f);
		assert_int_equal(f.bytes[at + 13], ACK);
		assert_int_equal(get32(f.bytes + at + 4), 0xffffffff);
		assert_int_equal(get32(f.bytes + at + 8), 0x12345679);
		assert_int_equal(get32(f.bytes + at + 28), 0xabcdef01);
		assert_int_equal(tcp_sum(&f, is_v6), 0xffff);

		a.has_timestamps = false;
		selftest_rst(&c, &a, &f);
		assert_int_equal(f.nr_bytes, at + 20);
		assert_int_equal(f.bytes[at + 13], RST | ACK);
		assert_int_equal(get32(f.bytes + at + 4), 0xffffffff);
		assert_int_equal(tcp_sum(&f, is_v6), 0xffff);
	}
}

/* One byte wrong, by its offset from TCP or, negative, from the frame's end of headers. */
static const struct {
	int at;
	uint8_t value;
	bool is_mended;
	const char *wrong;
} faults[] = {
	{ 0, 2, true, "ports" },         { 3, 1, true, "ports" },
	{ 13, SYN, true, "SYN-ACK" },    { 13, SYN | ACK | RST, true, "SYN-ACK" },
	{ 11, 9, true, "acknowledges" }, { 12, 0x40, true, "options" },
	{ 12, 0xf0, true, "options" },   { 21, 1, true, "options" },
	{ 21, 44, true, "options" },     { 21, 0, true, "options" },
	{ 7, 1, false, "checksum" },
};

static void test_answer_is_read(void **state)
{
	(void)state;
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct test_client c = client_of(is_v6), other = c;
		struct test_answer got = { 0 };
		struct test_frame f;

		answer_of(&c, is_v6, &f);
		assert_null(selftest_read(&c, &f, &got));
		assert_int_equal(got.isn, 0x12345678);
		assert_true(got.has_timestamps);
		assert_int_equal(got.tsval, 0xabcdef01);

		other.address.word[3] ^= htonl(1);
		assert_non_null(selftest_read(&other, &f, &got));
		other = c;
		other.mac[5] = 9;
		assert_non_null(selftest_read(&other, &f, &got));
		other.is_routed = true; /* then to whom it goes is not the client's to say */
		assert_null(selftest_read(&other, &f, &got));
		for (size_t nr = 0; nr < f.nr_bytes; nr++) {
			struct test_frame cut = f;

			cut.nr_bytes = nr;
			assert_non_null(selftest_read(&c, &cut, &got));
		}
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			struct test_frame bad = f;
			const char *wrong;

			bad.bytes[tcp_at(is_v6) + (size_t)faults[i].at] = faults[i].value;
			if (faults[i].is_mended)
				mend(&bad, is_v6);
			wrong = selftest_read(&c, &bad, &got);
			if (!wrong || !strstr(wrong, faults[i].wrong))
				fail_msg("fault %zu: %s", i, wrong);
		}
	}
}

static void test_neighbours(void **state)
{
	struct ip_addr at = address("192.0.2.1"), v6 = address("2001:db8:1:2::1");
	struct ip_addr taken[64], got;
	unsigned int host;

	(void)state;
	for (__u64 random = 0; random < 1000; random++) {
		assert_true(selftest_neighbour(&at, 24, false, &at, 1, random, &got));
		host = ntohl(got.word[3]) & 0xff;
		assert_int_equal(ntohl(got.word[3]) >> 8, 0xc00002);
		assert_true(host > 128 && host < 254); /* no router, no broadcast */
	}
	assert_true(selftest_neighbour(&at, 29, false, &at, 1, 7, &got));
	assert_int_equal(got.word[3], htonl(0xc0000205));
	assert_false(selftest_neighbour(&at, 29, false, &got, 1, 7, &got)); /* taken */
	assert_false(selftest_neighbour(&at, 30, false, &at, 1, 7, &got));
	assert_false(selftest_neighbour(&at, 32, false, &at, 1, 7, &got));
	for (unsigned int i = 0; i < 63; i++)
		taken[i] = (struct ip_addr){ { 0, 0, htonl(0xffff), htonl(0xc0000200 + 253 - i) } };
	assert_false(selftest_neighbour(&at, 24, false, taken, 63, 5, &got));
	assert_true(selftest_neighbour(&at, 24, false, taken, 62, 5, &got));

	assert_true(selftest_neighbour(&v6, 64, true, &v6, 1, 0x1122334455667788, &got));
	assert_memory_equal(&got,
			    &(struct ip_addr[]){ address("2001:db8:1:2:1122:3344:5566:7788") },
			    sizeof(got));
	assert_true(selftest_neighbour(&v6, 112, true, &v6, 1, 0x1122334455667788, &got));
	assert_memory_equal(&got, &(struct ip_addr[]){ address("2001:db8:1:2::7788") },
			    sizeof(got));
	assert_false(selftest_neighbour(&v6, 128, true, &v6, 1, 5, &got));
	assert_false(selftest_neighbour(&v6, 64, true, &v6, 1, 1, &got)); /* our own */
}

static const struct {
	struct selftest_seen seen;
	const char *stage, *status, *detail, *remedy;
} verdicts[] = {
	{ { .stage = SELFTEST_NOT_TRIED, .mode = SVC_MONITOR },
	  "none",
	  "skip",
	  "mode monitor",
	  NULL },
	{ { .stage = SELFTEST_NOT_TRIED, .error = -ENOENT },
	  "none",
	  "skip",
	  "no IPv4 address",
	  NULL },
	{ { .stage = SELFTEST_NOT_TRIED, .error = -EPERM }, "none", "warn", "not permitted", NULL },
	{ { .stage = SELFTEST_NO_ANSWER, .reason = SYN_NO_LISTENER },
	  "syn",
	  "warn",
	  "nobody listens",
	  "ss -ltnp 'sport = :443'" },
	{ { .stage = SELFTEST_NO_ANSWER, .reason = SYN_KERNEL_QUEUE },
	  "syn",
	  "warn",
	  "queue has room",
	  "sysctl -w net.ipv4.tcp_syncookies=2" },
	{ { .stage = SELFTEST_NO_ANSWER, .reason = SYN_DENIED },
	  "syn",
	  "warn",
	  "deny list",
	  "synward deny list" },
	{ { .stage = SELFTEST_NO_ANSWER, .reason = SYN_TC_NOT_LIVE },
	  "syn",
	  "fail",
	  "TC half is gone",
	  "bpftool net show dev eth0" },
	{ { .stage = SELFTEST_NO_ANSWER, .reason = SYN_FIB_OFF },
	  "syn",
	  "fail",
	  "reply = fib",
	  "sysctl -w net.ipv4.conf.lo.forwarding=1" },
	{ { .stage = SELFTEST_NO_ANSWER, .reason = NR_REASONS },
	  "syn",
	  "fail",
	  "no counter",
	  NULL },
	{ { .stage = SELFTEST_BAD_ANSWER, .wrong = "it is odd" },
	  "syn_ack",
	  "fail",
	  "it is odd",
	  NULL },
	{ { .stage = SELFTEST_NOT_NOTED, .reason = ACK_COOKIE_INVALID },
	  "ack",
	  "fail",
	  "without a valid cookie",
	  NULL },
	{ { .stage = SELFTEST_NOT_TAKEN, .reason = NR_REASONS },
	  "noted",
	  "fail",
	  "did not see it",
	  "bpftool net show dev eth0" },
	{ { .stage = SELFTEST_NOT_TAKEN, .reason = HANDOFF_SYSCTL },
	  "noted",
	  "fail",
	  "a sysctl changed",
	  "sysctl net.ipv4" },
	{ { .stage = SELFTEST_NO_SOCKET, .is_certain = true, .reason = NR_REASONS },
	  "handed_off",
	  "fail",
	  "netfilter",
	  "nft list ruleset" },
	{ { .stage = SELFTEST_NO_SOCKET, .reason = NR_REASONS },
	  "handed_off",
	  "warn",
	  "the test's own doing",
	  NULL },
	{ { .stage = SELFTEST_NO_SOCKET, .has_no_diag = true },
	  "handed_off",
	  "warn",
	  "tcp_diag",
	  "modprobe tcp_diag" },
	{ { .stage = SELFTEST_CONNECTED, .reason = NR_REASONS },
	  "connection",
	  "ok",
	  "all the way",
	  NULL },
	{ { .stage = SELFTEST_CONNECTED, .is_left = true },
	  "connection",
	  "ok",
	  "still there",
	  NULL },
};

static void test_verdicts(void **state)
{
	const struct selftest_order order = { "eth0", "web", 443, false };

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct selftest_seen seen = verdicts[i].seen;
		json_t *got __cleanup(cleanup_json) = NULL;
		char *text __cleanup(cleanup_free) = NULL;
		const char *remedy;

		seen.server = address("192.0.2.1");
		seen.client = address("192.0.2.77");
		got = selftest_verdict(&order, &seen);
		text = json_dumps(got, 0);
		assert_string_equal(json_string_value(json_object_get(got, "stage")),
				    verdicts[i].stage);
		assert_string_equal(json_string_value(json_object_get(got, "status")),
				    verdicts[i].status);
		if (!strstr(json_string_value(json_object_get(got, "detail")), verdicts[i].detail))
			fail_msg("'%s' is not in %s", verdicts[i].detail, text);
		remedy = json_string_value(json_object_get(got, "remedy"));
		if (!verdicts[i].remedy != !remedy ||
		    (remedy && !strstr(remedy, verdicts[i].remedy)))
			fail_msg("wanted '%s', got %s", verdicts[i].remedy, text);
		assert_int_equal(json_is_string(json_object_get(got, "source")),
				 seen.stage != SELFTEST_NOT_TRIED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_answer_is_read),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
