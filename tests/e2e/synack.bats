#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The SYN-ACK on the wire is the one that the kernel would have sent, to every kind of SYN; one for
# one; and where the kernel would keep silent, so do we.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

# One line of arguments each. Not here: window scale, but neither timestamps nor SACK (no profile has that). A SYN without MSS stands apart: there we announce none, the kernel does.
syns=(
	"" "--ts off" "--sack off" "--wscale off" "--ecn" "--ecn --ts on --sack off" "--wscale 0" "--wscale 14"
	"--ts off --wscale off" "--sack off --wscale off"
	"--ts off --sack off --wscale off" "--mss 536" "--mss 1300 --wscale 2" "--mss 9000"
	"--syn-payload hello" "--partial-checksum" "--partial-checksum --syn-payload hello"
)

# What must not differ. Not so: numbers, time, the window (below), the sum (partial from the kernel).
shape='.synack | del(.seq, .ack, .tsval, .tsecr, .after_us, .checksum, .window)'

# One line for each SYN: its arguments, and the answer.
ask_all() {
	local args f
	for f in "${families[@]}"; do
		for args in "${syns[@]}"; do
			# shellcheck disable=SC2086 # words
			echo "IPv$f [$args] $(raw "$f" syn-only --settle-ms 30 $args | jq -c "$1")"
		done
	done
}

check_synacks() {
	local nr=$((2 * ${#syns[@]})) peace_windows armed_windows i
	ask_all "[($shape), .synack.window]" >"$LAB_DIR/peace"
	synward_in "$1"
	ask_all "[($shape), .synack.window, .nr_synacks, .synack.checksum, .synack.ip_checksum, .synack.ack_ok]" \
		>"$LAB_DIR/armed"
	diff <(sed 's/,[0-9]*]$//' "$LAB_DIR/peace") \
		<(sed 's/,[0-9]*,1,"valid",\(null\|"valid"\),true]$//' "$LAB_DIR/armed")
	mapfile -t peace_windows < <(sed 's/.*,\([0-9]*\)]$/\1/' "$LAB_DIR/peace")
	mapfile -t armed_windows < <(sed 's/.*,\([0-9]*\),1,"valid",.*/\1/' "$LAB_DIR/armed")
	for ((i = 0; i < nr; i++)); do
		# For a cookie the kernel grants whole segments of the client's MSS, in peace of its own less the
		# timestamps: a segment more or less.
		[[ ${syns[i % ${#syns[@]}]} != *--mss* ]] || continue
		((armed_windows[i] > peace_windows[i] - 1460 && armed_windows[i] < peace_windows[i] + 1460)) ||
			fail "window ${armed_windows[i]}, the kernel's is ${peace_windows[i]}: line $((i + 1))"
	done
	[[ $(reason syn_cookie) == "$nr" ]]
}

fail() {
	echo "$*" >&2
	return 1
}

@test "every kind of SYN is answered as the kernel answers it, native mode" {
	check_synacks native
}

@test "every kind of SYN is answered as the kernel answers it, generic mode" {
	check_synacks generic
}

@test "only what was offered is answered; no MSS, none back" {
	local f
	synward_in native
	for f in "${families[@]}"; do
		raw "$f" syn-only --settle-ms 30 | json ".synack | .mss == $((f == 4 ? 1460 : 1440)) and
			.options == \"mss,sack,ts,nop,wscale\""
		raw "$f" syn-only --settle-ms 30 --mss off | json '.synack | .mss == null and .ts and .sack'
		raw "$f" syn-only --settle-ms 30 --mss off --ts off --sack off --wscale off |
			json '.synack | .options == "" and .doff == 5 and .checksum == "valid"'
	done
}

@test "one SYN, one SYN-ACK: none again after a second" {
	local f=4
	synward_in native
	raw "$f" syn-only --settle-ms 1500 | json '.nr_synacks == 1 and .nr_replies == 1'
}

# The kernel under test has no VLAN devices: what is compared with is what was sent.
@test "VLAN tags come back in generic mode too" {
	local f tags
	synward_in generic
	for f in "${families[@]}"; do
		for tags in 100 100,200; do
			raw "$f" syn-only --settle-ms 100 --vlan "$tags" | json ".nr_synacks == 1 and (.synack |
				.vlans == [$tags] and .checksum == \"valid\" and .ack_ok)"
		done
	done
}

silence() { raw "$f" syn-only --wait-ms 100 --bad-checksum "$@" | json '.nr_replies == 0'; }

@test "a SYN with payload and a wrong checksum is not answered" {
	local f
	synward_in native
	for f in "${families[@]}"; do
		counts_by 1 syn_bad_checksum silence --syn-payload hello
	done
}

ttl_is() { raw "$1" syn-only --settle-ms 20 | jq -e ".synack.ttl == $2"; }

@test "the hop limit follows its sysctls" {
	synward_in native
	lab_sysctl s net.ipv4.ip_default_ttl=77 net.ipv6.conf.srv0.hop_limit=78
	lab_wait_for "the TTL" 3 ttl_is 4 77
	lab_wait_for "the hop limit" 3 ttl_is 6 78
}

isns() {
	local f ts
	for f in "${families[@]}"; do
		for ts in on off; do
			raw "$f" syn-only --settle-ms 30 --sport 40000 --isn 12345 --ts "$ts" | jq .synack.seq
		done
	done
}

@test "each daemon has keys of its own: other cookies for the same SYN" {
	local first second
	synward_in native
	first=$(isns)
	synward_down
	synward_in native
	second=$(isns)
	[[ $(wc -w <<<"$first") == 4 && $(wc -w <<<"$second") == 4 ]]
	[[ -z $(comm -12 <(sort <<<"$first") <(sort <<<"$second")) ]]
	[[ $(sort -u <<<"$first" | wc -l) == 4 ]]
}
