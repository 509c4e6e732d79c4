/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ESC [ parameters letter, and ESC O letter; ECMA-48 5.4, and what xterm makes of it.
 */
#include "keys.h"

static int key_of_letter(unsigned char letter)
{
	switch (letter) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return KEY_NONE;
	}
}

/* ESC [ number ~ */
static int key_of_number(int number)
{
	switch (number) {
	case 1:
	case 7:
		return KEY_HOME;
	case 4:
	case 8:
		return KEY_END;
	case 5:
		return KEY_PAGE_UP;
	case 6:
		return KEY_PAGE_DOWN;
	default:
		return KEY_NONE;
	}
}

static int take_plain(struct keys *keys, unsigned char byte)
{
	if (byte == KEY_ESCAPE) {
		*keys = (struct keys){ .state = KEYS_ESCAPE };
		return KEY_NONE;
	}
	return byte == '\r' ? KEY_ENTER : byte;
}

static int take_sequence(struct keys *keys, unsigned char byte)
{
	if (byte >= '0' && byte <= '9' && !keys->is_number_over && keys->number < 1000)
		keys->number = keys->number * 10 + (byte - '0');
	else if (byte < '0' || byte > '9')
		keys->is_number_over = true;
	if (byte >= 0x20 && byte < 0x40)
		return KEY_NONE;
	keys->state = KEYS_PLAIN;
	return byte == '~' ? key_of_number(keys->number) : key_of_letter(byte);
}

int keys_take(struct keys *keys, unsigned char byte)
{
	switch (keys->state) {
	case KEYS_ESCAPE:
		if (byte == '[' || byte == 'O') {
			keys->state = KEYS_SEQUENCE;
			return KEY_NONE;
		}
		if (byte == KEY_ESCAPE)
			return KEY_ESCAPE; /* and this one may begin a sequence */
		keys->state = KEYS_PLAIN;
		return KEY_NONE; /* with Alt */
	case KEYS_SEQUENCE:
		return take_sequence(keys, byte);
	default:
		return take_plain(keys, byte);
	}
}

int keys_end(struct keys *keys)
{
	bool was_key = keys->state == KEYS_ESCAPE;

	keys->state = KEYS_PLAIN;
	return was_key ? KEY_ESCAPE : KEY_NONE;
}
