/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/[a-l]*.c cli/m[e-o]*.c cli/[n-z]*.c daemon/config*.c daemon/pins.c daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/status.c daemon/list_reply.c daemon/lists.c daemon/log.c */
/*
 * `synward` as it is called, against the daemon's own control socket: what is printed where, and
 * the exit status.
 */
#include "cli_world.h"

#include "names.h"

static void test_status(void **state)
{
	const char *line, *end;

	(void)state;
	prints("", "synwardd " VERSION ", up 2 h 3 min: 2 of 3 service ports armed, SYNs can be "
		   "answered on 1 of 2 interfaces\n"
		   "eth1: not answering: no kfunc\n"
		   "1000128 half-open handshakes, which would take 305.2 MiB in the kernel\n"
		   "6.3 MiB of BPF maps, with room for 65536 flows\n"
		   "\n"
		   "INTERFACE  XDP      TC    PATH\n"
		   "eth0       native   tcx   cookie\n"
		   "eth1       generic  none  monitor\n"
		   "\n"
		   "SERVICE  PORT  MODE     STATE           SYNS   COOKIES  VALID  HALF-OPEN  "
		   "KERNEL  BACKLOG    SYN/S\n"
		   "web       443  auto     armed 28 s  30411392  30411374  52018    1000128      "
		   "64     4096  1014808\n"
		   "mail       25  always   armed              0         0      0          0       "
		   "0        0        0\n"
		   "mail      587  monitor  peace              0         0      0          0       "
		   "0        0        0\n"
		   "\n"
		   "VERDICT      PACKETS  FATE      WHAT IT MEANS\n"
		   "syn_cookie  30411374  answered  SYN answered with a cookie\n");
	for (line = strchr(world.out, '\n') + 1; (end = strchr(line, '\n')); line = end + 1)
		assert_true(end - line <= 100);
	assert_int_equal(synward("st -t"), 0);
	assert_non_null(strstr(world.out, "\nservice\tweb\t443\tauto\tarmed\t30411392\t30411374\t"
					  "52018\t0\t1000128\t64\t4096\t1014808\t1\t28\t320041000\t"
					  "0\t0\t0\tcookie\t\n"));
	assert_non_null(strstr(world.out, "daemon\t" VERSION "\t7380\t6645296\t65536\n"));
	assert_int_equal(synward("status -j"), 0);
	assert_non_null(strstr(world.out, "\"armed_until_seconds\": 28"));
	assert_non_null(strstr(world.out, "\"memory_bytes\": 6645296, \"max_flows\": 65536"));
}

/* Each cause once, with all that it holds for; not again what the first lines said, nor what the
 * operator wanted so. */
static void test_status_whys(void **state)
{
	static const char whys[] =
		"answered with a cookie\n"
		"\neth0: kernel-cookie, because the TC half is gone\n"
		"\nweb:443, mail:25: kernel-cookie, because a listener is MPTCP\n";
	size_t nr = strlen(whys);

	(void)state;
	assert_int_equal(synward("status"), 0);
	assert_non_null(strstr(world.out, "answered on 1 of 2 interfaces\n"
					  "eth1: not answering: no kfunc\n"));
	assert_in_range(strlen(world.out), nr, sizeof(world.out));
	assert_string_equal(world.out + strlen(world.out) - nr, whys);
	assert_int_equal(synward("status -t"), 0);
	assert_non_null(strstr(world.out, "\tkernel-cookie\ta listener is MPTCP\n"));
	assert_null(strstr(world.out, ": kernel-cookie, because"));
}

/* A daemon that the kernel does not tell says nothing of it. */
static void test_status_memory(void **state)
{
	(void)state;
	assert_int_equal(synward("status"), 0);
	assert_null(strstr(world.out, "BPF maps"));
	assert_int_equal(synward("status -t"), 0);
	assert_non_null(strstr(world.out, "\t7380\t\t65536\n"));
	assert_int_equal(synward("status -j"), 0);
	assert_non_null(strstr(world.out, "\"memory_bytes\": null, \"max_flows\": 65536"));
}

