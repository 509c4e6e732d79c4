/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line to stderr: with an sd-daemon level prefix when stderr is the journal, with the program's
 * name otherwise. At most LOG_LINES_PER_SECOND lines of each level in a second; what was left out
 * is counted and said afterwards. A message is in the operator's words, with the likely cause and
 * the remedy, and has no newline.
 */
#ifndef SYNWARD_LOG_H
#define SYNWARD_LOG_H

#include <stdbool.h>
#include <syslog.h>

#define LOG_LINES_PER_SECOND 10

/* Lines of one kind within the current second. */
struct log_limit {
	long second;
	unsigned int nr_lines;
	unsigned int nr_left_out;
};

void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with a limit of the caller's: what others can cause at will must not be why lines of
 * ours are left out. */
void log_line_within(struct log_limit *limit, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_err(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)

/* What a line of that level that is printed by other means begins with: "<3>" for the journal, else
 * "". */
const char *log_prefix(int level);

/* May a line go out in that second? Then *ret_left_out says how many were left out since the last
 * that did. */
bool log_allow(struct log_limit *limit, long second, unsigned int *ret_left_out);

#endif
