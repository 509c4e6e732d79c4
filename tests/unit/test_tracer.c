/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/tracer.c daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/log.c */
/*
 * From what the data path tells of packets to the client of Trace: what it is told of each, what of
 * those that were lost, and that it is over when the client goes, whoever else is there. The data
 * path is made up.
 */
#include "bed.h"

#include <sys/eventfd.h>

#include "json.h"
#include "reasons.h"
#include "tracer.h"

#define TRACE "{\"method\":\"org.synward.Trace\",\"more\":true}"
#define NR_UNREAD 20000
#define MONITOR "{\"method\":\"org.synward.Monitor\",\"more\":true}"

/* ---- the data path ---- */

static struct world {
	bool is_tracing;
	int fd; /* readable: there are packets */
	struct trace_conf conf;
	take_packet *take;
	void *arg;
	struct trace_record records[4];
	size_t nr_records;
	struct trace_lost lost;
	const char *why_over;
	unsigned int nr_ends;
} world;

static struct tracer *tracer;

int dataplane_trace_begin(struct dataplane *dp, const struct trace_conf *whose, take_packet *take,
			  void *arg, char **ret_why)
{
	(void)dp;
	if (world.is_tracing) {
		*ret_why = strdup("somebody traces already");
		return -EPERM;
	}
	world.is_tracing = true;
	world.fd = eventfd(0, EFD_NONBLOCK);
	world.conf = *whose;
	world.take = take;
	world.arg = arg;
	return 0;
}

int dataplane_trace_fd(const struct dataplane *dp)
{
	(void)dp;
	return world.fd;
}

void dataplane_trace_read(struct dataplane *dp)
{
	eventfd_t nr;
	size_t i;

	(void)dp;
	eventfd_read(world.fd, &nr);
	for (i = 0; i < world.nr_records; i++)
		world.take(world.arg, "eth0", world.records[i].out_ifindex ? "eth1" : NULL,
			   &world.records[i]);
	world.nr_records = 0;
}

void dataplane_trace_lost(const struct dataplane *dp, struct trace_lost *ret)
{
	(void)dp;
	*ret = world.lost;
}

const char *dataplane_trace_over(const struct dataplane *dp)
{
	(void)dp;
	return world.why_over;
}

void dataplane_trace_end(struct dataplane *dp)
{
	(void)dp;
	close(world.fd);
	world.is_tracing = false;
	world.nr_ends++;
}

static void tell(const struct trace_record *record)
{
	world.records[world.nr_records++] = *record;
	eventfd_write(world.fd, 1);
}

/* ---- the daemon ---- */

static int publish(void *arg, const json_t *event)
{
	return control_trace(((struct bed *)arg)->control, event);
}

static int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
{
	const struct device_names interfaces = { { "eth0", "eth1" }, 2 };
	struct bed *bed = arg;
	int err = tracer_begin(bed->event, NULL, order, publish, bed, &tracer, ret_why);

	if (err)
		return err;
	*ret = trace_begin_json(&interfaces);
	return 0;
}

static void second(const struct bed *bed)
{
	const char *why_over = tracer_second(tracer);

	if (why_over)
		control_trace_over(bed->control, why_over);
}

static void on_trace_end(void *arg)
{
	(void)arg;
	tracer = tracer_end(tracer);
}

static int set_up_tracing(void **state)
{
	struct bed *bed;

	set_up(state);
	bed = *state;
	memset(&world, 0, sizeof(world));
	bed->ops.trace = on_trace;
	bed->ops.trace_end = on_trace_end;
	reopen(bed, 0);
	return 0;
}

#define BEGUN                                                                             \
	"{\"parameters\":{\"event\":{\"event\":\"trace_begin\",\"interfaces\":[\"eth0\"," \
	"\"eth1\"],\"per_second\":990}},\"continues\":true}"

static int trace(const struct bed *bed, const char *request)
{
	int fd = client(bed);

	ask(bed, fd, request);
	expect(bed, fd, BEGUN);
	return fd;
}

