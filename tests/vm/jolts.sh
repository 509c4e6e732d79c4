#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12 6.1
# timeout: 300
#
# What may not be done to a machine that others use: somebody sets its date a day forward and two days back, and takes a
# CPU away and gives it back, while SYNs are answered with cookies. Clients come all the while, and none of them fails.
set -uo pipefail
export LAB_CLIENT_CPU=0 # the one that stays
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

clients_begin() {
	local f=$1
	lab_spawn "clients$f" lab_c "$LAB_BIN/tcpload" --dst "$2" --port 80 --seconds 3600 --pause-ms 20 --timeout-ms 10000 -j
}

clients_end() {
	lab_signal "clients$1" TERM && lab_wait "clients$1" 20
	jq -e '.served > 0 and .failed == 0' "$LAB_DIR/clients$1.out" || { cat "$LAB_DIR/clients$1.out" && false; }
}

valid_above() { (($(count cookies_valid) >= $1)); }
goes_on() { lab_wait_for "20 more cookies" 60 valid_above $(($(count cookies_valid) + 20)); }
day_is() { [[ $(date -u +%F) == "$1" ]]; }
listed_for() { # listed_for MIN MAX: seconds that are left to the prefix
	"$O/synward" --socket "$SOCKET" -j deny list | jq -e --argjson min "$1" --argjson max "$2" '
		.entries | length == 1 and .[0].expires_seconds > $min and .[0].expires_seconds <= $max'
}
cpu() { echo "$1" >/sys/devices/system/cpu/cpu1/online && [[ $(nproc --all) == 2 ]]; } # cpu 0|1

lab_up 2 || exit 1
# On a kernel without the hand-off it is the kernel's own cookies.
lab_sysctl s net.ipv4.tcp_syncookies=2 net.ipv4.tcp_timestamps=2
lab_serve echo --listen :: --port 80
expect "synwardd starts" synward_start --interface srv0 --ports 80 || guest_end
expect "a prefix is denied for an hour" "$O/synward" --socket "$SOCKET" deny add 203.0.113.0/24 --for 1h
clients_begin 4 "$LAB_SRV4"
clients_begin 6 "$LAB_SRV6"
expect "clients are served by cookies" goes_on

today=$(date -u +%F)
for days in "1 day" "-2 days" "1 day"; do
	then=$(date -u +%F -d "$days")
	date -s "$days" >/dev/null
	expect "the date is moved by $days" day_is "$then"
	expect "clients are served by cookies" goes_on
	expect "a prefix stays denied as long as it was to be" listed_for 3000 3600
done
expect "it is today again" day_is "$today"

expect "a CPU goes" cpu 0
expect "clients are served by cookies" goes_on
expect "the daemon tells of its services" status_is '.services[0].armed and .services[0].served > 0'
expect "it comes back" cpu 1
expect "clients are served by cookies" goes_on
expect "none failed by IPv4" clients_end 4
expect "none failed by IPv6" clients_end 6
expect "nothing was noticed" refuse synward_said "detached|behind|cannot"
expect "it stops" synward_stop
guest_end
