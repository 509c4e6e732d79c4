/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/[a-l]*.c cli/m[e-o]*.c cli/[n-z]*.c daemon/config*.c daemon/pins.c daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/status.c daemon/list_reply.c daemon/lists.c daemon/log.c */
/*
 * `synward top` as it is called where there is no terminal: its lines, tabs and JSON, and what it
 * refuses.
 */
#include "cli_world.h"

#define TIME "2026-11-28T05:20:31Z"
#define RATES                                                                         \
	"syn_rate=0 cookies_sent_rate=0 cookies_valid_rate=0 cookies_invalid_rate=0 " \
	"served_rate=0 "
#define ZEROS "\t0\t0\t0\t0\t0"

/* What was printed, with one and the same time in place of each that is one. */
static void normalise_times(void)
{
	struct tm tm;
	char *at;

	for (at = world.out; *at; at++) {
		const char *end = strptime(at, "%Y-%m-%dT%H:%M:%SZ", &tm);

		if (end && end - at == (ptrdiff_t)strlen(TIME))
			memcpy(at, TIME, strlen(TIME));
	}
}

static void prints_in_time(const char *line, const char *out)
{
	ends(line, CLI_DONE, "");
	normalise_times();
	assert_string_equal(world.out, out);
}

/* One line for a look of everything, or for each port of the one service. */
static void test_text(void **state)
{
	(void)state;
	prints_in_time("top --count 1",
		       TIME " total armed=2/3 " RATES
			    "half_open=1000128 kernel_half_open=64 dropped_rate=0\n");
	prints_in_time(
		"top --service mail --count 1 --interval 1s",
		TIME " mail:25 state=armed " RATES "half_open=0 kernel_half_open=0 backlog=0\n" TIME
		     " mail:587 state=monitor " RATES "half_open=0 kernel_half_open=0 backlog=0\n");
	ends("top --count 2", CLI_DONE, "");
	normalise_times();
	assert_int_equal(strncmp(world.out, TIME " total ", strlen(TIME " total ")), 0);
	assert_non_null(strstr(world.out, "\n" TIME " total "));
}

static void test_tabs(void **state)
{
	(void)state;
	prints_in_time("top -t --count 1",
		       "total\t" TIME "\t3\t2" ZEROS "\t0\t1000128\t64\n"
		       "service\t" TIME "\tweb\t443\tarmed" ZEROS "\t1000128\t64\t4096\n"
		       "service\t" TIME "\tmail\t25\tarmed" ZEROS "\t0\t0\t0\n"
		       "service\t" TIME "\tmail\t587\tmonitor" ZEROS "\t0\t0\t0\n");
}

/* An object a look, and a line each. */
static void test_json(void **state)
{
	json_t *look __cleanup(cleanup_json) = NULL;
	char *end;

	(void)state;
	ends("top -j --count 2", CLI_DONE, "");
	end = strchr(world.out, '\n');
	assert_non_null(end);
	assert_non_null(strchr(end + 1, '\n'));
	assert_string_equal(strchr(end + 1, '\n'), "\n");
	*end = '\0';
	look = json_loads(world.out, 0, NULL);
	assert_non_null(look);
	assert_int_equal(json_array_size(json_object_get(look, "services")), 3);
	assert_in_range((int)(json_real_value(json_object_get(look, "interval_seconds")) * 1000),
			900, 5000);
	assert_null(json_object_get(json_array_get(json_object_get(look, "services"), 0), "syns"));
}

#define NO_INTERVAL " is no duration of 1s to 1h: 90s, 10m, 2h, 1d; a number alone is seconds"

static void test_misuse(void **state)
{
	static const char *const rows[][2] = {
		{ "top web", "web is not expected after top" },
		{ "top --count 0", "0 is no count of looks, 1 to 1000000000" },
		{ "top --count 5x", "5x is no count of looks, 1 to 1000000000" },
		{ "top --count 1000000001", "1000000001 is no count of looks, 1 to 1000000000" },
		{ "top --count 18446744073709551617",
		  "18446744073709551617 is no count of looks, 1 to 1000000000" },
		{ "top --interval 0s", "0s" NO_INTERVAL },
		{ "top --interval 2h", "2h" NO_INTERVAL },
		{ "top --service nobody", "nobody is no service" },
		{ "status --count 3", "--count is no option of status" },
	};

	(void)state;
	misuses(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_no_daemon(void **state)
{
	(void)state;
	daemon_end();
	assert_int_equal(synward("top --count 1"), CLI_NO_DAEMON);
	assert_string_equal(world.out, "");
	assert_memory_equal(world.err, "synward: no synwardd answers at ", 32);
}

/* A full disk, or a reader that is gone: it ends. */
static void test_no_reader(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(synward_to(full, "top"), CLI_FAILED);
	assert_non_null(strstr(world.err, "No space left on device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),      cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_json),      cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_no_reader), cmocka_unit_test(test_no_daemon),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
