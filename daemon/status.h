/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot as the JSON object that `synward status` and every other client gets. Names of fields
 * are a promise: they may be added to, never renamed. Counters beyond 2^63 - 1 stay there. Nothing
 * here logs.
 */
#ifndef SYNWARD_STATUS_H
#define SYNWARD_STATUS_H

#include <jansson.h>

#include "snapshot.h"

/* A new reference, or NULL when memory is short. */
json_t *status_json(const struct snapshot *snapshot);

#endif