static void test_thresholds(void **state)
{
	(void)state;
	prints("thresholds",
	       "SERVICE  PORT  BACKLOG  HALF-OPEN  FROM     LEARNED  SYN/S  FROM     LEARNED  "
	       "LOW-WATER  HOLD\n"
	       "web       443     4096       2048  tuned       2.35   5000  pinned       120       "
	       "2500  1 min 30 s\n"
	       "mail       25        -          0  default        0      0  default        0       "
	       "   0  30 s\n"
	       "mail      587        -          0  default        0      0  default        0       "
	       "   0  0 s\n");
	prints("th -t",
	       "threshold\tweb\t443\tauto\t4096\t2048\ttuned\t2.35\t5000\tpinned\t120\t"
	       "2500\t90\t0\t0\n"
	       "threshold\tmail\t25\talways\t\t0\tdefault\t0\t0\tdefault\t0\t0\t30\t0\t0\n"
	       "threshold\tmail\t587\tmonitor\t\t0\tdefault\t0\t0\tdefault\t0\t0\t0\t0\t0\n");
	assert_int_equal(synward("thresholds -j"), 0);
	assert_non_null(strstr(world.out, "\"backlog\": null, \"learned_half_open\": 0.0"));
	assert_null(strstr(world.out, "\"hold\""));
}

