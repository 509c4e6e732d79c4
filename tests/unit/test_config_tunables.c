/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * What arming depends on: values, ranges, whose word counts, and the change while the daemon runs.
 * Every value goes through the file in both sections and, where it may change live, through
 * config_tune(): the three say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "config_help.h"

#define LIVE_KEYS "arm-half-open, arm-syn-rate, hold and low-water"

static const struct tunables defaults = {
	.arm_half_open = 0,
	.arm_syn_rate = 0,
	.hold_seconds = 30,
	.low_water_percent = 50,
	.handshake_timeout_seconds = 63,
	.max_half_open = 4096,
};

/* All different from the defaults. */
static const struct tunables others = { 11, 12, 13, 14, 15, 16 };

static const struct taken {
	const char *key, *value;
	size_t member; /* its place in struct tunables */
	__u32 number;
} taken[] = {
#define MEMBER(name) offsetof(struct tunables, name)
	{ "arm-half-open", "auto", MEMBER(arm_half_open), 0 },
	{ "arm-half-open", "1", MEMBER(arm_half_open), 1 },
	{ "arm-half-open", "8192", MEMBER(arm_half_open), 8192 },
	{ "arm-syn-rate", "auto", MEMBER(arm_syn_rate), 0 },
	{ "arm-syn-rate", "1", MEMBER(arm_syn_rate), 1 },
	{ "arm-syn-rate", "100000000", MEMBER(arm_syn_rate), 100000000 },
	{ "hold", "1", MEMBER(hold_seconds), 1 },
	{ "hold", "90s", MEMBER(hold_seconds), 90 },
	{ "hold", "60m", MEMBER(hold_seconds), 3600 },
	{ "hold", "1h", MEMBER(hold_seconds), 3600 },
	{ "low-water", "1", MEMBER(low_water_percent), 1 },
	{ "low-water", "007%", MEMBER(low_water_percent), 7 },
	{ "low-water", "100%", MEMBER(low_water_percent), 100 },
	{ "handshake-timeout", "1s", MEMBER(handshake_timeout_seconds), 1 },
	{ "handshake-timeout", "10m", MEMBER(handshake_timeout_seconds), 600 },
	{ "max-half-open", "1", MEMBER(max_half_open), 1 },
	{ "max-half-open", "8192", MEMBER(max_half_open), 8192 },
#undef MEMBER
};

#define HALF_OPEN(value)        \
	"arm-half-open", value, \
		"arm-half-open: '" value "' is no threshold; it is auto, or 1 to 8192"
#define SYN_RATE(value)                 \
	"arm-syn-rate", value,          \
		"arm-syn-rate: '" value \
		"' is no threshold; it is auto, or 1 to 100000000 SYNs a second"
#define HOLD(value, wrong) "hold", value, "hold: '" value "' is " wrong "; it is 1s to 1h"
#define LOW_WATER(value)    \
	"low-water", value, \
		"low-water: '" value "' is no percentage; it is 1 to 100 % of arm-syn-rate"
#define TIMEOUT(value, wrong) \
	"handshake-timeout", value, "handshake-timeout: '" value "' is " wrong "; it is 1s to 10m"
#define MAX(value)              \
	"max-half-open", value, \
		"max-half-open: '" value "' is no number of handshakes; it is 1 to 8192"

static const struct refused {
	const char *key, *value, *line;
} refused[] = {
	{ HALF_OPEN("0") },
	{ HALF_OPEN("8193") },
	{ HALF_OPEN("-1") },
	{ HALF_OPEN("+1") },
	{ HALF_OPEN("Auto") },
	{ HALF_OPEN("automatic") },
	{ HALF_OPEN("12k") },
	{ HALF_OPEN("1 2") },
	{ HALF_OPEN("0x10") },
	{ HALF_OPEN("18446744073709551617") },
	{ SYN_RATE("0") },
	{ SYN_RATE("100000001") },
	{ SYN_RATE("4294967297") },
	{ SYN_RATE("1e6") },
	{ HOLD("0", "no duration") },
	{ HOLD("auto", "no duration") },
	{ HOLD("5 s", "no duration") },
	{ HOLD("1w", "no duration") },
	{ HOLD("3601", "too long") },
	{ HOLD("1d", "too long") },
	{ LOW_WATER("0") },
	{ LOW_WATER("0%") },
	{ LOW_WATER("101") },
	{ LOW_WATER("50%%") },
	{ LOW_WATER("50 %") },
	{ LOW_WATER("%") },
	{ LOW_WATER("auto") },
	{ TIMEOUT("0s", "no duration") },
	{ TIMEOUT("601", "too long") },
	{ TIMEOUT("11m", "too long") },
	{ MAX("0") },
	{ MAX("8193") },
	{ MAX("auto") },
	{ MAX("1%") },
};

