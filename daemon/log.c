/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a line reaches stderr, and how many may. What is worth a line, and at which level, is the
 * caller's to decide. A flood must not fill a disk with log lines, so each level has its own limit,
 * and so has what others can cause at will; single-threaded like the daemon.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 1024 /* bytes; longer messages are cut */

/* $JOURNAL_STREAM names the device and inode of the journal's pipe; stderr may have been redirected
 * since. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &inode) != 2)
		return false;
	if (fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == dev && st.st_ino == inode;
}

const char *log_prefix(int level)
{
	static const char *const prefixes[] = { "<0>", "<1>", "<2>", "<3>",
						"<4>", "<5>", "<6>", "<7>" };

	return is_journal() ? prefixes[level & 7] : "";
}

bool log_allow(struct log_limit *limit, long second, unsigned int *ret_left_out)
{
	if (limit->second != second) {
		limit->second = second;
		limit->nr_lines = 0;
	}
	if (limit->nr_lines >= LOG_LINES_PER_SECOND) {
		limit->nr_left_out++;
		return false;
	}
	limit->nr_lines++;
	*ret_left_out = limit->nr_left_out;
	limit->nr_left_out = 0;
	return true;
}

static void say(struct log_limit *limit, int level, const char *format, va_list args)
{
	const char *prefix, *name;
	unsigned int nr_left_out;
	char line[LINE_SIZE];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!log_allow(limit, now.tv_sec, &nr_left_out))
		return;
	vsnprintf(line, sizeof(line), format, args);

	prefix = log_prefix(level);
	name = *prefix ? "" : "synwardd: ";
	if (nr_left_out)
		fprintf(stderr, "%s%s(%u lines left out)\n", prefix, name, nr_left_out);
	fprintf(stderr, "%s%s%s\n", prefix, name, line);
}

void log_line(int level, const char *format, ...)
{
	static struct log_limit limits[8];
	va_list args;

	va_start(args, format);
	say(&limits[level & 7], level, format, args);
	va_end(args);
}

void log_line_within(struct log_limit *limit, int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(limit, level, format, args);
	va_end(args);
}
