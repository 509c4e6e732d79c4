/* SPDX-License-Identifier: GPL-2.0-only */
/* How many hook runs order.bpf.c can write down. */
#ifndef LAB_ORDER_H
#define LAB_ORDER_H

#define ORDER_MAX 256

#endif
