/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of methods.h share: the methods themselves, and the replies that say what is wrong
 * with a call. All are new references; NULL means that memory is short.
 */
#ifndef SYNWARD_METHODS_INSIDE_H
#define SYNWARD_METHODS_INSIDE_H

#include "methods.h"

/* ---- methods_look.c ---- */

json_t *method_status(const struct call *call, const struct control_ops *ops);
json_t *method_thresholds(const struct call *call, const struct control_ops *ops);
json_t *method_handshakes(const struct call *call, const struct control_ops *ops);
json_t *method_monitor(const struct call *call, const struct control_ops *ops);
json_t *method_doctor(const struct call *call, const struct control_ops *ops);
json_t *method_list_page(const struct call *call, const struct control_ops *ops);
json_t *method_trace(const struct call *call, const struct control_ops *ops);

/* ---- methods_change.c ---- */

json_t *method_set(const struct call *call, const struct control_ops *ops);
json_t *method_arm(const struct call *call, const struct control_ops *ops);
json_t *method_disarm(const struct call *call, const struct control_ops *ops);
json_t *method_set_mode(const struct call *call, const struct control_ops *ops);
json_t *method_reload(const struct call *call, const struct control_ops *ops);
json_t *method_rotate_key(const struct call *call, const struct control_ops *ops);
json_t *method_attach(const struct call *call, const struct control_ops *ops);
json_t *method_confirm(const struct call *call, const struct control_ops *ops);
json_t *method_detach(const struct call *call, const struct control_ops *ops);
json_t *method_self_test(const struct call *call, const struct control_ops *ops);
json_t *method_list_add(const struct call *call, const struct control_ops *ops);
json_t *method_list_delete(const struct call *call, const struct control_ops *ops);

/* ---- errors: methods.c ---- */

/* Of an integer that may be missing: what is given is looked at, even if it is 0. */
static inline bool is_given(const struct call *call, const char *name)
{
	return json_is_integer(json_object_get(call->parameters, name));
}

json_t *bad_parameter(const char *name);
json_t *bad_argument(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *no_such_list(const char *word);

/* A callback returned `err`. @why: in its words, or NULL. */
json_t *failed(int err, const char *why);

#endif
