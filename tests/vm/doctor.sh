#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12 6.1
# timeout: 600
#
# `synward doctor` on other kernels: that its handshake goes through, whose metadata must survive the way from XDP to
# TC; what NAT does there to a hand-off; and VLAN devices whose tags XDP may not see. On a kernel without the hand-off:
# that it says what is done instead.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

doctor() { "$O/synward" --socket "$SOCKET" -j doctor >"$LAB_DIR/doctor"; }

# check_is NAME STATUS [WORDS]
check_is() {
	[[ -s $LAB_DIR/doctor ]] || return 1 # of nothing, jq says that it is true
	jq -e --arg name "$1" --arg status "$2" --arg words "${3:-}" 'any(.checks[]; .name == $name and
		.status == $status and (.detail + " " + (.remedy // "") | contains($words)))' "$LAB_DIR/doctor" ||
		{ jq -r '.checks[] | "\(.status) \(.name): \(.detail) -> \(.remedy)"' "$LAB_DIR/doctor" && false; }
}

goes_through() {
	check_is "self-test default:80 srv0 IPv4" ok && check_is "self-test default:80 srv0 IPv6" ok
}

lab_up 2 || exit 1
modprobe -a 8021q nf_tables nft_ct nft_chain_nat nft_redir nf_conntrack nft_limit
lab_serve echo --listen :: --port 80

if [[ $(uname -r) == 6.1.* ]]; then
	MODE=auto
	expect "synwardd starts" synward_start --interface srv0 --ports 80
	doctor
	expect "it says what is done instead" check_is "interface srv0" warn "bpf_sk_assign_tcp_reqsk"
	expect "and what would help" check_is net.ipv4.tcp_syncookies warn "tcp_syncookies=2"
	expect "timestamps, too" check_is net.ipv4.tcp_timestamps warn "tcp_timestamps=2"
	lab_sysctl s net.ipv4.tcp_syncookies=2 net.ipv4.tcp_timestamps=2
	sleep 1.5 # they are read every second
	expect "with them it is effective" doctor
	expect "the handshake goes through, by the kernel's own cookies" goes_through
	jq -r '.checks[] | "\(.status) \(.name): \(.detail)"' "$LAB_DIR/doctor" | sed 's/^/# /'
	guest_end
fi

for xdp in native generic; do
	for MODE in always auto; do
		[[ $xdp == native ]] || lab_gro on
		expect "$xdp, $MODE: synwardd starts" synward_start --interface srv0 --ports 80 --xdp-mode "$xdp"
		expect "$xdp, $MODE: effective" doctor
		expect "$xdp, $MODE: the handshake goes through" goes_through
		expect "$xdp, $MODE: it stops" synward_stop
	done
done

MODE=always
expect "synwardd starts" synward_start --interface srv0 --ports 80
expect "NAT of another port" lab_s nft -f - <<-'END'
	table inet n {
		chain pre {
			type nat hook prerouting priority -100
			tcp dport 81 redirect to :82
		}
	}
END
doctor
if grep -q nf_nat_ipv6_local_in /proc/kallsyms; then
	measured "NAT on this kernel" "takes the socket away"
	expect "that it is harmful is named" check_is "firewall default:80" fail notrack
	expect "and the handshake shows it" check_is "self-test default:80 srv0 IPv4" fail
else
	measured "NAT on this kernel" "leaves the socket alone"
	expect "no harm is named" check_is "firewall default:80" ok
	expect "and there is none" goes_through
fi
lab_s nft flush ruleset

expect "VLAN devices" tagged "$LAB_S" srv0 1
lab_s ethtool -K srv0 rxvlan on
measured "rxvlan" "$(lab_s ethtool -k srv0 | grep rx-vlan-offload)"
doctor
expect "tags that XDP may not see are named" check_is "vlan srv0" warn "ethtool -K srv0 rxvlan off"
expect "and an MTU that is less" check_is "mtu srv0" ok
ip -n "$LAB_S" link set srv0.100 mtu 1400
doctor
expect "of a VLAN device" check_is "mtu srv0.100" warn "ip link set srv0.100 mtu 1500"
guest_end
