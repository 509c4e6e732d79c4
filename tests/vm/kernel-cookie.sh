#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.1 6.12
# timeout: 900
#
# SYNs answered with the kernel's own cookies: on 6.1 because the kernel cannot hand a handshake over, on 6.12
# because the listener is MPTCP. What tcp_syncookies and tcp_timestamps say decides when, and with which options.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

ADDRS=("$LAB_SRV4" "$LAB_SRV6")
BACKLOG=64
listener=(--listen :: --port 80 --report --backlog "$BACKLOG")
if [[ $KERNEL == 6.12 ]]; then
	listener+=(--mptcp)
	WHY="listeners? (is|are) MPTCP"
else
	WHY="kernel 6\.1\..* has no bpf_sk_assign_tcp_reqsk\(\)"
fi

raw() { # ADDR SCENARIO ARG...
	local src=$LAB_RAW4
	[[ $1 != *:* ]] || src=$LAB_RAW6
	lab_rawtcp "$2" --dev cli0 --src "$src" --dst "$1" --port 80 "${@:3}"
}

nr_accepted() { grep -c '"accept"' "$LAB_DIR/echo.out"; }
reported() { grep -q "\"accept\".*\"peer_port\": $1," "$LAB_DIR/echo.out"; }

# what_came ADDR ARG... : what the SYN-ACK offered, and what the accepted socket has.
what_came() {
	local said port
	said=$(raw "$1" handshake "${@:2}") || return 1
	port=$(jq .sport <<<"$said")
	jq -Sc '{connected, echo_ok, closed, synack: (.synack |
		{options: .options | split(",") | sort, mss, wscale, sack, ts, ecn, ack_ok, checksum_valid})}' <<<"$said"
	lab_wait_for "the server's report" 5 reported "$port"
	grep '"accept"' "$LAB_DIR/echo.out" | jq -Sc "select(.peer_port == $port) |
		{timestamps, sack, wscale, ecn, snd_wscale, rcv_wscale, maxseg, snd_mss, advmss, pmtu}"
}

OFFERS=("--ts on" "--sack off" "--wscale off" "--wscale 0" "--wscale 14" "--ecn")

all_offers() { # NAME
	local addr offer
	for addr in "${ADDRS[@]}"; do
		for offer in "${OFFERS[@]}"; do
			# shellcheck disable=SC2086 # words are meant
			what_came "$addr" $offer >"$LAB_DIR/$1 $addr $offer"
		done
	done
}

sysctls() { lab_s sysctl net.ipv4.{tcp_syncookies,tcp_timestamps,tcp_sack,tcp_window_scaling,tcp_max_syn_backlog}; }

# begins MODE SYNCOOKIES TIMESTAMPS [OPTION...] : the server anew, so that its queue is empty; sysctls; synwardd.
begins() {
	lab_stop echo
	lab_sysctl s "net.ipv4.tcp_syncookies=$2" "net.ipv4.tcp_timestamps=$3"
	sysctls >"$LAB_DIR/sysctls"
	lab_serve echo "${listener[@]}" || return 1
	MODE=$1 synward_start --interface srv0 --ports 80 "${@:4}" &&
		lab_wait_for "the listener to be seen" 5 status_is ".services[0].backlog == $BACKLOG"
}

ends() {
	expect "no sysctl was changed" diff "$LAB_DIR/sysctls" <(sysctls)
	expect "it stops" synward_stop
}

# says PATH : of the service, and of the interface where the kernel is what stands against ours.
says() {
	status_is ".services[0].path == \"$1\"" && { [[ $KERNEL != 6.1 ]] || status_is ".interfaces[0].path == \"$1\""; }
}

why() { status '.services[0].why' | grep -E "$1"; }

# flooded WHAT : by more than the kernel's queue could hold; clients of both families are served.
flooded() {
	local addr
	expect "$1: the flood flows" lab_flood_start flood --dst "$LAB_SRV4" --pps 2000 --seconds 60
	expect "$1: it is answered" lab_wait_for "SYN-ACKs" 20 status_is '.reasons.syn_kernel_cookie > 2000'
	for addr in "${ADDRS[@]}"; do
		expect "$1: 50 clients in a flood are served, $addr" serves 50 "$addr"
	done
	lab_stop flood
	expect "$1: none of the flood is answered by a cookie of ours" status_is '.reasons.syn_cookie == 0 and
		.reasons.handoff == 0'
}

lab_up 2 || exit 1
[[ $KERNEL != 6.12 ]] || expect "MPTCP" lab_sysctl s net.mptcp.enabled=1

# ---- tcp_timestamps=2: every option is kept --------------------------------------------------------

lab_sysctl s net.ipv4.tcp_syncookies=1 net.ipv4.tcp_timestamps=2
lab_serve echo "${listener[@]}" || exit 1
all_offers peace

expect "always, tcp_syncookies=2, tcp_timestamps=2" begins always 2 2 || guest_end
expect "the path is kernel-cookie" says kernel-cookie
expect "and it says why" why "$WHY"
expect "nothing would help but another kernel or listener" refuse why "sysctl -w"
all_offers kept
for addr in "${ADDRS[@]}"; do
	for offer in "${OFFERS[@]}"; do
		expect "as in peace: $addr $offer" diff "$LAB_DIR/peace $addr $offer" "$LAB_DIR/kept $addr $offer"
	done