static size_t nr_lines(const char *text)
{
	size_t nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

static void test_handshakes(void **state)
{
	json_t *all __cleanup(cleanup_json) = NULL;
	const json_t *entries;
	size_t i;

	(void)state;
	ends("handshakes --limit 2", CLI_DONE,
	     "synward: there may be more than 2; --limit N shows them\n");
	assert_string_equal(
		world.out,
		"SOURCE                DESTINATION             SERVICE  STATE        BY      AGE\n"
		"10.0.0.1:1            10.0.0.1:443            web      ESTABLISHED  cookie  "
		"1 h 0 min\n"
		"[::2001:db8:a00:1]:2  [::2001:db8:a00:1]:443  web      SYN-RECV     -       "
		"1.250 s\n");
	prints("-t hands --limit=1 --state syn-recv --service web",
	       "handshake\t::2001:db8:a00:1\t2\t::2001:db8:a00:1\t443\tweb\tsyn_recv\tunknown\t"
	       "1.25\t0\n");

	/* Without a limit one page; with one, as many as it takes. */
	assert_int_equal(synward("handshakes -t"), 0);
	assert_int_equal(nr_lines(world.out), 1000);
	assert_int_equal(synward("handshakes -t --limit 2001"), 0);
	assert_int_equal(nr_lines(world.out), 2001);
	assert_int_equal(synward("handshakes -j --limit 1000000"), 0);
	assert_string_equal(world.err, "");
	all = json_loads(world.out, 0, NULL);
	entries = json_object_get(all, "handshakes");
	assert_int_equal(json_object_size(all), 1);
	assert_int_equal(json_array_size(entries), NR_FLOWS);
	for (i = 0; i < NR_FLOWS; i++)
		assert_int_equal(json_integer_value(json_object_get(json_array_get(entries, i),
								    "source_port")),
				 i + 1);

	ends("handshakes --service wbe", CLI_MISUSE, "synward: there is no service 'wbe'\n");
	ends("handshakes --state open", CLI_MISUSE,
	     "synward: open is no state; there are established, handed-off, syn-recv, closing; "
	     "see 'synward help'\n");
}

static void test_changes(void **state)
{
	static const struct {
		const char *line;
		int end;
		const char *err;
	} rows[] = {
		{ "set web arm-half-open 400", CLI_DONE, "" },
		{ "set web arm-half-open wrong", CLI_MISUSE,
		  "synward: set web arm-half-open wrong\n" },
		{ "set web arm-half-open refused", CLI_FAILED,
		  "synward: set web arm-half-open refused\n" },
		{ "set web arm-half-open broken", CLI_FAILED,
		  "synward: set web arm-half-open broken\n" },
		{ "mode web wrong", CLI_MISUSE, "synward: mode web wrong\n" },
		{ "mode web auto", CLI_DONE, "" },
		{ "arm web", CLI_DONE, "" },
		{ "arm wrong", CLI_MISUSE, "synward: arm wrong 0\n" },
		{ "arm --for 10m wrong", CLI_MISUSE, "synward: arm wrong 600\n" },
		{ "--for 365d arm wrong", CLI_MISUSE, "synward: arm wrong 31536000\n" },
		{ "disarm web", CLI_DONE, "" },
		{ "dis refused", CLI_FAILED, "synward: disarm refused\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ends(rows[i].line, rows[i].end, rows[i].err);
		assert_string_equal(world.out, "");
	}
	assert_int_equal(access(world.drop_ins, F_OK), -1); /* nothing was to be kept */
}

static void test_interfaces(void **state)
{
	static const struct {
		const char *line, *out;
	} rows[] = {
		{ "attach eth0", "eth0 is attached in native mode\n" },
		{ "att eth0 --confirm 1m",
		  "eth0 is attached in native mode\n"
		  "that is taken back in 1m, unless 'synward confirm' follows\n" },
		{ "attach lan0", "lan0 is attached in native mode\n"
				 "the next start of synwardd will not know of it; this keeps it: "
				 "interfaces = eth0 x in f\n" },
		{ "attach eth7", "eth7 is not there; it is attached as soon as it is\n" },
		{ "attach eth7 -t", "attach\teth7\tabsent\tnone\n" },
		{ "attach eth7 -j",
		  "{\"state\": \"absent\", \"xdp_mode\": \"none\", \"keep\": null}\n" },
		{ "confirm", "eth0 stays attached\neth1 stays attached\n" },
		{ "confirm -t", "confirm\teth0\nconfirm\teth1\n" },
		{ "confirm -j", "{\"interfaces\": [\"eth0\", \"eth1\"]}\n" },
		{ "detach", "eth0 is detached, until 'synward attach' or a restart\n"
			    "eth1 is detached, until 'synward attach' or a restart\n" },
		{ "detach lan0", "lan0 is detached, until 'synward attach' or a restart\n" },
		{ "detach nothing", "nothing was attached\n" },
		{ "detach lan0 -t", "detach\tlan0\n" },
		{ "detach nothing -t", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		prints(rows[i].line, rows[i].out);
	ends("attach wrong --confirm 1h", CLI_MISUSE, "synward: attach wrong 3600\n");
	ends("attach refused", CLI_FAILED, "synward: attach refused 0\n");
	ends("detach broken", CLI_FAILED, "synward: detach broken\n");
}

static void drop_in_is(const char *name, const char *wanted)
{
	char path[192], text[1024] = "";
	FILE *file __cleanup(cleanup_file) = NULL;

	snprintf(path, sizeof(path), "%s/%s", world.drop_ins, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	assert_string_equal(text, wanted);
}

static void test_persist(void **state)
{
	char wanted[256];

	(void)state;
	ends("set web hold wrong --persist", CLI_MISUSE, "synward: set web hold wrong\n");
	assert_int_equal(access(world.drop_ins, F_OK), -1);
	prints("set --persist web hold 1m", "");
	drop_in_is("90-web-hold.conf", "# written by: synward set web hold 1m --persist\n"
				       "[service web]\nhold = 1m\n");
	prints("mode web auto --persist", "");
	drop_in_is("90-web-mode.conf", "# written by: synward mode web auto --persist\n"
				       "[service web]\nmode = auto\n");
	ends("set quick hold 1m --persist", CLI_FAILED,
	     "synward: changed until synwardd stops, but not kept: it runs without a config "
	     "file\n");
	snprintf(wanted, sizeof(wanted),
		 "synward: changed until synwardd stops, but not kept: %s/90-a/b-hold.conf: "
		 "Invalid argument\n",
		 world.drop_ins);
	ends("set a/b hold 1m --persist", CLI_FAILED, wanted);
}

#define NO_DURATION " is no duration of 1s to 365d: 90s, 10m, 2h, 1d; a number alone is seconds"

static void test_misuse(void **state)
{
	static const char *const rows[][2] = {
		{ "frob", "frob is no verb" },
		{ "s", "s begins several verbs" },
		{ "status x", "x is not expected after status" },
		{ "set web hold", "set needs SERVICE KEY VALUE" },
		{ "set web hold 1m 2m", "2m is not expected after set" },
		{ "arm", "arm needs SERVICE" },
		{ "arm web --for 1y", "1y" NO_DURATION },
		{ "arm web --for 0s", "0s" NO_DURATION },
		{ "arm web --for 366d", "366d" NO_DURATION },
		{ "arm web --for 50000d", "50000d" NO_DURATION },
		{ "arm web --for", "--for needs a value" },
		{ "attach", "attach needs DEV" },
		{ "attach eth0 eth1", "eth1 is not expected after attach" },
		{ "attach eth0 --confirm 61m",
		  "61m is no duration of 1s to 1h: 90s, 10m, 2h, 1d; a "
		  "number alone is seconds" },
		{ "attach eth0 --confirm 0", "0 is no duration of 1s to 1h: 90s, 10m, 2h, 1d; a "
					     "number alone is seconds" },
		{ "confirm eth0", "eth0 is not expected after confirm" },
		{ "confirm --confirm 1m", "--confirm is no option of confirm" },
		{ "con", "con begins several verbs" },
		{ "detach eth0 eth1", "eth1 is not expected after DEV" },
		{ "arm web --persist", "--persist is no option of arm" },
		{ "disarm web --for 1m", "--for is no option of disarm" },
		{ "--state closing", "--state is no option of status" },
		{ "monitor --limit 5", "--limit is no option of monitor" },
		{ "handshakes --limit 0", "0 is no limit: it is 1 to 1000000" },
		{ "handshakes --limit 1000001", "1000001 is no limit: it is 1 to 1000000" },
		{ "handshakes --limit 18446744073709551617",
		  "18446744073709551617 is no limit: it is 1 to 1000000" },
		{ "handshakes --limit -5", "-5 is no limit: it is 1 to 1000000" },
		{ "handshakes --limit 5x", "5x is no limit: it is 1 to 1000000" },
		{ "handshakes --frob", "--frob is no option that is known" },
		{ "status -x", "-x is no option that is known" },
		{ "status -jx", "-jx is no option that is known" },
		{ "-xj status", "-xj is no option that is known" },
		{ "status --json=1", "--json=1 is no option that is known" },
		{ "deny add -1.2.3.4", "-1.2.3.4 is no option that is known" },
		{ "deny add 1.2.3.5 --for 1m -1.2.3.4 1.2.3.6",
		  "-1.2.3.4 is no option that is known" },
		{ "set web low-water -5%", "-5% is no option that is known" },
		{ "set web --persist low-water -5", "-5 is no option that is known" },
		{ "-- set web hold", "set needs SERVICE KEY VALUE" },
		{ "-j -- status -x", "-x is not expected after status" },
		{ "help frob", "frob is no verb" },
		{ "help s", "s begins several verbs" },
		{ "help deny add", "add is not expected after the verb of help" },
	};

	(void)state;
	misuses(rows, sizeof(rows) / sizeof(rows[0]));
	ends("set web hold \xff", CLI_MISUSE, "synward: a word is no valid UTF-8\n");
}

/* Words are words, wherever options stand between them. */
static void test_order(void **state)
{
	(void)state;
	ends("set --persist web hold -- -5", CLI_DONE, "");
	ends("-- set web arm-half-open wrong", CLI_MISUSE,
	     "synward: set web arm-half-open wrong\n");
	ends("arm --for 10m -- wrong", CLI_MISUSE, "synward: arm wrong 600\n");
	ends("arm wrong --for 601", CLI_MISUSE, "synward: arm wrong 601\n");
}

static void test_help(void **state)
{
	const char *line, *end;
	unsigned int option;
	char words[32];
	size_t i;

	(void)state;
	for (i = 0; i < NR_VERBS; i++) {
		snprintf(words, sizeof(words), "help %s", verbs[i].name);
		ends(words, CLI_DONE, "");
		snprintf(words, sizeof(words), "[OPTION...] %s", verbs[i].name);
		assert_non_null(strstr(world.out, words));
		assert_non_null(strstr(world.out, verbs[i].help));
		for (option = 0; option < NR_CLI_OPTIONS; option++)
			assert_int_equal(!!strstr(world.out, own_options[option].help),
					 !!(verbs[i].options & WITH(option)));
	}
	/* What is named as a state is one. */
	assert_int_equal(synward("handshakes --state open"), CLI_MISUSE);
	for (i = 0; i < NAMES_COUNT(flow_state_words); i++) {
		enum flow_state flow;
		char *hyphen;

		snprintf(words, sizeof(words), "%s", flow_state_words[i]);
		hyphen = strchr(words, '_');
		if (hyphen)
			*hyphen = '-';
		if (flow_state_find(words, &flow))
			continue;
		assert_non_null(strstr(world.err, words));
		assert_non_null(strstr(own_options[CLI_STATE].help, words));
	}
	assert_int_equal(synward("help"), 0);
	for (line = world.out; (end = strchr(line, '\n')); line = end + 1)
		assert_true(end - line <= 100);
	assert_non_null(strstr(world.out, "deny [list|add|del PREFIX...]"));
	for (i = 0; i < NR_VERBS; i++)
		assert_non_null(strstr(world.out, verbs[i].name));
	for (i = 0; i < NR_CLI_OPTIONS; i++)
		assert_non_null(strstr(world.out, own_options[i].name));
}

static void gone(char line[256])
{
	snprintf(line, 256, "synward: synwardd at %s is gone\n", world.path);
}

static void test_monitor(void **state)
{
	char line[256];

	(void)state;
	gone(line);
	assert_int_equal(synward("monitor"), CLI_NO_DAEMON);
	assert_string_equal(world.err, line);
	assert_string_equal(
		world.out,
		"2026-11-24T13:30:29.123Z web:443 attack begins: 130 half-open handshakes "
		"(threshold 128); SYNs are answered with cookies\n"
		"2026-11-24T13:31:39.456Z web:443 attack ends after 1 min 10 s: 100000 SYNs, at "
		"most 9000/s; cookies: 5 sent, 4 valid, 3 invalid; 2 clients served; most from "
		"198.18.3.0/24 (0.4%), 2001:db8::/48 (0.1%)\n"
		"2026-11-24T13:32:00.000Z web:443 black hole: handshakes that are handed to the "
		"listener arrive nowhere; SYNs go to the kernel, tried again in 10 min 0 s\n"
		"2026-11-24T13:42:00.000Z web:443 hand-offs are tried again: the time is "
		"over\n" NEWER "\n");
}

static void test_monitor_json(void **state)
{
	(void)state;
	assert_int_equal(synward("-j monitor"), CLI_NO_DAEMON);
	assert_string_equal(world.out, BEGIN "\n" END "\n" HOLE "\n" HOLE_END "\n" NEWER "\n");
}

static void test_monitor_tabs(void **state)
{
	(void)state;
	assert_int_equal(synward("mon -t"), CLI_NO_DAEMON);
	assert_string_equal(
		world.out,
		"attack_begin\t2026-11-24T13:30:29.123Z\tweb\t443\tauto\tyes\thalf_open\t130\t128\n"
		"attack_end\t2026-11-24T13:31:39.456Z\tweb\t443\tmonitor\tno\tsyn_"
		"rate\t6000\t5000\t"
		"2026-11-24T13:30:29.123Z\t70.3\t9000\t100000\t5\t4\t3\t2\t"
		"198.18.3.0/24=0.4,2001:db8::/48=0.1\n"
		"black_hole\t2026-11-24T13:32:00.000Z\tweb\t443\talways\t600\tmonitor\n"
		"black_hole_end\t2026-11-24T13:42:00.000Z\tweb\t443\talways\ttime\n" NEWER "\n");
}

/* Output that goes nowhere is a failure, and at once. */
static void test_no_output(void **state)
{
	static const char *const lines[] = { "monitor", "status", "handshakes" };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(synward_to(fopen("/dev/full", "w"), lines[i]), CLI_FAILED);
		assert_non_null(strstr(world.err, "synward: output: No space left on device\n"));
	}
}

static void test_no_daemon(void **state)
{
	static const char *const lines[] = { "",        "handshakes", "thresholds",     "monitor",
					     "arm web", "disarm web", "set web hold 1m" };
	char begin[160];
	size_t i;

	(void)state;
	daemon_end();
	snprintf(begin, sizeof(begin), "synward: no synwardd answers at %s; ", world.path);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(synward(lines[i]), CLI_NO_DAEMON);
		assert_memory_equal(world.err, begin, strlen(begin));
		assert_int_equal(nr_lines(world.err), 1);
	}
}

/* Every line that the daemon has; and the files, by the same reader as the daemon's. */
static void test_config(void **state)
{
	(void)state;
	ends("reload", CLI_FAILED, "synward: f:1: wrong\nsynward: f:2: and more\n");
	assert_int_equal(synward("config check dist/synward.conf"), CLI_DONE);
	assert_string_equal(world.out, "dist/synward.conf: ok\n");
	assert_int_equal(synward("config check -j dist/synward.conf"), CLI_DONE);
	assert_string_equal(world.out, "{\"file\": \"dist/synward.conf\", \"errors_left_out\": 0, "
				       "\"errors\": []}\n");
	ends("config check /nonexistent", CLI_FAILED,
	     "synward: /nonexistent: cannot be opened: No such file or directory; write it, or try "
	     "synwardd with --interface DEV --ports LIST\n");
	assert_int_equal(synward("config check -j Makefile"), CLI_FAILED);
	assert_non_null(strstr(world.out, "\"errors\": [\"Makefile:"));
	assert_int_equal(synward("config show dist/synward.conf"), CLI_DONE);
	assert_memory_equal(world.out, "[synward]\ninterfaces = eth0 ", 28);
	assert_non_null(strstr(world.out, "\n\n[service web]\nports = 80 443 "));
	assert_int_equal(synward("config show -t dist/synward.conf"), CLI_DONE);
	assert_non_null(strstr(world.out, "\nkey\tweb\thold\t30s\tdefault\n"));
	assert_int_equal(synward("config show -j dist/synward.conf"), CLI_DONE);
	assert_non_null(strstr(world.out, "{\"section\": \"web\", \"key\": \"hold\", "
					  "\"value\": \"30s\", \"from\": \"default\"}"));
	ends("config chekc", CLI_MISUSE,
	     "synward: chekc is not expected after config, which has check and show; see 'synward "
	     "help'\n");
	ends("config check a b", CLI_MISUSE,
	     "synward: b is not expected after the file; see 'synward help'\n");
	ends("reload now", CLI_MISUSE,
	     "synward: now is not expected after reload; see 'synward help'\n");
}

static void test_units(void **state)
{
	static const struct {
		long long number;
		const char *bytes, *duration;
	} rows[] = {
		{ 0, "0 bytes", "0 s" },
		{ 59, "59 bytes", "59 s" },
		{ 60, "60 bytes", "1 min 0 s" },
		{ 1023, "1023 bytes", "17 min 3 s" },
		{ 1024, "1.0 KiB", "17 min 4 s" },
		{ 3600, "3.5 KiB", "1 h 0 min" },
		{ 86399, "84.4 KiB", "23 h 59 min" },
		{ 86400, "84.4 KiB", "1 d 0 h" },
		{ 1048575, "1.0 MiB", "12 d 3 h" },
		{ INT64_MAX, "8.0 EiB", "106751991167300 d 15 h" },
	};
	char buffer[OUT_NUMBER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(out_bytes(rows[i].number, buffer), rows[i].bytes);
		assert_string_equal(out_duration(rows[i].number, buffer), rows[i].duration);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_thresholds),
		TEST(test_handshakes),
		TEST(test_changes),
		TEST(test_interfaces),
		TEST(test_persist),
		TEST(test_misuse),
		TEST(test_order),
		TEST(test_help),
		TEST(test_config),
		TEST(test_monitor),
		TEST(test_monitor_json),
		TEST(test_monitor_tabs),
		cmocka_unit_test_setup_teardown(test_status_whys, set_up_degraded, tear_down),
		cmocka_unit_test_setup_teardown(test_status_memory, set_up_degraded, tear_down),
		TEST(test_no_output),
		TEST(test_no_daemon),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
