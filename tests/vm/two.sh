#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# machines: 2
# timeout: 300
#
# Two machines on a cable: synward on the virtio-net NIC of one, in native mode, the client and the attacker in the
# other. Nothing is shared but the frames: no namespace, no veth, checksums and offloads as the drivers negotiate them.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

ADDRS=(192.0.2.1 2001:db8:1::1)
# The lab's tools, with this machine's own namespace as the server's.
LAB_DIR=$(mktemp -d)
LAB_S=own
ip netns attach "$LAB_S" $$ || exit 1

# The NIC by its MAC, called nic0, with addresses; to be run in either machine.
# shellcheck disable=SC2016 # for the shell that runs it
NIC_UP='
	modprobe virtio_net
	for ((i = 0; i < 100; i++)); do
		dev=$(ip -br link | awk -v mac="$0" "\$3 == mac { print \$1 }")
		[[ -z $dev ]] || break
		sleep 0.1
	done
	ip link set "$dev" name nic0 && ip link set nic0 up &&
		ip addr add "$1/24" dev nic0 && ip addr add "$2/64" dev nic0 nodad'

# remote_load COUNT ADDR ARG... : all are served.
remote_load() {
	local said
	said=$(second "$O/lab/tcpload" --dst "$2" --port 80 --count "$1" --timeout-ms 10000 "${@:3}" -j)
	echo "$said"
	jq -e ".served == $1 and .failed == 0" <<<"$said"
}

# An attacker in the second machine: a namespace of the lab, as the tools want it, bridged to the NIC.
ATTACKER_UP='
	ip netns add synward-lab-attacker &&
		ip link add out type veth peer name cli0 netns synward-lab-attacker &&
		ip link add br0 type bridge && ip link set br0 up && ip link set out up &&
		ip link set out master br0 && ip link set nic0 master br0 &&
		ip addr flush dev nic0 && ip addr add 192.0.2.2/24 dev br0 && ip addr add 2001:db8:1::2/64 dev br0 nodad &&
		ip -n synward-lab-attacker link set cli0 up &&
		ip -n synward-lab-attacker addr add 192.0.2.3/24 dev cli0 &&
		ip -n synward-lab-attacker neigh add 192.0.2.1 lladdr 02:73:79:6e:01:00 dev cli0'

# attack COUNT : SYNs from a source each, that nobody acknowledges.
attack() {
	second nsenter --net=/run/netns/synward-lab-attacker "$O/lab/handshakes" --dev cli0 --spoofed \
		--dst 192.0.2.1 --port 80 --pps 500 --count "$1" -j
}

expect "the second machine listens" second_open
expect "a NIC" bash -c "$NIC_UP" 02:73:79:6e:01:00 "${ADDRS[0]}" "${ADDRS[1]}"
expect "a NIC there" second bash -c "$NIC_UP" 02:73:79:6e:02:00 192.0.2.2 2001:db8:1::2
expect "what is spoofed is routed there" ip route add 198.18.0.0/15 via 192.0.2.2
expect "and over IPv6" ip -6 route add 2001:db8:ffff::/48 via 2001:db8:1::2
measured "driver" "$(ethtool -i nic0 | sed -n 's/^driver: //p'), offloads: $(ethtool -k nic0 |
	grep -E '^(rx-checks|tx-checks|generic-rec|large)' | tr '\n' ' ')"
lab_serve echo --listen :: --port 80 --report
for addr in "${ADDRS[@]}"; do
	expect "in peace: 10 connections, $addr" remote_load 10 "$addr"
done

for mode in native generic; do
	expect "$mode mode" synward_start --interface nic0 --ports 80 --xdp-mode "$mode"
	expect "$mode: says so" status_is ".interfaces[0] | .xdp_mode == \"$mode\" and .path == \"cookie\""
	for addr in "${ADDRS[@]}"; do
		handed=$(reason handoff)
		expect "$mode: 50 connections, $addr" remote_load 50 "$addr"
		expect "$mode: 1 MB each way, $addr" remote_load 1 "$addr" --echo 1048576
		expect "$mode: by cookies, $addr" [ "$(reason handoff)" = $((handed + 51)) ]
	done
	expect "$mode: it stops" synward_stop
	expect "$mode: connections go on" remote_load 5 "${ADDRS[0]}"
done

MODE=auto
expect "auto" synward_start --interface nic0 --ports 80 --xdp-mode native
for addr in "${ADDRS[@]}"; do
	expect "in peace, $addr" remote_load 10 "$addr"
done
expect "by the kernel" status_is '.reasons.handoff == 0 and .services[0].armed == false'
expect "an attacker there" second bash -c "$ATTACKER_UP"
expect "2000 handshakes that nobody finishes" attack 2000
expect "they arm it" status_is '.services[0].armed'
expect "those beyond the threshold are answered with cookies" status_is '.services[0] |
	.kernel_half_open <= .thresholds.half_open and .cookies_sent >= 2000 - .thresholds.half_open'
for addr in "${ADDRS[@]}"; do
	handed=$(reason handoff)
	expect "armed: 50 connections, $addr" remote_load 50 "$addr"
	expect "armed: by cookies, $addr" [ "$(reason handoff)" = $((handed + 50)) ]
done
"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
expect "it stops" synward_stop
guest_end
