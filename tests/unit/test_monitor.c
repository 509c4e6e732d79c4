/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/log.c */
/*
 * Clients of Monitor: what they get and when, what they may not do, how much may wait for them, and
 * that nobody suffers from them. And whom the socket takes for root.
 */
#include "bed.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define MONITOR "{\"method\":\"org.synward.Monitor\",\"more\":true}"
#define EVENT "{\"parameters\":{\"event\":{\"number\":%d}},\"continues\":true}"
#define LONG_DEADLINE (10 * WAIT_MS * 1000ULL)
#define NOBODY 65534

static void publish(const struct bed *bed, int number)
{
	json_t *event = json_pack("{s:i}", "number", number);

	control_publish(bed->control, event);
	json_decref(event);
}

/* An event of so many bytes on the wire. */
static void publish_large(const struct bed *bed, size_t nr_bytes)
{
	const size_t nr_padding =
		nr_bytes - sizeof("{\"parameters\":{\"event\":{\"x\":\"\"}},\"continues\":true}");
	char *padding __cleanup(cleanup_free) = malloc(nr_padding);
	json_t *event;

	memset(padding, 'x', nr_padding);
	event = json_pack("{s:s#}", "x", padding, nr_padding);
	control_publish(bed->control, event);
	json_decref(event);
}

static void expect_event(const struct bed *bed, int fd, int number)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), EVENT, number);
	expect(bed, fd, wanted);
}

/* Subscribed, and seen to be. Returns it. */
static int subscribe(const struct bed *bed, int fd)
{
	const unsigned int nr_before = bed->nr_monitors;
	long end = now_ms() + WAIT_MS;

	ask(bed, fd, MONITOR);
	while (bed->nr_monitors == nr_before) {
		assert_true(now_ms() < end);
		turn(bed);
	}
	return fd;
}

static int subscriber(const struct bed *bed)
{
	return subscribe(bed, client(bed));
}

/* One who is not root. The socket is open to him. */
static int client_nobody(const struct bed *bed)
{
	int fd;

	assert_int_equal(chmod(bed->directory, 0755), 0);
	assert_int_equal(chmod(bed->path, 0666), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	fd = client(bed);
	assert_int_equal(seteuid(0), 0);
	return fd;
}

/* Reads until the server closes. Returns the bytes that came before. */
static size_t drain(const struct bed *bed, int fd)
{
	static char buffer[65536];
	long end = now_ms() + WAIT_MS;
	size_t nr_bytes = 0;
	ssize_t nr;

	while ((nr = recv(fd, buffer, sizeof(buffer), 0)) != 0) {
		if (nr < 0 && errno == ECONNRESET)
			break;
		if (nr < 0)
			assert_int_equal(errno, EAGAIN);
		nr_bytes += nr > 0 ? (size_t)nr : 0;
		assert_true(now_ms() < end);
		turn(bed);
	}
	return nr_bytes;
}

/* Until a deadline that begins now has passed: a client that says nothing is closed by it. */
static void let_a_deadline_pass(const struct bed *bed)
{
	int fd __cleanup(cleanup_close) = client(bed);

	turn(bed);
	expect(bed, fd, "");
}

static void test_order(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	int i;

	publish(bed, 7); /* to nobody */
	bed->attacks = json_pack("[{s:i}, {s:i}]", "number", 1, "number", 2);
	ask(bed, fd, MONITOR);
	expect_event(bed, fd, 1);
	expect_event(bed, fd, 2);
	for (i = 3; i < 20; i++)
		publish(bed, i);
	for (i = 3; i < 20; i++)
		expect_event(bed, fd, i);
}

/* Without an attack the first event is the first that is published, to each of them. */
static void test_nothing_goes_on(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = subscriber(bed);
	int other __cleanup(cleanup_close) = subscriber(bed);

	publish(bed, 5);
	expect_event(bed, fd, 5);
	expect_event(bed, other, 5);
}

static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"method\":\"org.synward.Monitor\"}",
		  "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}" },
		{ "{\"method\":\"org.synward.Monitor\",\"more\":false}",
		  "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}" },
		{ "{\"method\":\"org.synward.Monitor\",\"more\":true,\"parameters\":{\"a\":1}}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
		  "\"parameter\":\"a\"}}" },
	};
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(bed, fd, rows[i][0]);
		expect(bed, fd, rows[i][1]);
	}
	bed->err = -ENOMEM;
	ask(bed, fd, MONITOR);
	expect(bed, fd,
	       "{\"error\":\"org.synward.Failed\",\"parameters\":{\"reason\":\"Cannot allocate "
	       "memory\"}}");
	bed->err = 0;
	publish(bed, 1); /* not for a client that was refused */
	ask(bed, fd, STATUS);
	expect(bed, fd, GOOD);
}

