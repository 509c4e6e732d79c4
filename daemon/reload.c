// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be refused comes first, what can fail next and can be taken back, what cannot fail last.
 */
#include "reload.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "config_values.h"

struct address_list {
	struct ip_addr *addrs;
	size_t nr;
};

/* Both configs have the same services. Their names stay where they are: rows and events refer to
 * them. */
static void swap_configs(struct config *one, struct config *other)
{
	struct config was = *one;

	for (size_t i = 0; i < one->nr_services; i++) {
		char *name = one->services[i].name;

		one->services[i].name = other->services[i].name;
		other->services[i].name = name;
	}
	*one = *other;
	*other = was;
}

/* @next has what was in force when this returns, unless it failed. */
static int take_addresses(const struct reload *reload, struct config *next,
			  const struct address_list *local)
{
	int err;

	swap_configs(reload->conf, next);
	err = dataplane_set_addresses(reload->dataplane, local->addrs, local->nr);
	if (!err)
		return 0;
	swap_configs(reload->conf, next);
	dataplane_set_addresses(reload->dataplane, local->addrs, local->nr);
	return err;
}

static int take_all(const struct reload *reload, struct config *next, struct config_errors *errors)
{
	const struct config_place place = { NULL, 0, errors };
	char *why __cleanup(cleanup_free) = NULL;
	struct address_list local = {};
	int err = netlink_addresses(reload->netlink, &local.addrs, &local.nr);

	if (err) {
		config_complain(&place, "the local addresses cannot be read: %s; try again",
				strerror(-err));
		return err;
	}
	err = list_keeper_reload(reload->lists, next, &why);
	if (err) {
		config_complain(&place, "the allow and deny lists stay as they were: %s",
				why ?: strerror(-err));
	} else {
		err = take_addresses(reload, next, &local);
		if (err) {
			config_complain(&place, "the addresses cannot be protected: %s",
					err == -ENOSPC ? "they are too many; name fewer" :
							 strerror(-err));
			list_keeper_reload(reload->lists, reload->conf, &why);
		}
	}
	free(local.addrs);
	return err;
}

int reload_config(const struct reload *reload, struct config_errors *errors)
{
	const struct config_place place = { NULL, 0, errors };
	struct config next __cleanup(config_free) = {};
	int err;

	if (!reload->conf->path) {
		config_complain(&place, "synwardd was started with --interface and has no config "
					"file to read again; restart it for another configuration");
		return -EPERM;
	}
	err = config_load(reload->conf->path, &next, errors);
	if (!err)
		err = config_check_reload(reload->conf, &next, errors);
	if (!err)
		err = take_all(reload, &next, errors);
	if (err == -ENOMEM && !errors->nr_lines)
		config_complain(&place, "no memory to read the config; try again");
	if (err)
		return err;
	dataplane_follow_config(reload->dataplane);
	rows_follow_config(reload->rows);
	return 0;
}
