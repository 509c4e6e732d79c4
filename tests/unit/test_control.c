/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/log.c */
/*
 * The control socket with real clients: calls, garbage, deadlines, limits, and how the socket comes
 * and goes. Subscribers have test_monitor.c, what each method answers test_methods.c.
 */
#include "bed.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void test_calls(void **state)
{
	static const char *const rows[][2] = {
		{ STATUS, GOOD },
		{ "{\"method\":\"org.synward.Status\",\"parameters\":{}}", GOOD },
		{ "{\"method\":\"org.synward.Status\",\"parameters\":null}", GOOD },
		{ "{\"method\":\"org.synward.Status\",\"more\":true}", GOOD },
		{ "{\"method\":\"org.synward.Status\",\"oneway\":false}", GOOD },
		{ "{\"method\":\"org.synward.Status\",\"parameters\":{\"a\":1}}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
		  "\"parameter\":\"a\"}}" },
		{ "{\"method\":\"org.synward.Status\",\"upgrade\":true}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
		  "\"parameter\":\"upgrade\"}}" },
		{ "{\"method\":\"org.synward.Restart\"}",
		  "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
		  "\"org.synward.Restart\"}}" },
		{ "{\"method\":\"Status\"}", "{\"error\":\"org.varlink.service.MethodNotFound\","
					     "\"parameters\":{\"method\":\"Status\"}}" },
		{ "{\"method\":\"org.example.Status\"}",
		  "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{"
		  "\"interface\":"
		  "\"org.example\"}}" },
		{ "{\"method\":\"org.varlink.service.GetInfo\"}",
		  "{\"parameters\":{\"vendor\":\"synward\",\"product\":\"synwardd\",\"version\":"
		  "\"" VERSION
		  "\",\"url\":\"\",\"interfaces\":[\"org.synward\",\"org.varlink.service\"]}}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
		  "\"parameter\":"
		  "\"interface\"}}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{"
		  "\"interface\":\"x\"}}",
		  "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{"
		  "\"interface\":\"x\"}}" },
	};
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(bed, fd, rows[i][0]);
		expect(bed, fd, rows[i][1]);
	}
}

static void test_descriptions(void **state)
{
	static const char *const names[] = { "org.synward", "org.varlink.service" };
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	char request[256], begin[64], buffer[16384];
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(request, sizeof(request),
			 "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			 "\"parameters\":{\"interface\":\"%s\"}}",
			 names[i]);
		snprintf(begin, sizeof(begin), "\\ninterface %s\\n", names[i]);
		ask(bed, fd, request);
		assert_non_null(strstr(reply(bed, fd, buffer, sizeof(buffer)), begin));
	}
}

static void test_status_fails(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);

	bed->err = -ENOMEM;
	ask(bed, fd, STATUS);
	expect(bed, fd,
	       "{\"error\":\"org.synward.Failed\",\"parameters\":{\"reason\":\"Cannot allocate "
	       "memory\"}}");
	bed->err = 0;
	ask(bed, fd, STATUS);
	expect(bed, fd, GOOD);
}

/* What is no call gets an answer that says so, and the connection ends. */
static void test_garbage(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"[]",
		"{\"method\":5}",
		"{}",
		"{\"method\":\"a.b\",\"method\":\"a.b\"}",
		"{\"method\":\"org.synward.Status\",\"parameters\":5}",
		"{\"method\":\"org.synward.Status\",\"unknown\":5}",
		"{\"method\":\"org.synward.Status\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"org.synward.Status\\u0000\"}",
		"\xff\xfe\x01",
		"{\"method\":\"org.synward.Status\"} x",
	};
	const struct bed *bed = *state;
	char buffer[1024];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd __cleanup(cleanup_close) = client(bed);

		ask(bed, fd, rows[i]);
		assert_non_null(strstr(reply(bed, fd, buffer, sizeof(buffer)),
				       "{\"error\":\"org.synward.InvalidRequest\""));
		expect(bed, fd, "");
	}
	still_serves(bed);
}

static void test_byte_by_byte(void **state)
{
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	size_t i;

	for (i = 0; i < sizeof(STATUS); i++)
		assert_int_equal(deliver(bed, fd, &STATUS[i], 1), 0);
	expect(bed, fd, GOOD);
}

