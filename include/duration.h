/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations as operators write them: decimal digits, then s, m, h or d, or nothing for seconds. One
 * reading for config, daemon and CLI. Userland only. Nothing here logs.
 */
#ifndef SYNWARD_DURATION_H
#define SYNWARD_DURATION_H

#include <errno.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>

#define DURATION_SIZE 12 /* the longest text and its NUL */

/* Seconds; 0 for what is no unit. */
static inline __u32 duration_unit(char unit)
{
	switch (unit) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	default:
		return 0;
	}
}

/*
 * Returns 0; -EINVAL for what is no duration: nothing, 0, signs, blanks, text behind it, more than
 * 32 bits of seconds; or -ERANGE beyond max_seconds. *ret_seconds is untouched on failure.
 */
static inline int duration_parse(const char *text, __u32 max_seconds, __u32 *ret_seconds)
{
	__u64 seconds = 0;
	const char *at;
	__u32 unit;

	for (at = text; *at >= '0' && *at <= '9'; at++) {
		seconds = seconds * 10 + (__u64)(*at - '0');
		if (seconds > UINT32_MAX)
			return -EINVAL;
	}
	unit = duration_unit(*at);
	if (!unit || (*at && at[1]))
		return -EINVAL;
	seconds *= unit; /* 0 without a digit, too */
	if (!seconds || seconds > UINT32_MAX)
		return -EINVAL;
	if (seconds > max_seconds)
		return -ERANGE;
	*ret_seconds = (__u32)seconds;
	return 0;
}

/* In the largest unit that leaves no rest; duration_parse() reads it back. Returns `buffer`. */
static inline const char *duration_format(__u32 seconds, char buffer[DURATION_SIZE])
{
	static const char units[] = { 'd', 'h', 'm', 's' };
	size_t i = 0;

	while (units[i] != 's' && (!seconds || seconds % duration_unit(units[i])))
		i++;
	snprintf(buffer, DURATION_SIZE, "%u%c", seconds / duration_unit(units[i]), units[i]);
	return buffer;
}

#endif
