/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a self-test's outcome means for the operator. Pure.
 */
#ifndef SYNWARD_SELFTEST_VERDICT_H
#define SYNWARD_SELFTEST_VERDICT_H

#include <jansson.h>
#include <stdbool.h>

#include "abi.h"
#include "config.h"
#include "reasons.h"

/* What is to be tested. */
struct selftest_order {
	const char *interface, *service;
	__u16 port;
	bool is_v6;
};

enum selftest_stage {
	SELFTEST_NOT_TRIED,  /* `error` says why: 0 for a mode that answers nothing */
	SELFTEST_NO_ANSWER,  /* the SYN was not answered; `reason` says why */
	SELFTEST_BAD_ANSWER, /* `wrong` says what is wrong with the SYN-ACK */
	SELFTEST_NOT_NOTED,  /* the ACK was refused by XDP; `reason` */
	SELFTEST_NOT_TAKEN,  /* noted by XDP, but not handed off; `reason` if TC gave one */
	SELFTEST_NO_SOCKET,  /* handed off, but no connection appeared */
	SELFTEST_CONNECTED,
};

/* What was seen of one. */
struct selftest_seen {
	enum selftest_stage stage;
	int error; /* -errno where the test itself failed, else 0 */
	enum svc_mode mode;
	struct ip_addr server, client;
	bool is_certain;       /* such a client would come in by the device */
	bool is_kernel_cookie; /* answered with one of the kernel's */
	enum reason reason;    /* NR_REASONS: none is known */
	const char *wrong;
	bool has_no_diag; /* the kernel cannot be asked for connections */
	bool is_left;     /* the connection could not be ended */
};

/* Did the SYN go to the kernel for a cause that is nobody's fault, or the test's own? */
bool selftest_is_harmless(enum reason reason);

/* {stage, status: ok, warn, fail or skip, source, destination, reason, detail, remedy}; NULL when
 * memory is short. */
json_t *selftest_verdict(const struct selftest_order *order, const struct selftest_seen *seen);

#endif
