/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is answered to a scrape, and how often synwardd is asked for it: once a second at most,
 * whoever scrapes how often, and no longer than two seconds at a time. Whether it answers is logged
 * when it changes.
 *
 * When synwardd is away the answer is synward_up 0 and nothing else: the exporter is well and can
 * say so, and what it cannot see has no value.
 */
#ifndef SYNWARD_SCRAPE_H
#define SYNWARD_SCRAPE_H

#include <microhttpd.h>

#define SCRAPE_KEEP_MS 1000L     /* an answer is given again when it is no older */
#define SCRAPE_DEADLINE_MS 2000L /* for synwardd to answer; below any scrape's own timeout */

struct scrape;

/* NULL without memory. `socket_path` outlives it. */
struct scrape *scrape_new(const char *socket_path);
void scrape_free(struct scrape *scrape);

/* The metrics now, for as long as nobody asks again; NULL without memory. */
struct MHD_Response *scrape_response(struct scrape *scrape);

#endif
