#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# synward-exporter: what it answers, to whom, with the daemon there, away, hung or strange; and that crowds, slow
# clients and garbage keep no scrape out.
#
# shellcheck disable=SC2030,SC2031 # bats makes subshells of tests
load e2e
load exporter

@test "what it answers" {
	synward_with
	exporter_up
	scrape 'synward_up 1'
	[[ $(http_status /metrics) == 200 ]]
	http /metrics -i | grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8'
	http /metrics | promtool check metrics
	http / | grep -q 'href="/metrics"'
	[[ $(http_status '/metrics?name=x') == 200 ]]
	[[ $(http_status /nothing) == 404 && $(http_status /metrics/) == 404 && $(http_status /../metrics --path-as-is) == 404 ]]
	[[ $(http_status /metrics -X POST -d a=b) == 405 && $(http_status /metrics -X DELETE) == 405 ]]
	[[ $(http_status / -X PUT -H 'Content-Length: 1000000000' -d x) == 405 ]]
	http /metrics -i -X POST | grep -qi '^allow: GET, HEAD'
	[[ -z $(http /metrics -I | sed '1,/^\r$/d') ]]
	http /metrics -I | grep -q '^HTTP/1.1 200'
}

@test "it says the same as synward metrics" {
	serve
	synward_with
	all_served 4 5
	exporter_up
	diff <(synward_cli metrics | grep -v uptime) <(http /metrics | grep -v uptime)
	scrape 'synward_service_served_total{service="web",port="80"} 5$'
}

@test "the daemon is asked once a second at most, whoever scrapes" {
	local i
	synward_with
	exporter_up
	lab_spawn strace strace -f -e trace=accept4 -p "$(lab_pid synwardd)"
	lab_wait_for "strace to watch" 5 grep -q attached "$LAB_DIR/strace.err"
	for ((i = 0; i < 100; i++)); do
		http /metrics >/dev/null
	done
	lab_stop strace
	# 100 scrapes take some two seconds; with an accept each there would be 100
	(($(grep -c 'accept4(.*= [0-9]' "$LAB_DIR/strace.err") < 40))
}

@test "whoever may not connect says so, and how it would" {
	synward_with
	exporter_up
	lab_stop exporter
	chmod 711 "$LAB_DIR"
	lab_spawn exporter lab_s setpriv --reuid=65534 --regid=65534 --clear-groups "$LAB_DIR/synward-exporter" \
		--listen "127.0.0.1:$HTTP_PORT" --socket "$LAB_DIR/ctl"
	lab_wait_for "the exporter to be ready" 5 exporter_said ready
	scrape 'synward_up 0'
	exporter_said 'no permission; run as a member of group synward'
}

@test "who may look may not change" {
	local status=0
	synward_with
	chmod 711 "$LAB_DIR"
	cp "$SYNWARD" "$LAB_DIR/synward"
	chmod 755 "$LAB_DIR/synward"
	setpriv --reuid=65534 --regid="$(exporter_gid)" --clear-groups "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" metrics |
		grep -q '^synward_up 1'
	setpriv --reuid=65534 --regid="$(exporter_gid)" --clear-groups "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" arm web \
		2>"$LAB_DIR/said" || status=$?
	((status == 1)) && grep -q 'only root' "$LAB_DIR/said"
	row_is '.armed | not'
	setpriv --reuid=65534 --regid=65534 --clear-groups "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" metrics \
		2>"$LAB_DIR/said" || grep -q 'no permission' "$LAB_DIR/said"
}

@test "daemon away, back and hung: 200 with synward_up, said once each time" {
	synward_with
	exporter_up
	scrape 'synward_up 1'
	synward_down
	lab_wait_for "synward_up 0" 5 scrape 'synward_up 0'
	[[ $(http_status /metrics) == 200 && $(http /metrics | grep -vc '^#') == 1 ]]
	synward_up_conf
	lab_wait_for "synward_up 1" 5 scrape 'synward_up 1'
	lab_signal synwardd STOP
	lab_wait_for "synward_up 0" 10 scrape 'synward_up 0'
	lab_signal synwardd CONT
	lab_wait_for "synward_up 1" 5 scrape 'synward_up 1'
	[[ $(grep -c 'nobody answers' "$LAB_DIR/exporter.err") == 1 && $(grep -c 'in time' "$LAB_DIR/exporter.err") == 1 ]]
	[[ $(grep -c 'synwardd answers' "$LAB_DIR/exporter.err") == 3 ]]
}

