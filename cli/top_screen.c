/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loop: keys, replies of synwardd and time, whichever comes first. Nothing waits for synwardd
 * alone, so that keys work while it is stopped; and it may go and come back.
 */
#include "top_screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "json.h"
#include "proto.h"
#include "terminal.h"
#include "top_draw.h"

/* A question that waits for its reply; client NULL: there is none. */
struct ask {
	struct client *client;
	double since;
};

struct screen {
	struct cli cli; /* whose complaints are for the screen */
	char *complaint;
	size_t complaint_bytes;
	struct top *top;
	struct top_view view;
	struct ask look, order;
	enum top_act ordered;
	char ordered_service[TOP_NAME_SIZE];
	double interval, next; /* look */
	unsigned long nr_left; /* looks; 0: without end */
	char away[256];        /* why synwardd does not answer, and since when; "": it does */
	bool is_over, is_utf8, has_color;
	enum cli_exit end;
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *clock_now(char buffer[16])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(buffer, 16, "%H:%M:%SZ", &utc);
	return buffer;
}

/* ---- questions ---- */

/* The last line that a call would have printed, without the program's name. */
static const char *complaint(struct screen *screen)
{
	const char *name = "synward: ";
	char *text;

	fflush(screen->cli.complaints);
	rewind(screen->cli.complaints);
	text = screen->complaint;
	if (!text || !screen->complaint_bytes)
		return "no memory";
	text[strcspn(text, "\n")] = '\0';
	return strncmp(text, name, strlen(name)) ? text : text + strlen(name);
}

static void ask_end(struct ask *ask)
{
	client_close(ask->client);
	ask->client = NULL;
}

static enum cli_exit ask_begin(struct screen *screen, struct ask *ask, const char *method,
			       json_t *parameters)
{
	enum cli_exit end = client_open(&screen->cli, &ask->client);

	if (end) {
		json_decref(parameters);
		return end;
	}
	ask->since = now_seconds();
	end = client_send(ask->client, method, parameters);
	if (end)
		ask_end(ask);
	return end;
}

static bool is_late(const struct ask *ask, double now)
{
	return ask->client && now - ask->since >= PROTO_DEADLINE_SECONDS;
}

/* ---- looks ---- */

static void look_failed(struct screen *screen, enum cli_exit end)
{
	const char *why = complaint(screen);
	char clock[16];

	screen->end = end;
	if (!screen->away[0])
		snprintf(screen->away, sizeof(screen->away), "since %s: %s", clock_now(clock), why);
}

static void look_over(struct screen *screen)
{
	ask_end(&screen->look);
	if (screen->nr_left && !--screen->nr_left)
		screen->is_over = true;
}

static void look_begin(struct screen *screen, double now)
{
	enum cli_exit end = ask_begin(screen, &screen->look, PROTO_STATUS, json_object());

	screen->next += screen->interval;
	if (screen->next <= now) /* nothing is made up for */
		screen->next = now + screen->interval;
	if (!end)
		return;
	look_failed(screen, end);
	look_over(screen);
}

static void look_take(struct screen *screen, double now)
{
	json_t *status = NULL;
	enum cli_exit end = is_late(&screen->look, now) ?
				    client_give_up(screen->look.client) :
				    client_receive(screen->look.client, &status);

	if (!end && top_update(screen->top, status, now_seconds())) {
		json_decref(status);
		fputs("no memory\n", screen->cli.complaints);
		end = CLI_FAILED;
	}
	if (end) {
		look_failed(screen, end);
	} else {
		screen->away[0] = '\0';
		screen->end = CLI_DONE;
	}
	look_over(screen);
}

/* ---- orders ---- */

static void say(struct screen *screen, bool is_bad, const char *text)
{
	snprintf(screen->view.said, sizeof(screen->view.said), "%s", text);
	screen->view.is_said_bad = is_bad;
}

/* For the service that was picked when it was asked for, whatever the screen shows by now. */
static void order_begin(struct screen *screen, enum top_act act)
{
	const char *method = act == TOP_ACT_ARM ? PROTO_ARM : PROTO_DISARM;

	if (screen->order.client) {
		say(screen, true, "synwardd has not answered the last order yet");
		return;
	}
	screen->ordered = act;
	memcpy(screen->ordered_service, screen->view.picked, sizeof(screen->ordered_service));
	if (ask_begin(screen, &screen->order, method,
		      json_pack("{s:s}", "service", screen->ordered_service)))
		say(screen, true, complaint(screen));
}

