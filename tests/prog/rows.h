/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet table, by subject.
 */
#ifndef SYNWARD_TEST_ROWS_H
#define SYNWARD_TEST_ROWS_H

#include "rows_hidden.h"
#include "rows_limits.h"
#include "rows_peace.h"
#include "rows_segment.h"
#include "rows_syn.h"
#include "rows_ways.h"

#define TABLE_OF(rows) rows, sizeof(rows) / sizeof((rows)[0])

static const struct {
	const struct row *row;
	size_t nr;
} row_tables[] = {
	{ TABLE_OF(rows_hidden) },  { TABLE_OF(rows_syn) },    { TABLE_OF(rows_peace) },
	{ TABLE_OF(rows_segment) }, { TABLE_OF(rows_limits) }, { TABLE_OF(rows_ways) },
};

#endif
