#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The daemon and the command line: config, errors, what happens when a part goes away.
load e2e

DAEMON=$SYNWARDD
CLI=$SYNWARD

nothing_attached() {
	[[ $(lab_s bpftool -j net show dev srv0 | jq '[.[0].xdp, .[0].tc] | flatten | length') == 0 ]]
}

write_config() {
	cat >"$LAB_DIR/synward.conf" <<-END
		[synward]
		interfaces = srv0
		xdp-mode = auto                 ; auto | native | generic
		control-socket = $LAB_DIR/ctl
		pin-path = /sys/fs/bpf/synward
		on-stop = detach

		[service web]
		ports = 80 443
		addresses = any
		mode = always

		[service mail]
		ports = 25
		addresses = $LAB_SRV4 $LAB_SRV6
		mode = monitor
	END
}

@test "the config of the README, and the names in its status" {
	write_config
	"$DAEMON" --config "$LAB_DIR/synward.conf" --check-config
	lab_spawn synwardd lab_s "$DAEMON" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
	serve
	want "$(loads 4 --count 3)" '.served == 3'
	want "$(synward_status)" '
		(.version | type == "string") and (.uptime_seconds | type == "number")
		and (.interfaces[0] | .name == "srv0" and .xdp_mode == "native" and .tc == "tcx" and .path == "cookie")
		and (.services | length == 3)
		and (.services[0] | .name == "web" and .port == 80 and .mode == "always" and .armed == true
			and .syns == 3 and .cookies_sent == 3 and .cookies_valid == 3 and .cookies_invalid == 0)
		and (.services[2] | .name == "mail" and .port == 25 and .mode == "monitor" and .armed == false)
		and .reasons.syn_cookie == 3'
	want "$("$CLI" --socket "$LAB_DIR/ctl" -p)" '.reasons.syn_cookie == 3'
	"$CLI" --socket "$LAB_DIR/ctl" | grep -E 'web +80 +always +armed +3'
}

@test "a bad config: every error, file and line, exit 2, nothing attached" {
	printf '[synward]\ninterfaces = srv0\ncolour = red\n[service web]\nports = 80 70000\nmode = sometimes\n[empty]\n' \
		>"$LAB_DIR/bad.conf"
	run lab_s "$DAEMON" --config "$LAB_DIR/bad.conf"
	((status == 2))
	for line in 3 5 6 7; do
		grep -q "bad.conf:$line: " <<<"$output"
	done
	nothing_attached
	run "$DAEMON" --check-config --config "$LAB_DIR/bad.conf"
	((status == 2))
	run "$DAEMON" --check-config --config "$LAB_DIR/none.conf"
	((status == 2))
	run "$DAEMON" --colour
	((status == 2))
}

