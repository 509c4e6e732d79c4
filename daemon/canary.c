// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspicion begins with the first hand-off that is missed, or that the kernel opens no connection
 * for, and ends with the first that lands.
 */
#include "canary.h"

#define DOUBT_AGAIN_MS (10 * 60000U)
#define OPENED_SHARE \
	8 /* of so many, one may have been opened, and it is a black hole all the same */

static void acquit(struct canary *canary, const struct canary_view *view)
{
	canary->missed = view->missed;
	canary->landed = view->landed;
	canary->served = view->served;
	canary->cookies_valid = view->cookies_valid;
	canary->opens = view->opens;
	canary->since_ms = 0;
}

/* Most of those that were handed off never came back, so they are somewhere. */
static bool is_mostly_quiet(const struct canary *canary, const struct canary_view *view)
{
	return view->served - canary->served > 2 * (view->missed - canary->missed);
}

/*
 * Handshakes that cookies have finished, and for which the kernel has opened no connection; 0 as
 * long as it may be that all were. A few opened ones prove nothing: they are of other ports, or
 * segments sent again that went another way than the first.
 */
static __u64 nr_unopened(const struct canary *canary, const struct canary_view *view)
{
	__u64 served = view->served - canary->served;
	__u64 valid = view->cookies_valid - canary->cookies_valid;
	__u64 opened = view->opens - canary->opens;
	__u64 finished = served < valid ? served : valid;

	return finished > opened * OPENED_SHARE ? finished - opened : 0;
}

static bool is_suspect(const struct canary *canary, const struct canary_view *view)
{
	return view->missed != canary->missed || nr_unopened(canary, view);
}

/* Has a handshake to this port arrived, as far as can be seen? */
static bool works(const struct canary *canary, const struct canary_view *view)
{
	return view->landed || (view->served != canary->served && !is_suspect(canary, view));
}

static bool is_black_hole(const struct canary *canary, const struct canary_view *view)
{
	__u32 patience_ms = canary->has_worked ? CANARY_PATIENCE_LONG_MS : CANARY_PATIENCE_MS;

	if (view->now_ms - canary->since_ms < patience_ms)
		return false;
	if (nr_unopened(canary, view) >= CANARY_ENOUGH)
		return true;
	return view->missed - canary->missed >= CANARY_ENOUGH && !is_mostly_quiet(canary, view);
}

/* How long it is not tried: twice as long each time. */
static __u32 lengthen(struct canary *canary)
{
	canary->pause_ms = canary->pause_ms ? canary->pause_ms * 2 : CANARY_PAUSE_MS;
	if (canary->pause_ms > CANARY_PAUSE_MAX_MS)
		canary->pause_ms = CANARY_PAUSE_MAX_MS;
	return canary->pause_ms;
}

static enum canary_news begin(struct canary *canary, const struct canary_view *view)
{
	if (view->has_choice && !canary->by_kernel_until_ms) {
		canary->by_kernel_until_ms = view->now_ms + lengthen(canary);
		canary->has_worked = false;
		acquit(canary, view);
		return CANARY_BY_KERNEL;
	}
	canary->black_hole_until_ms = view->now_ms + lengthen(canary);
	return CANARY_BLACK_HOLE;
}

static enum canary_news end(struct canary *canary, const struct canary_view *view,
			    enum canary_news news)
{
	canary->by_kernel_until_ms = 0;
	canary->black_hole_until_ms = 0;
	acquit(canary, view);
	return news;
}

static enum canary_news doubt(struct canary *canary, const struct canary_view *view)
{
	__u64 missed = view->missed - canary->doubt_missed;
	__u64 landed = view->landed - canary->doubt_landed;

	if (view->now_ms - canary->doubt_since_ms < CANARY_DOUBT_MS)
		return CANARY_NOTHING;
	canary->doubt_since_ms = view->now_ms;
	canary->doubt_missed = view->missed;
	canary->doubt_landed = view->landed;
	if (missed < CANARY_ENOUGH || !landed || landed >= missed || view->is_queue_full)
		return CANARY_NOTHING;
	if (canary->doubted_ms && view->now_ms - canary->doubted_ms < DOUBT_AGAIN_MS)
		return CANARY_NOTHING;
	canary->doubted_ms = view->now_ms;
	return CANARY_DOUBT;
}

void canary_take_over(struct canary *canary, const struct canary_view *view, bool is_black_hole,
		      bool is_by_kernel)
{
	acquit(canary, view);
	canary->doubt_since_ms = view->now_ms;
	canary->doubt_missed = view->missed;
	canary->doubt_landed = view->landed;
	if (is_black_hole)
		canary->black_hole_until_ms = view->now_ms + lengthen(canary);
	else if (is_by_kernel)
		canary->by_kernel_until_ms = view->now_ms + lengthen(canary);
}

enum canary_news canary_follow(struct canary *canary, const struct canary_view *view)
{
	bool has_landed = view->landed > canary->landed;

	canary->has_worked |= works(canary, view);
	if (has_landed && !canary->by_kernel_until_ms)
		canary->pause_ms = 0;
	if (canary->black_hole_until_ms) {
		if (has_landed)
			return end(canary, view, CANARY_LANDED);
		if (view->now_ms >= canary->black_hole_until_ms)
			return end(canary, view, CANARY_TRIED_AGAIN);
		return CANARY_NOTHING;
	}
	if (canary->by_kernel_until_ms && view->now_ms >= canary->by_kernel_until_ms)
		return end(canary, view, CANARY_TRIED_AGAIN);
	if (has_landed || view->is_queue_full || !is_suspect(canary, view) ||
	    (canary->since_ms && view->now_ms - canary->since_ms > CANARY_WINDOW_MS)) {
		acquit(canary, view);
		return doubt(canary, view);
	}
	if (!canary->since_ms)
		canary->since_ms = view->now_ms;
	return is_black_hole(canary, view) ? begin(canary, view) : doubt(canary, view);
}

bool canary_lift(struct canary *canary, const struct canary_view *view)
{
	bool was_tried_less = canary->black_hole_until_ms || canary->by_kernel_until_ms;

	canary->pause_ms = 0;
	end(canary, view, CANARY_NOTHING);
	return was_tried_less;
}

static __u32 seconds_until(__u64 until_ms, __u64 now_ms)
{
	if (!until_ms)
		return 0;
	return now_ms >= until_ms ? 1 : (until_ms - now_ms + 999) / 1000;
}

__u32 canary_seconds_left(const struct canary *canary, __u64 now_ms)
{
	return seconds_until(canary->black_hole_until_ms, now_ms);
}

__u32 canary_by_kernel_seconds(const struct canary *canary, __u64 now_ms)
{
	return seconds_until(canary->by_kernel_until_ms, now_ms);
}
