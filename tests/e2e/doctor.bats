#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `synward doctor`: a host where all is well, and one thing after another made wrong. What is wrong is named, the exit
# status says whether it is harmful, and the handshake of its own tells the truth.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

bats_require_minimum_version 1.5.0

doctor() { synward_cli -j doctor "$@"; }

# check_is NAME STATUS [WORDS] : in $output. Names may end in *.
check_is() {
	jq -e --arg name "${1%\*}" --arg exact "$1" --arg status "$2" --arg words "${3:-}" '[.checks[] |
		select(.name == $exact or ($exact | endswith("*")) and (.name | startswith($name))) |
		select(.status == $status and (.detail + " " + (.remedy // "") | contains($words)))] |
		length > 0' <<<"$output" >/dev/null || {
		printf 'no check %s is "%s" and says "%s"\n' "$1" "$2" "${3:-}" >&2
		jq -r '.checks[] | select(.status != "ok") | "\(.status) \(.name): \(.detail) -> \(.remedy)"' <<<"$output" >&2
		return 1
	}
}

fails() { jq -c '[.checks[] | select(.status == "fail").name] | sort' <<<"$output"; }
only_ok() { json '.effective and all(.checks[]; .status == "ok")' <<<"$output"; }

# ill NAME WORDS : it says so, and exits 1.
ill() {
	run -1 --separate-stderr doctor
	json '.effective | not' <<<"$output"
	check_is "$1" fail "$2"
}

# weak NAME WORDS : it says so, and exits 0.
weak() {
	run -0 --separate-stderr doctor
	json '.effective' <<<"$output"
	check_is "$1" warn "$2"
}

well() {
	run -0 --separate-stderr doctor
	only_ok
}

nft_input() { # nft_input RULE... : each a word list, in a chain of its own
	local rule
	lab_s nft add table inet t
	lab_s nft add chain inet t c '{ type filter hook input priority 0; }'
	for rule in "$@"; do
		# shellcheck disable=SC2086 # words
		lab_s nft add rule inet t c $rule
	done
}

nft_gone() { lab_s nft flush ruleset; }

nr_reset() { grep -c '"close".*ECONNRESET' "$LAB_DIR/server.out" || :; }
nr_reset_is() { [[ $(nr_reset) == "$1" ]]; }

@test "all is well: in always and in auto, native and generic, and the application sees two resets" {
	local mode xdp nr=0
	serve
	for xdp in native generic; do
		for mode in always auto; do
			synward_in "$xdp" --mode "$mode"
			run -0 --separate-stderr doctor
			[[ -z $stderr ]]
			if [[ $xdp == native ]]; then
				only_ok
			else
				check_is "xdp srv0" warn "generic"
				[[ $(fails) == "[]" ]]
			fi
			check_is "self-test default:80 srv0 IPv4" ok "to $LAB_SRV4"
			check_is "self-test default:80 srv0 IPv6" ok "to $LAB_SRV6"
			row_is '.cookies_sent == 2 and .cookies_valid == 2 and .half_open == 0'
			reason_is handoff 2
			# each frame was judged once: two SYNs, two ACKs, and the two resets
			[[ $(synward_get '.reasons | .flow_just_handed_off + .flow_learned + .flow_known') == 2 ]]
			nr=$((nr + 2))
			lab_wait_for "the resets" 2 nr_reset_is "$nr"
			[[ $mode == always ]] || row_is '(.armed | not) and .armed_until_seconds == 0'
			all_served 4 3
			all_served 6 3
			synward_down
		done
	done
	[[ $(nr_of accept) == $((nr + 24)) ]]
	[[ $(lab_s ss -Htan | grep -vc LISTEN) == "$(lab_s ss -Htan state time-wait | wc -l)" ]] # none is left
}

@test "under a flood, and armed by hand: it stays armed" {
	serve
	synward_up --mode auto
	synward_cli arm default
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 50000 --seconds 20
	run -0 --separate-stderr doctor
	check_is "self-test default:80 srv0 IPv4" ok
	check_is "self-test default:80 srv0 IPv6" ok
	row_is '.armed and .armed_until_seconds == 2147483647'
}

@test "net.ipv4.tcp_syncookies = 0" {
	serve
	synward_up
	lab_sysctl s net.ipv4.tcp_syncookies=0
	synward_wait '.interfaces[0].path == "monitor"' 3
	ill net.ipv4.tcp_syncookies "sysctl -w net.ipv4.tcp_syncookies=1"
	check_is "interface srv0" fail "sysctl -w net.ipv4.tcp_syncookies=1"
	lab_sysctl s net.ipv4.tcp_syncookies=2
	synward_wait '.interfaces[0].path == "cookie"' 3
	well
}

@test "sysctls that weaken" {
	serve
	synward_up
	lab_sysctl s net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0 net.ipv4.tcp_window_scaling=0
	sleep 1.2 # they are read every second
	weak net.ipv4.tcp_timestamps "sysctl -w net.ipv4.tcp_timestamps=1"
	check_is net.ipv4.tcp_sack warn "=1"
	check_is net.ipv4.tcp_window_scaling warn "=1"
	check_is "self-test default:80 srv0 IPv4" ok
}

@test "rules that know of no first packet but a SYN" {
	serve
	synward_up
	nft_input 'tcp flags & (syn|ack) != syn ct state new drop'
	ill "firewall default:80" "nft delete rule inet t c handle 2"
	check_is "self-test default:80 srv0 IPv4" fail "no connection appeared"
	check_is "self-test default:80 srv0 IPv6" fail "netfilter"
	lab_s nft delete rule inet t c handle 2 # as it says
	well
	lab_s iptables -A INPUT -p tcp ! --syn -m conntrack --ctstate NEW -j DROP
	ill "firewall default:80" \
		"iptables -t filter -D INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP"
	check_is "self-test default:80 srv0 IPv4" fail
	check_is "self-test default:80 srv0 IPv6" ok
	lab_s iptables -F
	nft_gone
	lab_s iptables-legacy -A INPUT -p tcp ! --syn -m state --state NEW -j DROP
	ill "firewall default:80" "iptables-legacy -t filter -D INPUT"
	check_is "self-test default:80 srv0 IPv4" fail
}

@test "conntrack that takes no connection without its SYN" {
	serve
	synward_up
	lab_sysctl s net.netfilter.nf_conntrack_tcp_loose=0
	weak net.netfilter.nf_conntrack_tcp_loose "nf_conntrack_tcp_loose=1"
	nft_input 'ct state invalid drop'
	ill net.netfilter.nf_conntrack_tcp_loose "nf_conntrack_tcp_loose=1"
	check_is "firewall default:80" fail "nf_conntrack_tcp_loose=1"
	check_is "self-test default:80 srv0 IPv4" fail "netfilter"
	lab_sysctl s net.netfilter.nf_conntrack_tcp_loose=1
	well
}

@test "ports that are forwarded" {
	serve
	synward_up
	lab_s iptables -t nat -A PREROUTING ! -i docker0 -p tcp --dport "$PORT" -m addrtype --dst-type LOCAL \
		-j DNAT --to-destination 198.18.0.5:8080
	ill "firewall default:80" "synward mode default off"
	check_is "self-test default:80 srv0 IPv4" fail
	check_is "self-test default:80 srv0 IPv6" ok
	lab_s iptables -t nat -F
	nft_gone
	lab_s nft add table inet n
	lab_s nft add chain inet n pre '{ type nat hook prerouting priority -100; }'
	lab_s nft add rule inet n pre tcp dport "$PORT" redirect to :81
	ill "firewall default:80" "elsewhere"
	check_is "self-test default:80 srv0 IPv6" fail
}

@test "NAT of other ports takes the handed-off socket from a packet, unless it is untracked" {
	serve
	synward_up
	lab_s nft add table inet n
	lab_s nft add chain inet n pre '{ type nat hook prerouting priority -100; }'
	well # without a rule, conntrack sleeps
	lab_s nft add rule inet n pre tcp dport 81 redirect to :82
	if grep -q nf_nat_ipv6_local_in /proc/kallsyms; then
		ill "firewall default:80" "notrack"
		check_is "self-test default:80 srv0 IPv4" fail
		check_is "self-test default:80 srv0 IPv6" fail
		# as it says
		lab_s bash -c "$(jq -r '.checks[] | select(.name == "firewall default:80") | .remedy' <<<"$output" | head -n 1)"
	fi
	well
	all_served 4 3
	all_served 6 3
	lab_s iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE # that is untracked already
	well
}

@test "firewalls that drop the port, by a rule and by a policy" {
	serve
	synward_up
	nft_input "tcp dport $PORT drop"
	ill "firewall default:80" "armed or not"
	check_is "self-test default:80 srv0 IPv4" fail
	nft_gone
	nft_input "tcp dport $PORT tcp flags syn accept" "ct state established,related accept" "meta l4proto icmpv6 accept"
	lab_s nft chain inet t c '{ policy drop; }'
	ill "firewall default:80" "nft insert rule inet t c tcp dport $PORT accept"
	check_is "self-test default:80 srv0 IPv4" fail "netfilter"
	lab_s nft insert rule inet t c tcp dport "$PORT" accept # as it says
	well
}

@test "rules that see SYNs alone do not apply while armed" {
	serve
	synward_up
	nft_input "ip saddr 203.0.113.0/24 tcp flags & (fin|syn|rst|ack) == syn drop" \
		"tcp flags syn limit rate over 100/second drop"
	weak "firewall default:80" "synward deny add"
	json '[.checks[] | select(.name == "firewall default:80" and .status == "warn")] | length == 2' <<<"$output"
	nft_gone
	nft_input "ip saddr 203.0.113.0/24 drop" # that sees the ACK as well
	well
}

@test "nobody listens, or on one family alone" {
	synward_up
	weak "listener default:80" "ss -ltn"
	check_is "self-test default:80 srv0 IPv4" warn "nobody listens"
	serve 0.0.0.0
	run -0 --separate-stderr doctor
	only_ok
	check_is "self-test default:80 srv0 IPv4" ok
	json 'any(.checks[]; .name == "self-test default:80 srv0 IPv6") | not' <<<"$output"
}

@test "an MPTCP listener" {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	serve :: --mptcp
	synward_up
	weak "listener default:80" "GODEBUG=multipathtcp=0"
	[[ $(fails) == "[]" ]]
}

@test "an MPTCP listener, by cookies of the kernel's own" {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	serve :: --mptcp
	synward_up
	lab_sysctl s net.ipv4.tcp_syncookies=2 net.ipv4.tcp_timestamps=2
	sleep 1.2 # they are read every second
	weak "service default:80" "kernel-cookie"
	check_is "self-test default:80 srv0 IPv4" ok "cookie of the kernel's"
	check_is "self-test default:80 srv0 IPv6" ok "cookie of the kernel's"
}

@test "answers by the routing table" {
	serve
	synward_conf "mode = always"
	sed -i 's/^interfaces/reply = fib\n&/' "$LAB_DIR/synward.conf"
	synward_up_conf
	ill net.ipv4.conf.lo.forwarding "sysctl -w net.ipv4.conf.lo.forwarding=1"
	check_is net.ipv6.conf.lo.forwarding fail "sysctl -w net.ipv6.conf.lo.forwarding=1"
	lab_sysctl s net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1
	synward_wait '.interfaces[0].path == "cookie" and .interfaces[0].why == null' 3
	# The client who is made up is nobody's neighbour, and no router leads to strangers yet.
	weak "self-test web:80 srv0 IPv4" "not resolved"
	lab_s ip route add default via "$LAB_CLI4"
	lab_s ip -6 route add default via "$LAB_CLI6"
	well
	check_is "self-test web:80 srv0 IPv4" ok "198.51.100.77"
	check_is "self-test web:80 srv0 IPv6" ok
}

@test "a small backlog, and an application that takes nothing" {
	serve :: --backlog 5
	synward_up --mode auto
	weak "backlog default:80" "5:"
	lab_stop server
	serve :: --backlog 1 --no-accept-until-signal
	lab_load --dst "$LAB_SRV4" --port "$PORT" --count 3 --timeout-ms 300 -j >/dev/null || :
	run -0 --separate-stderr doctor
	check_is "backlog default:80" warn "accept queue is full"
}

@test "the XDP program is gone" {
	serve
	synward_up
	bpftool link detach id "$(synward_link xdp)"
	lab_s "$LAB_BIN/labxdp" pass srv0
	synward_wait '.interfaces[0].xdp_mode == "none"' 3
	ill "xdp srv0" "bpftool net show dev srv0"
	check_is "interface srv0" fail "srv0 is held by another XDP program: id"
	check_is "interface srv0" fail "ip link set dev srv0 xdp off"
}

@test "the link is down" {
	serve
	synward_up
	ip -n "$LAB_S" link set srv0 down
	synward_wait '.interfaces[0].path == "monitor"' 3
	ill "interface srv0" "ip link set dev srv0 up"
	ip -n "$LAB_S" link set srv0 up
	synward_wait '.interfaces[0].path == "cookie"' 3
}

@test "modes that answer nothing are the operator's, but not for all services" {
	serve
	synward_conf
	printf '%s\n' "[service mail]" "ports = 25" "mode = monitor" >>"$LAB_DIR/synward.conf"
	synward_up_conf
	weak "service mail:25" "synward mode mail auto"
	check_is "self-test web:80 srv0 IPv4" ok
	synward_cli mode web off
	ill services "synward mode"
	check_is "service web:80" warn "mode off"
}

@test "text, tabs and JSON; without the handshake; without root; without a daemon" {
	serve
	synward_up
	run -0 synward_cli doctor
	grep -Eq '^ok    self-test default:80 srv0 IPv6 +a handshake went all the way' <<<"$output"
	grep -Eq '^protection is effective: [0-9]+ checks, warn: 0, FAIL: 0$' <<<"$output"
	nft_input "tcp dport $PORT drop"
	run -1 synward_cli doctor
	grep -Eq '^FAIL  firewall default:80 ' <<<"$output"
	grep -Eq '^ +-> nft delete rule inet t c handle 2$' <<<"$output"
	grep -Eq '^protection is not effective: .*, FAIL: 3$' <<<"$output"
	run -1 synward_cli -t doctor
	grep -Pq '^check\tfail\tfirewall default:80\t.*\tnft delete rule inet t c handle 2$' <<<"$output"
	run -1 synward_cli -p doctor --no-self-test
	json '(.effective | not) and all(.checks[]; .name | startswith("self-test") | not)' <<<"$output"
	nft_gone
	[[ $(row syns) == 6 ]]
	chmod 755 "$LAB_DIR"
	chmod 666 "$LAB_DIR/ctl"
	run -0 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$SYNWARD" --socket "$LAB_DIR/ctl" \
		-j doctor
	check_is self-test warn "root"
	check_is firewall warn "root"
	check_is net.ipv4.tcp_syncookies ok
	[[ $(row syns) == 6 ]] # it asked for none, and would not have got one
	run -2 synward_cli doctor now
	run -2 synward_cli status --no-self-test
	synward_down
	run -3 --separate-stderr synward_cli -j doctor
	[[ $stderr == *"no synwardd answers"* ]]
	check_is daemon fail "journalctl -u synwardd"
	check_is btf ok
	json '(.effective | not)' <<<"$output"
}
