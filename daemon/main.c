// SPDX-License-Identifier: GPL-2.0-only
/*
 * synwardd: start, loop, stop. The data path works by itself; what the loop does is keep it fed
 * with what only user space can see (addresses, sysctls, the state of its own links) and answer
 * questions about it.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "config.h"
#include "control.h"
#include "dataplane.h"
#include "device_orders.h"
#include "facts.h"
#include "list_keeper.h"
#include "list_reply.h"
#include "log.h"
#include "netlink.h"
#include "notify.h"
#include "options.h"
#include "reload.h"
#include "rows.h"
#include "selftest.h"
#include "status.h"
#include "surroundings.h"
#include "sysctls.h"
#include "tracer.h"

#define EXIT_MISUSE 2
#define SECOND_USEC 1000000ULL
#define RESEND_USEC (RESEND_MS * 1000ULL)
#define TURN_USEC 500000ULL /* of the rows: what changes is followed within a second */

struct daemon {
	struct config conf;
	char *drop_in_directory; /* as anybody sees it; NULL: there is no config file */
	struct settings settings;
	sd_event *event;
	sd_event_source *tick, *turn, *resend;
	struct netlink *netlink;
	struct control *control;
	struct dataplane *dataplane;
	struct rows *rows;
	struct list_keeper *lists;
	struct tracer *tracer; /* NULL: nobody traces */
	time_t started;
	bool is_behind; /* devices or addresses could not be read; tried again every second */
};

static time_t monotonic_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* ---- what the loop does ---- */

static int follow_addresses(struct daemon *d)
{
	struct ip_addr *addrs = NULL;
	size_t nr = 0;
	int err = netlink_addresses(d->netlink, &addrs, &nr);

	if (!err)
		err = dataplane_set_addresses(d->dataplane, addrs, nr);
	else if (!d->is_behind)
		log_err("cannot read the local addresses: %s; trying again every second",
			strerror(-err));
	free(addrs);
	return err;
}

static int follow_links(struct daemon *d)
{
	struct links links = {};
	int err = netlink_links(d->netlink, &links);

	if (!err)
		dataplane_follow_links(d->dataplane, &links);
	netlink_links_free(&links);
	return err;
}

static void follow_network(struct daemon *d)
{
	int err = follow_links(d) ?: follow_addresses(d);

	d->is_behind = err;
}

static int on_netlink(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct daemon *d = arg;

	(void)source, (void)fd, (void)revents;
	netlink_drain(d->netlink);
	follow_network(d);
	return 0;
}

static void follow_sysctls(struct daemon *d)
{
	struct settings now;

	sysctls_read(&now);
	if (!memcmp(&now, &d->settings, sizeof(now)))
		return;
	sysctls_report(&d->settings, &now);
	d->settings = now;
	dataplane_set_settings(d->dataplane, &now);
}

/* Once more in @usec, counted from now: after a pause nothing is made up for. */
static int again(sd_event_source *source, uint64_t usec)
{
	uint64_t now = 0;

	sd_event_now(sd_event_source_get_event(source), CLOCK_MONOTONIC, &now);
	sd_event_source_set_time(source, now + usec);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void tell_status(const struct daemon *d)
{
	notify_status(rows_nr_armed(d->rows), dataplane_nr_rows(d->dataplane),
		      dataplane_why_not(d->dataplane));
}

static int on_second(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	(void)usec;
	follow_sysctls(d);
	if (d->is_behind)
		follow_network(d);
	dataplane_check(d->dataplane);
	list_keeper_second(d->lists);
	tracer_second(d->tracer);
	tell_status(d);
	return again(source, SECOND_USEC);
}

static int on_turn(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	(void)usec;
	rows_follow(d->rows);
	return again(source, TURN_USEC);
}

static int on_resend(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	(void)usec;
	dataplane_resend(d->dataplane, clock_now_ms());
	return again(source, RESEND_USEC);
}

static void on_attack(void *arg, const json_t *event)
{
	struct daemon *d = arg;

	if (d->control)
		control_publish(d->control, event);
}

/* ---- what the control socket asks ---- */

static int take_snapshot(struct daemon *d, struct snapshot *ret)
{
	int err = dataplane_snapshot(d->dataplane, ret) ?: rows_snapshot(d->rows, ret);

	ret->uptime_seconds = monotonic_seconds() - d->started;
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

/* Returns as reload_config(). Whoever asks is told more; the log has all. */
static int reload_and_say(struct daemon *d, struct config_errors *errors)
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
	int err = reload_and_say(arg, &errors);

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

static void on_trace_end(void *arg)
{
	struct daemon *d = arg;

	d->tracer = tracer_end(d->tracer);
}

static int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
{
	struct daemon *d = arg;
	int err =
		tracer_begin(d->event, d->dataplane, order, publish_packet, d, &d->tracer, ret_why);

	if (err)
		return err;
	*ret = trace_begin_json(d->conf.interfaces, d->conf.nr_interfaces);
	if (*ret)
		return 0;
	on_trace_end(d);
	return -ENOMEM;
}

/* As many clients as the control socket serves, beside the maps and links, are more than the usual
 * soft limit. */
static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- start ---- */

/* As `synward reload`. A closed terminal shall not end protection. */
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct config_errors errors = {};

	(void)source, (void)info;
	reload_and_say(arg, &errors);
	config_errors_free(&errors);
	return 0;
}

static int loop_open(struct daemon *d)
{
	sigset_t stop;
	int err;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGHUP);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	err = sd_event_default(&d->event);
	if (err < 0)
		return err;
	err = sd_event_add_signal(d->event, NULL, SIGTERM, NULL,
				  NULL); /* no handler: leave the loop */
	if (err >= 0)
		err = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
	if (err >= 0)
		err = sd_event_set_watchdog(d->event, true);
	return err;
}