static void test_no_deadline_while_idle(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;
	int began_with_one __cleanup(cleanup_close) = -1;

	reopen(bed, 200000);
	fd = subscriber(bed);
	bed->attacks = json_pack("[{s:i}]", "number", 0);
	began_with_one = subscriber(bed);
	expect_event(bed, began_with_one, 0);
	let_a_deadline_pass(bed);
	let_a_deadline_pass(bed);
	publish(bed, 1);
	expect_event(bed, fd, 1);
	expect_event(bed, began_with_one, 1);
	let_a_deadline_pass(bed);
	publish(bed, 2);
	expect_event(bed, fd, 2);
}

static void test_does_not_read(void **state)
{
	struct bed *bed = *state;
	size_t nr_bytes = 0;
	int fd, idle;
	char bytes[256];
	ssize_t nr;

	reopen(bed, 200000);
	fd = subscriber(bed);
	publish_large(bed, PROTO_REPLY_MAX);
	let_a_deadline_pass(bed);
	let_a_deadline_pass(bed);
	publish(bed, 2);
	assert_true(drain(bed, fd) < PROTO_REPLY_MAX);
	close(fd);

	/* Further events buy no time. */
	fd = subscriber(bed);
	idle = client(bed);
	publish_large(bed, PROTO_REPLY_MAX / 2);
	while (recv(idle, bytes, 1, 0) < 0) {
		publish(bed, 1);
		turn(bed);
	}
	assert_true(drain(bed, fd) < PROTO_REPLY_MAX / 2);
	close(fd);
	close(idle);

	/* Nor do bytes: a few in each turn of a millisecond. */
	fd = subscriber(bed);
	idle = client(bed);
	turn(bed);
	publish_large(bed, PROTO_REPLY_MAX);
	while (recv(idle, bytes, 1, 0) < 0) {
		turn(bed);
		nr = recv(fd, bytes, sizeof(bytes), 0);
		nr_bytes += nr > 0 ? (size_t)nr : 0;
	}
	nr_bytes += drain(bed, fd);
	assert_in_range(nr_bytes, 1, PROTO_REPLY_MAX - 1);
	close(fd);
	close(idle);
	still_serves(bed);
}

/* More waits than may: closed at once, while who reads gets all of it. */
static void test_queue_is_bounded(void **state)
{
	const size_t nr_bytes = 600 * 1024;
	struct bed *bed = *state;
	char *buffer __cleanup(cleanup_free) = malloc(nr_bytes);
	int deaf, reader, i;

	reopen(bed, LONG_DEADLINE);
	deaf = subscriber(bed);
	reader = subscriber(bed);
	for (i = 0; i < 4; i++) {
		publish_large(bed, nr_bytes);
		reply(bed, reader, buffer, nr_bytes);
		assert_int_equal(strlen(buffer), nr_bytes - 1);
	}
	assert_true(drain(bed, deaf) < 2 * nr_bytes);
	publish(bed, 1);
	expect_event(bed, reader, 1);
	close(deaf);
	close(reader);
	still_serves(bed);
}

/* What comes within one turn of the loop may be more than the queue holds, by what the socket
 * takes. */
static void test_many_at_once(void **state)
{
	const int nr = PROTO_REPLY_MAX / 1024 + 50;
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;
	char buffer[1024];
	int i;

	fd = subscriber(bed);
	for (i = 0; i < nr; i++)
		publish_large(bed, sizeof(buffer));
	for (i = 0; i < nr; i++)
		assert_int_equal(strlen(reply(bed, fd, buffer, sizeof(buffer))),
				 sizeof(buffer) - 1);
}

