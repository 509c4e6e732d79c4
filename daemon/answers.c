// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the control socket asks, and who answers it. Each is a line or two: what there is to know or
 * to do is in the part of the daemon that it concerns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "daemon.h"
#include "dataplane.h"
#include "device_orders.h"
#include "facts.h"
#include "list_keeper.h"
#include "list_reply.h"
#include "log.h"
#include "netlink.h"
#include "notify.h"
#include "reload.h"
#include "rows.h"
#include "selftest.h"
#include "state_file.h"
#include "status.h"
#include "tracer.h"

static int take_snapshot(struct daemon *d, struct snapshot *ret)
{
	int err = dataplane_snapshot(d->dataplane, ret) ?: rows_snapshot(d->rows, ret);

	ret->uptime_seconds = (clock_now_ms() - d->started_ms) / 1000;
	ret->state_write_errors = state_file_write_errors();
	daemon_count_if_wanted(d);
	return err;
}

static int snapshot_as(struct daemon *d, json_t *(*as_json)(const struct snapshot *), json_t **ret)
{
	struct snapshot *snap __cleanup(cleanup_free) = malloc(sizeof(*snap));
	int err = snap ? take_snapshot(d, snap) : -ENOMEM;

	if (err)
		return err;
	*ret = as_json(snap);
	return *ret ? 0 : -ENOMEM;
}

static int on_status(void *arg, json_t **ret)
{
	return snapshot_as(arg, status_json, ret);
}

static int on_thresholds(void *arg, json_t **ret)
{
	return snapshot_as(arg, thresholds_json, ret);
}

static int on_handshakes(void *arg, const struct handshake_query *query, json_t **ret)
{
	struct handshake_page *page __cleanup(cleanup_free) = malloc(sizeof(*page));
	struct daemon *d = arg;

	if (!page)
		return -ENOMEM;
	if (query->service && !rows_has_service(d->rows, query->service))
		return -EINVAL;
	dataplane_handshakes(d->dataplane, query, clock_now_ms(), page);
	*ret = handshakes_json(page);
	return *ret ? 0 : -ENOMEM;
}

static int on_ongoing(void *arg, json_t **ret)
{
	struct daemon *d = arg;

	*ret = rows_ongoing(d->rows);
	return *ret ? 0 : -ENOMEM;
}

/* Where `--persist` is to write; none in the quick start. */
static int drop_in_directory(const struct daemon *d, char **ret)
{
	*ret = d->drop_in_directory ? strdup(d->drop_in_directory) : NULL;
	return *ret || !d->drop_in_directory ? 0 : -ENOMEM;
}

static int on_set(void *arg, const char *service, const char *key, const char *value,
		  char **ret_drop_in, char **ret_why)
{
	struct daemon *d = arg;
	int err = rows_tune(d->rows, service, key, value, ret_why);

	return err ? err : drop_in_directory(d, ret_drop_in);
}

static int on_mode(void *arg, const char *service, const char *mode, char **ret_drop_in,
		   char **ret_why)
{
	struct daemon *d = arg;
	int err = rows_set_mode(d->rows, service, mode, ret_why);

	return err ? err : drop_in_directory(d, ret_drop_in);
}

static int on_arm(void *arg, const char *service, __u32 seconds, char **ret_why)
{
	struct daemon *d = arg;

	return rows_arm(d->rows, service, seconds, ret_why);
}

static int on_disarm(void *arg, const char *service, char **ret_why)
{
	struct daemon *d = arg;

	return rows_disarm(d->rows, service, ret_why);
}

int daemon_reload(struct daemon *d, struct config_errors *errors)
{
	const struct reload reload = { &d->conf, d->netlink, d->dataplane, d->rows, d->lists };
	int err;

	notify_reloading();
	err = reload_config(&reload, errors);
	if (err) {
		log_err("reload: nothing is changed, because:");
		config_errors_print(errors, stderr, log_prefix(LOG_ERR));
	} else {
		log_notice("reload: what the config says now is in force");
	}
	notify_ready();
	return err;
}

#define NO_UTF8 "a line that is no UTF-8; the log has it"

static json_t *lines_json(const struct config_errors *errors)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < errors->nr_lines; i++)
		json_array_append_new(lines, json_string(errors->lines[i]) ?: json_string(NO_UTF8));
	if (errors->nr_left_out)
		json_array_append_new(lines, json_sprintf("... and %zu more", errors->nr_left_out));
	return lines;
}

static int on_reload(void *arg, json_t **ret_errors)
{
	struct config_errors errors = {};
	int err = daemon_reload(arg, &errors);

	if (err)
		*ret_errors = lines_json(&errors);
	config_errors_free(&errors);
	return err;
}

