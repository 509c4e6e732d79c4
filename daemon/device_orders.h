/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator's orders about devices: attach, confirm, detach. What is refused and in which words,
 * and what is answered, is decided here; what becomes of a device in dataplane_devices.c.
 */
#ifndef SYNWARD_DEVICE_ORDERS_H
#define SYNWARD_DEVICE_ORDERS_H

#include <jansson.h>

#include "config.h"
#include "dataplane.h"
#include "netlink.h"

struct device_orders {
	const struct config *conf;
	struct netlink *netlink;
	struct dataplane *dataplane;
};

/* As the callbacks of control.h. */
int device_orders_attach(const struct device_orders *orders, const char *name, __u32 seconds,
			 json_t **ret, char **ret_why);
int device_orders_confirm(const struct device_orders *orders, json_t **ret, char **ret_why);
int device_orders_detach(const struct device_orders *orders, const char *name, json_t **ret,
			 char **ret_why);

#endif