done
nr=$((2 * ${#OFFERS[@]}))
expect "all of them were the kernel's cookies, sent from XDP" \
	status_is ".reasons.syn_kernel_cookie == $nr and .reasons.kernel_cookie >= $nr and .reasons.syn_cookie == 0"
expect "the kernel took as many, and sent none" \
	[ "$(lab_nstat s TcpExtSyncookiesRecv) $(lab_nstat s TcpExtSyncookiesSent)" = "$nr 0" ]
for addr in "${ADDRS[@]}"; do
	expect "1 MB each way, $addr" serves 3 "$addr" --echo 1048576
	expect "data in the first ACK, $addr" jq -e '.connected and .echo_ok' <(raw "$addr" data-in-ack)
	expect "the first ACK is lost, $addr" jq -e '.connected and .echo_ok' <(raw "$addr" lost-ack --gap-ms 50)
	before=$(nr_accepted)
	raw "$addr" bogus-ack --blind --wait-ms 200 >"$LAB_DIR/raw.out"
	expect "a forged ACK makes no connection, $addr" [ "$(nr_accepted)" = "$before" ]
	expect "one SYN-ACK and no more, $addr" jq -e '.nr_synacks == 1' <(raw "$addr" syn-only --settle-ms 2500)
done
flooded always
"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
ends

# ---- tcp_timestamps=1: the MSS alone ---------------------------------------------------------------

expect "tcp_timestamps=1" begins always 2 1
expect "it says what would keep the options" why "sysctl -w net.ipv4.tcp_timestamps=2"
for addr in "${ADDRS[@]}"; do
	what_came "$addr" --mss 1400 >"$LAB_DIR/bare $addr"
	expect "nothing but the MSS is offered, $addr" \
		jq -se '.[0].connected and .[0].echo_ok and .[0].synack.options == ["mss"]' "$LAB_DIR/bare $addr"
	expect "and nothing else is agreed, $addr" jq -se '.[1] |
		.timestamps == false and .sack == false and .wscale == false and .snd_mss <= 1400 and .snd_mss >= 1200' \
		"$LAB_DIR/bare $addr"
	expect "1 MB each way, $addr" serves 3 "$addr" --echo 1048576
done
ends

# ---- tcp_syncookies=1: once the queue is full ------------------------------------------------------

# fill NUMBER FIRST_PORT : so many half-open handshakes.
fill() {
	lab_handshakes --src "$LAB_RAW4" --sport "$2" --dst "$LAB_SRV4" --port 80 --count "$1" --pps 200 -j
}

expect "tcp_syncookies=1" begins always 1 2
expect "it says that =2 would change it" why "sysctl -w net.ipv4.tcp_syncookies=2"
expect "half a backlog of handshakes" fill $((BACKLOG / 2)) 20000
expect "with room in the queue SYNs go to the kernel" \
	status_is ".reasons.syn_kernel_queue == $((BACKLOG / 2)) and .reasons.syn_kernel_cookie == 0"
expect "clients too" serves 10 "$LAB_SRV4"
expect "more than the backlog" fill "$BACKLOG" 30000
expect "cookies are out when it is full" status_is ".reasons.syn_kernel_cookie > 0 and
	.reasons.syn_kernel_cookie + .reasons.syn_kernel_queue == $((BACKLOG / 2 + 10 + BACKLOG))"
for addr in "${ADDRS[@]}"; do
	before=$(reason syn_kernel_cookie)
	expect "clients with a full queue are served, $addr" serves 50 "$addr"
	expect "by cookies, $addr" [ "$(reason syn_kernel_cookie)" = $((before + 50)) ]
done
flooded "always, tcp_syncookies=1"
expect "the queue held what it can, and no more" status_is ".services[0].kernel_half_open <= $BACKLOG + 2"
ends

# ---- auto ------------------------------------------------------------------------------------------

expect "auto" begins auto 2 2
for addr in "${ADDRS[@]}"; do
	expect "in peace, $addr" serves 20 "$addr"
done
expect "the kernel answers in peace" status_is '.reasons.syn_kernel_cookie == 0 and .services[0].armed == false and
	.services[0].path == "kernel-cookie"'
flooded auto
expect "it is armed" status_is '.services[0].armed'
expect "no more than the threshold came to the kernel" status_is '.services[0] |
	.kernel_half_open <= .thresholds.half_open'
expect "the attack is told as answered" synward_said "event=attack_begin.*answered=true"
ends

# ---- tcp_syncookies=0: nothing is answered ---------------------------------------------------------

expect "tcp_syncookies=0" begins always 0 2
expect "the path is monitor" says monitor
expect "it says what would help" why "sysctl -w net.ipv4.tcp_syncookies=1"
for addr in "${ADDRS[@]}"; do
	expect "the kernel answers, $addr" serves 10 "$addr"
done
expect "nothing else does" status_is '.reasons.syn_kernel_cookie == 0 and .reasons.syn_cookie == 0 and
	.reasons.syn_cookies_off == 20'
ends
guest_end
