/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * The config: what is taken, from a file and from the command line. What is refused is
 * test_config_refusals.c's, what arming depends on test_config_tunables.c's, several files are
 * test_config_files.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_help.h"

static void test_defaults(void **state)
{
	struct config config;

	(void)state;
	parse_good(MAIN WEB, &config);
	assert_int_equal(config.nr_interfaces, 1);
	assert_string_equal(config.interfaces[0], "eth0");
	assert_int_equal(config.xdp_mode, XDP_MODE_AUTO);
	assert_int_equal(config.synack_per_prefix, 20000);
	assert_false(config.reply_by_route);
	assert_int_equal(config.max_flows, 65536);
	assert_string_equal(config.control_socket, "/run/synward/control.sock");
	assert_string_equal(config.pin_path, "/sys/fs/bpf/synward");
	assert_int_equal(config.nr_services, 1);
	assert_string_equal(config.services[0].name, "web");
	assert_int_equal(config.services[0].nr_ports, 1);
	assert_int_equal(config.services[0].ports[0], 80);
	assert_true(config.services[0].any_address);
	assert_int_equal(config.services[0].nr_addresses, 0);
	assert_int_equal(config.services[0].mode, SVC_AUTO);
	assert_false(config.services[0].server_first);
	assert_null(config.path);
	config_free(&config);
}

static const char everything[] =
	"\xef\xbb\xbf; a comment with \xc3\xa9, and one that is longer than any line may be " X50
		X50 X50 "\n"
	"# another\n\n"
	"  [ synward ]   ; about the daemon\n"
	"\tinterfaces=eth0   eth1.5\t; two of them\n"
	"\txdp-mode = native\n"
	"control-socket = /tmp/a b;c.sock\n"
	"pin-path = /sys/fs/bpf/other ;\n"
	"state-directory = /var/lib/other/\n"
	"allow-file = /etc/synward/let these in\n"
	"deny-file = /etc/synward/deny\n"
	"synack-per-prefix = 900000\n"
	"reply = fib\n"
	"max-flows = 1000000 ; of them\n"
	"[service mail-1._x]\n"
	"ports = 25 465-467 65535\n"
	"addresses = 192.0.2.1 2001:db8::1\n"
	"mode = monitor\n"
	"server-first = yes\n"
	"[service\tother] # behind\n"
	"mode = off\n"
	"addresses = 192.0.2.2\n"
	"ports = 25\n"
	"server-first = no\n"
	"[service third]\nports = 1\nmode = auto\n"
	"[service fourth]\nports = 2\nmode = always";

static void test_everything(void **state)
{
	static const struct ip_addr v4 = { .word = { 0, 0, 0xffff0000, 0x010200c0 } };
	struct in6_addr v6;
	struct config config;
	struct service *mail;

	(void)state;
	parse_good(everything, &config);
	assert_int_equal(config.nr_interfaces, 2);
	assert_string_equal(config.interfaces[1], "eth1.5");
	assert_int_equal(config.xdp_mode, XDP_MODE_NATIVE);
	assert_string_equal(config.control_socket, "/tmp/a b;c.sock");
	assert_string_equal(config.pin_path, "/sys/fs/bpf/other");
	assert_string_equal(config.state_directory, "/var/lib/other/");
	assert_string_equal(config.allow_file, "/etc/synward/let these in");
	assert_string_equal(config.deny_file, "/etc/synward/deny");
	assert_int_equal(config.synack_per_prefix, 900000);
	assert_true(config.reply_by_route);
	assert_int_equal(config.max_flows, 1 << 20);
	assert_int_equal(config.nr_services, 4);
	mail = &config.services[0];
	assert_string_equal(mail->name, "mail-1._x");
	assert_int_equal(mail->nr_ports, 5);
	assert_int_equal(mail->ports[0], 25);
	assert_int_equal(mail->ports[3], 467);
	assert_int_equal(mail->ports[4], 65535);
	assert_false(mail->any_address);
	assert_int_equal(mail->nr_addresses, 2);
	if (htonl(1) != 1) /* the bytes above are written for little-endian */
		assert_memory_equal(&mail->addresses[0], &v4, sizeof(v4));
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &v6), 1);
	assert_memory_equal(&mail->addresses[1], &v6, sizeof(v6));
	assert_int_equal(mail->mode, SVC_MONITOR);
	assert_true(mail->server_first);
	assert_string_equal(config.services[1].name, "other");
	assert_int_equal(config.services[1].mode, SVC_OFF);
	assert_false(config.services[1].server_first);
	assert_int_equal(config.services[2].mode, SVC_AUTO);
	assert_int_equal(config.services[3].mode, SVC_ALWAYS);
	config_free(&config);
}