static void test_pipelined(void **state)
{
	static const char three[] = STATUS "\0{\"method\":\"org.synward.Status\",\"oneway\":true}\0"
					   "{\"method\":\"org.synward.X\"}\0" STATUS;
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);

	assert_int_equal(deliver(bed, fd, three, sizeof(three)), 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(bed, fd, GOOD);
	expect(bed, fd,
	       "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
	       "\"org.synward.X\"}}");
	expect(bed, fd, GOOD);
	expect(bed, fd, "");
}

static void test_largest_request(void **state)
{
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	char *request __cleanup(cleanup_free) = malloc(PROTO_REQUEST_MAX + 1);

	memset(request, ' ', PROTO_REQUEST_MAX);
	memcpy(request, STATUS, strlen(STATUS));
	request[PROTO_REQUEST_MAX] = '\0';
	assert_int_equal(deliver(bed, fd, request, PROTO_REQUEST_MAX + 1), 0);
	expect(bed, fd, GOOD);
}

static void test_too_large_request(void **state)
{
	const size_t nr_bytes = 10 * 1024 * 1024;
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	char *request __cleanup(cleanup_free) = malloc(nr_bytes);

	memset(request, ' ', nr_bytes);
	assert_true(deliver(bed, fd, request, nr_bytes) < 0);
	expect(bed, fd,
	       "{\"error\":\"org.synward.InvalidRequest\",\"parameters\":{\"reason\":\"longer than "
	       "65536 "
	       "bytes\"}}");
	expect(bed, fd, "");
	still_serves(bed);
}

static void test_too_large_reply(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);

	bed->nr_padding = PROTO_REPLY_MAX;
	ask(bed, fd, STATUS);
	expect(bed, fd, "");
	bed->nr_padding = 0;
	still_serves(bed);
}

/* One that never reads its large reply, one that never ends its request, one that says nothing: all
 * are closed. */
static void test_deadlines(void **state)
{
	struct bed *bed = *state;
	int fds[3], i;
	char byte;

	reopen(bed, 200000);
	bed->nr_padding = PROTO_REPLY_MAX - 100;
	for (i = 0; i < 3; i++)
		fds[i] = client(bed);
	ask(bed, fds[0], STATUS);
	assert_int_equal(deliver(bed, fds[1], STATUS, 5), 0);
	bed->nr_padding = 0;
	still_serves(bed);
	expect(bed, fds[1], "");
	expect(bed, fds[2], "");
	/* The first keeps what the kernel had taken, and then finds the end, without the NUL. */
	for (i = 0; recv(fds[0], &byte, 1, 0) == 1; i++)
		assert_int_not_equal(byte, '\0');
	assert_true(i > 0 && i < PROTO_REPLY_MAX);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	still_serves(bed);
}

/* Replies that nobody takes, more than may wait: who asks then gets his, and who is in arrears
 * longest is closed for it. */
static void test_many_in_arrears(void **state)
{
	enum { NR = 40 };
	struct bed *bed = *state;
	char *buffer __cleanup(cleanup_free) = malloc(PROTO_REPLY_MAX);
	int reader __cleanup(cleanup_close) = -1;
	int fds[NR], i, nr_bytes;
	char byte;

	reopen(bed, 10 * WAIT_MS * 1000ULL);
	bed->nr_padding = PROTO_REPLY_MAX - 100;
	for (i = 0; i < NR; i++) {
		fds[i] = client(bed);
		ask(bed, fds[i], STATUS);
	}
	reader = client(bed);
	ask(bed, reader, STATUS);
	assert_true(strlen(reply(bed, reader, buffer, PROTO_REPLY_MAX)) > bed->nr_padding);
	assert_true(strlen(reply(bed, fds[NR - 1], buffer, PROTO_REPLY_MAX)) > bed->nr_padding);
	for (nr_bytes = 0; recv(fds[0], &byte, 1, 0) == 1; nr_bytes++)
		assert_int_not_equal(byte, '\0');
	assert_int_equal(recv(fds[0], &byte, 1, 0), 0); /* the end, not only a pause */
	assert_in_range(nr_bytes, 1, (int)bed->nr_padding);
	for (i = 0; i < NR; i++)
		close(fds[i]);
}

/* Sent in time, but so slowly that the request is never whole: bytes do not buy time. */
static void test_trickle(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;
	long begin = now_ms();

	reopen(bed, 200000);
	fd = client(bed);
	while (deliver(bed, fd, " ", 1) == 0)
		assert_true(now_ms() - begin < WAIT_MS);
	still_serves(bed);
}

