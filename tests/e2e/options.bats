#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A connection made through synward is as good as one made in peace: what the kernel says of the
# accepted socket is compared with what it says of one that synward had nothing to do with.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

# The client's sysctls that differ from the kernel's defaults. Not here: no timestamps and no SACK, but a window
# scale. That is the nearest profile's, which has none.
client_variants=(
	"defaults"
	"timestamps=0" "sack=0" "window_scaling=0" "ecn=1"
	"timestamps=0 window_scaling=0" "sack=0 window_scaling=0"
	"sack=0 ecn=1" "timestamps=0 sack=0 window_scaling=0"
)

# The kernel's defaults, whatever the machine's administrator prefers.
sysctls_reset() {
	lab_sysctl "$1" net.ipv4.tcp_timestamps=1 net.ipv4.tcp_sack=1 \
		net.ipv4.tcp_window_scaling=1 net.ipv4.tcp_ecn=2
}

# sysctls_set s|c VARIANT
sysctls_set() {
	local word
	sysctls_reset "$1"
	[[ $2 != defaults ]] || return 0
	for word in $2; do
		lab_sysctl "$1" "net.ipv4.tcp_$word"
	done
}

# negotiated: what the server's kernel says of one connection, without what differs from one to the next.
negotiated() {
	report_of accept all_served "$f" 1 |
		jq -cS 'del(.event, .peer_port, .rtt_us, .min_rtt_us, .retransmits)'
}

# As many lines as there are connections, each with its variant; in peace and under synward alike.
negotiate_all() {
	local file=$1 variant f
	sysctls_reset s
	for variant in "${client_variants[@]}"; do
		sysctls_set c "$variant"
		for f in "${families[@]}"; do
			echo "client with $variant, IPv$f: $(negotiated)"
		done
	done >"$file"
}

# What a SYN-ACK offers to who offers all, by the server's sysctls: timestamps, SACK, window scale,
# ECN. Without timestamps there is no room for ECN in the cookie.
declare -gA offered=(
	[timestamps=0]="[false, true, true, false]"
	[sack=0]="[true, false, true, true]"
	[window_scaling=0]="[true, true, false, true]"
	[ecn=0]="[true, true, true, false]"
)

server_offers() {
	raw "$f" syn-only --ecn --settle-ms 20 |
		jq -e "[.synack | .ts, .sack, .wscale != null, .ecn] == $1"
}

negotiate_servers() {
	local file=$1 is_synward=$2 variant f
	for variant in "${!offered[@]}"; do
		sysctls_reset c
		[[ $variant != ecn=0 ]] || lab_sysctl c net.ipv4.tcp_ecn=1
		sysctls_set s "$variant"
		for f in "${families[@]}"; do
			[[ $is_synward == no ]] ||
				lab_wait_for "synward to follow $variant" 3 server_offers "${offered[$variant]}"
			echo "server with $variant, IPv$f: $(negotiated)"
		done
	done >"$file"
	sysctls_reset s
}

check_options() {
	local nr=$((2 * (${#client_variants[@]} + ${#offered[@]})))
	negotiate_all "$LAB_DIR/peace"
	negotiate_servers "$LAB_DIR/peace.servers" no
	[[ $(cat "$LAB_DIR/peace" "$LAB_DIR/peace.servers" | wc -l) == "$nr" ]]
	synward_in "$1"
	negotiate_all "$LAB_DIR/armed"
	negotiate_servers "$LAB_DIR/armed.servers" yes
	diff "$LAB_DIR/peace" "$LAB_DIR/armed"
	diff "$LAB_DIR/peace.servers" "$LAB_DIR/armed.servers"
	[[ $(reason handoff) == "$nr" ]] # it was indeed synward
	[[ $(reason syn_known) == 0 ]]
}

@test "options as in peace, native mode" {
	check_options native
}

@test "options as in peace, generic mode" {
	check_options generic
}

mss_of() {
	local f
	for f in "${families[@]}"; do
		negotiated
	done
}

@test "a client behind a tunnel: its MSS as in peace" {
	local peace armed
	ip -n "$LAB_C" route replace "$LAB_SRV4" dev cli0 advmss 1400
	ip -n "$LAB_C" route replace "$LAB_SRV6" dev cli0 advmss 1380
	peace=$(mss_of)
	synward_in native
	armed=$(mss_of)
	diff <(echo "$peace") <(echo "$armed")
	[[ $(reason handoff) == 2 ]]
}

# Never too short. Too long by a tick of the clock (10 ms at HZ=100) at most, but a busy machine makes
# more of 50 ms now and then: one of five must be right.
check_rtt() {
	local try report
	for try in 1 2 3 4 5; do
		report=$(report_of accept raw "$f" "$1" --delay-ms 50 2>/dev/null)
		json '.rtt_us >= 50000 and .min_rtt_us >= 50000 and .timestamps' <<<"$report"
		! jq -e '.rtt_us < 62000' <<<"$report" >/dev/null || return 0
		echo "try $try: $report" >&2
	done
	return 1
}

@test "the first RTT is the true one, in generic mode and with data too" {
	local f
	synward_in generic
	for f in "${families[@]}"; do
		check_rtt handshake
		check_rtt data-in-ack
	done
	(($(reason handoff) >= 4))
}
