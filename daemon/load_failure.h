/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the kernel does not take a program or a map, in words that help. What libbpf says all the
 * while, the verifier's log among it, is kept until a load fails: then its last lines are shown,
 * and all of it is left in the state directory. Knows nothing of libbpf.
 */
#ifndef SYNWARD_LOAD_FAILURE_H
#define SYNWARD_LOAD_FAILURE_H

#include <linux/types.h>
#include <stdarg.h>
#include <stddef.h>

#define LOAD_LOG_NAME "load.log"     /* in the state directory */
#define LOAD_LOG_MAX (1024UL * 1024) /* bytes of it: of more, the end */
#define LOAD_LOG_SHOWN 20            /* lines */

/* Where the log of a failed load goes; NULL: nowhere. Borrowed. */
void load_failure_keep_in(const char *directory);

/* A load begins: what was said before is of no interest. */
void load_failure_begin(void);

/* libbpf said that. Returns its length in bytes, or 0. */
int load_failure_hear(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* What a load of maps was to take. */
struct load_size {
	__u64 nr_bytes; /* 0: nothing worth a word */
	size_t max_flows;
};

/* It failed with -errno. Logs, and leaves the log in the state directory; @what: "the data path".
 */
void load_failure_explain(const char *what, int err, const struct load_size *size);

/* ---- parts of it, for the tests ---- */

/* All that was heard, or the end of it. */
const char *load_failure_heard(void);

/* The last @nr lines of a text. */
const char *load_failure_tail(const char *text, size_t nr);

#endif
