#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 600
#
# The whole path on another kernel than the one at hand: what a connection gets is what it gets in peace.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

RCVBUFS=(2304 16384 65536 131072 1048576 4194304)

# raw ADDR SCENARIO ARG... : the scripted client; JSON.
raw() {
	local src=$LAB_RAW4
	[[ $1 != *:* ]] || src=$LAB_RAW6
	lab_rawtcp "$2" --dev cli0 --src "$src" --dst "$1" --port 80 "${@:3}"
}

OFFERS=(
	"--ts on" "--sack off" "--wscale off" "--wscale 0" "--wscale 10 --mss 1400" "--wscale 14" "--ecn"
	"--ts off" "--ts off --sack off --wscale off"
)

# what_came ADDR OFFER... : what the SYN-ACK said, in whatever order, and what the accepted socket has.
what_came() {
	local addr=$1 said
	shift
	said=$(raw "$addr" handshake "$@") || return 1
	jq -Sc '{connected, echo_ok, closed, synack: (.synack |
		{options: .options | split(",") | sort, mss, wscale, sack, ts, ecn, ttl, df, ack_ok, checksum_valid})}' <<<"$said"
	lab_wait_for "the server's report" 5 reported "$(jq .sport <<<"$said")"
	grep '"accept"' "$LAB_DIR/echo.out" | jq -Sc "select(.peer_port == $(jq .sport <<<"$said")) |
		{timestamps, sack, wscale, ecn, snd_wscale, rcv_wscale, maxseg, snd_mss, advmss, pmtu}"
}

reported() { grep -q "\"accept\".*\"peer_port\": $1," "$LAB_DIR/echo.out"; }

# The window scale, and the window, that a listener with that SO_RCVBUF announces.
announced() { # RCVBUF_INDEX
	lab_rawtcp syn-only --dev cli0 --src "$LAB_RAW4" --dst "$LAB_SRV4" --port $((8000 + $1)) --settle-ms 100 |
		jq -c '.synack | [.wscale, .window]'
}

all_offers() {
	local addr offer
	for addr in "$LAB_SRV4" "$LAB_SRV6"; do
		for offer in "${OFFERS[@]}"; do
			# shellcheck disable=SC2086 # words are meant
			what_came "$addr" $offer >"$LAB_DIR/$1 $addr $offer"
		done
	done
}

lab_up 2 || exit 1
lab_sysctl s net.ipv4.tcp_syncookies=1
sysctl -q -w net.core.rmem_max=8388608
lab_serve echo --listen :: --port 80 --report
for i in "${!RCVBUFS[@]}"; do
	lab_serve "rcvbuf$i" --listen :: --port $((8000 + i)) --rcvbuf "${RCVBUFS[i]}"
done

# ---- peace -----------------------------------------------------------------------------------------

all_offers peace
announced_in_peace=()
for i in "${!RCVBUFS[@]}"; do
	announced_in_peace[i]=$(announced "$i")
done

# ---- armed -----------------------------------------------------------------------------------------

expect "synwardd starts" synward_start --interface srv0 --ports 80,81,8000-8010
expect "on the whole path" status_is '.interfaces[0] |
	.path == "cookie" and .tc == "tcx" and .xdp_mode == "native"'
all_offers armed
for addr in "$LAB_SRV4" "$LAB_SRV6"; do
	for offer in "${OFFERS[@]}"; do
		expect "as in peace: $addr $offer" diff "$LAB_DIR/peace $addr $offer" "$LAB_DIR/armed $addr $offer"
	done
