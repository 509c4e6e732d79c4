/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A state directory for each test; the current directory is around it, so that names are short. Log
 * lines are counted, not printed.
 */
#ifndef SYNWARD_STATE_WORLD_H
#define SYNWARD_STATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "log.h"
#include "state.h"
#include "wire.h"

#define FILE_PATH "state/learned.json"
#define GOOD_ENTRY(name) \
	"{\"service\":\"" name "\",\"port\":443,\"half_open\":1.5,\"syn_rate\":2.5}"
#define LEARNED(entries) "{\"version\":1,\"learned\":[" entries "]}"

/* ---- the log ---- */

static int nr_warnings;
static char last_line[1024];

void log_line(int level, const char *format, ...)
{
	va_list args;

	assert_int_equal(level, LOG_WARNING);
	va_start(args, format);
	vsnprintf(last_line, sizeof(last_line), format, args);
	va_end(args);
	nr_warnings++;
}

static inline void warned(int nr)
{
	assert_int_equal(nr_warnings, nr);
	nr_warnings = 0;
}

/* ---- files ---- */

static char directory[64];

static inline int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/synward-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	nr_warnings = 0;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void remove_all(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int tear_down(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	remove_all(directory);
	return 0;
}

static inline void put_bytes(const char *path, const void *bytes, size_t nr_bytes)
{
	FILE *file __cleanup(cleanup_file) = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, nr_bytes, file), nr_bytes);
}

static inline void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static inline void has_text(const char *path, const char *text)
{
	FILE *file __cleanup(cleanup_file) = fopen(path, "r");
	char buffer[1024];
	size_t nr_bytes;

	assert_non_null(file);
	nr_bytes = fread(buffer, 1, sizeof(buffer) - 1, file);
	buffer[nr_bytes] = '\0';
	assert_string_equal(buffer, text);
}

/* The state directory has the file and nothing else; removes both. */
static inline void has_file_alone(void)
{
	struct stat st;

	assert_int_equal(lstat(FILE_PATH, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlink(FILE_PATH), 0);
	assert_int_equal(rmdir("state"), 0);
}

/* ---- rows ---- */

static const struct state_row known[] = {
	{ "web", 443, { 10, 100 } },
	{ "web", 80, { 11, 110 } },
	{ "mail", 443, { 12, 120 } },
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static inline void rows_equal(const struct state_row *a, const struct state_row *b, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		assert_string_equal(a[i].service, b[i].service);
		assert_int_equal(a[i].port, b[i].port);
		assert_true(a[i].learned.half_open == b[i].learned.half_open);
		assert_true(a[i].learned.syn_rate == b[i].learned.syn_rate);
	}
}

/* Loads into the known rows what the file says. */
static inline void load(struct state_row rows[NR_KNOWN])
{
	memcpy(rows, known, sizeof(known));
	state_load("state", rows, NR_KNOWN);
}

static inline void is_refused(const char *name)
{
	struct state_row rows[NR_KNOWN];

	load(rows);
	rows_equal(rows, known, NR_KNOWN);
	if (nr_warnings != 1)
		fail_msg("%s: %d warnings", name, nr_warnings);
	assert_non_null(strstr(last_line, FILE_PATH));
	warned(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
