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
#include "daemon.h"
#include "dataplane.h"
#include "list_keeper.h"
#include "log.h"
#include "netlink.h"
#include "notify.h"
#include "options.h"
#include "rows.h"
#include "surroundings.h"
#include "sysctls.h"

#define EXIT_MISUSE 2
#define SECOND_USEC 1000000ULL
#define RESEND_USEC (RESEND_MS * 1000ULL)
#define TURN_USEC 500000ULL /* of the rows: what changes is followed within a second */

/* ---- what the loop does ---- */

static int follow_addresses(struct daemon *d)
{
	struct ip_addr *addrs = NULL;
	size_t nr = 0;
	int err = netlink_addresses(d->netlink, &addrs, &nr);

	if (!err)
		err = dataplane_set_addresses(d->dataplane, addrs, nr);
	else if (!d->lacks_addresses)
		log_err("cannot read the local addresses: %s%s", strerror(-err),
			d->started_ms ? "; trying again every second" : "");
	free(addrs);
	return err;
}

static int follow_links(struct daemon *d)
{
	struct links links = {};
	int err = netlink_links(d->netlink, &links);

	if (!err)
		dataplane_follow_links(d->dataplane, &links);
	else if (!d->lacks_links)
		log_err("cannot read which devices there are: %s; trying again every second",
			strerror(-err));
	netlink_links_free(&links);
	return err;
}

/* Either is followed, whatever is with the other. */
static void follow_network(struct daemon *d)
{
	d->lacks_links = follow_links(d);
	d->lacks_addresses = follow_addresses(d);
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

/* When nothing else is to be done. */
static int on_idle(sd_event_source *source, void *arg)
{
	struct daemon *d = arg;

	if (!dataplane_has_to_count(d->dataplane, clock_now_ms()))
		return 0;
	dataplane_count_piece(d->dataplane, clock_now_ms());
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void daemon_count_if_wanted(struct daemon *d)
{
	if (dataplane_has_to_count(d->dataplane, clock_now_ms()))
		sd_event_source_set_enabled(d->idle, SD_EVENT_ONESHOT);
}

static int on_second(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	(void)usec;
	follow_sysctls(d);
	if (d->lacks_links || d->lacks_addresses)
		follow_network(d);
	dataplane_check(d->dataplane);
	list_keeper_second(d->lists);
	daemon_count_if_wanted(d);
	daemon_trace_second(d);
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
	daemon_reload(arg, &errors);
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

/* All that takes time, or may fail without having changed anything. */
static int prepare(struct daemon *d)
{
	int err = dataplane_open(&d->conf, &d->settings, &d->dataplane);

	if (!err)
		err = rows_open(&d->conf, d->dataplane, on_attack, d, &d->rows);
	if (!err)
		err = list_keeper_open(&d->conf, d->dataplane, &d->lists);
	for (size_t i = 0; i < d->conf.nr_interfaces && !err; i++)
		err = dataplane_want(d->dataplane, d->conf.interfaces[i]);
	return err;
}

/* What may fail comes before what cannot. */
static int tell_all(struct daemon *d)
{
	int err = list_keeper_begin(d->lists) ?: follow_addresses(d);

	if (!err)
		rows_begin(d->rows);
	return err;
}

static int attach_all(struct daemon *d)
{
	struct links links = {};
	int err = netlink_links(d->netlink, &links);

	if (err)
		log_err("cannot read which devices there are: %s", strerror(-err));
	else
		err = dataplane_begin(d->dataplane, &links);
	netlink_links_free(&links);
	return err;
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
	if (err >= 0)
		err = sd_event_add_defer(d->event, &d->idle, on_idle, d);
	if (err < 0)
		return err;
	sd_event_source_set_priority(d->idle, SD_EVENT_PRIORITY_IDLE);
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

/* A program that finds no addresses lets all pass, so those of maps that are new are told first.
 * But on maps that were taken over others are at work, as they were told: should a device be
 * refused now, they go on so, with nothing in them of a daemon that did not start. */
static int begin(struct daemon *d)
{
	const bool is_told_last = dataplane_has_adopted(d->dataplane);
	int err = is_told_last ? 0 : tell_all(d);

	err = err ?: attach_all(d);
	if (!err && is_told_last)
		err = tell_all(d);
	if (!err)
		dataplane_settle(d->dataplane);
	return err;
}

/* The control socket comes first: it is what tells a second daemon that it is the second. Whatever
 * fails says why. */
static int start(struct daemon *d)
{
	const struct control_ops ops = daemon_answers(d);
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
	err = prepare(d) ?: begin(d);
	if (err)
		return err;
	d->started_ms = clock_now_ms();
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
	d->idle = sd_event_source_unref(d->idle);
	rows_close(d->rows);
	daemon_trace_end(d);
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
