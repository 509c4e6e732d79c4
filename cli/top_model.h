/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `synward top` knows: the last status of synwardd, and what became of it since the one
 * before, a second. Counters that are smaller than they were are those of a new daemon, and make no
 * rate. Pure.
 */
#ifndef SYNWARD_TOP_MODEL_H
#define SYNWARD_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define TOP_UNKNOWN (-1.0) /* a rate before there are two looks */
#define TOP_HISTORY 240    /* looks */

/* What is counted of a row. */
enum top_count { TOP_SYNS, TOP_SENT, TOP_VALID, TOP_INVALID, TOP_SERVED, TOP_NR_COUNTS };

/* One (service, port), or the sum of all. Texts are the status's own. */
struct top_row {
	const char *name;
	int port;
	const json_t *json;   /* of the status; NULL of the sum */
	const json_t *attack; /* that is going on; NULL: none, or not of the worst */
	bool is_armed;
	json_int_t half_open, kernel_half_open;
	json_int_t backlog; /* of the sum: 0 */
	json_int_t counts[TOP_NR_COUNTS];
	double rates[TOP_NR_COUNTS];
	double history[TOP_HISTORY]; /* SYNs a second, the newest last; TOP_UNKNOWN where none was
				      */
};

/* Packets by a verdict that drops them. */
struct top_drop {
	const char *name;
	json_int_t count;
	double rate;
};

/* What a packet costs, by the programs of all devices. */
struct top_cost {
	double runs_per_second; /* 0: the kernel does not count them, or nothing comes */
	double ns_per_run;
	double percent; /* of one CPU */
};

struct top {
	const char *only; /* rows of that service alone; NULL: all */
	json_t *status;   /* NULL: there was none yet */
	double time;      /* of it, by any clock that only goes on, in seconds */
	double seconds;   /* since the one before; 0: it was the first */
	struct top_row *rows;
	size_t nr_rows, nr_armed;
	struct top_row total;
	struct top_drop *drops; /* that ever occurred, the most frequent now first */
	size_t nr_drops;
	double dropped; /* a second, of all */
	struct top_cost xdp, tc;
};

/* The status is taken over. Returns 0, or -errno and then nothing has changed. */
int top_update(struct top *top, json_t *status, double time);
void top_free(struct top *top);

/* "peace", "armed", "attack" (and nobody answers), "monitor" or "off" */
const char *top_state(const struct top_row *row);

/* ---- order ---- */

enum top_column {
	TOP_BY_NAME,
	TOP_BY_STATE,
	TOP_BY_SYNS,
	TOP_BY_HALF_OPEN,
	TOP_BY_KERNEL,
	TOP_BY_BACKLOG,
	TOP_BY_SENT,
	TOP_BY_VALID,
	TOP_BY_INVALID,
	TOP_BY_SERVED,
	TOP_NR_COLUMNS,
};

/* What a column but the name is sorted by, and all but the state show. */
double top_value(const struct top_row *row, enum top_column by);

/* Indices of rows, the greatest first, names from a to z; reversed if wanted; what is equal stays
 * in the order of the config. @ret has room for all. */
void top_order(const struct top *top, enum top_column by, bool is_reversed, size_t *ret);

/* ---- for people and programs ---- */

#define TOP_NUMBER_SIZE 16

/* In five characters: "4096", "0.4", "1.01M"; "-" for what is not known. Returns `buffer`. */
const char *top_number(double number, char buffer[TOP_NUMBER_SIZE]);

/* The object that `top -j` prints for one look. NULL: no memory. */
json_t *top_json(const struct top *top, const char *time);

#endif