/* The next event, but for its time, which is now. */
static void expect_packet(const struct bed *bed, int fd, const char *wanted)
{
	static char buffer[PROTO_REPLY_MAX];
	json_t *message __cleanup(cleanup_json) =
		json_loads(reply(bed, fd, buffer, sizeof(buffer)), 0, NULL);
	json_t *event = json_object_get(json_object_get(message, "parameters"), "event");
	json_t *is_wanted __cleanup(cleanup_json) = json_loads(wanted, 0, NULL);
	const json_int_t us = json_integer_value(json_object_get(event, "time_us"));

	assert_non_null(is_wanted);
	if (!strcmp(json_string_value(json_object_get(event, "event")), "packet"))
		assert_in_range(us, (time(NULL) - 10) * 1000000ULL, (time(NULL) + 2) * 1000000ULL);
	json_object_del(event, "time_us");
	if (!json_equal(event, is_wanted))
		fail_msg("%s is not %s", buffer, wanted);
}

static struct trace_record record_of(enum reason reason, const char *in, const char *out)
{
	struct trace_record record = { .reason = reason,
				       .in_bytes = 600,
				       .in_kept = (__u32)strlen(in),
				       .out_bytes = (__u32)strlen(out),
				       .out_kept = (__u32)strlen(out) };
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	record.at_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	memcpy(record.in, in, strlen(in));
	memcpy(record.out, out, strlen(out));
	return record;
}

/* ---- tests ---- */

static void test_packets(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = trace(bed, TRACE);
	struct trace_record dropped = record_of(SYN_OVER_CAP, "\x01\xff", ""),
			    answered = record_of(SYN_COOKIE, "AB", "\x80yz"),
			    routed = record_of(SYN_COOKIE_ROUTED, "A", "B"),
			    handed = record_of(HANDOFF, "E", "");

	routed.out_ifindex = 7;
	handed.is_from_tc = 1;
	tell(&dropped);
	tell(&answered);
	tell(&routed);
	tell(&handed);
	expect_packet(bed, fd,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		      "\"syn_over_cap\",\"in\":\"01ff\",\"in_bytes\":600}");
	expect_packet(bed, fd,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		      "\"syn_cookie\",\"in\":\"4142\",\"in_bytes\":600,\"out\":\"80797a\","
		      "\"out_bytes\":3}");
	expect_packet(bed, fd,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		      "\"syn_cookie_routed\",\"in\":\"41\",\"in_bytes\":600,\"out\":\"42\","
		      "\"out_bytes\":1,\"out_interface\":\"eth1\"}");
	expect_packet(bed, fd,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"tc\",\"reason\":"
		      "\"handoff\",\"in\":\"45\",\"in_bytes\":600}");
}

static void test_whole_frames(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = trace(bed, TRACE);
	struct trace_record record = record_of(SYN_COOKIE, "", "");
	char hex[2 * TRACE_SNAP + 1] = "", wanted[2048];

	record.in_kept = record.out_kept = TRACE_SNAP;
	record.out_bytes = 2000;
	for (int i = 0; i < TRACE_SNAP; i++) {
		record.in[i] = record.out[i] = (__u8)i;
		snprintf(hex + 2 * i, 3, "%02x", i);
	}
	tell(&record);
	snprintf(wanted, sizeof(wanted),
		 "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		 "\"syn_cookie\",\"in\":\"%s\",\"in_bytes\":600,\"out\":\"%s\",\"out_bytes\":2000}",
		 hex, hex);
	expect_packet(bed, fd, wanted);
}

static void test_lost(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = trace(bed, TRACE);

	world.lost = (struct trace_lost){ .over_limit = 5 };
	tracer_second(tracer);
	expect_packet(bed, fd, "{\"event\":\"lost\",\"cause\":\"limit\",\"packets\":5}");
	world.lost = (struct trace_lost){ .over_limit = 7, .ring_full = 1 };
	tracer_second(tracer);
	tracer_second(tracer); /* is no news */
	expect_packet(bed, fd, "{\"event\":\"lost\",\"cause\":\"limit\",\"packets\":2}");
	expect_packet(bed, fd, "{\"event\":\"lost\",\"cause\":\"ring\",\"packets\":1}");
	world.lost.ring_full = 4;
	tracer_second(tracer);
	expect_packet(bed, fd, "{\"event\":\"lost\",\"cause\":\"ring\",\"packets\":3}");
}

