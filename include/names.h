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
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "abi.h"
#include "reasons.h"

#define REASON_NAME_SIZE 32 /* the longest name and its NUL fit; reason_name() asserts it */

struct reason_words {
	const char *name;   /* upper case, as in the list */
	const char *action; /* "PASS", "DROP", "TX" or "NEXT" */
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

static inline const char *svc_mode_name(enum svc_mode mode)
{
	switch (mode) {
	case SVC_OFF:
		return "off";
	case SVC_MONITOR:
		return "monitor";
	case SVC_AUTO:
		return "auto";
	case SVC_ALWAYS:
		return "always";
	}
	return NULL;
}

static inline int svc_mode_find(const char *word, enum svc_mode *ret)
{
	unsigned int mode;

	for (mode = SVC_OFF; mode <= SVC_ALWAYS; mode++) {
		if (!strcmp(svc_mode_name((enum svc_mode)mode), word)) {
			*ret = (enum svc_mode)mode;
			return 0;
		}
	}
	return -EINVAL;
}

#endif
