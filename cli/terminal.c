/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers set a flag and no more. Their signals are blocked but in ppoll() and around write(), so
 * that none is missed between a look at its flag and the wait.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "keys.h"

#define NR_FDS_MAX 8
#define ESCAPE_MS 50 /* in which the rest of a sequence comes */
#define WIDTH_DEFAULT 80
#define HEIGHT_DEFAULT 24

/* The alternate screen, without a cursor, blank; and the one before, with it. */
static const char enter_codes[] = "\033[?1049h\033[?25l\033[0m\033[2J";
static const char leave_codes[] = "\033[0m\033[?25h\033[?1049l";
static const char blank_codes[] = "\033[0m\033[2J";

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };
#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t end_signal, is_stopping, is_continued, is_resized;

static struct {
	struct termios before;
	struct sigaction actions[NR_SIGNALS]; /* that were there */
	sigset_t mask, open_mask; /* signals that are blocked meanwhile, and were before */
	struct keys keys;
	unsigned char bytes[64]; /* read, from `nr_taken` on not taken yet */
	size_t nr_bytes, nr_taken;
	bool is_gone;
} terminal;

static void on_signal(int number)
{
	switch (number) {
	case SIGTSTP:
		is_stopping = 1;
		break;
	case SIGCONT:
		is_continued = 1;
		break;
	case SIGWINCH:
		is_resized = 1;
		break;
	default:
		end_signal = number;
	}
}

bool terminal_is_there(void)
{
	const char *name = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && name && *name &&
	       strcmp(name, "dumb");
}

bool terminal_is_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

int terminal_signal(void)
{
	return end_signal;
}

int terminal_write(const char *bytes, size_t nr_bytes)
{
	sigset_t blocked;
	int err = 0;

	sigprocmask(SIG_SETMASK, &terminal.open_mask, &blocked);
	while (nr_bytes && !err && !end_signal) {
		ssize_t nr = write(STDOUT_FILENO, bytes, nr_bytes);

		if (nr < 0 && errno != EINTR && errno != EAGAIN)
			err = -errno;
		if (nr > 0) {
			bytes += nr;
			nr_bytes -= (size_t)nr;
		}
	}
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return err;
}

/* Keys at once and unseen. Ctrl-C, Ctrl-\ and Ctrl-Z stay signals; Ctrl-S holds up nothing. */
static int take(void)
{
	struct termios raw = terminal.before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw))
		return -errno;
	return terminal_write(enter_codes, strlen(enter_codes));
}

/* Even when a signal ends us; and what was typed and not read is not for the shell. */
static void give_back(void)
{
	ssize_t nr = write(STDOUT_FILENO, leave_codes, strlen(leave_codes));

	if (nr < (ssize_t)strlen(leave_codes))
		terminal.is_gone = true;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal.before);
}

int terminal_open(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: write() returns */
	size_t i;
	int err;

	if (tcgetattr(STDIN_FILENO, &terminal.before))
		return -errno;
	sigemptyset(&terminal.mask);
	for (i = 0; i < NR_SIGNALS; i++)
		sigaddset(&terminal.mask, signals[i]);
	sigprocmask(SIG_BLOCK, &terminal.mask, &terminal.open_mask);
	for (i = 0; i < NR_SIGNALS; i++)
		sigaction(signals[i], &action, &terminal.actions[i]);
	err = take();
	if (err)
		terminal_close();
	return err;
}

void terminal_close(void)
{
	size_t i;

	give_back();
	for (i = 0; i < NR_SIGNALS; i++)
		sigaction(signals[i], &terminal.actions[i], NULL);
	sigprocmask(SIG_SETMASK, &terminal.open_mask, NULL);
}

/* As if nobody had caught it, until somebody lets us go on. */
static void stop(void)
{
	struct sigaction ours;
	sigset_t mask;

	give_back();
	sigemptyset(&mask);
	sigaddset(&mask, SIGTSTP);
	sigaction(SIGTSTP, &(struct sigaction){ .sa_handler = SIG_DFL }, &ours);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &mask, NULL); /* here */
	sigprocmask(SIG_BLOCK, &mask, NULL);
	sigaction(SIGTSTP, &ours, NULL);
}

void terminal_size(int *ret_width, int *ret_height)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret_width = size.ws_col ?: WIDTH_DEFAULT;
	*ret_height = size.ws_row ?: HEIGHT_DEFAULT;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What signals have brought; TERMINAL_TIME: nothing. */
static enum terminal_event by_signal(void)
{
	if (end_signal || terminal.is_gone)
		return TERMINAL_END;
	if (is_stopping) {
		is_stopping = 0;
		stop();
		is_continued = 1;
	}
	if (!is_continued && !is_resized)
		return TERMINAL_TIME;
	/* Whoever goes on after a SIGSTOP has found the terminal as the shell left it. */
	if (is_continued)
		terminal.is_gone = take() != 0;
	else
		terminal.is_gone = terminal_write(blank_codes, strlen(blank_codes)) != 0;
	is_continued = is_resized = 0;
	return terminal.is_gone ? TERMINAL_END : TERMINAL_REDRAW;
}

static int next_key(void)
{
	int key = KEY_NONE;

	while (!key && terminal.nr_taken < terminal.nr_bytes)
		key = keys_take(&terminal.keys, terminal.bytes[terminal.nr_taken++]);
	return key;
}

static void read_keys(void)
{
	ssize_t nr = read(STDIN_FILENO, terminal.bytes, sizeof(terminal.bytes));

	terminal.nr_taken = 0;
	terminal.nr_bytes = nr > 0 ? (size_t)nr : 0;
	if (nr == 0 || (nr < 0 && errno != EINTR && errno != EAGAIN))
		terminal.is_gone = true; /* it was said to be readable */
}

enum terminal_event terminal_wait(struct pollfd *fds, size_t nr_fds, long ms, int *ret_key)
{
	const long end_ms = now_ms() + ms;
	struct pollfd all[NR_FDS_MAX] = { { .fd = STDIN_FILENO, .events = POLLIN } };

	memcpy(all + 1, fds, nr_fds * sizeof(*fds));
	for (;;) {
		const bool is_escape = keys_wait(&terminal.keys);
		const long left_ms = end_ms - now_ms();
		const long wait_ms = is_escape ? ESCAPE_MS : left_ms > 0 ? left_ms : 0;
		const struct timespec wait = { wait_ms / 1000, wait_ms % 1000 * 1000000 };
		enum terminal_event event = by_signal();
		int nr;

		if (event != TERMINAL_TIME)
			return event;
		*ret_key = next_key();
		if (*ret_key)
			return TERMINAL_KEY;
		nr = ppoll(all, nr_fds + 1, &wait, &terminal.open_mask);
		if (nr < 0 && errno != EINTR)
			return TERMINAL_END;
		if (nr < 0)
			continue;
		memcpy(fds, all + 1, nr_fds * sizeof(*fds));
		if (all[0].revents)
			read_keys();
		else if (is_escape && (*ret_key = keys_end(&terminal.keys)))
			return TERMINAL_KEY;
		else if (nr)
			return TERMINAL_FD;
		else if (now_ms() >= end_ms)
			return TERMINAL_TIME;
	}
}
