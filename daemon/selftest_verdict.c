// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stage by stage: how bad it is, the words, and the command that helps or shows more.
 */
#include "selftest_verdict.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "json.h"
#include "names.h"

struct verdict {
	const char *status;
	char *detail, *remedy; /* to be freed; NULL: none */
};

__attribute__((format(printf, 2, 3))) static void say(char **ret, const char *format, ...)
{
	va_list args;

	free(*ret);
	va_start(args, format);
	if (vasprintf(ret, format, args) < 0)
		*ret = NULL;
	va_end(args);
}

/* The reason's own words. */
static const char *words_of(const struct selftest_seen *seen)
{
	const struct reason_words *words = reason_words(seen->reason);

	return words ? words->text : "no counter says why";
}

static void not_tried(const struct selftest_order *order, const struct selftest_seen *seen,
		      struct verdict *ret)
{
	ret->status = "skip";
	if (seen->error == -ENOENT)
		say(&ret->detail, "%s has no %s address of this service", order->interface,
		    order->is_v6 ? "IPv6" : "IPv4");
	else if (seen->error)
		say(&ret->detail, "it could not be made: %s", strerror(-seen->error));
	else
		say(&ret->detail, "mode %s answers no SYN", svc_mode_name(seen->mode));
	/* Needed for the test, and not for protection: but then nobody knows. */
	if (seen->error && seen->error != -ENOENT)
		ret->status = "warn";
}

bool selftest_is_harmless(enum reason reason)
{
	switch (reason) {
	case SYN_NO_LISTENER:
	case SYN_NO_LISTENER_DROP:
	case SYN_MPTCP:
	case SYN_KERNEL_QUEUE:
	case SYN_KNOWN:
	case SYN_ALLOWED:
	case SYN_DENIED:
	case SYN_OVER_CAP:
	case SYN_ACCEPTQ_FULL:
	case SYN_NO_NEIGHBOUR:
		return true;
	default:
		return false;
	}
}

static void answer_remedy(const struct selftest_order *order, const struct selftest_seen *seen,
			  char **ret)
{
	char client[INET6_ADDRSTRLEN];

	switch (seen->reason) {
	case SYN_NO_LISTENER:
	case SYN_NO_LISTENER_DROP:
	case SYN_ACCEPTQ_FULL:
		return say(ret, "ss -ltnp 'sport = :%u'", order->port);
	case SYN_KERNEL_QUEUE:
		return say(ret, "sysctl -w net.ipv4.tcp_syncookies=2");
	case SYN_COOKIES_OFF:
		return say(ret, "sysctl -w net.ipv4.tcp_syncookies=1");
	case SYN_ALLOWED:
		return say(ret, "synward allow list");
	case SYN_DENIED:
		return say(ret, "synward deny list");
	case SYN_TC_NOT_LIVE:
		return say(ret, "bpftool net show dev %s", order->interface);
	case SYN_FIB_OFF:
		return say(ret, "sysctl -w net.%s.conf.lo.forwarding=1",
			   order->is_v6 ? "ipv6" : "ipv4");
	case SYN_NO_ROUTE:
	case SYN_NO_NEIGHBOUR:
		return say(ret, "ip route get %s", address_text(&seen->client, client));
	default:
		return;
	}
}

static void no_answer(const struct selftest_order *order, const struct selftest_seen *seen,
		      struct verdict *ret)
{
	ret->status = selftest_is_harmless(seen->reason) ? "warn" : "fail";
	say(&ret->detail, "the SYN was not answered: %s", words_of(seen));
	answer_remedy(order, seen, &ret->remedy);
}

static void not_taken(const struct selftest_order *order, const struct selftest_seen *seen,
		      struct verdict *ret)
{
	if (seen->reason == NR_REASONS) {
		say(&ret->detail, "the ACK was valid, but the TC half did not see it: another "
				  "program on the device takes it first");
		say(&ret->remedy, "bpftool net show dev %s", order->interface);
		return;
	}
	say(&ret->detail, "the ACK was valid, but the kernel took no hand-off: %s", words_of(seen));
	say(&ret->remedy, "sysctl net.ipv4.tcp_syncookies net.ipv4.tcp_timestamps "
			  "net.ipv4.tcp_sack net.ipv4.tcp_window_scaling");
}

static void no_socket(const struct selftest_seen *seen, struct verdict *ret)
{
	if (seen->has_no_diag) {
		ret->status = "warn";
		say(&ret->detail, "the handshake was handed to the listener; whether it arrived "
				  "cannot be seen without tcp_diag");
		say(&ret->remedy, "modprobe tcp_diag");
		return;
	}
	if (!seen->is_certain) {
		ret->status = "warn";
		say(&ret->detail, "the handshake was handed to the listener, but no connection "
				  "appeared; that may be the test's own doing, because the device "
				  "has no subnet to make a client of");
		return;
	}
	say(&ret->detail, "the handshake was handed to the listener, but no connection appeared: "
			  "something between the TC half and the listener drops it, most probably "
			  "netfilter");
	say(&ret->remedy, "nft list ruleset; iptables-save; nstat -az TcpExtListenDrops");
}

static void decide(const struct selftest_order *order, const struct selftest_seen *seen,
		   struct verdict *ret)
{
	ret->status = "fail";
	switch (seen->stage) {
	case SELFTEST_NOT_TRIED:
		return not_tried(order, seen, ret);
	case SELFTEST_NO_ANSWER:
		return no_answer(order, seen, ret);
	case SELFTEST_BAD_ANSWER:
		return say(&ret->detail, "the SYN-ACK is wrong: %s", seen->wrong);
	case SELFTEST_NOT_NOTED:
		return say(&ret->detail, "the SYN was answered, but not the ACK: %s",
			   words_of(seen));
	case SELFTEST_NOT_TAKEN:
		return not_taken(order, seen, ret);
	case SELFTEST_NO_SOCKET:
		return no_socket(seen, ret);
	case SELFTEST_CONNECTED:
		ret->status = "ok";
		say(&ret->detail, "a handshake went all the way to the listener%s%s",
		    seen->is_kernel_cookie ? ", by a cookie of the kernel's" : "",
		    seen->is_left ? "; its connection is still there, and ends by itself" : "");
	}
}

json_t *selftest_verdict(const struct selftest_order *order, const struct selftest_seen *seen)
{
	static const char *const stages[] = {
		[SELFTEST_NOT_TRIED] = "none",       [SELFTEST_NO_ANSWER] = "syn",
		[SELFTEST_BAD_ANSWER] = "syn_ack",   [SELFTEST_NOT_NOTED] = "ack",
		[SELFTEST_NOT_TAKEN] = "noted",      [SELFTEST_NO_SOCKET] = "handed_off",
		[SELFTEST_CONNECTED] = "connection",
	};
	char server[INET6_ADDRSTRLEN], client[INET6_ADDRSTRLEN], name[REASON_NAME_SIZE];
	struct verdict verdict = { 0 };
	bool is_tried = seen->stage != SELFTEST_NOT_TRIED;
	json_t *object;

	decide(order, seen, &verdict);
	object = json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?}", "stage", stages[seen->stage],
			   "status", verdict.status, "source",
			   is_tried ? address_text(&seen->client, client) : NULL, "destination",
			   is_tried ? address_text(&seen->server, server) : NULL, "reason",
			   seen->reason < NR_REASONS ? reason_name(seen->reason, name) : NULL,
			   "detail", verdict.detail, "remedy", verdict.remedy);
	free(verdict.detail);
	free(verdict.remedy);
	return object;
}