static bool is_live(const char *key)
{
	return strcmp(key, "handshake-timeout") && strcmp(key, "max-half-open");
}

static struct tunables with_number(struct tunables tunables, const struct taken *row)
{
	memcpy((char *)&tunables + row->member, &row->number, sizeof(row->number));
	return tunables;
}

/* ---- in a file ---- */

static void parses(const struct taken *row, const char *format)
{
	const struct tunables expected = with_number(defaults, row);
	struct config config;
	char text[256];

	snprintf(text, sizeof(text), format, row->key, row->value);
	parse_good(text, &config);
	if (memcmp(&config.services[0].tunables, &expected, sizeof(expected)))
		print_error("row: %s = %s\n", row->key, row->value);
	assert_memory_equal(&config.services[0].tunables, &expected, sizeof(expected));
	config_free(&config);
}

static void test_taken(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		parses(&taken[i], MAIN WEB "%s = %s ; comment\n");
		parses(&taken[i], MAIN "%s = %s\n" WEB);
	}
}

static void parse_refuses(const struct refused *row, const char *format, unsigned int line)
{
	struct config_errors errors = { 0 };
	char text[256], expected[256], *lines;
	struct config config;

	snprintf(text, sizeof(text), format, row->key, row->value);
	snprintf(expected, sizeof(expected), "f:%u: %s\n", line, row->line);
	if (!config_parse("f", text, strlen(text), &config, &errors))
		fail_msg("%s = %s was taken", row->key, row->value);
	lines = joined(&errors);
	assert_string_equal(lines, expected);
	free(lines);
	config_errors_free(&errors);
}

static void test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		parse_refuses(&refused[i], MAIN WEB "%s = %s\n", 5);
		parse_refuses(&refused[i], MAIN "%s = %s\n" WEB, 3);
	}
}

#define ALL_OTHERS                                                           \
	"arm-half-open = 11\narm-syn-rate = 12\nhold = 13\nlow-water = 14\n" \
	"handshake-timeout = 15\nmax-half-open = 16\n"
#define ALL_SAID                                                                           \
	"[service said]\nports = 1\narm-half-open = auto\narm-syn-rate = 22\nhold = 30s\n" \
	"low-water = 24\nhandshake-timeout = 25\nmax-half-open = 26\n"

/* A service's own word counts, even where it says the default; else [synward]'s, wherever it
 * stands. */
static void test_precedence(void **state)
{
	static const char *const texts[] = {
		MAIN ALL_OTHERS ALL_SAID WEB "hold = 3\n",
		ALL_SAID WEB "hold = 3\n" MAIN ALL_OTHERS,
		ALL_SAID MAIN ALL_OTHERS WEB "hold = 3\n",
	};
	struct config config;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parse_good(texts[i], &config);
		assert_described(&config,
				 "eth0\n"
				 "said 1 any mode 2 arm 0 22 hold 30 low 24 in 25 max 26\n"
				 "web 80 any mode 2 arm 11 12 hold 3 low 14 in 15 max 16\n");
		config_free(&config);
	}
}

