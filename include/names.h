/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words that daemon and CLI use for what abi.h and reasons.h number: one definition for config,
 * JSON and people. Userland only. Nothing here logs; unknown numbers give NULL, unknown words
 * -EINVAL.
 */
#ifndef SYNWARD_NAMES_H
#define SYNWARD_NAMES_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "abi.h"
#include "reasons.h"

#define REASON_NAME_SIZE 32 /* the longest name and its NUL fit; reason_name() asserts it */

struct reason_words {
	const char *name;   /* upper case, as in the list */
	const char *action; /* "PASS", "DROP", "TX", "REDIRECT" or "NEXT" */
	const char *text;   /* what to tell an operator */
};

/* The entry of reasons.h; NULL beyond the list. */
static inline const struct reason_words *reason_words(unsigned int reason)
{
	static const struct reason_words words[] = {
#define X(name, action, text) { #name, #action, text },
		SYNWARD_REASONS(X)
#undef X
	};

	return reason < NR_REASONS ? &words[reason] : NULL;
}

/* The actions of reasons.h in the operator's words. */
static inline const char *reason_fate(const char *action)
{
	static const char *const words[][2] = { { "PASS", "passed" },
						{ "DROP", "dropped" },
						{ "TX", "answered" },
						{ "REDIRECT", "answered" },
						{ "NEXT", "-" } };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], action))
			return words[i][1];
	return action;
}

/* The name in JSON: the lower-case form. `reason` is below NR_REASONS. Returns `buffer`. */
static inline const char *reason_name(unsigned int reason, char buffer[REASON_NAME_SIZE])
{
	const struct reason_words *words = reason_words(reason);
	size_t i;

#define X(name, action, text) \
	_Static_assert(sizeof(#name) <= REASON_NAME_SIZE, #name " is too long");
	SYNWARD_REASONS(X)
#undef X
	for (i = 0; words && words->name[i]; i++)
		buffer[i] = (char)tolower((unsigned char)words->name[i]);
	buffer[i] = '\0';
	return buffer;
}

/* The reason of that name in JSON, or NR_REASONS. */
static inline unsigned int reason_find(const char *name)
{
	unsigned int reason;

	for (reason = 0; reason < NR_REASONS; reason++)
		if (!strcasecmp(reason_words(reason)->name, name))
			break;
	return reason;
}

/*
 * Numbers and their words. A list begins at 0 and has no gaps; NULL beyond it. In JSON the words
 * have underscores, on the command line hyphens; both find the number.
 */
static inline const char *word_of(const char *const *words, size_t nr, unsigned int number)
{
	return number < nr ? words[number] : NULL;
}

static inline char word_char(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static inline bool word_equal(const char *a, const char *b)
{
	while (*a && word_char(*a) == word_char(*b))
		a++, b++;
	return !*a && !*b;
}

static inline int word_find(const char *const *words, size_t nr, const char *word,
			    unsigned int *ret)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (word_equal(words[i], word)) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

#define NAMES_COUNT(words) (sizeof(words) / sizeof((words)[0]))

/* How SYNs are answered, the best last. */
enum path {
	PATH_MONITOR,       /* not at all: only counted */
	PATH_KERNEL_COOKIE, /* with the kernel's own cookies, which it accepts by itself */
	PATH_COOKIE,        /* with ours, and handed off */
};

/* Whether a device that is to be protected is attached to. */
enum device_state {
	DEVICE_ATTACHED,
	DEVICE_ABSENT,   /* waited for */
	DEVICE_FAILED,   /* there, and does not take the XDP program */
	DEVICE_DETACHED, /* by command */
};

static const char *const svc_mode_words[] = { "off", "monitor", "auto", "always" };
static const char *const flow_state_words[] = { "none",      "established", "handed_off",
						"validated", "syn_recv",    "closing",
						"claimed" };
static const char *const accepted_by_words[] = { "unknown", "kernel", "cookie" };
static const char *const arm_cause_words[] = { "none", "half_open", "syn_rate", "syn_queue",
					       "flow_table" };

static const char *const path_words[] = { "monitor", "kernel-cookie", "cookie" };

static inline const char *path_name(enum path path)
{
	return word_of(path_words, NAMES_COUNT(path_words), path);
}

static const char *const device_state_words[] = { "attached", "absent", "failed", "detached" };

static inline const char *device_state_name(enum device_state state)
{
	return word_of(device_state_words, NAMES_COUNT(device_state_words), state);
}

static const char *const list_words[] = { "none", "allow", "deny" };

static inline const char *list_name(enum list list)
{
	return word_of(list_words, NAMES_COUNT(list_words), list);
}

static inline int list_find(const char *word, enum list *ret)
{
	unsigned int list;
	int err = word_find(list_words, NAMES_COUNT(list_words), word, &list);

	if (err || list == LIST_NONE)
		return -EINVAL;
	*ret = (enum list)list;
	return 0;
}

static inline const char *svc_mode_name(enum svc_mode mode)
{
	return word_of(svc_mode_words, NAMES_COUNT(svc_mode_words), mode);
}

/* As it is written in the config, exactly: what is taken here may be kept there. */
static inline int svc_mode_find(const char *word, enum svc_mode *ret)
{
	for (unsigned int mode = 0; mode < NAMES_COUNT(svc_mode_words); mode++) {
		if (!strcmp(svc_mode_words[mode], word)) {
			*ret = (enum svc_mode)mode;
			return 0;
		}
	}
	return -EINVAL;
}

static inline const char *flow_state_name(enum flow_state state)
{
	return word_of(flow_state_words, NAMES_COUNT(flow_state_words), state);
}

/* FLOW_NONE, FLOW_VALIDATED and FLOW_CLAIMED are not for the outside: they are no state, or look
 * like FLOW_HANDED_OFF. */
static inline int flow_state_find(const char *word, enum flow_state *ret)
{
	unsigned int state;
	int err = word_find(flow_state_words, NAMES_COUNT(flow_state_words), word, &state);

	if (err || state == FLOW_NONE || state == FLOW_VALIDATED || state == FLOW_CLAIMED)
		return -EINVAL;
	*ret = (enum flow_state)state;
	return 0;
}

static inline const char *accepted_by_name(enum accepted_by by)
{
	return word_of(accepted_by_words, NAMES_COUNT(accepted_by_words), by);
}

static inline const char *arm_cause_name(enum arm_cause cause)
{
	return word_of(arm_cause_words, NAMES_COUNT(arm_cause_words), cause);
}

#endif
