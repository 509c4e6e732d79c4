/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/[a-l]*.c cli/m[e-o]*.c cli/[n-z]*.c daemon/config*.c daemon/pins.c daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/status.c daemon/list_reply.c daemon/lists.c daemon/log.c */
/*
 * `synward trace` from the words to the lines: what people and programs read, how it ends, what
 * goes to the file, and what is wrong with which word.
 */
#include "cli_world.h"

#include <fcntl.h>

#define BEGUN                                                                                   \
	"synward: follows handshakes on eth0, eth1, at most 990 packets a second; Ctrl-C ends " \
	"it\n"

static const char lines[] =
	"#1 198.51.100.7:40000 > 203.0.113.1:443 on eth0\n"
	"  10:11:02.123456  in        SYN seq 10 win 64240  <mss 536>\n"
	"                   out       SYN ACK seq 1000 ack 11 win 65535  <mss 1460>\n"
	"                   answered  SYN_COOKIE: SYN answered with a cookie\n"
	"  10:11:02.123457  in        ACK seq 11 ack 1001 win 64240\n"
	"                   passed    ACK_COOKIE_VALID: ACK with a valid cookie, noted for the TC "
	"half\n"
	"\n"
	"#2 [2001:db8::17]:1000 > [2001:db8::1]:443 on eth1\n"
	"  10:11:02.123458  in        SYN seq 7 win 1\n"
	"                   dropped   SYN_OVER_CAP: SYN from a prefix that was sent its share of "
	"SYN-ACKs in this second (synack-per-prefix)\n"
	"\n"
	"#1 198.51.100.7:40000 > 203.0.113.1:443 on eth0, goes on\n"
	"  10:11:02.123459  tc        HANDOFF: handshake handed to the listener\n"
	"\n"
	"-- 12 packets are not shown: there are more in a second than are followed; --source and "
	"--port say whose are wanted\n"
	"\n"
	"no whole TCP header, on eth0\n"
	"  10:11:02.123460  in        2 bytes\n"
	"                   -         eaten_by_moths\n"
	"\n"
	"#2 [2001:db8::17]:1000 > [2001:db8::1]:443 on eth1, goes on\n"
	"  10:11:02.123461  in        SYN seq 7 win 1\n"
	"                   out       SYN seq 7 win 1\n"
	"                   answered  SYN_COOKIE_ROUTED: SYN answered with a cookie, out of "
	"another "
	"interface (reply = fib), by eth7\n"
	"{\"event\": \"eclipse\", \"moons\": 2}\n";

static void test_text(void **state)
{
	(void)state;
	ends("trace --for 1s", CLI_DONE,
	     BEGUN "synward: 5 packets of 2 connections; others were not shown, see above\n");
	assert_string_equal(world.out, lines);
}

/* The packet that is the last one is told to the end, and none behind it. */
static void test_count(void **state)
{
	const char *third = strstr(lines, "\n\n-- 12");
	size_t nr = (size_t)(third - lines) + 1;

	(void)state;
	ends("trace --count 3", CLI_DONE,
	     BEGUN "synward: 3 packets of 2 connections; others were not shown, see above\n");
	assert_memory_equal(world.out, lines, nr);
	assert_null(strstr(world.out, "eaten_by_moths"));
}

static void test_json(void **state)
{
	static const char wanted[] =
		"{\"event\": \"packet\", \"time\": \"2026-11-28T10:11:02.123456Z\", \"interface\": "
		"\"eth0\", \"hook\": \"xdp\", \"reason\": \"syn_cookie\", \"fate\": \"answered\", "
		"\"in\": {\"source\": \"198.51.100.7\", \"source_port\": 40000, \"destination\": "
		"\"203.0.113.1\", \"port\": 443, \"flags\": \"SYN\", \"seq\": 10, \"ack\": 0, "
		"\"window\": 64240, \"payload_bytes\": 0, \"sack\": false, \"mss\": 536, "
		"\"frame_bytes\": 60}, \"out\": {\"source\": \"203.0.113.1\", \"source_port\": "
		"443, "
		"\"destination\": \"198.51.100.7\", \"port\": 40000, \"flags\": \"SYN ACK\", "
		"\"seq\": 1000, \"ack\": 11, \"window\": 65535, \"payload_bytes\": 0, \"sack\": "
		"false, \"mss\": 1460, \"frame_bytes\": 58}}\n";

	(void)state;
	ends("trace -j --for 1s", CLI_DONE, "");
	assert_non_null(strstr(world.out, "{\"event\": \"trace_begin\""));
	assert_non_null(strstr(world.out, wanted));
	assert_non_null(strstr(world.out, "\"hook\": \"tc\", \"reason\": \"handoff\", \"fate\": "
					  "\"passed\", \"in\": {\"source\": \"198.51.100.7\""));
	assert_non_null(strstr(world.out, "{\"event\": \"lost\", \"cause\": \"limit\", "
					  "\"packets\": 12}\n"));
}

