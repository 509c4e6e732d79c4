/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the text of one request to the reply: a pure function but for the callbacks in control_ops.
 * How the bytes travel is control.c's; the methods of synwardd are in methods.c.
 * https://varlink.org/Method-Call, https://varlink.org/Service. Nothing here logs.
 */
#ifndef SYNWARD_VARLINK_H
#define SYNWARD_VARLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "control.h"

/* Who asks. */
struct varlink_caller {
	uid_t uid;
	bool may_subscribe; /* there is room for one more client of Monitor */
	bool is_gone;       /* nobody is there any more to take an answer */
};

struct varlink_answer {
	char *text;      /* to be freed; NULL when there is nothing to say (oneway) */
	size_t nr_bytes; /* of text, with the NUL that ends each message on the wire */
	bool is_last; /* the request was no Varlink: the connection is closed behind the answer */
	bool subscribes; /* events follow from now on, and no further request is taken */
	bool traces;     /* they are packets: trace_end() is due when the client goes */
};

/* Returns 0, or -ENOMEM. */
int varlink_answer(const char *request, size_t nr_bytes, const struct varlink_caller *caller,
		   const struct control_ops *ops, struct varlink_answer *ret);

/* One message of Monitor, to be freed, and its bytes with the NUL; NULL when memory is short. */
char *varlink_event(const json_t *event, size_t *ret_nr_bytes);

/* The same of the message that ends a stream which cannot go on. */
char *varlink_failure(const char *reason, size_t *ret_nr_bytes);

#endif
