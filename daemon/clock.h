/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path's clock, and the wall clock for what people read. The first is what
 * bpf_ktime_get_coarse_ns() shows; no date that somebody sets moves it.
 */
#ifndef SYNWARD_CLOCK_H
#define SYNWARD_CLOCK_H

#include <stdio.h>
#include <time.h>

#include "abi.h"

#define CLOCK_TEXT_SIZE 32

static inline __u64 clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* "2026-11-24T13:30:29.123Z" for a moment of the data path's clock. Returns @buffer. */
static inline const char *clock_text(__u64 ms, char buffer[CLOCK_TEXT_SIZE])
{
	__s64 ago_ms = (__s64)(clock_now_ms() - ms), wall_ms;
	struct timespec now;
	struct tm utc;
	time_t second;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	wall_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000 - ago_ms;
	second = wall_ms / 1000;
	gmtime_r(&second, &utc);
	len = strftime(buffer, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buffer + len, CLOCK_TEXT_SIZE - len, ".%03dZ", (int)(wall_ms % 1000));
	return buffer;
}

#endif
