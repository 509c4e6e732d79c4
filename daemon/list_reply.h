/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allow and deny lists as JSON: the replies of List, ListAdd and ListDelete, described in
 * methods_description.c. Each returns a new reference, or NULL when memory is short. Nothing here
 * logs.
 */
#ifndef SYNWARD_LIST_REPLY_H
#define SYNWARD_LIST_REPLY_H

#include <jansson.h>

#include "lists.h"

json_t *list_page_json(const struct list_page *page, __u64 now_ms);

json_t *list_change_json(const struct list_change *change, __u64 now_ms);

#endif
