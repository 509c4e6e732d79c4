/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What daemon and CLI both need beside jansson: a reference that is dropped at the end of a scope.
 */
#ifndef SYNWARD_JSON_H
#define SYNWARD_JSON_H

#include <jansson.h>

#include "cleanup.h"

static inline void cleanup_json(json_t **json)
{
	json_decref(*json);
}

#endif
