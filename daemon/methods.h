/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The methods of org.synward, between the protocol (varlink.c) and the callbacks. Replies are new
 * references; NULL means that memory is short. Nothing here logs.
 */
#ifndef SYNWARD_METHODS_H
#define SYNWARD_METHODS_H

#include "varlink.h"

struct call {
	const char *method;
	json_t *parameters; /* borrowed; an object or NULL */
	int is_oneway, is_more, is_upgrade;
	struct varlink_caller caller;
};

/* One that a method takes. Strings are borrowed from the call. */
struct parameter {
	const char *name;
	const char **string; /* either this or the next */
	json_int_t *integer;
	bool is_optional; /* missing or null leaves the variable as it is */
};

struct method {
	const char *name;
	/* One message; or an array of them, and then the caller is a subscriber from now on. */
	json_t *(*reply)(const struct call *call, const struct control_ops *ops);
	bool is_change; /* for root alone; so is what shows packets */
};

extern const char methods_description[]; /* the interface in Varlink's own language */

/* NULL when there is no such method. */
const struct method *method_find(const char *name);

/* The reply of a method that exists, after a look at who asks. */
json_t *method_reply(const struct method *method, const struct call *call,
		     const struct control_ops *ops);

/*
 * From the call into the variables that `parameters` names; the list ends with a NULL name, and
 * NULL is an empty list. Returns NULL, or the name of the first that is missing, of another type or
 * not in the list.
 */
const char *call_parameters(const struct call *call, const struct parameter *parameters);

/* {"error": error, "parameters": {name: value}} */
json_t *error_reply(const char *error, const char *name, const char *value);

/* {"parameters": {"event": event}, "continues": true} */
json_t *event_reply(const json_t *event);

#endif
