/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal while a program has all of it: the alternate screen, keys as they are pressed, its
 * size; and everything put back, whichever way it ends. Signals that end (INT, TERM, HUP, QUIT) are
 * told, that it may end in order; a stop (Ctrl-Z) gives the terminal back and takes it again when
 * it goes on. One at a time. Nothing here prints.
 */
#ifndef SYNWARD_TERMINAL_H
#define SYNWARD_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* Of stdin and stdout: can it be had? A dumb one cannot. */
bool terminal_is_there(void);

/* Does it show UTF-8? By the locale that the environment names. */
bool terminal_is_utf8(void);

/* Returns 0 or -errno. */
int terminal_open(void);
void terminal_close(void);

void terminal_size(int *ret_width, int *ret_height);

/* All of it, or until a signal ends us. Returns 0 or -errno. */
int terminal_write(const char *bytes, size_t nr_bytes);

enum terminal_event {
	TERMINAL_TIME,   /* @ms are over */
	TERMINAL_KEY,    /* *ret_key of keys.h */
	TERMINAL_FD,     /* one of @fds is ready */
	TERMINAL_REDRAW, /* the size may be another one, or it was taken again: all is blank */
	TERMINAL_END,    /* by a signal, or the terminal is gone */
};

/* Waits for one of them; fds may be negative. */
enum terminal_event terminal_wait(struct pollfd *fds, size_t nr_fds, long ms, int *ret_key);

/* The signal that ends us; 0: none. */
int terminal_signal(void);

#endif
