// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which methods org.synward has, who may call each, and which error its failure is;
 * methods_description.c says all that to clients. Which parameters each takes is decided in
 * methods_look.c and methods_change.c, what a reply contains in status.c, what a change does by the
 * callbacks.
 */
#include "methods_inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "proto.h"

/* ---- errors ---- */

json_t *bad_parameter(const char *name)
{
	return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", name);
}

json_t *bad_argument(const char *format, ...)
{
	char *reason __cleanup(cleanup_free) = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&reason, format, args);
	va_end(args);
	if (length < 0) {
		reason = NULL;
		return NULL;
	}
	return error_reply(PROTO_ERROR_INVALID_ARGUMENT, "reason", reason);
}

json_t *failed(int err, const char *why)
{
	const char *error = err == -EINVAL ? PROTO_ERROR_INVALID_ARGUMENT :
			    err == -EPERM  ? PROTO_ERROR_REFUSED :
					     PROTO_ERROR_FAILED;

	return error_reply(error, "reason", why ?: strerror(-err));
}

json_t *no_such_list(const char *word)
{
	return bad_argument("'%s' is no list; there are allow and deny", word);
}

/* ---- the table ---- */

static const struct method methods[] = {
	{ PROTO_STATUS, method_status, false },
	{ PROTO_THRESHOLDS, method_thresholds, false },
	{ PROTO_HANDSHAKES, method_handshakes, false },
	{ PROTO_MONITOR, method_monitor, false },
	{ PROTO_TRACE, method_trace, true },
	{ PROTO_SET, method_set, true },
	{ PROTO_ARM, method_arm, true },
	{ PROTO_DISARM, method_disarm, true },
	{ PROTO_SET_MODE, method_set_mode, true },
	{ PROTO_RELOAD, method_reload, true },
	{ PROTO_ROTATE_KEY, method_rotate_key, true },
	{ PROTO_ATTACH, method_attach, true },
	{ PROTO_CONFIRM, method_confirm, true },
	{ PROTO_DETACH, method_detach, true },
	{ PROTO_DOCTOR, method_doctor, false },
	{ PROTO_SELF_TEST, method_self_test, true },
	{ PROTO_LIST, method_list_page, false },
	{ PROTO_LIST_ADD, method_list_add, true },
	{ PROTO_LIST_DELETE, method_list_delete, true },
};

const struct method *method_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

/* A daemon that somebody runs as himself is his to command. */
static bool may_change(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

json_t *method_reply(const struct method *method, const struct call *call,
		     const struct control_ops *ops)
{
	if (method->is_change && !may_change(call->caller.uid))
		return error_reply(PROTO_ERROR_PERMISSION_DENIED, "reason",
				   method->reply == method_trace ?
					   "only root may see packets" :
					   "only root may change what synwardd does");
	return method->reply(call, ops);
}
