#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# nics: 2
# nic: vmxnet3
# timeout: 300
#
# A NIC that can merge packets before XDP sees them (LRO): doctor tells while it does. And by the way another driver
# with an XDP of its own.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

nic() { # nic NS NAME MAC_END : the NIC goes to a namespace
	local dev
	dev=$(ip -br link | awk -v mac="02:73:79:6e:01:0$3" '$3 == mac { print $1 }')
	ip link set "$dev" down && ip link set "$dev" name "$2" netns "$1"
}

synward() { "$O/synward" --socket "$SOCKET" "$@"; }

# doctor_says STATUS WORDS : of what merges on nic0.
doctor_says() {
	synward doctor --no-self-test >"$LAB_DIR/doctor"
	grep -E "^$1 +merging nic0 +$2" "$LAB_DIR/doctor"
}

lro_is() { lab_s ethtool -k nic0 | grep -E "^large-receive-offload: $1"; }

lab_up 2 || exit 1
modprobe vmxnet3
lab_wait_for "the NICs" 10 eval "ip -br link | grep -q 02:73:79:6e:01:01"
expect "a NIC for the server" nic "$LAB_S" nic0 0
expect "a NIC for the client" nic "$LAB_C" nic1 1
expect "addresses" addressed "$LAB_S" nic0 192.0.0.1/24 2001:db8:66::1/64
expect "addresses of the client" addressed "$LAB_C" nic1 192.0.0.2/24 2001:db8:66::2/64
lab_serve echo --listen :: --port 80
expect "in peace: 10 connections" serves 10 192.0.0.1
measured "driver" "$(lab_s ethtool -i nic0 | sed -n 's/^driver: //p'), $(lab_s ethtool -k nic0 | grep -E '^(large|rx-gro-hw)' | tr '\n' ' ')"
expect "it is called otherwise" ip -n "$LAB_S" link set nic0 name nic9
expect "it starts, and waits" synward_start --interface nic0 --ports 80
expect "left alone" synward detach nic0
expect "there it is" ip -n "$LAB_S" link set nic9 name nic0
expect "seen" lab_wait_for "the device" 10 doctor_says "[a-z]+" ""
expect "LRO is on" lro_is on
expect "doctor tells" doctor_says warn "LRO is on"
expect "what to type" grep -F "ethtool -K nic0 lro off && synward detach nic0 && synward attach nic0" "$LAB_DIR/doctor"
expect "as it says" lab_s ethtool -K nic0 lro off
expect "attached" synward attach nic0
expect "in the driver" status_is '.interfaces[0] | .state == "attached" and .xdp_mode == "native"'
expect "doctor is content" doctor_says ok "no packets are merged"
handed=$(reason handoff)
expect "20 connections" serves 20 192.0.0.1
expect "by cookies" [ "$(reason handoff)" = $((handed + 20)) ]
dmesg | grep -i vmxnet3 | tail -n 5 | sed 's/^/# dmesg: /'
sed 's/^/# /' "$LAB_DIR/synwardd.err"
expect "it stops" synward_stop
guest_end
