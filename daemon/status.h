/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon knows, as the JSON objects that `synward` and every other client gets. Names of
 * fields are a promise: they may be added to, never renamed. Counters beyond 2^63 - 1 stay there.
 * Nothing here logs.
 */
#ifndef SYNWARD_STATUS_H
#define SYNWARD_STATUS_H

#include <jansson.h>

#include "snapshot.h"

/* Each returns a new reference, or NULL when memory is short: the reply of the method of that name,
 * described in methods_description.c. */
json_t *status_json(const struct snapshot *snapshot);
json_t *thresholds_json(const struct snapshot *snapshot);
json_t *handshakes_json(const struct handshake_page *page);

#endif