static int attach_all(struct daemon *d)
{
	struct links links = {};
	int err = netlink_links(d->netlink, &links);

	if (err)
		log_err("cannot read which devices there are: %s", strerror(-err));
	for (size_t i = 0; i < d->conf.nr_interfaces && !err; i++)
		err = dataplane_want(d->dataplane, d->conf.interfaces[i], &links);
	netlink_links_free(&links);
	return err ?: follow_addresses(d) ?: dataplane_settle(d->dataplane);
}

static int listen_for_changes(struct daemon *d)
{
	uint64_t now;
	int err = sd_event_add_io(d->event, NULL, netlink_fd(d->netlink), EPOLLIN, on_netlink, d);

	if (err < 0)
		return err;
	sd_event_now(d->event, CLOCK_MONOTONIC, &now);
	err = sd_event_add_time(d->event, &d->turn, CLOCK_MONOTONIC, now + TURN_USEC, 10000,
				on_turn, d);
	if (err >= 0 && dataplane_has_retries(d->dataplane))
		err = sd_event_add_time(d->event, &d->resend, CLOCK_MONOTONIC, now + RESEND_USEC,
					10000, on_resend, d);
	if (err < 0)
		return err;
	return sd_event_add_time(d->event, &d->tick, CLOCK_MONOTONIC, now + SECOND_USEC, 10000,
				 on_second, d);
}

/* The path is made absolute: who asks for it may stand elsewhere. */
static int find_drop_ins(struct daemon *d)
{
	char *path __cleanup(cleanup_free) = d->conf.path ? realpath(d->conf.path, NULL) : NULL;

	if (path && asprintf(&d->drop_in_directory, "%s.d", path) < 0) {
		d->drop_in_directory = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* The control socket comes first: it is what tells a second daemon that it is the second. Whatever
 * fails says why. */
static int start(struct daemon *d)
{
	const struct control_ops ops = {
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
	int err = surroundings_check() ?: find_drop_ins(d);

	if (!err)
		err = control_open(d->event, d->conf.control_socket, &ops, &d->control);
	if (err < 0)
		return err;
	err = netlink_open(&d->netlink);
	if (err) {
		log_err("cannot open rtnetlink: %s", strerror(-err));
		return err;
	}
	sysctls_read(&d->settings);
	sysctls_report(&(struct settings){ .flags = ~0U }, &d->settings);
	err = dataplane_open(&d->conf, &d->settings, &d->dataplane);
	if (!err)
		err = rows_open(&d->conf, d->dataplane, on_attack, d, &d->rows);
	if (!err)
		err = list_keeper_open(&d->conf, d->dataplane, &d->lists);
	if (err)
		return err;
	err = attach_all(d);
	if (err)
		return err;
	d->started = monotonic_seconds();
	err = listen_for_changes(d);
	if (err < 0)
		log_err("cannot start the main loop: %s", strerror(-err));
	return err < 0 ? err : 0;
}

static void stop(struct daemon *d)
{
	d->tick = sd_event_source_unref(d->tick);
	d->turn = sd_event_source_unref(d->turn);
	d->resend = sd_event_source_unref(d->resend);
	rows_close(d->rows);
	on_trace_end(d);
	dataplane_close(d->dataplane);
	list_keeper_close(d->lists);
	netlink_close(d->netlink);
	control_close(d->control);
	sd_event_unref(d->event);
	free(d->drop_in_directory);
	config_free(&d->conf);
}

/* ---- main ---- */

static int run(struct daemon *d)
{
	int err = loop_open(d);

	if (err < 0) {
		log_err("cannot make the main loop: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	if (start(d)) {
		log_err("not started");
		return EXIT_FAILURE;
	}
	tell_status(d);
	notify_ready();
	log_notice("ready");
	err = sd_event_loop(d->event);
	notify_stopping();
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct config_errors errors = {};
	struct options options;
	struct daemon d = {};
	int rc;

	if (options_parse(argc, argv, &options))
		return EXIT_MISUSE;
	if (options.verb == OPTIONS_HELP)
		return options_usage(stdout), EXIT_SUCCESS;
	if (options.verb == OPTIONS_VERSION)
		return puts("synwardd " VERSION), EXIT_SUCCESS;
	if (options_config(&options, &d.conf, &errors)) {
		config_errors_print(&errors, stderr, log_prefix(LOG_ERR));
		config_errors_free(&errors);
		return EXIT_MISUSE;
	}
	if (options.verb == OPTIONS_CHECK) {
		printf("%s: ok\n", options.config_path ?: "command line");
		config_free(&d.conf);
		return EXIT_SUCCESS;
	}
	prctl(PR_SET_DUMPABLE, 0); /* the keys pass through this process */
	raise_fd_limit();
	rc = run(&d);
	stop(&d);
	return rc;
}
