#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Proves the test bed itself, without synward: what the other tests take for granted.
#
# shellcheck disable=SC2016,SC2119 # scripts for an inner shell; lab_up with its defaults

bats_require_minimum_version 1.5.0

setup() {
	set -euo pipefail
	# shellcheck source=tests/lab/lab.sh disable=SC1091
	source "$BATS_TEST_DIRNAME/lab.sh"
}

teardown() {
	lab_down
}

# json EXPRESSION : true of the JSON on standard input.
json() { jq -e "$1" >/dev/null; }

raw4() { lab_rawtcp "$1" --dev cli0 --src "$LAB_RAW4" --dst "$LAB_SRV4" --port 80 "${@:2}"; }
raw6() { lab_rawtcp "$1" --dev cli0 --src "$LAB_RAW6" --dst "$LAB_SRV6" --port 80 "${@:2}"; }

@test "the lab leaves nothing behind" {
	lab_up
	local id=$LAB_ID dir=$LAB_DIR pid
	lab_spawn sleeper lab_s sleep 300
	pid=$(lab_pid sleeper)
	[[ -d /proc/$pid ]]
	lab_down
	[[ ! -e /proc/$pid ]]
	[[ ! -e $dir ]]
	run ! grep -q "$id" <(ip netns list)
}

@test "the lab leaves nothing behind after a failure and after Ctrl-C" {
	local script out pid netns
	script='set -euo pipefail; source "$1"; lab_up; lab_spawn s lab_s sleep 300
		echo "$LAB_ID $(lab_pid s)"'
	out=$(env -u BATS_TEST_FILENAME bash -c "$script; false" _ "$BATS_TEST_DIRNAME/lab.sh" || :)
	read -r netns pid <<<"$out"
	[[ $netns == synward-lab-* && ! -e /proc/$pid && ! -e /run/netns/$netns-s ]]

	out=$(env -u BATS_TEST_FILENAME bash -c "$script; kill -INT \$\$; sleep 5" _ \
		"$BATS_TEST_DIRNAME/lab.sh" || :)
	read -r netns pid <<<"$out"
	[[ $netns == synward-lab-* && ! -e /proc/$pid && ! -e /run/netns/$netns-c ]]
}

@test "two labs live side by side" {
	lab_up
	lab_serve one --listen "$LAB_SRV4" --port 80
	env -u BATS_TEST_FILENAME bash -c 'set -euo pipefail; source "$1"; lab_up
		lab_serve two --listen "$LAB_SRV4" --port 80
		lab_load --dst "$LAB_SRV4" --port 80 --count 10 -j' _ "$BATS_TEST_DIRNAME/lab.sh" |
		json '.served == 10'
	lab_load --dst "$LAB_SRV4" --port 80 --count 10 -j | json '.served == 10'
}

@test "the flood refuses what is not a veth of the lab" {
	local dev dst src
	lab_up
	for dev in $(ip -br link | awk '{ sub("@.*", "", $1); print $1 }'); do
		run -1 "$LAB_BIN/flood" --dev "$dev" --dst "$LAB_SRV4" --pps 1 --seconds 1
		[[ $output == *"refusing $dev"* ]]
	done
	run -1 lab_c "$LAB_BIN/flood" --dev lo --dst "$LAB_SRV4" --pps 1 --seconds 1
	[[ $output == *"not a veth"* ]]
	run -1 unshare --net "$LAB_BIN/flood" --dev lo --dst "$LAB_SRV4" --pps 1 --seconds 1
	[[ $output == *"not one of the lab"* ]]
	run -1 lab_flood --dst 192.0.2.9 --pps 1 --seconds 1
	[[ $output == *"no neighbour"* ]]
	for src in 10.0.0.0/8 198.18.0.0/14 203.0.113.0/24 198.18.0.0/33 2001:db8:1::/48 2001:db8::/32 some; do
		[[ $src == *:* ]] && dst=$LAB_SRV6 || dst=$LAB_SRV4
		run -2 lab_flood --dst "$dst" --pps 1 --seconds 1 --src "$src"
	done
	lab_c ip link show cli0 >/dev/null
}

# check_flood EXPECTED ARGS... : two packets as tcpdump sees them, with right checksums.
check_flood() {
	local expected=$1 dump
	shift
	rm -f "$LAB_DIR/dump.err"
	lab_spawn dump lab_s tcpdump -elnvv -i srv0 -Q in -c 2 \
		"ether src $LAB_CLI_MAC and ether dst $LAB_SRV_MAC"
	lab_wait_for "tcpdump" 5 grep -q listening "$LAB_DIR/dump.err"
	lab_flood --pps 100 --seconds 1 --count 2 "$@"
	lab_wait dump 5
	dump=$(tr -d '\n' <"$LAB_DIR/dump.out")
	echo "$dump"
	[[ $(grep -o 'cksum 0x[0-9a-f]* (correct)' <<<"$dump" | wc -l) == 2 ]]
	[[ $dump != *"bad cksum"* ]]
	grep -Eq "$expected" <<<"$dump"
}

