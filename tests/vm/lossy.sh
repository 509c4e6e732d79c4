#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 900
#
# A server that speaks first, and clients whose ACKs are lost on the way (netem, nftables): with server-first = yes
# the greeting comes all the same. Then links that are long and links that are narrow: the first RTT sample is the
# path's, and a connection that was handed over learns its MTU from ICMP.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

ADDRS=("$LAB_SRV4" "$LAB_SRV6")
PATIENCE_MS=8000
NR=200

# synward_with KEY=VALUE... : in mode always, from a file, with these keys of the one service.
synward_with() {
	printf '%s\n' "[synward]" "interfaces = srv0" "control-socket = $SOCKET" "state-directory = $LAB_DIR/state" "on-stop = detach" \
		"[service web]" "ports = 80" "mode = always" "$@" >"$LAB_DIR/synward.conf"
	mkdir -p "${SOCKET%/*}"
	lab_spawn synwardd lab_s "$O/synwardd" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to answer" 30 synward_status
}

# greeted COUNT ADDR : so many clients at once, which only listen. The greeting is the pattern's first bytes.
greeted() {
	lab_load --dst "$2" --port 80 --count "$1" --concurrency 50 --timeout-ms "$PATIENCE_MS" --read 64 -j \
		>"$LAB_DIR/greeted"
}

served() { jq .served "$LAB_DIR/greeted"; }

link_is_good() { lab_c tc qdisc del dev cli0 root; }

# lossy_acks PERCENT : of what is an ACK and nothing more, so that only the ends of handshakes are lost, not their
# beginnings (and ACKs of data, which TCP can spare).
lossy_acks() {
	lab_c tc qdisc add dev cli0 root handle 1: prio bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 &&
		lab_c tc qdisc add dev cli0 parent 1:2 netem loss "$1%" &&
		lab_c tc filter add dev cli0 parent 1: protocol ip prio 1 flower ip_proto tcp tcp_flags 0x10/0x3f classid 1:2 &&
		lab_c tc filter add dev cli0 parent 1: protocol ipv6 prio 2 flower ip_proto tcp tcp_flags 0x10/0x3f classid 1:2
}

# first_acks_lost : the second packet of every connection goes nowhere.
first_acks_lost() {
	lab_c sysctl -q -w net.netfilter.nf_conntrack_acct=1 && lab_c nft -f - <<-'NFT'
		table inet lossy {
			chain out {
				type filter hook output priority 0
				oifname cli0 tcp flags == ack ct original packets 2 counter drop
			}
		}
	NFT
}

nr_lost() { lab_c nft -j list table inet lossy | jq '[.. | .counter? // empty | .packets] | add'; }

# lossy YES_OR_NO : what 200 clients of each family get when a third of the ACKs is lost.
lossy() {
	local addr
	expect "server-first = $1" synward_with "server-first = $1"
	expect "a link that loses 30 % of the ACKs" lossy_acks 30
	for addr in "${ADDRS[@]}"; do
		greeted "$NR" "$addr"
		measured "server-first = $1, 30 % of the ACKs lost, $addr" "$(served) of $NR greeted"
		if [[ $1 == yes ]]; then # 9 % of the clients lose both ACKs; 15 % would be three sigma more
			expect "nearly all are greeted, $addr" [ "$(served)" -ge $((NR * 85 / 100)) ]
		else # 30 %, give or take three sigma
			expect "many are not, $addr" [ "$(served)" -le $((NR * 80 / 100)) ]
			expect "but those whose ACK arrives, $addr" [ "$(served)" -ge $((NR * 60 / 100)) ]
		fi
	done
	expect "all by cookies" status_is ".reasons.syn_cookie >= $((2 * NR)) and .reasons.syn_known == 0"
	expect "the link is good again" link_is_good

	expect "the first ACK of all is lost" first_acks_lost
	for addr in "${ADDRS[@]}"; do
		greeted 50 "$addr"
		if [[ $1 == yes ]]; then
			# but for one of two whose SYN-ACKs take the same place: one in 14 of such runs has such a pair
			expect "all are greeted, $addr" [ "$(served)" -ge 48 ]
		else
			expect "none is greeted, $addr" [ "$(served)" = 0 ]
		fi
	done
	expect "so many ACKs were lost" [ "$(nr_lost)" = 100 ]
	expect "the rules go" lab_c nft delete table inet lossy
	greeted 50 "$LAB_SRV4"
	expect "and all are greeted" [ "$(served)" = 50 ]
	"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
	expect "it stops" synward_stop
}

# ---- loss ------------------------------------------------------------------------------------------

lab_up 2 || exit 1
# No TIME_WAIT: a client that took the port of one before would be the kernel's to answer.
lab_sysctl s net.ipv4.tcp_max_tw_buckets=0
modprobe -a sch_netem sch_prio cls_flower nf_tables nf_conntrack nft_ct
lab_serve greeter --listen :: --port 80 --mode send --bytes 64
lossy no
lossy yes
expect "the greeter goes" lab_stop greeter