/* Until so many packets are read, or told to be lost; as soon as there is room again, @go_on. */
static void read_them(const struct bed *bed, int fd, json_int_t nr, void (*go_on)(void))
{
	static char buffer[PROTO_REPLY_MAX];
	json_int_t nr_read = 0, nr_lost = 0;

	while (nr_read + nr_lost < nr) {
		json_t *message __cleanup(cleanup_json) =
			json_loads(reply(bed, fd, buffer, sizeof(buffer)), 0, NULL);
		json_t *event = json_object_get(json_object_get(message, "parameters"), "event");

		if (!strcmp(json_string_value(json_object_get(event, "event")), "lost")) {
			assert_string_equal(json_string_value(json_object_get(event, "cause")),
					    "reader");
			nr_lost += json_integer_value(json_object_get(event, "packets"));
		} else if (++nr_read == 1000) {
			go_on();
		}
	}
	assert_int_equal(nr_read + nr_lost, nr);
	assert_true(nr_lost > 10000);
	assert_true(nr_read > 1000);
}

static void one_packet_more(void)
{
	const struct trace_record record = record_of(SYN_COOKIE, "A", "");

	tell(&record);
}

static void a_second_passes(void)
{
	tracer_second(tracer);
}

/* One that does not read is not closed, and what waits for it has a bound. When it reads again it
 * is told, in the right place, how much is missing; and also if no packet comes any more. */
static void test_does_not_read(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;
	struct trace_record record = record_of(SYN_COOKIE, "A", "");

	reopen(bed, 1000); /* of the deadline of others, which it outlives */
	fd = trace(bed, TRACE);
	record.in_kept = TRACE_SNAP;
	for (int turns = 0; turns < 2; turns++) {
		for (int i = 0; i < NR_UNREAD; i++) {
			tell(&record);
			turn(bed);
		}
		assert_non_null(tracer);
		still_serves(bed);
		read_them(bed, fd, turns ? NR_UNREAD : NR_UNREAD + 1,
			  turns ? a_second_passes : one_packet_more);
	}
}

static void test_ends_with_its_client(void **state)
{
	struct bed *bed = *state;
	int other __cleanup(cleanup_close) = client(bed), fd;
	json_t *event __cleanup(cleanup_json) = json_pack("{s:i}", "number", 1);
	struct trace_record record = record_of(SYN_COOKIE, "A", "");

	ask(bed, other, MONITOR);
	fd = trace(bed, TRACE);
	control_publish(bed->control, event); /* for monitors, and not for it */
	tell(&record);                        /* and the other way round */
	expect(bed, other, "{\"parameters\":{\"event\":{\"number\":1}},\"continues\":true}");
	expect_packet(bed, fd,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		      "\"syn_cookie\",\"in\":\"41\",\"in_bytes\":600}");
	assert_int_equal(world.nr_ends, 0);
	close(fd);
	while (tracer)
		turn(bed);
	assert_int_equal(world.nr_ends, 1);
	assert_false(world.is_tracing);
	fd = trace(bed, TRACE); /* another one may */
	ask(bed, fd, STATUS);   /* which is one word too many */
	expect(bed, fd, "");
	assert_int_equal(world.nr_ends, 2);
	close(fd);
	fd = trace(bed, TRACE);
	bed->control = control_close(bed->control);
	assert_int_equal(world.nr_ends, 3);
	close(fd);
	reopen(bed, 0);
}

#define OVER "srv1 cannot be followed, and so the trace is over"
#define TOLD_OVER "{\"error\":\"org.synward.Failed\",\"parameters\":{\"reason\":\"" OVER "\"}}"