@test "what answers is no synwardd" {
	synward_with
	exporter_up
	scrape 'synward_up 1'
	synward_down
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn liar bash -c 'exec systemd-socket-activate --accept --inetd -l "$1" printf "HTTP/1.1 200 OK\n\0"' liar "$LAB_DIR/ctl"
	lab_wait_for "the liar" 5 test -S "$LAB_DIR/ctl"
	chgrp "$(stat -c %g "$LAB_DIR")" "$LAB_DIR/ctl"
	chmod 660 "$LAB_DIR/ctl"
	lab_wait_for "the exporter to say so" 5 says_no_synwardd
	scrape 'synward_up 0'
}

says_no_synwardd() {
	http /metrics >/dev/null
	exporter_said 'what answers is no synwardd'
}

# ---- crowds ------------------------------------------------------------------------------------

# crowd NAME NR SAYS WORDS: so many connections that begin with WORDS and, if SAYS, say a byte each twice a second for
# ever; in the server's namespace.
crowd() {
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn "$1" lab_s bash -c '
		trap "" PIPE # who was shown out is written to all the same
		for ((i = 0; i < $2; i++)); do
			exec {fd}<>"/dev/tcp/127.0.0.1/$1" && fds+=("$fd")
			printf "$4" >&"$fd"
		done
		echo there
		while sleep 0.5; do
			[[ $3 == quiet ]] || for fd in "${fds[@]}"; do printf x >&"$fd"; done
		done' crowd "$HTTP_PORT" "$2" "$3" "${4:-}" || return
	lab_wait_for "$1 to be there" 20 lab_out_has "$1" '^there'
}

exporter_fds() { find "/proc/$(lab_pid exporter)/fd" -type l | wc -l; }
exporter_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(lab_pid exporter)/status"; }
holds_at_most() { (($(exporter_fds) <= $1)); }

# still_answers: ten scrapes, each on a connection of its own.
still_answers() {
	local i
	for ((i = 0; i < 10; i++)); do
		scrape 'synward_up 1'
	done
}

@test "200 idle connections" {
	synward_with
	exporter_up
	crowd idle 200 quiet
	still_answers
	holds_at_most 140
	lab_wait_for "the idle to be shown out" 15 holds_at_most 20
	scrape 'synward_up 1'
}

@test "200 connections that say a byte every half second are shown out all the same" {
	synward_with
	exporter_up
	crowd slow 200 slowly 'GET /metrics HTTP/1.1\r\nX: '
	still_answers
	lab_wait_for "the slow to be shown out" 15 holds_at_most 20
	lab_running slow
	scrape 'synward_up 1'
}

@test "garbage, headers without end, and requests one behind the other" {
	local i kib
	synward_with
	exporter_up
	still_answers
	kib=$(exporter_kib)
	for ((i = 0; i < 50; i++)); do
		# shellcheck disable=SC2016 # for the inner shell
		lab_s bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"; trap "" PIPE; head -c 100000 /dev/urandom >&3
			exit 0' garbage "$HTTP_PORT" 2>/dev/null
	done
	[[ $(http_status /metrics -H "X: $(head -c 30000 /dev/zero | tr '\0' x)") == 431 ]]
	[[ $(http_status "/$(head -c 30000 /dev/zero | tr '\0' x)") == 414 ]]
	# shellcheck disable=SC2016 # for the inner shell
	lab_s bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"; trap "" PIPE
		for ((i = 0; i < 20; i++)); do printf "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"; done >&3
		cat <&3
		exit 0' pipelined "$HTTP_PORT" >"$LAB_DIR/pipelined" 2>&1
	# What was sent behind the first request may reset the connection before its answer is read.
	(($(grep -c '^HTTP/1.1' "$LAB_DIR/pipelined") <= 1))
	still_answers
	(($(exporter_kib) < kib + 4096))
}