/* Events that wait are no replies: however many wait, a reply still goes out. */
static void test_queues_take_no_replies(void **state)
{
	enum { NR = 40 };
	struct bed *bed = *state;
	char *padding __cleanup(cleanup_free) = calloc(1, PROTO_REPLY_MAX);
	int fds[NR], i;

	reopen(bed, LONG_DEADLINE);
	/* Nor are those that they began with, whether read or not. */
	memset(padding, 'x', PROTO_REPLY_MAX - 100);
	bed->attacks = json_pack("[s]", padding);
	for (i = 0; i < NR; i++)
		close(subscriber(bed));
	i = subscriber(bed);
	assert_in_range(strlen(reply(bed, i, padding, PROTO_REPLY_MAX)), PROTO_REPLY_MAX - 100,
			PROTO_REPLY_MAX);
	close(i);
	json_decref(take_ptr(bed->attacks));
	for (i = 0; i < NR; i++)
		fds[i] = subscriber(bed);
	publish_large(bed, PROTO_REPLY_MAX);
	still_serves(bed);
	for (i = 0; i < NR; i++)
		close(fds[i]);
	turn(bed);
	still_serves(bed);
}

static const char *const refused =
	"{\"error\":\"org.synward.Refused\",\"parameters\":{\"reason\":\"too many clients "
	"monitor already; end one of them\"}}";

/* So many and no more; who goes, by whatever way, leaves his place at once. */
static void test_places(void **state)
{
	enum { NR = PROTO_SUBSCRIBERS_MAX };
	struct bed *bed = *state;
	int fds[NR], one_more, i;

	reopen(bed, LONG_DEADLINE);
	for (i = 0; i < NR; i++)
		fds[i] = subscriber(bed);
	one_more = client(bed);
	ask(bed, one_more, MONITOR);
	expect(bed, one_more, refused);

	close(fds[0]);
	turn(bed);
	fds[0] = subscriber(bed);

	assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
	expect(bed, fds[1], "");
	close(fds[1]);
	fds[1] = subscriber(bed);

	/* The same while something waits, and is not read. */
	publish_large(bed, PROTO_REPLY_MAX);
	still_serves(bed); /* and the sockets are full by now */
	assert_int_equal(shutdown(fds[2], SHUT_WR), 0);
	turn(bed);
	i = subscriber(bed);
	assert_true(drain(bed, fds[2]) < PROTO_REPLY_MAX);
	close(fds[2]);
	fds[2] = i;
	ask(bed, one_more, MONITOR);
	expect(bed, one_more, refused);
	for (i = 0; i < NR; i++)
		close(fds[i]);
	close(one_more);
}

/* The last of them are root's, however many others come. */
static void test_places_of_root(void **state)
{
	enum { NR = PROTO_SUBSCRIBERS_MAX, NR_OTHERS = NR - PROTO_SUBSCRIBERS_ROOT };
	struct bed *bed = *state;
	int fds[NR], one_more, i;

	if (geteuid() != 0)
		skip();
	reopen(bed, LONG_DEADLINE);
	for (i = 0; i < NR_OTHERS; i++)
		fds[i] = subscribe(bed, client_nobody(bed));
	one_more = client_nobody(bed);
	ask(bed, one_more, MONITOR);
	expect(bed, one_more, refused);
	for (; i < NR; i++)
		fds[i] = subscriber(bed);
	close(one_more);
	one_more = client(bed);
	ask(bed, one_more, MONITOR);
	expect(bed, one_more, refused);
	close(one_more);
	for (i = 0; i < NR; i++)
		close(fds[i]);
}

/* He is answered first, whoever asked before. */
static void test_root_goes_first(void **state)
{
	enum { NR = 5 };
	struct bed *bed = *state;
	int fds[NR], root, i;
	char byte;

	if (geteuid() != 0)
		skip();
	for (i = 0; i < NR; i++) {
		fds[i] = client_nobody(bed);
		assert_int_equal(send(fds[i], STATUS, sizeof(STATUS), 0), sizeof(STATUS));
	}
	root = client(bed);
	assert_int_equal(send(root, STATUS, sizeof(STATUS), 0), sizeof(STATUS));
	expect(bed, root, GOOD);
	for (i = 0; i < NR; i++)
		assert_int_equal(recv(fds[i], &byte, 1, 0), -1);
	for (i = 0; i < NR; i++) {
		expect(bed, fds[i], GOOD);
		close(fds[i]);
	}
	close(root);
}

