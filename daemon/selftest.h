/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The self-test: one handshake of a client who is made up, through the real path: XDP, TC,
 * netfilter, the listener. The application sees a connection that is reset at once.
 */
#ifndef SYNWARD_SELFTEST_H
#define SYNWARD_SELFTEST_H

#include "rows.h"
#include "selftest_verdict.h"

/*
 * To @service at @port, by @interface, of one family. It takes some milliseconds, and 300 where it
 * fails; the caller waits. A row that is not armed is armed for that time. The reply for the
 * control socket is in *ret. Logs that it is made. Returns 0; -EINVAL with a line in *ret_why, to
 * be freed (a word is wrong); or another -errno.
 */
int selftest_run(struct rows *rows, const struct selftest_order *order, json_t **ret,
		 char **ret_why);

#endif
