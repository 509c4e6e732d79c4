/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the text of one request to the reply: a pure function but for the callbacks in control_ops.
 * How the bytes travel is control.c's. https://varlink.org/Method-Call,
 * https://varlink.org/Service. Nothing here logs.
 */
#ifndef SYNWARD_VARLINK_H
#define SYNWARD_VARLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "control.h"

struct varlink_answer {
	char *text;      /* to be freed; NULL when the caller wanted no reply (oneway) */
	size_t nr_bytes; /* of text, with the NUL that ends it on the wire */
	bool is_last; /* the request was no Varlink: the connection is closed behind the answer */
};

/* Returns 0, or -ENOMEM. */
int varlink_answer(const char *request, size_t nr_bytes, const struct control_ops *ops,
		   struct varlink_answer *ret);

#endif
