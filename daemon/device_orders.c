// SPDX-License-Identifier: GPL-2.0-only
#include "device_orders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "refuse.h"

/* ---- attach ---- */

static int no_such_device(char **ret_why, const char *name)
{
	return refuse(ret_why, -EINVAL, "there is no device '%s'; 'ip link' lists those there are",
		      name);
}

/* What cannot be, before anything is done. */
static int check_attach(const struct device_orders *orders, const struct links *links,
			const char *name, __u32 seconds, char **ret_why)
{
	struct device_look look;

	if (!dataplane_find_device(orders->dataplane, name, &look))
		return link_by_name(links, name) ? 0 : no_such_device(ret_why, name);
	if (seconds && !look.is_present)
		return refuse(ret_why, -EPERM,
			      "%s is not there, so there is nothing to confirm yet; without "
			      "--confirm it is attached as soon as it is",
			      name);
	if (seconds && look.state == DEVICE_ATTACHED && !look.is_unconfirmed)
		return refuse(ret_why, -EPERM,
			      "%s is attached already, so there is nothing to take back", name);
	return 0;
}

static int failed(char **ret_why, const char *name, int err, const char *why)
{
	if (why[0])
		return refuse(ret_why, -EPERM, "%s", why);
	if (err == -ENOSPC)
		return refuse(ret_why, err,
			      "%s cannot be attached: there are %d devices already, or the kernel "
			      "refuses the programs; synwardd's log says which",
			      name, DEVS_MAX);
	return refuse(ret_why, err, "%s cannot be attached: %s", name, strerror(-err));
}

/* What an operator would write so that it is there at the next start. NULL when memory is short. */
static char *keep_line(const struct config *conf, const char *name)
{
	const char *blank = conf->path ? " " : ",";
	char *line = NULL, *more;

	for (size_t i = 0; i < conf->nr_interfaces; i++) {
		if (asprintf(&more, "%s%s%s", line ?: "", line ? blank : "", conf->interfaces[i]) <
		    0)
			more = NULL;
		free(line);
		line = more;
	}
	if (asprintf(&more, "%s%s%s%s%s%s", conf->path ? "interfaces = " : "--interface ",
		     line ?: "", blank, name, conf->path ? " in " : "", conf->path ?: "") < 0)
		more = NULL;
	free(line);
	return more;
}

static json_t *attached_json(const struct device_orders *orders, const char *name)
{
	char *keep __cleanup(cleanup_free) = NULL;
	struct device_look look;

	if (!dataplane_find_device(orders->dataplane, name, &look))
		return NULL;
	if (!look.is_in_config)
		keep = keep_line(orders->conf, name);
	return json_pack("{s:s, s:s, s:s?}", "state", device_state_name(look.state), "xdp_mode",
			 look.xdp_mode ?: "none", "keep", keep);
}

int device_orders_attach(const struct device_orders *orders, const char *name, __u32 seconds,
			 json_t **ret, char **ret_why)
{
	struct links links __cleanup(netlink_links_free) = {};
	char why[RUNG_CAUSE_SIZE];
	int err = netlink_links(orders->netlink, &links);

	if (err)
		return refuse(ret_why, err, "cannot read which devices there are: %s; try again",
			      strerror(-err));
	err = check_attach(orders, &links, name, seconds, ret_why);
	if (err)
		return err;
	err = dataplane_attach(orders->dataplane, name, &links, seconds, why);
	if (err)
		return failed(ret_why, name, err, why);
	*ret = attached_json(orders, name);
	return *ret ? 0 : -ENOMEM;
}

/* ---- confirm and detach ---- */

static int names_json(const struct device_names *names, json_t **ret)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names->nr; i++)
		json_array_append_new(array, json_string(names->name[i]));
	*ret = json_pack("{s:o}", "interfaces", array);
	return *ret ? 0 : -ENOMEM;
}

int device_orders_confirm(const struct device_orders *orders, json_t **ret, char **ret_why)
{
	struct device_names names;

	dataplane_confirm(orders->dataplane, &names);
	if (!names.nr)
		return refuse(ret_why, -EPERM,
			      "nothing waits to be confirmed: it was taken back already, or not "
			      "attached with 'synward attach DEV --confirm 60s'");
	return names_json(&names, ret);
}

/* To detach what is not attached is done, but not what is no device at all. */
int device_orders_detach(const struct device_orders *orders, const char *name, json_t **ret,
			 char **ret_why)
{
	struct device_names names = {};
	struct device_look look;

	if (!name || dataplane_find_device(orders->dataplane, name, &look)) {
		dataplane_detach(orders->dataplane, name, &names);
	} else {
		struct links links __cleanup(netlink_links_free) = {};

		if (!netlink_links(orders->netlink, &links) && !link_by_name(&links, name))
			return no_such_device(ret_why, name);
	}
	return names_json(&names, ret);
}
