/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row, looked at by a daemon whose clock is the test's own, so that times are known and no line
 * is one too many for its second; and what that reports and logs.
 */
#ifndef SYNWARD_ATTACKS_WORLD_H
#define SYNWARD_ATTACKS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "attacks.h"
#include "clock.h"
#include "json.h"

#define EVENTS_MAX 8
#define START_MS 1000000ULL

/* ---- the clock ---- */

static __u64 now_ms;

/* In place of the libc's. At START_MS it was 2026-11-24T13:30:29.123Z. The log's clock goes on by a
 * second whenever it is looked at. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	static __u64 log_ms;
	__u64 ms = id == CLOCK_REALTIME  ? now_ms - START_MS + 1795527029123ULL :
		   id == CLOCK_MONOTONIC ? (log_ms += 1000) :
					   now_ms;

	ret->tv_sec = ms / 1000;
	ret->tv_nsec = ms % 1000 * 1000000;
	return 0;
}

/* ---- what is reported and logged ---- */

static struct {
	json_t *events[EVENTS_MAX];
	int nr_events;
	char *line; /* all that was logged */
	size_t nr_line;
} seen;

static inline void take_event(void *arg, const json_t *event)
{
	assert_ptr_equal(arg, &seen);
	assert_true(seen.nr_events < EVENTS_MAX);
	seen.events[seen.nr_events++] = json_incref((json_t *)event);
}

static inline void forget_seen(void)
{
	while (seen.nr_events)
		json_decref(seen.events[--seen.nr_events]);
	free(take_ptr(seen.line));
}

static inline void saw(int nr_events)
{
	assert_int_equal(seen.nr_events, nr_events);
}

/* JSON is written here with ' instead of ". */
static inline void is_event(const json_t *got, const char *wanted_text)
{
	char *quoted __cleanup(cleanup_free) = strdup(wanted_text);
	json_t *wanted __cleanup(cleanup_json) = NULL;

	for (char *c = quoted; (c = strchr(c, '\''));)
		*c = '"';
	wanted = json_loads(quoted, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(wanted);
	if (!json_equal(got, wanted)) {
		char *text __cleanup(cleanup_free) = json_dumps(got, JSON_INDENT(1));

		fail_msg("got %s", text);
	}
}

static inline void reported(int i, const char *wanted)
{
	assert_true(i < seen.nr_events);
	is_event(seen.events[i], wanted);
}

static inline void logged(const char *wanted)
{
	assert_string_equal(seen.line, wanted);
}

/* ---- the row ---- */

static struct {
	struct attack attack;
	struct attack_target target;
	__u64 until_ms;
	struct row_live live;
	struct row_counts now, before;
	double syn_rate;
	__u32 low_water, held;
	bool is_attacked;
} row;

static inline int set_up(void **state)
{
	(void)state;
	memset(&row, 0, sizeof(row));
	row.target = (struct attack_target){
		.name = "web", .port = 443, .mode = SVC_AUTO, .is_answered = true
	};
	now_ms = START_MS;
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	forget_seen();
	attack_free(&row.attack);
	assert_null(row.attack.sources);
	return 0;
}

/* The row is looked at, and stderr with it. */
static inline void look(void)
{
	struct attack_view view = { .live = &row.live,
				    .is_attacked = row.is_attacked,
				    .until_ms = row.until_ms,
				    .now = &row.now,
				    .before = &row.before,
				    .syn_rate = row.syn_rate,
				    .low_water = row.low_water,
				    .held = row.held };
	FILE *terminal = stderr;

	forget_seen();
	stderr = open_memstream(&seen.line, &seen.nr_line);
	attack_follow(&row.attack, &row.target, &view, take_event, &seen);
	fclose(stderr);
	stderr = terminal;
	row.before = row.now;
}

/* An attack of half-open handshakes, found out 250 ms after it began. */
static inline void begin(void)
{
	row.until_ms = now_ms - 250 + 30000;
	row.live = (struct row_live){ .since_ms = now_ms - 250,
				      .cause = ARM_HALF_OPEN,
				      .value = 33,
				      .threshold = 32,
				      .times = row.live.times + 1 };
	row.is_attacked = true;
	look();
}

static inline void end(void)
{
	row.is_attacked = false;
	look();
}

static inline struct topk_key prefix(const char *text)
{
	struct topk_key key = { .is_v6 = !!strchr(text, ':') };
	__be32 words[4] = { 0 };

	assert_int_equal(inet_pton(key.is_v6 ? AF_INET6 : AF_INET, text, words), 1);
	key.prefix[0] = words[0];
	key.prefix[1] = words[1];
	return key;
}

static inline void source(const char *text, double weight)
{
	struct topk_key key = prefix(text);

	attack_source(&row.attack, &key, weight);
}

#define WEB(answered) "'service': 'web', 'port': 443, 'mode': 'auto', 'answered': " answered ", "
#define HALF_OPEN "'cause': 'half_open', 'value': 33, 'threshold': 32"
#define AT(time) "2026-11-24T13:" time "Z"
#define BEGIN_AT(time) "{'event': 'attack_begin', 'time': '" AT(time) "', "
#define END_AT(time) "{'event': 'attack_end', 'time': '" AT(time) "', "
#define LASTED(began, seconds) ", 'began': '" AT(began) "', 'duration_seconds': " seconds ", "
#define BEGIN BEGIN_AT("30:28.873")
#define LASTED_FOR(seconds) LASTED("30:28.873", seconds)
#define NO_COUNTS                                                                \
	"'peak_syn_rate': 0, 'syns': 0, 'cookies_sent': 0, 'cookies_valid': 0, " \
	"'cookies_invalid': 0, 'served': 0, 'sources': []"

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
