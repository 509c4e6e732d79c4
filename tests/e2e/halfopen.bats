#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Half-open reported is half-open made: exactly in peace, whatever becomes of each handshake; under a
# flood by what was answered; and nothing is left of it after the handshake timeout.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

setup() {
	lab_up
	serve
}

# all_say N: synward, its listing, the kernel by iter/tcp and the kernel by ss.
all_say() {
	local nr=$1
	[[ $(syn_recv) == "$nr" ]]
	row_is ".half_open == $nr"
	kernel_holds "$nr"
	synward_cli -j handshakes --state syn-recv --limit 5000 | json "(.handshakes | length == $nr)
		and all(.handshakes[]; .state == \"syn_recv\" and .accepted_by == \"unknown\" and .port == $PORT)"
}

# The client's ends of those that are open, as ss and as synward have them.
ends_by_ss() { lab_s ss -Htn state syn-recv | awk '{ print $4 }' | sed 's/.*ffff:\([0-9.]*\)\]/\1/; s/[][]//g' | sort; }
ends_by_synward() {
	synward_cli -j handshakes --state syn-recv | jq -r '.handshakes[] | "\(.source):\(.source_port)"' | sort
}

@test "in peace: opened, finished, reset, sent again, and what must not be believed" {
	local f nr=0 served=0
	synward_with
	all_say 0
	for f in "${families[@]}"; do
		handshakes "$f" --count 20 --sport 1000 | json '.answered == 20'
		all_say $((nr += 20))
		handshakes "$f" --count 10 --sport 2000 --end ack | json '.answered == 10'
		all_say "$nr"
		row_is ".served == $((served += 10))"
		handshakes "$f" --count 7 --sport 3000 --end rst | json '.answered == 7'
		all_say "$nr"
		handshakes "$f" --count 5 --sport 4000 --retransmit 2 --pps 40 | json '.answered == 5'
		all_say $((nr += 5))
		handshakes "$f" --count 6 --sport 5000 --end bad-ack | json '.answered == 6'
		all_say $((nr += 6))
		handshakes "$f" --count 4 --sport 6000 --end bad-rst | json '.answered == 4'
		all_say $((nr += 4))
		all_served "$f" 5
		all_say "$nr"
		row_is ".served == $((served += 5))"
	done
	((nr == 70))
	diff <(ends_by_ss) <(ends_by_synward)
	[[ $(ends_by_synward | wc -l) == 70 ]]
	row_is '.syns == 134 and .untracked == 0 and .cookies_sent == 0 and (.armed | not)'
	[[ $(reason syn_known) == 20 && $(reason kernel_handshake_reset) == 14 ]]
	[[ $(synward_cli -j handshakes --state syn-recv --limit 3 | jq '.handshakes | length') == 3 ]]
	[[ $(synward_cli -j handshakes --state syn-recv --service web | jq '.handshakes | length') == 70 ]]
	[[ $(synward_cli -t handshakes --state syn-recv | grep -c syn_recv) == 70 ]]
}

# After three seconds the kernel gives up too: one retransmission.
short_timeout() { lab_sysctl s net.ipv4.tcp_synack_retries=1; }

@test "in peace: nothing is left after the timeout" {
	local f
	short_timeout
	synward_with "handshake-timeout = 3s"
	for f in "${families[@]}"; do
		handshakes "$f" --count 40 --sport 1000 | json '.answered == 40'
		handshakes "$f" --count 40 --sport 2000 --end ack | json '.answered == 40'
	done
	all_say 80
	synward_wait '.services[0] | .half_open == 0 and .kernel_half_open == 0' 6
	all_say 0
	row_is '.flows == 80' # those that were finished
	for f in "${families[@]}"; do # and the same ports once more
		handshakes "$f" --count 40 --sport 1000 | json '.answered == 40'
	done
	all_say 80
}

# floods N: so many SYNs to each family; *taken* grows by what was not lost in a ring.
floods() {
	local f
	for f in "${families[@]}"; do
		lab_flood --dst "$(server_of "$f")" --port "$PORT" --pps 20000 --seconds 10 --count "$1" -j >"$LAB_DIR/flood"
		taken=$((taken + $(jq '.sent - .ring_full' "$LAB_DIR/flood")))
	done
}

@test "armed: what was answered and not acknowledged, until the timeout" {
	local f taken=0
	synward_with "handshake-timeout = 8s" "mode = always"
	floods 5000
	row_is ".half_open == $taken and .cookies_sent == $taken and .kernel_half_open == 0 and
		.half_open_memory_bytes >= 280 * $taken"
	((taken > 9000))
	for f in "${families[@]}"; do
		all_served "$f" 200 # are not among them
		raw "$f" handshake | json '.connected'
		raw "$f" handshake --ts off | json '.connected'
		raw "$f" bogus-ack --settle-ms 50 | json '.nr_synacks == 1' # is
		taken=$((taken + 1))
		handshakes "$f" --count 30 --end ack | json '.answered == 30'
		handshakes "$f" --count 30 --sport 3000 | json '.answered == 30' # are
		taken=$((taken + 30))
		row_is ".half_open == $taken and .kernel_half_open == 0"
	done
	[[ $(syn_recv) == 0 ]]
	synward_wait '.services[0].half_open == 0' 12
	floods 10
	row_is ".half_open == 20"
}

@test "monitor: what is beyond max-half-open is counted, and nobody is refused" {
	local f nr=0
	synward_with "mode = monitor" "max-half-open = 20"
	for f in "${families[@]}"; do
		handshakes "$f" --count 15 --sport 1000 | json '.answered == 15'
	done
	[[ $(syn_recv) == 30 ]]
	kernel_holds 30
	row_is '.half_open == 20 and .untracked == 10 and .cookies_sent == 0 and (.armed | not)'
	[[ $(reason syn_untracked) == 10 ]]
	for f in "${families[@]}"; do
		all_served "$f" 20
	done
	row_is '.half_open == 20 and .untracked == 50 and .served == 0'
	[[ $(lab_nstat s TcpExtTCPReqQFullDoCookies) == 0 ]]
}
