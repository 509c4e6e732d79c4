/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the bytes of a terminal to keys: characters are themselves, and the escape sequences of
 * arrows and their like have numbers. A sequence may come in pieces; one that is not known is
 * swallowed whole, so that its letters are not taken for keys. Pure.
 */
#ifndef SYNWARD_KEYS_H
#define SYNWARD_KEYS_H

#include <stdbool.h>

enum key {
	KEY_NONE = 0, /* nothing yet */
	KEY_ENTER = '\n',
	KEY_ESCAPE = 27,
	KEY_UP = 256,
	KEY_DOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_HOME,
	KEY_END,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
};

/* Starts as {0}. */
struct keys {
	enum { KEYS_PLAIN, KEYS_ESCAPE, KEYS_SEQUENCE } state;
	int number; /* the first of the sequence */
	bool is_number_over;
};

/* One more byte: KEY_NONE, or the key that it ends. */
int keys_take(struct keys *keys, unsigned char byte);

/* Is there an escape that may begin a sequence? When nothing follows for a moment, it was the key.
 */
static inline bool keys_wait(const struct keys *keys)
{
	return keys->state != KEYS_PLAIN;
}

/* Nothing has followed. */
int keys_end(struct keys *keys);

#endif