/* Who is not root makes room before root does, even if he came later. */
static void test_root_makes_room_last(void **state)
{
	struct bed *bed = *state;
	struct rlimit limit, small;
	int root, other, waiting, spare;
	char byte;

	if (geteuid() != 0)
		skip();
	root = client(bed);
	turn(bed);
	other = client_nobody(bed);
	turn(bed);
	waiting = client(bed);
	spare = dup(0);
	close(spare);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	small = (struct rlimit){ (rlim_t)spare, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	ask(bed, waiting, STATUS);
	expect(bed, waiting, GOOD);
	expect(bed, other, "");
	assert_int_equal(recv(root, &byte, 1, 0), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(root);
	close(other);
	close(waiting);
}

static void test_further_requests(void **state)
{
	static const char two[] = MONITOR "\0" STATUS;
	struct bed *bed = *state;
	int fd = -1;

	reopen(bed, LONG_DEADLINE);
	fd = subscriber(bed);
	ask(bed, fd, STATUS);
	expect(bed, fd, "");
	close(fd);
	fd = client(bed);
	assert_int_equal(deliver(bed, fd, two, sizeof(two)), 0);
	expect(bed, fd, "");
	close(fd);
	still_serves(bed);
}

/* The oldest client of all, and idle or in arrears: still others make room. */
static void test_makes_no_room(void **state)
{
	enum { NR = PROTO_CLIENTS_MAX + 20 };
	struct bed *bed = *state;
	char *buffer __cleanup(cleanup_free) = malloc(PROTO_REPLY_MAX);
	int in_arrears __cleanup(cleanup_close) = -1;
	int fd __cleanup(cleanup_close) = -1;
	struct rlimit limit;
	int fds[NR], i;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 2 * NR + 50)
		skip();
	reopen(bed, LONG_DEADLINE);
	in_arrears = subscriber(bed);
	publish_large(bed, PROTO_REPLY_MAX);
	fd = subscriber(bed);
	for (i = 0; i < NR; i++) {
		fds[i] = client(bed);
		turn(bed);
	}
	publish(bed, 1);
	expect_event(bed, fd, 1);
	assert_int_equal(strlen(reply(bed, in_arrears, buffer, PROTO_REPLY_MAX)),
			 PROTO_REPLY_MAX - 1);
	expect_event(bed, in_arrears, 1);
	for (i = 0; i < NR; i++)
		close(fds[i]);
}

/* With nothing but subscribers, the oldest of them goes. */
static void test_makes_the_last_room(void **state)
{
	struct bed *bed = *state;
	int fd = subscriber(bed), waiting = client(bed), spare = dup(0);
	struct rlimit limit, small;

	close(spare);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	small = (struct rlimit){ (rlim_t)spare, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	ask(bed, waiting, STATUS);
	expect(bed, waiting, GOOD);
	expect(bed, fd, "");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(fd);
	close(waiting);
}

/* Who may connect and is not root may look, and not change. */
static void test_peer(void **state)
{
	static const char disarm_web[] =
		"{\"method\":\"org.synward.Disarm\",\"parameters\":{\"service\":\"web\"}}";
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;
	int root __cleanup(cleanup_close) = -1;

	if (geteuid() != 0)
		skip();
	fd = client_nobody(bed);
	ask(bed, fd, disarm_web);
	expect(bed, fd,
	       "{\"error\":\"org.synward.PermissionDenied\",\"parameters\":{\"reason\":\"only root "
	       "may change what synwardd does\"}}");
	assert_int_equal(bed->nr_changes, 0);
	ask(bed, fd, STATUS);
	expect(bed, fd, GOOD);
	root = client(bed);
	ask(bed, root, disarm_web);
	expect(bed, root, "{\"parameters\":{}}");
	assert_int_equal(bed->nr_changes, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_nothing_goes_on),
		TEST(test_refused),
		TEST(test_no_deadline_while_idle),
		TEST(test_does_not_read),
		TEST(test_queue_is_bounded),
		TEST(test_many_at_once),
		TEST(test_queues_take_no_replies),
		TEST(test_places),
		TEST(test_further_requests),
		TEST(test_makes_no_room),
		TEST(test_makes_the_last_room),
		TEST(test_peer),
		TEST(test_places_of_root),
		TEST(test_root_goes_first),
		TEST(test_root_makes_room_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