/* What is written may be the least, or the default. */
static void test_least(void **state)
{
	static const char text[] = MAIN "synack-per-prefix = 0\nreply = tx\n" WEB;
	struct config config;

	(void)state;
	parse_good(text, &config);
	assert_int_equal(config.synack_per_prefix, 0);
	assert_false(config.reply_by_route);
	config_free(&config);
}

/* A number in the file, and how many flows there are then. */
static void test_max_flows(void **state)
{
	static const struct {
		const char *text;
		__u32 nr;
	} rows[] = {
		{ "1024", 1024 },         { "1025", 2048 },         { "2048", 2048 },
		{ "065536", 65536 },      { "65537", 131072 },      { "8388609", 16777216 },
		{ "16777215", 16777216 }, { "16777216", 16777216 },
	};
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config config;

		snprintf(text, sizeof(text), MAIN "max-flows = %s\n" WEB, rows[i].text);
		parse_good(text, &config);
		assert_int_equal(config.max_flows, rows[i].nr);
		config_free(&config);
	}
}

static void state_directory_is(const char *environment, const char *text, const char *directory)
{
	struct config config;

	if (environment)
		setenv("STATE_DIRECTORY", environment, 1);
	parse_good(text, &config);
	unsetenv("STATE_DIRECTORY");
	assert_string_equal(config.state_directory, directory);
	config_free(&config);
}

/* The file says it, or systemd, or it is the default. */
static void test_state_directory(void **state)
{
	(void)state;
	state_directory_is(NULL, MAIN WEB, "/var/lib/synward");
	state_directory_is("/srv/one", MAIN WEB, "/srv/one");
	state_directory_is("/srv/one:/srv/two", MAIN WEB, "/srv/one");
	state_directory_is("", MAIN WEB, "/var/lib/synward");
	state_directory_is("srv", MAIN WEB, "/var/lib/synward");
	state_directory_is("/srv/one", MAIN "state-directory = /x\n" WEB, "/x");
}

static void test_longest_line(void **state)
{
	struct config config;

	(void)state;
	parse_good(MAIN WEB "mode = off ;" X50 X50 X50 "12345678901234567890123456789012345\n",
		   &config);
	config_free(&config);
}

/* All errors in one run; beyond CONFIG_ERRORS_MAX they are counted. */
static void test_many_errors(void **state)
{
	struct config_errors errors = { 0 };
	struct config config;
	char text[CONFIG_ERRORS_MAX * 4 + 64] = MAIN WEB, *lines;
	size_t i;

	(void)state;
	for (i = 0; i < CONFIG_ERRORS_MAX + 5; i++)
		strcat(text, "x=\n");
	assert_int_equal(config_parse("f", text, strlen(text), &config, &errors), -EINVAL);
	assert_int_equal(errors.nr_lines, CONFIG_ERRORS_MAX);
	assert_int_equal(errors.nr_left_out, 5);
	lines = joined(&errors);
	assert_non_null(strstr(lines, "\n... and 5 more\n"));
	free(lines);
	config_errors_free(&errors);
}

