/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A keeper of lists, with a log and a data path that are made up: what the latter is told, what a
 * command changes and says.
 */
#ifndef SYNWARD_LIST_KEEPER_WORLD_H
#define SYNWARD_LIST_KEEPER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"
#include "list_keeper.h"
#include "list_reply.h"
#include "list_state.h"
#include "log.h"
#include "names.h"

#define STATE_PATH "state/lists.json"
#define FOR_EVER 0
#define HOUR 3600

/* ---- the log and the data path ---- */

static int nr_log_lines;
static char last_line[1024];

void log_line(int level, const char *format, ...)
{
	va_list args;

	(void)level;
	nr_log_lines++;
	va_start(args, format);
	vsnprintf(last_line, sizeof(last_line), format, args);
	va_end(args);
}

static const struct lists *used; /* what the data path was given at the start */
static char told[512];           /* and what it was told since then was looked at */
static int told_err;

int dataplane_use_lists(struct dataplane *dp, const struct lists *lists)
{
	(void)dp;
	used = lists;
	return 0;
}

static int nr_good =
	-1; /* so many are told before one fails; -1: all fail while told_err says so */

static inline int tell(const char *what, const struct prefix *prefix, const char *list)
{
	char buffer[PREFIX_SIZE];
	const size_t length = strlen(told);

	if (nr_good > 0) {
		nr_good--;
	} else if (!nr_good) {
		nr_good = -1;
		return -ENOMEM;
	} else if (told_err) {
		return told_err;
	}
	snprintf(told + length, sizeof(told) - length, "%s %s%s\n", what,
		 prefix_format(prefix, buffer), list);
	return 0;
}

int dataplane_list_put(struct dataplane *dp, const struct list_entry *entry, bool is_new)
{
	(void)dp;
	return tell(is_new ? "new" : "put", &entry->prefix,
		    entry->list == LIST_ALLOW ? " allow" : " deny");
}

int dataplane_list_delete(struct dataplane *dp, const struct prefix *prefix)
{
	(void)dp;
	return tell("delete", prefix, "");
}

void dataplane_follow_lists(struct dataplane *dp)
{
	(void)dp;
}

static inline void told_is(const char *wanted)
{
	assert_string_equal(told, wanted);
	told[0] = '\0';
}

/* ---- a world ---- */

static struct config config;
static struct list_keeper *keeper;

static inline struct prefix prefix_of(const char *text)
{
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, why), 0);
	return prefix;
}

static inline void start(void)
{
	assert_int_equal(list_keeper_open(&config, NULL, &keeper), 0);
	assert_int_equal(list_keeper_begin(keeper), 0);
}

static inline void end(void)
{
	list_keeper_close(keeper);
	keeper = NULL;
}

static inline int set_up(void **state)
{
	static struct listed listed[2];

	(void)state;
	nr_log_lines = 0;
	told[0] = '\0';
	told_err = 0;
	nr_good = -1;
	listed[0] = (struct listed){ prefix_of("10.0.0.0/8"), LIST_ALLOW, 1 };
	listed[1] = (struct listed){ prefix_of("192.0.2.0/24"), LIST_DENY, 1 };
	config = (struct config){ .listed = listed, .nr_listed = 2, .state_directory = "state" };
	start();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	end();
	unlink(STATE_PATH);
	rmdir("state");
	return 0;
}

/* Both lists as one text: "allow 10.0.0.0/8 file\n". */
static inline void lists_are(const char *wanted)
{
	struct list_page *page __cleanup(cleanup_free) = malloc(sizeof(*page));
	char buffer[PREFIX_SIZE], text[1024] = "";
	size_t i;

	list_keeper_page(keeper, LIST_NONE, 0, LIST_PAGE_MAX, page);
	for (i = 0; i < page->nr_entries; i++) {
		const struct list_entry *entry = &page->entries[i];
		const size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s %s %s%s\n",
			 list_name(entry->list), prefix_format(&entry->prefix, buffer),
			 entry->source == LIST_FROM_FILE ? "file" : "command",
			 entry->expires_ms ? " ends" : "");
	}
	assert_string_equal(text, wanted);
}

#define FILES "allow 10.0.0.0/8 file\ndeny 192.0.2.0/24 file\n"

/* What a change says, as "before > after" in JSON without the times. */
static inline void says(const struct list_change *change, const char *wanted)
{
	json_t *json __cleanup(cleanup_json) = list_change_json(change, 0);
	const char *const keys[] = { "before", "after" };
	char text[128] = "";
	int i;

	for (i = 0; i < 2; i++) {
		const json_t *entry = json_object_get(json, keys[i]);
		const size_t length = strlen(text);

		if (json_is_null(entry))
			snprintf(text + length, sizeof(text) - length, "%s-", i ? " > " : "");
		else
			snprintf(text + length, sizeof(text) - length, "%s%s %s", i ? " > " : "",
				 json_string_value(json_object_get(entry, "list")),
				 json_string_value(json_object_get(entry, "source")));
	}
	assert_string_equal(text, wanted);
}

static inline void add(enum list list, const char *prefix, __u32 seconds, const char *wanted)
{
	struct list_change change;
	char *why = NULL;

	assert_int_equal(list_keeper_add(keeper, list, prefix, seconds, &change, &why), 0);
	says(&change, wanted);
}

static inline void drop(enum list list, const char *prefix, const char *wanted)
{
	struct list_change change;
	char *why = NULL;

	assert_int_equal(list_keeper_delete(keeper, list, prefix, &change, &why), 0);
	says(&change, wanted);
}

/* A directory around all of them. */
static inline int enter(void **state)
{
	char path[] = "/tmp/synward-test-XXXXXX";

	*state = mkdtemp(path) ? strdup(path) : NULL;
	return *state && !chdir(path) ? 0 : -1;
}

static inline int leave(void **state)
{
	int failed = chdir("/") || rmdir(*state);

	free(*state);
	return failed ? -1 : 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
