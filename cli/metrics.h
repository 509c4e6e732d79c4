/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reply of Status as Prometheus text (format 0.0.4), for `synward metrics` and for
 * synward-exporter. A pure function: it asks nobody and logs nothing.
 */
#ifndef SYNWARD_METRICS_H
#define SYNWARD_METRICS_H

#include <jansson.h>

/* Prometheus 3 refuses what does not say which version of the format it is. */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * @status: the parameters of Status; NULL: synwardd does not answer, of which synward_up 0 is all
 * that can be said. Returns text to be freed, or NULL without memory.
 */
char *metrics_text(const json_t *status);

#endif