@test "the flood's packets are right: every layout, IPv4 and IPv6, tagged" {
	local linux='sackOK,TS val [0-9]+ ecr 0,nop,wscale 10\]'
	local windows='nop,wscale 8,nop,nop,sackOK\]'
	lab_up
	lab_pass_on
	check_flood "198\.1[89]\..*> 192\.0\.2\.1\.443: Flags \[S\].*mss 1460,$linux" \
		--dst "$LAB_SRV4" --port 443
	check_flood "2001:db8:[89a-f][0-9a-f]{3}:.*> 2001:db8:1::1\.80: Flags \[S\].*mss 1440,$linux" \
		--dst "$LAB_SRV6"
	check_flood "Flags \[S\].*mss 1460,$windows" --dst "$LAB_SRV4" --options windows
	check_flood "Flags \[S\].*mss 1440,$windows" --dst "$LAB_SRV6" --options windows
	check_flood "Flags \[S\].*win 64240, length 0" --dst "$LAB_SRV4" --options none
	check_flood "Flags \[\.\].*TS val" --dst "$LAB_SRV4" --flags ACK
	check_flood "Flags \[\.\]" --dst "$LAB_SRV6" --flags ACK --options none
	check_flood "Flags \[none\]" --dst "$LAB_SRV4" --flags none --options none
	check_flood "Flags \[FPU\].*TS val" --dst "$LAB_SRV6" --flags FIN,PSH,URG
	check_flood "198\.19\.7\.[0-9]+\.[0-9]+ > .*Flags \[S\.\]" --dst "$LAB_SRV4" --flags SYN,ACK \
		--src 198.19.7.77/24
	check_flood "2001:db8:9999:[0-9a-f:]*\.[0-9]+ > .*Flags \[S\]" --dst "$LAB_SRV6" --src 2001:db8:9999::/48
	check_flood "vlan 7,.*Flags \[S\].*mss 1460,$linux" --dst "$LAB_SRV4" --vlan 7
	check_flood "vlan 7,.*vlan 8,.*Flags \[S\].*mss 1440,$linux" --dst "$LAB_SRV6" --vlan 7,8
}

@test "the flood arrives, all of it, and its replies are swallowed" {
	lab_up
	lab_pass_on
	lab_serve srv --listen :: --port 80
	lab_sysctl s net.ipv4.tcp_syncookies=2
	lab_flood --dst "$LAB_SRV4" --pps 1000 --seconds 5 --count 1000 -j | json '.sent == 1000'
	lab_flood --dst "$LAB_SRV6" --pps 1000 --seconds 5 --count 1000 -j | json '.sent == 1000'
	lab_srv_counts | json '.spoofed_syn == 2000'
	[[ $(lab_nstat s TcpExtSyncookiesSent) == 2000 ]]
	lab_cli_counts | json '.spoofed_synack == 2000'
}

@test "a flood that nobody takes is an error" {
	lab_up
	run -1 lab_flood --dst "$LAB_SRV4" --pps 1000 --seconds 1 --count 10
	[[ $output == *"took none"* ]]
	lab_gro on
	lab_flood --dst "$LAB_SRV4" --pps 1000 --seconds 1 --count 10
}

@test "the flood ends on a signal, and clients have a ring of their own" {
	lab_up
	lab_pass_on
	lab_serve srv --listen "$LAB_SRV4" --port 80
	lab_flood_start flood --dst "$LAB_SRV4" --port 81 --pps 20000 --seconds 60
	lab_load --dst "$LAB_SRV4" --port 80 --count 100 -j | json '.served == 100'
	lab_signal flood TERM
	lab_wait flood 5
	lab_out_has flood '^sent'
	if [[ $LAB_FLOOD_CPU != "$LAB_CLIENT_CPU" ]]; then
		[[ $(lab_s ethtool -S srv0 | awk '/rx_queue_1_xdp_packets/ { print $2 }') -ge 400 ]]
	fi
}

