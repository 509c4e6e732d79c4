#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.1 6.12
# timeout: 600
#
# The packet table on other kernels: that their verifiers take the programs, and that every verdict is the same. On 6.1
# XDP alone: the TC program needs bpf_sk_assign_tcp_reqsk(), so its rows are left out there, and said to be.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

# The table has cookies of the epochs before, and this machine has just been switched on.
is_old_enough() { (($(cut -d. -f1 /proc/uptime) > 132)); }

packets() {
	"$O/prog/test_packets" --other-kernel >/run/packets 2>&1
	local status=$?
	grep '^not on this kernel' /run/packets | sed 's/^/# /' >/run/left-out
	grep -v '^not on this kernel' /run/packets
	return "$status"
}

if [[ $KERNEL != 6.1 ]]; then
	modprobe tun
	expect "random mutants, beside a reference and the kernel's own stack" "$O/prog/test_mutants"
fi
expect "the clock has epochs before" lab_wait_for "them" 150 is_old_enough
expect "the packet table" packets
cat /run/left-out
measured "the packet table" "$(tail -n 1 /run/packets), $(wc -l </run/left-out) rows not on this kernel"
if [[ $KERNEL == 6.1 ]]; then
	expect "no row but those of the hand-off and of echoed times is left out" refuse \
		grep -vE 'bpf_sk_assign_tcp_reqsk|echoed time' /run/left-out
else
	expect "no row but those of echoed times is left out" refuse grep -v 'echoed time' /run/left-out
fi
guest_end
