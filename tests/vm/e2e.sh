#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.1 6.12
# timeout: 1500
# with 6.12: reuse handoff
# with 6.12: listeners sockopts
# with 6.12: first-ack auto:first-ack stay auto:stay
# with 6.12: stray arm
# with 6.1: kernelcookie
#
# End-to-end tests on other kernels than the one at hand. Those are chosen in which the kernel's own part decides: how
# a handshake ends and is handed over, which listeners there are, which sockets it still holds, what it answers itself,
# when it is armed; a few of them in mode auto, too. A program starts ten times as slowly in an emulated machine, so
# that each file takes a minute or two. Left out are
#   - the daemon and its command line, the same code on every kernel: daemon, start, verbs, tuning, events, edges,
#     slow, clients, lists, cap, memory, control, faults; doctor and blackhole, of which doctor.sh and netfilter.sh see
#     the kernel's part;
#   - clients who give up by the clock: queue, halfopen, live, flood, restart, resend, outofstate. cookie.sh, lossy.sh
#     and two.sh look at the same at the machine's own pace;
#   - what other scripts do on these kernels: options, synack (cookie.sh), kernelcookie on 6.12 (kernel-cookie.sh),
#     frames, paths (vlan.sh, lossy.sh), netfilter (netfilter.sh), packets, fib (the packet table, prog.sh).
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"
export LAB_BIN=$O/lab

# Tests that are not for here. An upper bound of a time, which cookie.sh and lossy.sh have as this machine keeps it; a
# client's patience; and what 6.1 has no second way for.
LEFT_OUT=("the server sees the true round-trip time" "data after an accept queue drop is accepted once there is room")
[[ $KERNEL != 6.1 ]] || LEFT_OUT+=("a listener of each kind, on two ports")

# names FILE : of its tests that are for here, as one regular expression.
names() {
	sed -nE 's/^@test "(.*)" \{$/\1/p' "$1" | grep -vxFf <(printf '%s\n' "${LEFT_OUT[@]}") |
		sed 's/[][().*+?^$|{}\\]/\\&/g' | paste -sd '|' | sed 's/.*/^(&)$/'
}

# passes [auto:]FILE : each of its tests, of which there are some, and none is skipped.
passes() {
	local file=$guest_root/tests/e2e/${1#auto:}.bats mode=always
	[[ $1 != auto:* ]] || mode=auto-armed
	MODE=$mode bats --tap --filter "$(names "$file")" "$file" >/run/tap 2>&1 && grep -q '^ok ' /run/tap &&
		! grep '^ok .*# skip' /run/tap
}

for name in "$@"; do
	began=$SECONDS
	expect "e2e $name" passes "$name"
	sed 's/^/    /' /run/tap
	measured "e2e $name" "$(grep -c '^ok ' /run/tap) tests, $((SECONDS - began)) s"
done
guest_end
