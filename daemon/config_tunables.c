/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What arming depends on: the keys, their ranges, and their change while the daemon runs. The
 * config file and the live change take the same values by the same table.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "config_file.h"
#include "duration.h"

#define SHOWN_MAX 64 /* bytes of a foreign word that are shown */
#define RANGE_SIZE 64

enum tunable_form {
	FORM_THRESHOLD, /* auto, or a number */
	FORM_COUNT,     /* a number */
	FORM_PERCENT,
	FORM_DURATION,
};

/* Every value is at least 1. */
static const struct tunable {
	const char *key;
	size_t offset; /* of a __u32 in struct tunables */
	enum tunable_form form;
	__u32 max;
	bool is_live;     /* may change while the daemon runs */
	const char *unit; /* behind the range */
} list[NR_TUNABLES] = {
#define MEMBER(name) offsetof(struct tunables, name)
	{ "arm-half-open", MEMBER(arm_half_open), FORM_THRESHOLD, ARM_HALF_OPEN_MAX, true, "" },
	{ "arm-syn-rate", MEMBER(arm_syn_rate), FORM_THRESHOLD, ARM_SYN_RATE_MAX, true,
	  " SYNs a second" },
	{ "hold", MEMBER(hold_seconds), FORM_DURATION, HOLD_MAX_SECONDS, true, "" },
	{ "low-water", MEMBER(low_water_percent), FORM_PERCENT, 100, true, " % of arm-syn-rate" },
	{ "handshake-timeout", MEMBER(handshake_timeout_seconds), FORM_DURATION,
	  HANDSHAKE_TIMEOUT_MAX_SECONDS, false, "" },
	{ "max-half-open", MEMBER(max_half_open), FORM_COUNT, ARM_HALF_OPEN_MAX, false, "" },
#undef MEMBER
};

_Static_assert(sizeof(struct tunables) == NR_TUNABLES * sizeof(__u32), "a row for each member");

const char *tunable_key(size_t i)
{
	return list[i].key;
}

bool tunable_is_live(size_t i)
{
	return list[i].is_live;
}

bool tunable_is_same(size_t i, const struct tunables *one, const struct tunables *other)
{
	return !memcmp((const char *)one + list[i].offset, (const char *)other + list[i].offset,
		       sizeof(__u32));
}

void tunable_copy(size_t i, const struct tunables *from, struct tunables *to)
{
	memcpy((char *)to + list[i].offset, (const char *)from + list[i].offset, sizeof(__u32));
}

/* Returns 0, -EINVAL or -ERANGE. */
static int take_value(const struct tunable *tunable, const char *text, __u32 *ret)
{
	size_t taken;

	if (tunable->form == FORM_DURATION)
		return duration_parse(text, tunable->max, ret);
	if (tunable->form == FORM_THRESHOLD && !strcmp(text, "auto")) {
		*ret = THRESHOLD_AUTO;
		return 0;
	}
	taken = value_digits(text, tunable->max, ret);
	if (taken && tunable->form == FORM_PERCENT && text[taken] == '%')
		taken++;
	return taken && !text[taken] ? 0 : -EINVAL;
}

static const char *form_noun(enum tunable_form form)
{
	switch (form) {
	case FORM_THRESHOLD:
		return "no threshold";
	case FORM_COUNT:
		return "no number of handshakes";
	case FORM_PERCENT:
		return "no percentage";
	case FORM_DURATION:
		break;
	}
	return "no duration";
}

static const char *range_text(const struct tunable *tunable, char buffer[RANGE_SIZE])
{
	char longest[DURATION_SIZE];

	if (tunable->form == FORM_DURATION)
		snprintf(buffer, RANGE_SIZE, "1s to %s", duration_format(tunable->max, longest));
	else
		snprintf(buffer, RANGE_SIZE, "%s1 to %u%s",
			 tunable->form == FORM_THRESHOLD ? "auto, or " : "", tunable->max,
			 tunable->unit);
	return buffer;
}

int value_tunable(const struct config_place *place, size_t i, const char *text,
		  struct tunables *tunables)
{
	const struct tunable *tunable = &list[i];
	char range[RANGE_SIZE];
	__u32 value;
	int err;

	err = take_value(tunable, text, &value);
	if (err) {
		config_complain(place, "%s: '%s' is %s; it is %s", tunable->key, text,
				err == -ERANGE ? "too long" : form_noun(tunable->form),
				range_text(tunable, range));
		return -EINVAL;
	}
	memcpy((char *)tunables + tunable->offset, &value, sizeof(value));
	return 0;
}

void tunable_put(FILE *file, size_t i, const struct tunables *tunables)
{
	char duration[DURATION_SIZE];
	__u32 value;

	memcpy(&value, (const char *)tunables + list[i].offset, sizeof(value));
	if (list[i].form == FORM_DURATION)
		fputs(duration_format(value, duration), file);
	else if (list[i].form == FORM_THRESHOLD && value == THRESHOLD_AUTO)
		fputs("auto", file);
	else
		fprintf(file, "%u%s", value, list[i].form == FORM_PERCENT ? "%" : "");
}

/* ---- while the daemon runs ---- */

const char *config_live_key(size_t i)
{
	for (size_t j = 0; j < NR_TUNABLES; j++)
		if (list[j].is_live && !i--)
			return list[j].key;
	return NULL;
}

/* A foreign word as it may be shown: one line, not long, no control bytes. No wrong word becomes a
 * right one by it: a '?' or a '.' is in none. */
static const char *shown(const char *word, char buffer[SHOWN_MAX + 4])
{
	size_t i;

	for (i = 0; i < SHOWN_MAX && word[i]; i++)
		buffer[i] = word[i] >= ' ' && word[i] <= '~' ? word[i] : '?';
	snprintf(buffer + i, sizeof("..."), "%s", word[i] ? "..." : "");
	return buffer;
}

static void complain_key(const struct config_place *place, const char *key)
{
	const char *words[NR_TUNABLES + 1] = { NULL };
	char keys[CONFIG_LIST_SIZE];
	const char *nearest;
	size_t i, nr = 0;

	for (i = 0; i < NR_TUNABLES; i++)
		if (list[i].is_live)
			words[nr++] = list[i].key;
	nearest = config_nearest(key, words);
	config_complain(place,
			"unknown key '%s'; %s%s%skeys that change while synwardd runs are %s", key,
			nearest ? "did you mean '" : "", nearest ?: "", nearest ? "'? " : "",
			config_list(words, keys));
}

int config_tune(const char *key, const char *value, struct tunables *tunables,
		struct config_errors *errors)
{
	const struct config_place place = { NULL, 0, errors };
	char shown_key[SHOWN_MAX + 4], shown_value[SHOWN_MAX + 4];
	size_t i;

	for (i = 0; i < NR_TUNABLES; i++)
		if (!strcmp(list[i].key, key))
			break;
	if (i == NR_TUNABLES && !key_is_of_synward(key)) {
		complain_key(&place, shown(key, shown_key));
		return -EINVAL;
	}
	if (i == NR_TUNABLES || !list[i].is_live) {
		config_complain(&place,
				"%s is fixed at start; set it in the config file and restart "
				"synwardd",
				key);
		return -EINVAL;
	}
	return value_tunable(&place, i, shown(value, shown_value), tunables);
}