static void order_take(struct screen *screen, double now)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	enum cli_exit end = is_late(&screen->order, now) ?
				    client_give_up(screen->order.client) :
				    client_receive(screen->order.client, &reply);
	char text[TOP_NAME_SIZE + 32];

	ask_end(&screen->order);
	snprintf(text, sizeof(text), "%s %s", screen->ordered_service,
		 screen->ordered == TOP_ACT_ARM ? "is armed until it is disarmed" : "is disarmed");
	say(screen, end, end ? complaint(screen) : text);
	screen->next = now; /* and how does it look? */
}

/* ---- the screen ---- */

static void draw(struct screen *screen)
{
	char *text __cleanup(cleanup_free) = NULL;
	struct canvas canvas;
	size_t nr_bytes = 0;
	int width, height;
	char clock[16];
	FILE *to;

	const struct top_now now = { clock_now(clock), screen->away[0] ? screen->away : NULL };

	terminal_size(&width, &height);
	if (canvas_make(width, height, &canvas))
		return; /* and perhaps the next time */
	top_draw(&canvas, screen->top, &screen->view, &now);
	to = open_memstream(&text, &nr_bytes);
	if (to) {
		canvas_write(&canvas, screen->is_utf8, screen->has_color, to);
		if (!fclose(to) && terminal_write(text, nr_bytes))
			screen->is_over = true;
	}
	canvas_free(&canvas);
}

static void key(struct screen *screen, int pressed)
{
	enum top_act act = top_view_key(&screen->view, screen->top, pressed);

	if (act == TOP_ACT_QUIT)
		screen->is_over = true;
	else if (act)
		order_begin(screen, act);
}

/* Until the next thing that time brings. */
static long wait_ms(const struct screen *screen, double now)
{
	const struct ask *asks[] = { &screen->look, &screen->order };
	double wait = screen->view.is_paused || screen->look.client ? 1 : screen->next - now;
	size_t i;

	for (i = 0; i < 2; i++)
		if (asks[i]->client && asks[i]->since + PROTO_DEADLINE_SECONDS - now < wait)
			wait = asks[i]->since + PROTO_DEADLINE_SECONDS - now;
	return wait > 0 ? (long)(wait * 1000) + 1 : 0;
}

static void turn(struct screen *screen)
{
	struct pollfd fds[] = {
		{ .fd = screen->look.client ? client_fd(screen->look.client) : -1,
		  .events = POLLIN },
		{ .fd = screen->order.client ? client_fd(screen->order.client) : -1,
		  .events = POLLIN },
	};
	int pressed = 0;
	double now;

	switch (terminal_wait(fds, 2, wait_ms(screen, now_seconds()), &pressed)) {
	case TERMINAL_END:
		screen->is_over = true;
		return;
	case TERMINAL_KEY:
		key(screen, pressed);
		return;
	case TERMINAL_REDRAW:
		return;
	case TERMINAL_FD:
	case TERMINAL_TIME:
		break;
	}
	now = now_seconds();
	if (screen->look.client && (fds[0].revents || is_late(&screen->look, now)))
		look_take(screen, now);
	if (screen->order.client && (fds[1].revents || is_late(&screen->order, now)))
		order_take(screen, now);
	if (!screen->look.client && !screen->view.is_paused && !screen->is_over &&
	    now >= screen->next)
		look_begin(screen, now);
}

enum cli_exit top_screen(const struct cli *cli, struct top *top, double interval,
			 unsigned long count)
{
	struct screen screen = {
		.cli = *cli,
		.top = top,
		.interval = interval,
		.next = top->time + interval,
		.nr_left = count,
		.is_utf8 = terminal_is_utf8(),
		.has_color = *out_style(OUT_BOLD) != '\0',
	};
	int err = 0;

	top_view_init(&screen.view);
	screen.cli.complaints = open_memstream(&screen.complaint, &screen.complaint_bytes);
	if (screen.cli.complaints)
		err = terminal_open();
	if (!screen.cli.complaints || err) {
		fprintf(stderr, "synward: the terminal cannot be had: %s\n",
			strerror(err ? -err : ENOMEM));
		screen.end = CLI_FAILED;
		screen.is_over = true;
	}
	while (!screen.is_over) {
		draw(&screen);
		turn(&screen);
	}
	if (screen.cli.complaints && !err)
		terminal_close();
	ask_end(&screen.look);
	ask_end(&screen.order);
	if (screen.cli.complaints)
		fclose(screen.cli.complaints);
	free(screen.complaint);
	return screen.end;
}