done
cookies=$((2 * ${#OFFERS[@]}))
expect "all of them were cookies" status_is ".reasons.syn_cookie == $cookies and .reasons.handoff == $cookies"

for i in "${!RCVBUFS[@]}"; do
	read -r peace_scale peace_window < <(jq -r @tsv <<<"${announced_in_peace[i]}")
	read -r scale window < <(announced "$i" | jq -r @tsv)
	measured "SO_RCVBUF ${RCVBUFS[i]}: scale and window" "peace $peace_scale $peace_window, armed $scale $window"
	expect "SO_RCVBUF ${RCVBUFS[i]}: the window scale is the kernel's" [ "$peace_scale" = "$scale" ]
	expect "SO_RCVBUF ${RCVBUFS[i]}: and the window fits the buffer" \
		[ "$window" -le "${RCVBUFS[i]}" ]
done

for addr in "$LAB_SRV4" "$LAB_SRV6"; do
	expect "1 MB each way, $addr" serves 3 "$addr" --echo 1048576
	raw "$addr" handshake --delay-ms 50 >"$LAB_DIR/raw.out"
	rtt=$(grep "\"accept\".*\"peer_port\": $(jq .sport "$LAB_DIR/raw.out")," "$LAB_DIR/echo.out" | jq .rtt_us)
	measured "RTT of an ACK that was held back for 50 ms, $addr" "$rtt us"
	expect "that RTT is measured from the SYN-ACK" [ "${rtt:-0}" -ge 50000 ]
	expect "and not much more" [ "${rtt:-0}" -le 150000 ]
	expect "data in the first ACK, $addr" jq -e '.connected and .echo_ok' <(raw "$addr" data-in-ack)
	expect "the first ACK is lost, $addr" jq -e '.connected and .echo_ok' \
		<(raw "$addr" lost-ack --gap-ms 50)
	expect "ACK and data in one batch, $addr" jq -e '.connected and .echo_ok' <(raw "$addr" batch)
done
nr_accepted=$(grep -c '"accept"' "$LAB_DIR/echo.out")
raw "$LAB_SRV4" bogus-ack --blind --wait-ms 200 >"$LAB_DIR/raw.out"
expect "a forged ACK makes no connection" [ "$(grep -c '"accept"' "$LAB_DIR/echo.out")" = "$nr_accepted" ]
expect "and is counted" status_is '.reasons.ack_reset + .reasons.ack_cookie_invalid + .reasons.ack_cookie_expired == 1'

# ---- MPTCP -----------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # Perl's own
lab_spawn mptcp lab_s perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 262) or die "MPTCP: $!";
	bind(S, sockaddr_in(81, INADDR_ANY)) and listen(S, 64) or die $!; $| = 1; print "ready\n";
	while (accept(C, S)) { while (sysread(C, $_, 65536)) { syswrite(C, $_) } close(C) }'
expect "an MPTCP listener" lab_wait_for "it" 10 lab_out_has mptcp ready
before=$(count cookies_sent 81)
expect "its clients are served" serves 20 "$LAB_SRV4" --port 81
expect "by the kernel, whose own cookies are not due" status_is '.reasons.syn_kernel_queue == 20'
expect "without cookies" [ "$(count cookies_sent 81)" = "$before" ]

# ---- flood -----------------------------------------------------------------------------------------

# flooded PPS CLIENTS : a flood, and so many clients one after another.
flooded() {
	local began=$EPOCHREALTIME sent
	sent=$(count cookies_sent)
	expect "the flood flows" lab_flood_start flood --dst "$LAB_SRV4" --pps "$1" --seconds 120
	expect "$2 clients in a flood are served, IPv4" serves "$2" "$LAB_SRV4"
	expect "$2 clients in a flood are served, IPv6" serves "$2" "$LAB_SRV6"
	measured "flood: SYNs answered per second, $1 wanted" "$(jq -n "($(count cookies_sent) - $sent) /
		($EPOCHREALTIME - $began) | floor")"
	lab_stop flood
}
flooded 20000 200
"$O/synward" --socket "$SOCKET" | sed 's/^/# /'

# ---- generic mode ----------------------------------------------------------------------------------

expect "it stops at SIGTERM" synward_stop
lab_gro on
expect "generic mode" synward_start --interface srv0 --ports 80 --xdp-mode generic
expect "says so" status_is '.interfaces[0] | .path == "cookie" and .xdp_mode == "generic"'
for addr in "$LAB_SRV4" "$LAB_SRV6"; do
	expect "generic: 100 connections, $addr" serves 100 "$addr"
	expect "generic: 1 MB each way, $addr" serves 2 "$addr" --echo 1048576
done
expect "by cookies" status_is '.reasons.handoff == 204'
expect "it stops" synward_stop

# ---- auto ------------------------------------------------------------------------------------------

MODE=auto
expect "auto" synward_start --interface srv0 --ports 80
expect "peace: 100 connections" serves 100 "$LAB_SRV4"
expect "by the kernel" status_is '.reasons.handoff == 0 and .reasons.kernel_handshake_done == 100 and
	all(.services[]; .armed == false and .served == 100 and .half_open == 0)'
expect "the flood flows" lab_flood_start flood --dst "$LAB_SRV4" --pps 20000 --seconds 60
expect "it arms" lab_wait_for "it" 10 status_is '.services[0].armed'
expect "100 clients in it are served" serves 100 "$LAB_SRV6"
expect "no more than the threshold came to the kernel" status_is '.services[0] |
	.kernel_half_open <= .thresholds.half_open'
lab_stop flood
expect "it stops" synward_stop
guest_end