static void test_tabs(void **state)
{
	(void)state;
	ends("trace -t --for 1s", CLI_DONE, BEGUN);
	assert_non_null(strstr(
		world.out, "packet\t2026-11-28T10:11:02.123456Z\teth0\txdp\tsyn_cookie\t"
			   "answered\t198.51.100.7\t40000\t203.0.113.1\t443\tSYN\t10\t0\t64240\t"
			   "0\t536\tno\t\t\t\tSYN ACK\t1000\t11\t65535\t1460\t\n"));
	assert_non_null(strstr(world.out, "\nlost\t12\tlimit\n"));
}

/* Ctrl-C is no failure. */
static void test_signal(void **state)
{
	pid_t killer = fork();

	(void)state;
	if (!killer) {
		usleep(300000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	ends("trace --source 203.0.113.99", CLI_DONE,
	     BEGUN "synward: 0 packets of 0 connections\n");
	assert_string_equal(world.out, "");
	waitpid(killer, NULL, 0);
}

static long file_bytes(const char *path)
{
	struct stat is;

	return stat(path, &is) ? -1 : (long)is.st_size;
}

static void test_file(void **state)
{
	char path[128], line[256], wanted[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", world.directory);
	snprintf(line, sizeof(line), "trace --port 7 --pcap %s", path);
	ends(line, CLI_FAILED, "synward: somebody traces already\n");
	assert_int_equal(file_bytes(path), -1); /* and is not in the way of the next try */
	snprintf(line, sizeof(line), "trace -t --count 3 --pcap %s", path);
	ends(line, CLI_DONE, BEGUN);
	assert_true(file_bytes(path) > 400);
	snprintf(wanted, sizeof(wanted),
		 "synward: %s exists, and is not written over; name another file, or remove it\n",
		 path);
	ends(line, CLI_FAILED, wanted);
	ends("trace --pcap /nonexistent/x", CLI_FAILED,
	     "synward: cannot write /nonexistent/x: No such file or directory\n");
	ends("trace --pcap /dev/full", CLI_FAILED,
	     "synward: cannot write /dev/full: No space left on device\n");
}

static void test_misuse(void **state)
{
	static const char *const rows[][2] = {
		{ "trace --port 0", "0 is no port, 1 to 65535" },
		{ "trace --port 65536", "65536 is no port, 1 to 65535" },
		{ "trace --port http", "http is no port, 1 to 65535" },
		{ "trace --count 0", "0 is no count of packets, 1 to 1000000000" },
		{ "trace --count 1x", "1x is no count of packets, 1 to 1000000000" },
		{ "trace --for soon", "soon is no duration of 1s to 365d: 90s, 10m, 2h, 1d; a "
				      "number alone is seconds" },
		{ "trace --service web", "--service is no option of trace" },
		{ "trace web", "web is not expected after trace" },
		{ "top --port 80", "--port is no option of top" },
	};

	(void)state;
	misuses(rows, NAMES_COUNT(rows));
	ends("trace --source web", CLI_MISUSE,
	     "synward: 'web' is no prefix; write one as in 203.0.113.0/24 or 2001:db8::/32\n");
}

static void test_daemon_gone(void **state)
{
	char wanted[256];

	(void)state;
	daemon_end();
	snprintf(wanted, sizeof(wanted),
		 "synward: no synwardd answers at %s; start it: 'systemctl start synwardd' ("
		 "/etc/synward/synward.conf), or 'synwardd --interface DEV --ports PORTS'\n",
		 world.path);
	ends("trace", CLI_NO_DAEMON, wanted);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_text),   TEST(test_count), TEST(test_json),   TEST(test_tabs),
		TEST(test_signal), TEST(test_file),  TEST(test_misuse), TEST(test_daemon_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