/* Who ends in the middle of a request is closed at once, not at the deadline. */
static void test_half_a_request(void **state)
{
	struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = -1;

	reopen(bed, 10 * WAIT_MS * 1000ULL);
	fd = client(bed);
	assert_int_equal(deliver(bed, fd, STATUS, 5), 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(bed, fd, "");
}

static void test_passed_descriptors(void **state)
{
	const struct bed *bed = *state;
	int fd __cleanup(cleanup_close) = client(bed);
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, text[] = STATUS;
	struct iovec iov = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), sizeof(text));
	expect(bed, fd, GOOD);
}

/* More clients than there may be: the idlest go, and who comes is served. */
static void test_many_clients(void **state)
{
	enum { NR = PROTO_CLIENTS_MAX + 20 };
	const struct bed *bed = *state;
	struct rlimit limit;
	int fds[NR], i, nr_closed = 0;
	char byte;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 2 * NR + 50)
		skip();
	for (i = 0; i < NR; i++) {
		fds[i] = client(bed);
		turn(bed);
	}
	still_serves(bed);
	for (i = 0; i < NR; i++) {
		nr_closed += recv(fds[i], &byte, 1, 0) == 0;
		close(fds[i]);
	}
	assert_in_range(nr_closed, 20, 25);
	still_serves(bed);
}

static void test_no_descriptors_left(void **state)
{
	const struct bed *bed = *state;
	struct rlimit limit, small;
	int idle = client(bed), waiting, spare;

	turn(bed);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	waiting = client(bed);
	spare = dup(0);
	close(spare);
	small = (struct rlimit){ (rlim_t)spare, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	ask(bed, waiting, STATUS); /* the idle one makes room */
	expect(bed, waiting, GOOD);
	expect(bed, idle, "");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(idle);
	close(waiting);
	still_serves(bed);
}

static void test_second_daemon(void **state)
{
	struct bed *bed = *state;
	struct control *second = NULL;

	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &second), -EADDRINUSE);
	assert_null(second);
	still_serves(bed);
}

/* Another daemon has the lock and does not listen yet. */
static void test_lock_is_held(void **state)
{
	struct bed *bed = *state;
	int fd;

	bed->control = control_close(bed->control);
	fd = open(bed->lock_path, O_CREAT | O_RDWR, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control),
			 -EADDRINUSE);
	close(fd);
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control), 0);
	still_serves(bed);
}

/* Somebody without our lock listens there. */
static void test_foreign_listener(void **state)
{
	struct bed *bed = *state;
	struct control *second = NULL;

	assert_int_equal(unlink(bed->lock_path), 0);
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &second), -EADDRINUSE);
	still_serves(bed);
}

static void test_stale_socket(void **state)
{
	struct bed *bed = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat st;

	bed->control = control_close(bed->control);
	strcpy(address.sun_path, bed->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* its file stays, as after a crash */
	close(open(bed->lock_path, O_CREAT | O_RDWR, 0600));
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control), 0);
	assert_int_equal(stat(bed->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	still_serves(bed);
}

/* Under a tight umask, too, the way to the socket is open. */
static void test_directory(void **state)
{
	const mode_t before = umask(0077);
	struct bed *bed = *state;
	char run[96];
	struct stat st;

	snprintf(run, sizeof(run), "%s/run", bed->directory);
	bed->control = control_close(bed->control);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control), 0);
	umask(before);
	assert_int_equal(stat(run, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(stat(bed->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	still_serves(bed);
}

static void test_no_socket_there(void **state)
{
	struct bed *bed = *state;
	int fd;

	bed->control = control_close(bed->control);
	fd = open(bed->path, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control), -EEXIST);
	assert_int_equal(unlink(bed->path), 0); /* it was left alone */
	assert_int_equal(
		control_open(bed->event, "/nonexistent/x/c.sock", &bed->ops, &bed->control),
		-ENOENT);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_calls),           TEST(test_descriptions),
		TEST(test_status_fails),    TEST(test_garbage),
		TEST(test_byte_by_byte),    TEST(test_pipelined),
		TEST(test_largest_request), TEST(test_too_large_request),
		TEST(test_too_large_reply), TEST(test_deadlines),
		TEST(test_trickle),         TEST(test_passed_descriptors),
		TEST(test_half_a_request),  TEST(test_lock_is_held),
		TEST(test_many_clients),    TEST(test_no_descriptors_left),
		TEST(test_second_daemon),   TEST(test_foreign_listener),
		TEST(test_stale_socket),    TEST(test_no_socket_there),
		TEST(test_many_in_arrears), TEST(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