# ---- a long link -----------------------------------------------------------------------------------

# accepts COUNT ADDR ARG... : so many clients; what the server's kernel said of each, one a line.
accepts() {
	local before
	before=$(wc -l <"$LAB_DIR/echo.out")
	serves "$1" "$2" "${@:3}" >/dev/null
	tail -n "+$((before + 1))" "$LAB_DIR/echo.out" | jq -c 'select(.event == "accept")'
}

rtts() { jq -s 'map(.rtt_us) | sort | {n: length, least: .[0], median: .[length / 2 | floor], most: .[-1]}'; }

MODE=always
lab_serve echo --listen :: --port 80 --report
expect "synwardd starts" synward_start --interface srv0 --ports 80
expect "40 ms of way" lab_c tc qdisc add dev cli0 root netem delay 40ms
for addr in "${ADDRS[@]}"; do
	accepts 20 "$addr" | rtts >"$LAB_DIR/rtts"
	measured "the first RTT sample over 40 ms, in us, $addr" "$(jq -c . "$LAB_DIR/rtts")"
	expect "the first RTT sample is never too short, $addr" jq -e '.n == 20 and .least >= 40000' "$LAB_DIR/rtts"
	expect "and hardly too long, $addr" jq -e '.median <= 50000' "$LAB_DIR/rtts"
	expect "1 MB each way, $addr" serves 1 "$addr" --echo 1048576
done
expect "all by cookies" status_is '.reasons.handoff == 42 and .reasons.syn_peace == 0'
expect "the way is short again" link_is_good
expect "it stops" synward_stop

# ---- a narrow link ---------------------------------------------------------------------------------

# The client's namespace becomes a router; beyond it, on a route with an MTU of 1300, is a client that knows nothing of
# that and offers the MSS of its own 1500.
FAR=synward-far
FAR4=198.51.100.2 FAR6=2001:db8:65::2
far() { nsenter --net="/run/netns/$FAR" -- "$@"; }

narrow_up() {
	ip netns add "$FAR" &&
		ip -n "$LAB_C" link add mid0 mtu 1500 type veth peer name far0 netns "$FAR" &&
		addressed "$LAB_C" mid0 198.51.100.1/24 2001:db8:65::1/64 &&
		addressed "$FAR" far0 "$FAR4/24" "$FAR6/64" &&
		ip -n "$LAB_C" route add "$FAR4" dev mid0 mtu lock 1300 &&
		ip -n "$LAB_C" -6 route add "$FAR6" dev mid0 mtu lock 1300 &&
		lab_sysctl c net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 &&
		ip -n "$FAR" route add default via 198.51.100.1 &&
		ip -n "$FAR" -6 route add default via 2001:db8:65::1 &&
		ip -n "$LAB_S" route add "$FAR4" via "$LAB_CLI4" &&
		ip -n "$LAB_S" -6 route add "$FAR6" via "$LAB_CLI6"
}

# through ADDR : 1 MB each way; what the server's kernel said of the connection at its beginning.
through() {
	local before
	before=$(wc -l <"$LAB_DIR/echo.out")
	far "$LAB_BIN/tcpload" --dst "$1" --port 80 --count 1 --echo 1048576 --timeout-ms 20000 -j |
		jq -e '.served == 1 and .failed == 0' >/dev/null || return
	tail -n "+$((before + 1))" "$LAB_DIR/echo.out" | jq -Sc 'select(.event == "accept") |
		{timestamps, sack, wscale, snd_wscale, rcv_wscale, maxseg, snd_mss, advmss, pmtu}'
}

# The server's kernel forgets what it learned of a path.
forget_paths() { lab_s ip route flush cache && lab_s ip -6 route flush cache; }

path_mtu() { # ADDR
	lab_s ip -j route get "$1" | jq '.[0].metrics[0].mtu'
}

expect "a router, and a client behind a narrow link" narrow_up
for addr in "${ADDRS[@]}"; do
	expect "in peace, $addr" eval "through $addr >'$LAB_DIR/narrow $addr'"
done
expect "paths are forgotten" forget_paths
expect "synwardd starts" synward_start --interface srv0 --ports 80
for addr in "${ADDRS[@]}"; do
	far=$FAR4
	[[ $addr != *:* ]] || far=$FAR6
	expect "no path is known to be narrow, $addr" [ "$(path_mtu "$far")" = null ]
	expect "what is agreed is what it is in peace, $addr" diff "$LAB_DIR/narrow $addr" <(through "$addr")
	expect "the path's MTU was learned, $addr" [ "$(path_mtu "$far")" = 1300 ]
done
expect "by cookies" status_is '.reasons.handoff == 2 and .reasons.syn_peace == 0'
expect "it stops" synward_stop
guest_end
