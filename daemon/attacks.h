/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attacks as people see them: when one began and why, what it brought, when it ended. Found out
 * from what the data path says of a row second by second, so none is missed while the daemon
 * sleeps. Each event is a structured log line and a JSON object for the clients of `synward
 * monitor`.
 */
#ifndef SYNWARD_ATTACKS_H
#define SYNWARD_ATTACKS_H

#include <jansson.h>
#include <stdbool.h>

#include "abi.h"
#include "clock.h"
#include "snapshot.h"
#include "topk.h"

/* Who is attacked. */
struct attack_target {
	const char *name; /* section; outlives the attack */
	__u16 port;
	enum svc_mode mode;
	bool is_answered; /* its SYNs are answered with cookies */
};

/* One row's attacks. Starts as {0}. */
struct attack {
	bool is_going_on;
	bool is_residue;   /* armed again by what the last one left behind, and nothing more */
	__u32 left_behind; /* handshakes that the kernel has held ever since */
	bool was_answered; /* at any time since it began */
	__u32 times;       /* row_live.times of the last one that was seen */
	struct row_live live;
	__u64 until_ms;  /* as of the last look */
	__u32 nr_missed; /* attacks that came and went between two looks, before this one */
	char began[CLOCK_TEXT_SIZE];
	struct row_counts before; /* when it began */
	double peak_syn_rate;
	bool was_told;        /* by the daemon before */
	struct topk *sources; /* NULL when there is no memory for it */
};

/* The event is borrowed. */
typedef void attack_report(void *arg, const json_t *event);

/* What is seen of the row at a moment. */
struct attack_view {
	const struct row_live *live;
	bool is_attacked;
	__u64 until_ms;                        /* when it is over, or was */
	const struct row_counts *now, *before; /* at this look, and at the last */
	double syn_rate;                       /* in the last second */
	__u32 low_water;                       /* SYNs a second that are an attack */
	__u32 held;                            /* handshakes that the kernel holds */
};

/* Before the first attack_follow(), of a row that the daemon before has left like this: attacks
 * that are over are none of ours, and one that goes on is no news. */
void attack_take_over(struct attack *attack, const struct attack_target *target,
		      const struct attack_view *view);

/* To be called again and again. Logs and reports what has begun or ended. */
void attack_follow(struct attack *attack, const struct attack_target *target,
		   const struct attack_view *view, attack_report *report, void *arg);

/* A source prefix seen in it, which stands for @weight SYNs. */
void attack_source(struct attack *attack, const struct topk_key *prefix, double weight);

/* The event of its beginning, or NULL when none is going on (or there is no memory). */
json_t *attack_ongoing(const struct attack *attack, const struct attack_target *target);

/* What is to be told of one that is going on; the rest of *ret is left as it is. */
void attack_snapshot(const struct attack *attack, struct snapshot_attack *ret);

void attack_free(struct attack *attack);

#endif