static int on_rotate_key(void *arg, bool at_once, __u64 *ret_ms, char **ret_why)
{
	struct daemon *d = arg;
	int err = dataplane_rotate_key(d->dataplane, at_once, ret_ms);

	if (!err)
		log_notice("key: another one for cookies, %s, by command",
			   at_once ? "at once" : "from the next epoch on");
	if (err == -EAGAIN &&
	    asprintf(ret_why,
		     "the key was rotated a moment ago, and cookies of the one before are still "
		     "out: try again in %" PRIu64
		     " s, or lose them with 'synward key rotate --now'",
		     (uint64_t)*ret_ms / 1000 + 1) < 0)
		*ret_why = NULL;
	return err;
}

static struct device_orders device_orders(struct daemon *d)
{
	return (struct device_orders){ &d->conf, d->netlink, d->dataplane };
}

static int on_attach(void *arg, const char *interface, __u32 seconds, json_t **ret, char **ret_why)
{
	const struct device_orders orders = device_orders(arg);

	return device_orders_attach(&orders, interface, seconds, ret, ret_why);
}

static int on_confirm(void *arg, json_t **ret, char **ret_why)
{
	const struct device_orders orders = device_orders(arg);

	return device_orders_confirm(&orders, ret, ret_why);
}

static int on_detach(void *arg, const char *interface, json_t **ret, char **ret_why)
{
	const struct device_orders orders = device_orders(arg);

	return device_orders_detach(&orders, interface, ret, ret_why);
}

static int on_list(void *arg, enum list list, __u32 from, __u32 limit, json_t **ret)
{
	struct list_page *page __cleanup(cleanup_free) = malloc(sizeof(*page));
	struct daemon *d = arg;

	if (!page)
		return -ENOMEM;
	list_keeper_page(d->lists, list, from, limit, page);
	*ret = list_page_json(page, clock_now_ms());
	return *ret ? 0 : -ENOMEM;
}

static int on_list_add(void *arg, enum list list, const char *prefix, __u32 seconds, json_t **ret,
		       char **ret_why)
{
	struct list_change change;
	struct daemon *d = arg;
	int err = list_keeper_add(d->lists, list, prefix, seconds, &change, ret_why);

	if (err)
		return err;
	*ret = list_change_json(&change, clock_now_ms());
	return *ret ? 0 : -ENOMEM;
}

static int on_list_delete(void *arg, enum list list, const char *prefix, json_t **ret,
			  char **ret_why)
{
	struct list_change change;
	struct daemon *d = arg;
	int err = list_keeper_delete(d->lists, list, prefix, &change, ret_why);

	if (err)
		return err;
	*ret = list_change_json(&change, clock_now_ms());
	return *ret ? 0 : -ENOMEM;
}

static int on_doctor(void *arg, json_t **ret)
{
	struct snapshot *snap __cleanup(cleanup_free) = malloc(sizeof(*snap));
	struct ip_addr *addrs __cleanup(cleanup_free) = NULL;
	struct daemon *d = arg;
	size_t nr = 0;
	int err = snap ? take_snapshot(d, snap) : -ENOMEM;

	if (!err)
		err = netlink_addresses(d->netlink, &addrs, &nr);
	if (err)
		return err;
	*ret = facts_json(&d->conf, snap, addrs, nr);
	return *ret ? 0 : -ENOMEM;
}

static int on_self_test(void *arg, const struct selftest_order *order, json_t **ret, char **ret_why)
{
	struct daemon *d = arg;

	return selftest_run(d->rows, order, ret, ret_why);
}

static int publish_packet(void *arg, const json_t *event)
{
	struct daemon *d = arg;

	return control_trace(d->control, event);
}

void daemon_trace_second(struct daemon *d)
{
	const char *why_over = tracer_second(d->tracer);

	if (why_over)
		control_trace_over(d->control, why_over);
}

void daemon_trace_end(struct daemon *d)
{
	d->tracer = tracer_end(d->tracer);
}

static void on_trace_end(void *arg)
{
	daemon_trace_end(arg);
}

static int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
{
	struct device_names interfaces;
	struct daemon *d = arg;
	int err =
		tracer_begin(d->event, d->dataplane, order, publish_packet, d, &d->tracer, ret_why);

	if (err)
		return err;
	dataplane_attached(d->dataplane, &interfaces);
	*ret = trace_begin_json(&interfaces);
	if (*ret)
		return 0;
	daemon_trace_end(d);
	return -ENOMEM;
}

struct control_ops daemon_answers(struct daemon *d)
{
	return (struct control_ops){
		.status = on_status,
		.thresholds = on_thresholds,
		.handshakes = on_handshakes,
		.ongoing = on_ongoing,
		.set = on_set,
		.arm = on_arm,
		.disarm = on_disarm,
		.mode = on_mode,
		.reload = on_reload,
		.rotate_key = on_rotate_key,
		.doctor = on_doctor,
		.self_test = on_self_test,
		.attach = on_attach,
		.confirm = on_confirm,
		.detach = on_detach,
		.list = on_list,
		.list_add = on_list_add,
		.list_delete = on_list_delete,
		.trace = on_trace,
		.trace_end = on_trace_end,
		.arg = d,
	};
}
