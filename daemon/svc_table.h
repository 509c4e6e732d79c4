/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fills the table of services that the data path asks (include/svc_hash.h). Pure.
 */
#ifndef SYNWARD_DAEMON_SVC_TABLE_H
#define SYNWARD_DAEMON_SVC_TABLE_H

#include <stddef.h>

#include "svc_hash.h"

/* Buckets of a table for the services of @nr_rows rows: a power of two, at least twice as many
 * slots as there may be keys. */
size_t svc_table_buckets(size_t nr_rows);

/* Tickets of a CPU (bpf/ticket.h) for the services of @nr_rows rows: a power of two. */
size_t svc_table_tickets(size_t nr_rows);

/*
 * Put @slots, whose keys differ, into the @nr_buckets of @table, a power of two; what was there is
 * gone. Returns 0, or -ENOSPC when there are more than fit with this @seed, odd; above half of the
 * slots that can happen.
 */
int svc_table_fill(struct svc_bucket *table, size_t nr_buckets, __u64 seed,
		   const struct svc_slot *slots, size_t nr);

#endif