/* It gets what waits for it, and why there is no more; others begin and go on meanwhile. */
static void test_cannot_go_on(void **state)
{
	struct bed *bed = *state;
	json_t *event __cleanup(cleanup_json) = json_pack("{s:i}", "number", 1);
	int monitor __cleanup(cleanup_close) = client(bed);
	int fd __cleanup(cleanup_close) = -1, next __cleanup(cleanup_close) = -1;
	const struct trace_record record = record_of(SYN_COOKIE, "A", "");

	ask(bed, monitor, MONITOR);
	fd = trace(bed, TRACE);
	tell(&record);
	world.lost.over_limit = 5;
	world.why_over = OVER;
	second(bed);
	assert_null(tracer);
	assert_int_equal(world.nr_ends, 1);
	second(bed);
	control_publish(bed->control, event); /* it is no monitor now */
	expect(bed, monitor, "{\"parameters\":{\"event\":{\"number\":1}},\"continues\":true}");
	world.why_over = NULL;
	next = trace(bed, TRACE);
	expect_packet(bed, fd,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		      "\"syn_cookie\",\"in\":\"41\",\"in_bytes\":600}");
	expect_packet(bed, fd, "{\"event\":\"lost\",\"cause\":\"limit\",\"packets\":5}");
	expect(bed, fd, TOLD_OVER);
	expect(bed, fd, "");
	tell(&record);
	expect_packet(bed, next,
		      "{\"event\":\"packet\",\"interface\":\"eth0\",\"hook\":\"xdp\",\"reason\":"
		      "\"syn_cookie\",\"in\":\"41\",\"in_bytes\":600}");
	assert_int_equal(world.nr_ends, 1);
}

/* There is room for that when there is for nothing else, and it waits as long as the reader does.
 */
static void test_cannot_go_on_and_does_not_read(void **state)
{
	static char buffer[PROTO_REPLY_MAX];
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;
	struct trace_record record = record_of(SYN_COOKIE, "A", "");
	const char *last;

	reopen(bed, 1000);
	fd = trace(bed, TRACE);
	record.in_kept = TRACE_SNAP;
	for (int i = 0; i < NR_UNREAD; i++) {
		tell(&record);
		turn(bed);
	}
	world.why_over = OVER;
	second(bed);
	for (long end = now_ms() + 50; now_ms() < end;) /* far beyond the deadline of others */
		still_serves(bed);
	while (!strstr(last = reply(bed, fd, buffer, sizeof(buffer)), "error"))
		assert_true(*last);
	assert_string_equal(last, TOLD_OVER);
	expect(bed, fd, "");
}

static void test_one_at_a_time(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = trace(bed, TRACE);
	int second __cleanup(cleanup_close) = client(bed);

	ask(bed, second, TRACE);
	expect(bed, second,
	       "{\"error\":\"org.synward.Refused\",\"parameters\":{\"reason\":\"somebody traces "
	       "already\"}}");
	close(take_fd(&second));
	still_serves(bed);
	assert_int_equal(world.nr_ends, 0);
}

static void test_conf(void **state)
{
	struct bed *bed = *state;
	const __u32 all = ~0U;
	int fd = trace(bed, TRACE);

	assert_int_equal(world.conf.is_filtered, 0);
	assert_int_equal(world.conf.port, 0);
	close(fd);
	while (tracer)
		turn(bed);
	fd = trace(bed, "{\"method\":\"org.synward.Trace\",\"more\":true,\"parameters\":{"
			"\"source\":\"203.0.112.0/20\",\"port\":443}}");
	assert_int_equal(world.conf.is_filtered, 1);
	assert_int_equal(world.conf.port, htons(443));
	assert_memory_equal(&world.conf.mask, ((__u32[]){ all, all, all, htonl(0xfffff000) }), 16);
	assert_memory_equal(&world.conf.addr, ((__u32[]){ 0, 0, htonl(0xffff), htonl(0xcb007000) }),
			    16);
	close(fd);
	while (tracer)
		turn(bed);
	fd = trace(bed, "{\"method\":\"org.synward.Trace\",\"more\":true,\"parameters\":{"
			"\"source\":\"2001:db8::/33\"}}");
	assert_int_equal(world.conf.is_filtered, 1);
	assert_memory_equal(&world.conf.mask, ((__u32[]){ all, htonl(0x80000000), 0, 0 }), 16);
	assert_memory_equal(&world.conf.addr, ((__u32[]){ htonl(0x20010db8), 0, 0, 0 }), 16);
	close(fd);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_tracing, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_packets),
		TEST(test_whole_frames),
		TEST(test_lost),
		TEST(test_does_not_read),
		TEST(test_ends_with_its_client),
		TEST(test_one_at_a_time),
		TEST(test_conf),
		TEST(test_cannot_go_on),
		TEST(test_cannot_go_on_and_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