@test "real clients are served 100 of 100, and what went wrong is named" {
	lab_up
	lab_serve srv --listen :: --port 80
	lab_load --dst "$LAB_SRV4" --port 80 --count 100 -j | json '.served == 100 and .failed == 0'
	lab_load --dst "$LAB_SRV6" --port 80 --count 100 -j | json '.served == 100 and .failed == 0'
	lab_load --dst "$LAB_SRV4" --port 80 --count 2 --echo 1048576 -j | json '.served == 2'
	lab_client_addr 192.0.2.50
	lab_client_addr 2001:db8:1::50
	lab_load --dst "$LAB_SRV4" --port 80 --bind 192.0.2.50 -j | json '.served == 1'
	lab_load --dst "$LAB_SRV6" --port 80 --bind 2001:db8:1::50 -j | json '.served == 1'
	lab_load --dst "$LAB_SRV4" --port 81 --count 3 -j |
		json '.failed == 3 and .errors["connect:ECONNREFUSED"] == 3'
	lab_load --dst 192.0.2.9 --port 81 --timeout-ms 100 -j |
		json '.failed == 1 and .errors["connect:ETIMEDOUT"] == 1'
	lab_stop srv
	lab_serve srv --listen "$LAB_SRV4" --port 80 --mode sink
	lab_load --dst "$LAB_SRV4" --port 80 --timeout-ms 200 -j |
		json '.errors["reply:ETIMEDOUT"] == 1'
	run -2 lab_load --dst nowhere --port 80
}

@test "a server that ends first keeps the TIME_WAIT" {
	lab_up
	lab_serve srv --listen "$LAB_SRV4" --port 80 --mode send --bytes 64
	lab_load --dst "$LAB_SRV4" --port 80 --read 64 -j | json '.served == 1'
	lab_wait_for "one TIME_WAIT" 2 eval '[[ $(lab_s ss -Htan state time-wait | wc -l) == 1 ]]'
	lab_load --dst "$LAB_SRV4" --port 80 --read 65 -j | json '.errors["reply:ENODATA"] == 1'
	lab_serve silent --listen "$LAB_SRV4" --port 81
	lab_load --dst "$LAB_SRV4" --port 81 --read 0 --timeout-ms 200 -j |
		json '.errors["reply:ETIMEDOUT"] == 1'
}

@test "an MPTCP server" {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	lab_up
	lab_serve srv --listen :: --port 80 --mptcp
	lab_s ss -HlnM | grep -q ':80 '
	lab_load --dst "$LAB_SRV4" --port 80 --count 3 -j | json '.served == 3'
}

@test "a server that does not accept yet accepts after the signal" {
	lab_up
	lab_serve srv --listen "$LAB_SRV4" --port 80 --backlog 1 --no-accept-until-signal
	lab_load --dst "$LAB_SRV4" --port 80 --timeout-ms 200 -j |
		json '.errors["reply:ETIMEDOUT"] == 1'
	lab_signal srv USR1
	lab_load --dst "$LAB_SRV4" --port 80 --count 5 -j | json '.served == 5'
}

@test "the scripted client connects, and its delay is the server's RTT" {
	lab_up
	lab_serve srv --listen :: --port 80 --report
	raw4 handshake --delay-ms 50 | json '.connected and .echo_ok and .closed and (.rst | not)'
	raw6 handshake --delay-ms 50 | json '.connected and .echo_ok and .closed and (.rst | not)'
	grep accept "$LAB_DIR/srv.out" |
		jq -s -e 'length == 2 and all(.rtt_us >= 50000 and .rtt_us < 70000)' >/dev/null
	grep close "$LAB_DIR/srv.out" | jq -s -e 'length == 2 and all(.received == 11)' >/dev/null
}

@test "the scripted client reads what the kernel answers" {
	lab_up
	lab_serve srv --listen :: --port 80 --report
	lab_tx_csum s off
	raw4 syn-only --settle-ms 100 | json '.nr_synacks == 1 and (.synack |
		.mss == 1460 and .sack and .ts and .df and .ttl == 64 and .ack_ok and
		.checksum == "valid" and .ip_checksum == "valid" and .total_length == 60 and
		.options == "mss,sack,ts,nop,wscale")'
	raw6 syn-only --settle-ms 100 --ts off --sack off --wscale off | json '.synack |
		.mss == 1440 and (.sack | not) and (.ts | not) and .wscale == null and
		.checksum == "valid"'
	raw4 syn-only --settle-ms 100 --ecn | json '.synack.ecn'
	raw4 syn-only --wait-ms 100 --bad-checksum | json '.synack == null'
	raw4 bogus-ack --wait-ms 100 | json '.rst and (.connected | not)'
	raw6 bogus-ack --wait-ms 100 --blind | json '.rst and .synack == null'
	raw4 stray --flags SYN,ACK --wait-ms 100 | json '.rst'
	raw6 stray --flags RST --wait-ms 100 | json '.nr_replies == 0'
	run -2 raw4 stray --flags SYN,ACKS
	raw6 syn-only --isn 4294967295 --settle-ms 100 | json '.synack | .ack == 0 and .ack_ok'
	raw4 data-in-ack | json '.connected and .echo_ok'
	raw6 lost-ack --gap-ms 50 | json '.connected and .echo_ok'
	raw4 handshake --partial-checksum | json '.connected and .nr_bad_checksums == 0'
	raw6 handshake --vlan 0 | json '.connected'
	raw4 replay --wait-ms 100 | json '.connected and .replay_rst'
	lab_tx_csum s on
	raw4 syn-only --settle-ms 100 | json '.synack | .checksum == "partial" and .checksum_valid'
}