@test "a thousand services, and readers that never read" {
	local kib
	# else the kernel's buffers take all of it
	lab_sysctl s net.ipv4.tcp_wmem="4096 16384 65536"
	lab_sysctl s net.ipv4.tcp_rmem="4096 16384 65536"
	synward_conf
	printf '%s\n' "[service many]" "ports = 1000-1999" >>"$LAB_DIR/synward.conf"
	synward_up_conf
	exporter_up
	http /metrics >"$LAB_DIR/text"
	(($(wc -c <"$LAB_DIR/text") > 1000000))
	[[ $(grep -c '^synward_service_flows{' "$LAB_DIR/text") == 1001 ]]
	promtool check metrics <"$LAB_DIR/text"
	kib=$(exporter_kib)
	crowd deaf 100 quiet 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
	holds_at_most 140
	lab_wait_for "a scrape in between" 8 scrape 'synward_up 1'
	(($(exporter_kib) < kib + 32768)) # they share the text of a second
	lab_wait_for "the deaf to be shown out" 15 holds_at_most 20
	scrape 'synward_up 1'
}

# ---- how it is started -------------------------------------------------------------------------

# refused STATUS TEXT OPTION...
refused() {
	local status=0
	lab_s "$EXPORTER" "${@:3}" 2>"$LAB_DIR/said" || status=$?
	if ((status != $1)) || ! grep -q -- "$2" "$LAB_DIR/said"; then
		echo "$status: $(cat "$LAB_DIR/said")" >&2
		return 1
	fi
}

@test "wrong words" {
	local address
	for address in "" 80 localhost:80 127.0.0.1 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:8x ::1:80 "[]:80"; do
		refused 2 'is no ADDRESS:PORT' --listen "$address"
	done
	refused 2 'needs a value' --listen
	refused 2 'is no option' --port 80
	refused 2 'is not expected' 127.0.0.1:80
	refused 2 '1 to 107 bytes' --socket ""
	refused 1 'is no address of this host' --listen 203.0.113.7:80
	lab_s "$EXPORTER" --help | grep -q -- '--listen'
	lab_s "$EXPORTER" --version | grep -q '^synward-exporter [0-9]'
}

@test "an address that is taken, and IPv6" {
	synward_with
	exporter_up
	refused 1 'another process listens there' --listen "127.0.0.1:$HTTP_PORT"
	lab_spawn second lab_s "$EXPORTER" --listen "[::1]:$HTTP_PORT" --socket "$LAB_DIR/ctl"
	lab_wait_for "the second to answer" 5 lab_s curl -sf "http://[::1]:$HTTP_PORT/metrics"
}

@test "on a socket that systemd hands over" {
	synward_with
	lab_spawn activated lab_s systemd-socket-activate -l "127.0.0.1:$HTTP_PORT" "$EXPORTER" --socket "$LAB_DIR/ctl"
	lab_wait_for "it to be activated" 5 scrape 'synward_up 1'
	scrape 'synward_up 1'
	lab_stop activated
	lab_spawn activated lab_s systemd-socket-activate -l "127.0.0.1:$HTTP_PORT" -l 127.0.0.1:9798 "$EXPORTER"
	lab_wait_for "two to be refused" 5 ends_with_more_than_one
}

ends_with_more_than_one() {
	http / >/dev/null
	grep -q 'there is more than one' "$LAB_DIR/activated.err"
}

@test "SIGTERM ends it, with connections open" {
	local status=0
	synward_with
	exporter_up
	crowd idle 20 quiet
	lab_signal exporter TERM
	lab_wait exporter 5 || status=$?
	((status == 0))
}

@test "the units are what systemd takes, and say what the program does" {
	local dist=$BATS_TEST_DIRNAME/../../dist said
	mkdir "$LAB_DIR/units"
	cp "$dist/synward-exporter.socket" "$LAB_DIR/units/"
	sed "s|@bindir@|$(dirname "$EXPORTER")|" "$dist/synward-exporter.service.in" \
		>"$LAB_DIR/units/synward-exporter.service"
	said=$(systemd-analyze verify --man=no "$LAB_DIR"/units/* 2>&1)
	[[ -z $said ]] || { echo "$said" >&2 && return 1; }
	systemd-analyze security --offline=yes --threshold=20 "$LAB_DIR/units/synward-exporter.service" >/dev/null
	grep -q "^ListenStream=$(lab_s "$EXPORTER" --help | grep -o 'default 127[0-9.:]*' | cut -d' ' -f2)\$" \
		"$dist/synward-exporter.socket"
	grep -q "^ListenStream=127.0.0.1:$HTTP_PORT\$" "$dist/synward-exporter.socket"
}
