/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * Config files that are refused, every error with its line. Each is a row of text and the exact
 * lines that must come out, no more and no fewer.
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

#include "config_help.h"

#define TUNABLES \
	"arm-half-open, arm-syn-rate, hold, low-water, handshake-timeout and max-half-open\n"
#define SERVICE_KEYS(line) line "ports, addresses, mode, server-first, " TUNABLES

/* A refused file and its lines, joined by newlines. */
struct refusal {
	const char *name, *text, *lines;
};

static const struct refusal refusals[] = {
	{ "empty file", "",
	  "f:1: no section [synward]; add it, with 'interfaces = DEV'\n"
	  "f:1: no service; add [service NAME] with 'ports = PORT...'\n" },
	{ "unknown key, close", MAIN "xdp_mode = auto\n" WEB,
	  "f:3: unknown key 'xdp_mode'; did you mean 'xdp-mode'?\n" },
	{ "unknown key, far", MAIN WEB "colour = red\n",
	  SERVICE_KEYS("f:5: unknown key 'colour'; keys here are ") },
	{ "unknown key in [synward], far", MAIN "colour = red\n" WEB,
	  "f:3: unknown key 'colour'; keys here are interfaces, xdp-mode, control-socket, "
	  "pin-path, on-stop, "
	  "state-directory, allow-file, deny-file, synack-per-prefix, reply, "
	  "max-flows, " TUNABLES },
	{ "unknown key, close to one that both sections have",
	  MAIN "holt = 1\n" WEB "arm-syn-rates = 5\n",
	  "f:3: unknown key 'holt'; did you mean 'hold'?\n"
	  "f:6: unknown key 'arm-syn-rates'; did you mean 'arm-syn-rate'?\n" },
	{ "key of the other section", MAIN "ports = 80\n" WEB,
	  "f:3: 'ports' does not belong here; it belongs to a [service NAME]\n" },
	{ "key of [synward] in a service", MAIN WEB "state-directory = /x\n",
	  "f:5: 'state-directory' does not belong here; it belongs to [synward]\n" },
	{ "key before any section", "mode = off\n" MAIN WEB,
	  "f:1: a key before any section; begin with [synward]\n" },
	{ "duplicate key", MAIN WEB "mode = off\n mode = always\n",
	  "f:6: duplicate key 'mode'; the first is on line 5, make one of them\n" },
	{ "no value", MAIN WEB "mode =\n", "f:5: 'mode' has no value\n" },
	{ "no key", MAIN WEB "= 5\n", SERVICE_KEYS("f:5: unknown key ''; keys here are ") },
	{ "no equals sign", MAIN WEB "mode\n",
	  "f:5: neither 'key = value' nor [section] nor a comment\n" },
	{ "comment where the equals sign is due", MAIN WEB "mode ;= off\n",
	  "f:5: neither 'key = value' nor [section] nor a comment\n" },
	{ "colon", MAIN WEB "mode: off\n", "f:5: ':' behind the key; write 'key = value'\n" },
	{ "duplicate sections", MAIN WEB "[service web]\nports = 81\n" MAIN,
	  "f:5: duplicate section [service web]; the first is on line 3, make one of them\n"
	  "f:7: duplicate section [synward]; the first is on line 1, make one of them\n" },
	{ "duplicate section that lacks what the first has", MAIN WEB "[service web]\nmode = off\n",
	  "f:5: duplicate section [service web]; the first is on line 3, make one of them\n" },
	{ "empty sections", MAIN "[service a]\n; nothing\n[service b]\n[service c]\nports = 1\n",
	  "f:3: section [service a] is empty; give it keys or remove it\n"
	  "f:5: section [service b] is empty; give it keys or remove it\n" },
	{ "missing keys", "[synward]\nxdp-mode = auto\n[service a]\nmode = off\n",
	  "f:1: key 'interfaces' is missing; add 'interfaces = DEV'\n"
	  "f:3: key 'ports' is missing; add 'ports = PORT...'\n" },
	{ "no service", MAIN, "f:2: no service; add [service NAME] with 'ports = PORT...'\n" },
	{ "unknown section, close", MAIN WEB "[servce x]\nports = x\n",
	  "f:5: unknown section [servce]; did you mean 'service'? sections are [synward] and "
	  "[service NAME]\n" },
	{ "unknown section, far", MAIN WEB "[elsewhere]\nports = x\n",
	  "f:5: unknown section [elsewhere]; sections are [synward] and [service NAME]\n" },
	{ "no name", MAIN WEB "[service]\nports = 1\n",
	  "f:5: '' cannot be a service's name; write [service NAME] with 1 to 63 letters, digits, "
	  "'.', '_' or '-'\n" },
	{ "name with a space", MAIN WEB "[service a b]\nports = 1\n",
	  "f:5: 'a b' cannot be a service's name; write [service NAME] with 1 to 63 letters, "
	  "digits, '.', '_' or "
	  "'-'\n" },
	{ "name of 64", MAIN WEB "[service " X50 "12345678901234]\nports = 1\n",
	  "f:5: '" X50
	  "12345678901234' cannot be a service's name; write [service NAME] with 1 to 63 letters, "
	  "digits, '.', '_' or '-'\n" },
	{ "no bracket", MAIN WEB "[service a\n", "f:5: no ']' behind the section's name\n" },
	{ "text behind a bracket", MAIN WEB "[service a] ports = 80\n",
	  "f:5: 'ports = 80' behind the section's name; begin a new line\n" },
	{ "line of 198",
	  MAIN WEB "mode = " X50 X50 X50 "12345678901234567890123456789012345678901\n",
	  "f:5: the line has 198 bytes; at most 197 are possible, make two sections of it\n" },
	{ "control byte in a comment", MAIN "; \x1b[2J\n" WEB,
	  "f:3: byte 0x1b is no text; is this a config file?\n" },
	{ "bad ports",
	  MAIN
	  "[service a]\nports = 0 65536 -1 +2 0x50 80,443 http 9-8 5- 18446744073709551617 # web\n",
	  "f:4: '0' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '65536' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '-1' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '+2' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '0x50' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '80,443' is no port; ports are 1 to 65535, ranges as in 8000-8010 (separate ports "
	  "by spaces)\n"
	  "f:4: 'http' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '9-8' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '5-' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '18446744073709551617' is no port; ports are 1 to 65535, ranges as in 8000-8010\n"
	  "f:4: '#' is no port; ports are 1 to 65535, ranges as in 8000-8010 (a comment behind a "
	  "value begins "
	  "with ' ;')\n"
	  "f:4: 'web' is no port; ports are 1 to 65535, ranges as in 8000-8010\n" },
	{ "port twice", MAIN "[service a]\nports = 80 79-81\n",
	  "f:4: port 80 stands here twice; name it once\n" },
	{ "too many ports", MAIN "[service a]\nports = 1-1025\n",
	  "f:4: 1025 ports; at most 1024 ports over all services are possible\n" },
	{ "too many ports together",
	  MAIN "[service a]\nports = 1-1000\n[service b]\nports = 2001-2025\n",
	  "f:6: 1025 ports over all services; at most 1024 are possible\n" },
	{ "same port in two services, any",
	  MAIN WEB "[service b]\nports = 79 80\naddresses = 192.0.2.1\n",
	  "f:5: port 80 of [service b] is also in [service web] on line 3, for the same addresses; "
	  "keep it in one "
	  "of them\n" },
	{ "same port in two services, one address in two spellings",
	  MAIN "[service a]\nports = 80\naddresses = 2001:db8::1 192.0.2.1\n"
	       "[service b]\nports = 80\naddresses = ::ffff:192.0.2.1\n",
	  "f:6: port 80 of [service b] is also in [service a] on line 3, for the same addresses; "
	  "keep it in one of "
	  "them\n" },
	{ "bad addresses",
	  MAIN WEB
	  "addresses = any 192.0.2.256 192.0.2.0/24 :: 224.0.0.1 fe80::1%eth0 ::1 0:0::1\n",
	  "f:5: 'any' already is every local address; write it alone, or only the others\n"
	  "f:5: '192.0.2.256' is no IPv4 or IPv6 address; write any, or addresses separated by "
	  "spaces\n"
	  "f:5: '192.0.2.0/24' is a prefix; write single addresses, or any\n"
	  "f:5: '::' takes no connections; write any for every local address\n"
	  "f:5: '224.0.0.1' takes no connections; write any for every local address\n"
	  "f:5: 'fe80::1%eth0' is no IPv4 or IPv6 address; write any, or addresses separated by "
	  "spaces\n"
	  "f:5: address 0:0::1 stands here twice; name it once\n" },
	{ "bad mode", MAIN WEB "mode = Always\n",
	  "f:5: 'Always' is no mode; it is off, monitor, auto or always\n" },
	{ "bad interfaces", "[synward]\ninterfaces = eth0 a/b .. abcdefghijklmnop eth0\n" WEB,
	  "f:2: 'a/b' cannot be a device's name; names have 1 to 15 characters, without '/' and "
	  "':', and are "
	  "separated by spaces\n"
	  "f:2: '..' cannot be a device's name; names have 1 to 15 characters, without '/' and "
	  "':', and are "
	  "separated by spaces\n"
	  "f:2: 'abcdefghijklmnop' cannot be a device's name; names have 1 to 15 characters, "
	  "without '/' and ':', "
	  "and are separated by spaces\n"
	  "f:2: interface eth0 stands here twice; name it once\n" },
	{ "bad xdp-mode", MAIN "xdp-mode = skb\n" WEB,
	  "f:3: 'skb' is no xdp-mode; it is auto, native or generic\n" },
	{ "bad paths", MAIN "control-socket = run/x\npin-path = /\n" WEB,
	  "f:3: control-socket 'run/x' is no absolute path of a file; begin it with '/'\n"
	  "f:4: pin-path '/' is no absolute path of a file; begin it with '/'\n" },
	{ "bad state directories", MAIN "state-directory = var/lib\n" WEB,
	  "f:3: state-directory 'var/lib' is no absolute path of a directory below /; write one as "
	  "in /var/lib/synward\n" },
	{ "the root as state directory", MAIN "state-directory = //\n" WEB,
	  "f:3: state-directory '//' is no absolute path of a directory below /; write one as in "
	  "/var/lib/synward\n" },
	{ "bad caps of SYN-ACKs", MAIN "synack-per-prefix = 900001\n" WEB,
	  "f:3: synack-per-prefix: '900001' is no cap; it is 1 to 900000 SYN-ACKs a second, or 0 "
	  "for none\n" },
	{ "cap of SYN-ACKs with a unit", MAIN "synack-per-prefix = 20000/s\n" WEB,
	  "f:3: synack-per-prefix: '20000/s' is no cap; it is 1 to 900000 SYN-ACKs a second, or 0 "
	  "for none\n" },
	{ "cap of SYN-ACKs with zeros", MAIN "synack-per-prefix = 00\n" WEB,
	  "f:3: synack-per-prefix: '00' is no cap; it is 1 to 900000 SYN-ACKs a second, or 0 for "
	  "none\n" },
	{ "bad reply", MAIN "reply = FIB\n" WEB,
	  "f:3: reply: 'FIB' is no way back; it is tx (the way the SYN came) or fib (by the "
	  "routing table)\n" },
	{ "too few flows", MAIN "max-flows = 1023\n" WEB,
	  "f:3: max-flows: '1023' is no number of flows; it is 1024 to 16777216\n" },
	{ "too many flows", MAIN "max-flows = 16777217\n" WEB,
	  "f:3: max-flows: '16777217' is no number of flows; it is 1024 to 16777216\n" },
	{ "no flows", MAIN "max-flows = 0\n" WEB,
	  "f:3: max-flows: '0' is no number of flows; it is 1024 to 16777216\n" },
	{ "flows with a unit", MAIN "max-flows = 64k\n" WEB,
	  "f:3: max-flows: '64k' is no number of flows; it is 1024 to 16777216\n" },
	{ "flows, signed", MAIN "max-flows = -65536\n" WEB,
	  "f:3: max-flows: '-65536' is no number of flows; it is 1024 to 16777216\n" },
	{ "flows, far too many", MAIN "max-flows = 18446744073709617152\n" WEB,
	  "f:3: max-flows: '18446744073709617152' is no number of flows; it is 1024 to "
	  "16777216\n" },
	{ "flows of one service", MAIN WEB "max-flows = 65536\n",
	  "f:5: 'max-flows' does not belong here; it belongs to [synward]\n" },
	{ "bad server-first", MAIN WEB "server-first = 1\n",
	  "f:5: server-first: '1' is neither yes nor no\n" },
	{ "server-first for all", MAIN "server-first = yes\n" WEB,
	  "f:3: 'server-first' does not belong here; it belongs to a [service NAME]\n" },
	{ "long socket path", MAIN "control-socket = /" X50 X50 "1234567\n" WEB,
	  "f:3: control-socket has 108 bytes; the path of a socket has at most 107\n" },
};

