// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many entries of the flow table each row has. A table of the default size is counted when
 * somebody asks, in a millisecond. A large one would stop the loop for half a second and more, and
 * everybody in the group may ask at any time: it is counted in pieces, between other work, and who
 * asks is told what the last whole count was.
 */
#include "dataplane_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (1U << 17) /* entries, of 64 bytes: what is looked at in one go */
#define PAUSE 20         /* times as long as a count took, before the next one begins */
#define STALE_MS 60000   /* then it is counted anew although nobody asked */

static size_t nr_flows(const struct dataplane *dp)
{
	return dp->nr_flow_sets * FLOW_WAYS;
}

static bool is_large(const struct dataplane *dp)
{
	return nr_flows(dp) > PIECE;
}

static void count(const struct dataplane *dp, size_t from, size_t to, __u64 now_ms, __u32 *rows)
{
	struct flow flow;

	for (size_t i = from; i < to; i++)
		if (dataplane_flow_at(dp, i, now_ms, &flow))
			rows[FLOW_ROW(flow.is)]++;
}

int dataplane_open_count(struct dataplane *dp)
{
	dp->count.last = calloc(dp->nr_rows, sizeof(__u32));
	dp->count.next = calloc(dp->nr_rows, sizeof(__u32));
	dp->count.is_asked = true;
	return dp->count.last && dp->count.next ? 0 : -ENOMEM;
}

void dataplane_close_count(struct dataplane *dp)
{
	free(dp->count.last);
	free(dp->count.next);
}

void dataplane_count_flows(struct dataplane *dp, __u64 now_ms, __u32 *ret)
{
	memset(ret, 0, dp->nr_rows * sizeof(*ret));
	dp->count.is_asked = true;
	if (is_large(dp))
		memcpy(ret, dp->count.last, dp->nr_rows * sizeof(*ret));
	else
		count(dp, 0, nr_flows(dp), now_ms, ret);
}

bool dataplane_has_to_count(const struct dataplane *dp, __u64 now_ms)
{
	const struct flow_count *c = &dp->count;

	if (!is_large(dp) || c->at)
		return is_large(dp);
	return now_ms >= c->not_before_ms + (c->is_asked ? 0 : STALE_MS);
}

void dataplane_count_piece(struct dataplane *dp, __u64 now_ms)
{
	struct flow_count *c = &dp->count;
	const size_t left = nr_flows(dp) - c->at;
	const size_t to = c->at + (left < PIECE ? left : PIECE);
	__u32 *counted = c->next;

	if (!c->at) {
		memset(c->next, 0, dp->nr_rows * sizeof(*c->next));
		c->began_ms = now_ms;
		c->is_asked = false;
	}
	count(dp, c->at, to, now_ms, c->next);
	c->at = to;
	if (c->at < nr_flows(dp))
		return;
	c->next = c->last;
	c->last = counted;
	c->at = 0;
	c->not_before_ms = now_ms + PAUSE * (now_ms - c->began_ms);
}