static void test_args(void **state)
{
	const struct config_args args = { .interface = "eth0,eth1",
					  .ports = "80,443,8000-8002",
					  .mode = "monitor",
					  .xdp_mode = "generic",
					  .control_socket = "/tmp/s" };
	struct config_errors errors = { 0 };
	struct config config;

	(void)state;
	assert_int_equal(config_from_args(&args, &config, &errors), 0);
	assert_int_equal(config.nr_interfaces, 2);
	assert_string_equal(config.interfaces[1], "eth1");
	assert_int_equal(config.xdp_mode, XDP_MODE_GENERIC);
	assert_string_equal(config.control_socket, "/tmp/s");
	assert_int_equal(config.nr_services, 1);
	assert_string_equal(config.services[0].name, SERVICE_NAME_QUICK);
	assert_int_equal(config.services[0].nr_ports, 5);
	assert_int_equal(config.services[0].ports[4], 8002);
	assert_true(config.services[0].any_address);
	assert_int_equal(config.services[0].mode, SVC_MONITOR);
	assert_null(config.path);
	config_free(&config);
}

/* What the quick start leaves out; it keeps nothing, whatever systemd made. */
static void test_few_args(void **state)
{
	const struct config_args args = { .interface = "eth0", .ports = "80" };
	struct config_errors errors = { 0 };
	struct config config;

	(void)state;
	setenv("STATE_DIRECTORY", "/srv/one", 1);
	assert_int_equal(config_from_args(&args, &config, &errors), 0);
	unsetenv("STATE_DIRECTORY");
	assert_null(config.state_directory);
	assert_string_equal(config.control_socket, "/run/synward/control.sock");
	assert_described(&config, "eth0\n" SERVICE_DEFAULT(SERVICE_NAME_QUICK, "80"));
	config_free(&config);
}

static void test_bad_args(void **state)
{
	const struct config_args args = { .interface = "eth/0",
					  .ports = "80,https",
					  .mode = "on",
					  .xdp_mode = "",
					  .control_socket = "s" };
	struct config_errors errors = { 0 };
	struct config config;
	char *lines;

	(void)state;
	assert_int_equal(config_from_args(&args, &config, &errors), -EINVAL);
	lines = joined(&errors);
	assert_string_equal(
		lines, "--interface: 'eth/0' cannot be a device's name; names have 1 to 15 "
		       "characters, without "
		       "'/' and ':', and are separated by spaces\n"
		       "--ports: 'https' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
		       "--mode: 'on' is no mode; it is off, monitor, auto or always\n"
		       "--xdp-mode: '' is no xdp-mode; it is auto, native or generic\n"
		       "--control-socket: control-socket 's' is no absolute path of a file; begin "
		       "it with '/'\n");
	free(lines);
	config_errors_free(&errors);
}

/* A line of a file is too short for so many; the command line is not. */
static void test_many_interfaces(void **state)
{
	struct config_args args = { .ports = "80" };
	struct config_errors errors = { 0 };
	char list[(DEVS_MAX + 1) * 6] = "";
	struct config config;
	int i;

	(void)state;
	args.interface = list;
	for (i = 0; i < DEVS_MAX; i++)
		snprintf(list + strlen(list), 8, "%seth%d", i ? "," : "", i);
	assert_int_equal(config_from_args(&args, &config, &errors), 0);
	assert_int_equal(config.nr_interfaces, DEVS_MAX);
	config_free(&config);
	strcat(list, ",a");
	assert_int_equal(config_from_args(&args, &config, &errors), -EINVAL);
	assert_int_equal(errors.nr_lines, 1);
	assert_string_equal(errors.lines[0],
			    "--interface: more than 64 interfaces; at most 64 are possible");
	config_errors_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),        cmocka_unit_test(test_everything),
		cmocka_unit_test(test_least),           cmocka_unit_test(test_max_flows),
		cmocka_unit_test(test_state_directory), cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_many_errors),     cmocka_unit_test(test_args),
		cmocka_unit_test(test_few_args),        cmocka_unit_test(test_bad_args),
		cmocka_unit_test(test_many_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