@test "no daemon: exit 3 and how to start it; a wrong word: exit 2" {
	run "$CLI" --socket "$LAB_DIR/ctl" status
	((status == 3 && ${#lines[@]} == 1))
	[[ $output == *"synwardd --interface"* ]]
	run "$CLI" --socket "$LAB_DIR/ctl" frobnicate
	((status == 2))
	[[ $output == *frobnicate* ]]
}

@test "started twice: who holds it is named" {
	synward_up
	run lab_s "$DAEMON" --interface srv0 --ports 80 --control-socket "$LAB_DIR/ctl"
	((status == 1))
	[[ $output == *"process $(lab_pid synwardd)"* ]]
	run lab_s "$DAEMON" --interface srv0 --ports 80 --control-socket "$LAB_DIR/other"
	((status == 1))
	[[ $output == *"another synwardd"* ]]
	[[ $(synward_get '.interfaces[0].path') == cookie ]]
}

@test "another XDP program on the device is named and stays" {
	lab_pass_on
	run lab_s "$DAEMON" --interface srv0 --ports 80 --control-socket "$LAB_DIR/ctl"
	((status == 1))
	[[ $output == *"srv0 is held by another XDP program: id"* ]]
	[[ $(lab_s bpftool -j net show dev srv0 | jq '.[0].xdp | length') == 1 ]]
	[[ $(lab_s bpftool -j net show dev srv0 | jq '.[0].tc | length') == 0 ]]
}

@test "a device that carries no Ethernet" {
	run lab_s "$DAEMON" --interface lo --ports 80 --control-socket "$LAB_DIR/ctl"
	((status == 1))
	[[ $output == *Ethernet* ]]
}

@test "SIGHUP without a config file is told and ends nothing" {
	serve
	synward_up
	lab_signal synwardd HUP
	lab_wait_for "the log" 3 grep -q "no config file" "$LAB_DIR/synwardd.err"
	want "$(loads 4 --count 3)" '.served == 3'
	[[ $(reason handoff) == 3 ]]
}

@test "SIGTERM and SIGINT detach, kill -9 leaves nothing" {
	local signal
	serve
	for signal in TERM INT KILL; do
		synward_up
		if nothing_attached; then return 1; fi
		lab_signal synwardd "$signal"
		lab_wait_for "synwardd to end" 5 lab_ended synwardd
		lab_stop synwardd
		lab_wait_for "nothing to be attached" 3 nothing_attached
		[[ $signal == KILL || ! -e $LAB_DIR/ctl ]]
		want "$(loads 4 --count 3)" '.served == 3'
	done
}

# The id of the daemon's link of a kind, xdp or tcx. bpftool 7.1 knows no tcx links; /proc does.
link_of() {
	local info
	for info in /proc/"$(lab_pid synwardd)"/fdinfo/*; do
		! grep -qE "^link_type:[[:space:]]$1$" "$info" || awk '$1 == "link_id:" { print $2 }' "$info"
	done
}

@test "the TC half is detached by force: noticed, attached again, nobody fails" {
	serve
	synward_up
	loads 4 --count 1 >/dev/null
	lab_s bpftool link detach id "$(link_of tcx)"
	lab_wait_for "synwardd to notice" 3 synward_said "TC half was detached"
	lab_wait_for "synwardd to attach again" 3 synward_said "TC half is attached again"
	want "$(loads 4 --count 20)" '.served == 20'
	[[ $(synward_get '.interfaces[0].path') == cookie ]]
}

@test "the XDP half is detached by force: noticed, attached again" {
	local before
	serve
	synward_up
	lab_s bpftool link detach id "$(link_of xdp)"
	lab_wait_for "synwardd to attach again" 3 synward_said "attached again in native mode"
	before=$(reason syn_cookie)
	want "$(loads 6 --count 20)" '.served == 20'
	(($(reason syn_cookie) == before + 20))
}

@test "a device that is removed and made again is protected again" {
	serve
	synward_up
	lab_s ip link del srv0
	lab_wait_for "synwardd to notice" 3 synward_said "not protected"
	lab_s ip link add srv0 type veth peer name cli1
	lab_s ip link set srv0 up
	lab_wait_for "synwardd to attach again" 3 synward_said "attached again in native mode"
	[[ $(synward_get '.interfaces[0].path') == cookie ]]
}

@test "thousands of addresses at once, and one after them" {
	serve
	synward_up
	for i in {1..12}; do
		for j in {1..250}; do echo "addr add 10.7.$i.$j/32 dev srv0"; done
	done >"$LAB_DIR/addresses"
	lab_s ip -batch "$LAB_DIR/addresses"
	lab_s ip addr add 192.0.2.9/24 dev srv0
	lab_c ip neigh replace 192.0.2.9 lladdr "$LAB_SRV_MAC" dev cli0 nud permanent
	answered() {
		lab_load --dst 192.0.2.9 --port "$PORT" --count 1 -j >/dev/null
		(($(reason syn_cookie) > 0))
	}
	lab_wait_for "the last address to be protected" 5 answered
}

@test "tcp_syncookies=0 under traffic: SYNs go to the kernel, and back" {
	serve
	synward_up
	path_is() { [[ $(synward_get '.interfaces[0].path') == "$1" ]]; }
	lab_sysctl s net.ipv4.tcp_syncookies=0
	lab_wait_for "the path to be monitor" 3 path_is monitor
	want "$(synward_status)" '(.interfaces[0].why | contains("tcp_syncookies")) and (.services[0].armed | not)'
	want "$(loads 4 --count 20)" '.served == 20'
	(($(reason syn_cookies_off) == 20 && $(reason syn_cookie) == 0))
	lab_sysctl s net.ipv4.tcp_syncookies=2
	lab_wait_for "the path to be cookie" 3 path_is cookie
	want "$(loads 4 --count 20)" '.served == 20'
	(($(reason syn_cookie) == 20))
}

@test "monitor counts and answers nothing" {
	serve
	synward_up --mode monitor
	want "$(loads 4 --count 5)" '.served == 5'
	want "$(synward_status)" '.services[0].syns == 5 and .services[0].cookies_sent == 0 and (.services[0].armed | not)'
}
