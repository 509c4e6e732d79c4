#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.1 6.12
# timeout: 1500
# with 6.12: options reuse
# with 6.12: listeners sockopts packets
# with 6.12: first-ack auto:first-ack handoff stay auto:stay
# with 6.12: stray kernelcookie arm
# with 6.1: kernelcookie
#
# End-to-end tests on other kernels than the one at hand. Those are chosen in which the kernel's own part decides: how
# a handshake ends and is handed over, what is negotiated, which listeners there are, which sockets it still holds,
# what it answers itself, when it is armed. A program starts ten times as slowly in an emulated machine, so that each
# file takes minutes; left out are those about the daemon and its command line (daemon, start, verbs, tuning, events,
# edges, slow, clients, lists, cap, doctor, blackhole: the same code on every kernel; doctor.sh and netfilter.sh look at
# what is not), and those whose clients give up by the clock (queue, halfopen, live, flood, restart, resend, serverfirst:
# cookie.sh, lossy.sh and two.sh see the same at the machine's own pace). synack is in cookie.sh, VLANs are in vlan.sh.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"
export LAB_BIN=$O/lab

# Tests that are not for here: an upper bound of a time, which cookie.sh and lossy.sh have as this machine keeps it.
LEFT_OUT=("the server sees the true round-trip time" "the first RTT is the true one, in generic mode and with data too")

# names FILE : of its tests that are for here, as one regular expression.
names() {
	local name
	sed -nE 's/^@test "(.*)" \{$/\1/p' "$1" | grep -vxFf <(printf '%s\n' "${LEFT_OUT[@]}") |
		sed 's/[][().*+?^$|{}\\]/\\&/g' | paste -sd '|' | sed 's/.*/^(&)$/'
}

# passes [auto:]FILE : each of its tests, and none is skipped.
passes() {
	local file=$guest_root/tests/e2e/${1#auto:}.bats mode=always
	[[ $1 != auto:* ]] || mode=auto-armed
	MODE=$mode bats --tap --filter "$(names "$file")" "$file" >/run/tap 2>&1 && ! grep '^ok .*# skip' /run/tap
}

for name in "$@"; do
	began=$SECONDS
	expect "e2e $name" passes "$name"
	sed 's/^/    /' /run/tap
	measured "e2e $name" "$(grep -c '^ok ' /run/tap) tests, $((SECONDS - began)) s"
done
guest_end