static void refuses(const struct refusal *row, const char *text, size_t nr_bytes)
{
	struct config_errors errors = { 0 };
	struct config config;
	char *lines;

	memset(&config, 0x5a, sizeof(config));
	assert_int_equal(config_parse("f", text, nr_bytes, &config, &errors), -EINVAL);
	assert_int_equal(((unsigned char *)&config)[0], 0x5a);
	lines = joined(&errors);
	if (strcmp(lines, row->lines))
		print_error("row: %s\n", row->name);
	assert_string_equal(lines, row->lines);
	free(lines);
	config_errors_free(&errors);
}

static void test_refusals(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		refuses(&refusals[i], refusals[i].text, strlen(refusals[i].text));
}

static void test_nul(void **state)
{
	static const char text[] = MAIN WEB "mode = off\0\n";
	static const struct refusal row = { "NUL", text,
					    "f:5: byte 0x00 is no text; is this a config file?\n" };

	(void)state;
	refuses(&row, text, sizeof(text) - 1);
}

/* A file written on another system: carriage returns, and no newline at the end. */
static void test_refusals_crlf(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char *text = refusals[i].text;
		size_t nr_bytes = strlen(text), nr = 0;
		char crlf[2048];

		for (j = 0; j < nr_bytes; j++) {
			assert_true(nr + 2 < sizeof(crlf));
			if (text[j] == '\n')
				crlf[nr++] = '\r';
			crlf[nr++] = text[j];
		}
		refuses(&refusals[i], crlf, nr ? nr - 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refusals_crlf),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