# opens FAMILY ARGS... : handshakes from the address that nobody owns.
opens() {
	local src=LAB_RAW$1 dst=LAB_SRV$1
	lab_handshakes --src "${!src}" --dst "${!dst}" --port 80 -j "${@:2}"
}

nr_in_state() { lab_s ss -Htn state "$1" | wc -l; }

@test "handshakes are opened and ended as told, each exactly once" {
	local f nr=0
	lab_up
	lab_serve srv --listen :: --port 80
	for f in 4 6; do
		opens "$f" --count 20 | json '.opened == 20 and .answered == 20'
		opens "$f" --count 10 --sport 1000 --end ack | json '.answered == 10'
		opens "$f" --count 7 --sport 2000 --end rst --retransmit 1 | json '.answered == 7'
		opens "$f" --count 5 --sport 3000 --retransmit 2 --pps 50 | json '.opened == 5'
		opens "$f" --count 6 --sport 4000 --end bad-ack | json '.answered == 6'
		opens "$f" --count 4 --sport 5000 --end bad-rst | json '.answered == 4'
		nr=$((nr + 20 + 5 + 6 + 4))
		[[ $(nr_in_state syn-recv) == "$nr" ]]
	done
	[[ $(nr_in_state established) == 20 && $(lab_nstat s TcpPassiveOpens) == 20 ]]
	[[ $(lab_nstat s TcpAttemptFails) == 14 && $(lab_nstat s TcpEstabResets) == 0 ]]
	lab_handshakes --spoofed --dst "$LAB_SRV4" --port 80 --count 30 -j |
		json '.opened == 30 and .answered == 0'
	lab_handshakes --spoofed --dst "$LAB_SRV6" --port 80 --count 30
	[[ $(nr_in_state syn-recv) == $((nr + 60)) ]]
	[[ $(lab_s ss -Htn state syn-recv dst 198.18.0.0/15 | wc -l) == 30 ]]
	[[ $(lab_s ss -Htn state syn-recv dst 2001:db8:8000::/33 | wc -l) == 30 ]]
	opens 4 --count 11 --sport 6000 --pps 10 | json '.seconds >= 1 and .seconds < 3'
}

@test "the handshakes refuse what is not a veth of the lab, and what makes no sense" {
	lab_up
	run -1 lab_c "$LAB_BIN/handshakes" --dev lo --dst "$LAB_SRV4" --port 80 --count 1 --spoofed
	[[ $output == *"refusing lo"* ]]
	run -2 lab_handshakes --dst "$LAB_SRV4" --port 80 --count 1
	run -2 lab_handshakes --dst "$LAB_SRV4" --port 80 --count 1 --spoofed --end ack
	run -2 opens 4 --count 3 --sport 65534
	run -2 opens 4 --count x
}

@test "a batch is one NAPI batch" {
	local frame=0273796e0001${LAB_CLI_MAC//:/}08004500002800004000400600
	frame+=00c6120005c000020100500051000000000000000050100000
	frame+=00000000
	lab_up
	lab_gro on
	lab_spawn together lab_s "$LAB_BIN/order" --dev srv0 --count 8
	lab_wait_for "order" 5 lab_out_has together ready
	printf '%s\n' "$frame" "$frame" "$frame" "$frame" |
		lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/batch" --dev cli0
	lab_wait together 6
	lab_out_has together '^XXXXTTTT$'

	# And the check can fail: sent one by one they are not.
	lab_spawn singly lab_s "$LAB_BIN/order" --dev srv0 --count 4
	lab_wait_for "order" 5 lab_out_has singly ready
	lab_c "$LAB_BIN/batch" --dev cli0 <<<"$frame"
	lab_c "$LAB_BIN/batch" --dev cli0 <<<"$frame"
	lab_wait singly 6
	lab_out_has singly '^XTXT$'
}

@test "the scripted client's ACK and data come in one NAPI batch" {
	lab_up
	lab_serve srv --listen :: --port 80
	lab_gro on
	lab_spawn order lab_s "$LAB_BIN/order" --dev srv0 --count 10
	lab_wait_for "order" 5 lab_out_has order ready
	raw4 batch | json '.connected and .echo_ok'
	# SYN, then ACK and data together, then the rest.
	lab_wait order 6
	lab_out_has order '^XTXXTT'
	lab_gro on
	raw6 batch | json '.connected and .echo_ok'
}