/* Each key is in dist/synward.conf, and what it says to be the default is it. */
static void test_installed_file(void **state)
{
	FILE *file = fopen("dist/synward.conf", "re");
	char text[8192], key[32];
	struct config config;
	size_t nr_bytes, i;
	char *at;

	(void)state;
	assert_non_null(file);
	nr_bytes = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_in_range(nr_bytes, 1, sizeof(text) - 2);
	text[nr_bytes] = '\0';
	for (at = text; (at = strstr(at, "\n;")); at++)
		if ((at[2] >= 'a' && at[2] <= 'z') || at[2] == '[')
			memmove(at + 1, at + 2, strlen(at + 1));
	for (i = 0; config_key(i); i++) {
		snprintf(key, sizeof(key), "\n%s = ", config_key(i));
		if (!strstr(text, key))
			fail_msg("%s is not in dist/synward.conf", config_key(i));
	}
	parse_good(text, &config);
	assert_int_equal(config.xdp_mode, XDP_MODE_AUTO);
	assert_string_equal(config.control_socket, "/run/synward/control.sock");
	assert_string_equal(config.pin_path, CONFIG_PIN_PATH_DEFAULT);
	assert_string_equal(config.state_directory, CONFIG_STATE_DIRECTORY_DEFAULT);
	assert_int_equal(config.synack_per_prefix, SYNACK_CAP_DEFAULT);
	assert_int_equal(config.max_flows, MAX_FLOWS_DEFAULT);
	assert_false(config.reply_by_route);
	assert_false(config.services[0].server_first);
	assert_true(config.services[1].server_first);
	assert_described(
		&config,
		"eth0\n" SERVICE_DEFAULT(
			"web", "80,443") "mail 25,465,587 ::ffff:192.0.2.25 2001:db8::25 mode 1 "
					 "arm 0 0 hold 30 low 50 in 63 max 1024\n");
	config_free(&config);
}

/* ---- while the daemon runs ---- */

static void tune_refuses(const char *key, const char *value, const char *line)
{
	struct config_errors errors = { 0 };
	struct tunables tunables = others;

	assert_int_equal(config_tune(key, value, &tunables, &errors), -EINVAL);
	assert_int_equal(errors.nr_lines, 1);
	assert_string_equal(errors.lines[0], line);
	assert_memory_equal(&tunables, &others, sizeof(others));
	config_errors_free(&errors);
}

static void test_tune(void **state)
{
	struct config_errors errors = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		const struct tunables expected = with_number(others, &taken[i]);
		struct tunables tunables = others;

		if (!is_live(taken[i].key))
			continue;
		assert_int_equal(config_tune(taken[i].key, taken[i].value, &tunables, &errors), 0);
		assert_memory_equal(&tunables, &expected, sizeof(expected));
		assert_int_equal(errors.nr_lines, 0);
	}
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (is_live(refused[i].key))
			tune_refuses(refused[i].key, refused[i].value, refused[i].line);
	tune_refuses("hold", "", "hold: '' is no duration; it is 1s to 1h");
}

static void test_tune_keys(void **state)
{
	(void)state;
	tune_refuses("handshake-timeout", "5s",
		     "handshake-timeout is fixed at start; set it in the config file and restart "
		     "synwardd");
	tune_refuses("max-half-open", "5",
		     "max-half-open is fixed at start; set it in the config file and restart "
		     "synwardd");
	tune_refuses("max-flows", "1000000",
		     "max-flows is fixed at start; set it in the config file and restart synwardd");
	tune_refuses("interfaces", "eth1",
		     "interfaces is fixed at start; set it in the config file and restart "
		     "synwardd");
	tune_refuses("hodl", "5",
		     "unknown key 'hodl'; did you mean 'hold'? keys that change while synwardd "
		     "runs are " LIVE_KEYS);
	tune_refuses("mode", "off",
		     "unknown key 'mode'; keys that change while synwardd runs are " LIVE_KEYS);
	tune_refuses("", "", "unknown key ''; keys that change while synwardd runs are " LIVE_KEYS);
}

/* Words from outside may be anything. 64 digits that would be a good number stay a bad one. */
static void test_tune_foreign_words(void **state)
{
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define ZEROS63 "000000000000000000000000000000000000000000000000000000000000000"
	(void)state;
	tune_refuses("hold", "5\x1b[2J\n\xc3\xa9",
		     "hold: '5?[2J?"
		     "?"
		     "?' is no duration; it is 1s to 1h");
	tune_refuses("hold\n", "5",
		     "unknown key 'hold?'; did you mean 'hold'? keys that change while synwardd "
		     "runs are " LIVE_KEYS);
	tune_refuses("hold", ZEROS63 "1x",
		     "hold: '" ZEROS63 "1...' is no duration; it is 1s to 1h");
	tune_refuses(X64, "5",
		     "unknown key '" X64 "'; keys that change while synwardd runs are " LIVE_KEYS);
	tune_refuses(X64 "x", "5",
		     "unknown key '" X64
		     "...'; keys that change while synwardd runs are " LIVE_KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_installed_file),
		cmocka_unit_test(test_tune),
		cmocka_unit_test(test_tune_keys),
		cmocka_unit_test(test_tune_foreign_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
