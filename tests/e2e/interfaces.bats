#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Devices come, go, and are others than before, under traffic: what is there is protected, what is not is waited for,
# and status says which. And what the operator says about them: attach, confirm, detach.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
	serve
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	lab_stop synwardd # which holds its directory
	[[ ! -e $LAB_DIR/bpf ]] || umount "$LAB_DIR/bpf"
	lab_down
}

log_has() { [[ $(grep -c -- "$1" "$LAB_DIR/synwardd.err") == "$2" ]]; } # log_has TEXT TIMES
dev_is() { synward_get '.interfaces[0]' | json "$1"; }                  # of the first
dev_wait() { synward_wait ".interfaces[0] | $1" "$2"; }                 # dev_wait JQ SECONDS

# pair_make DEV PEER NET: a veth as that of lab_up, from server to client, with 192.0.NET and 2001:db8:NET.
pair_make() {
	local srv_mac=$LAB_SRV_MAC cli_mac=$LAB_CLI_MAC
	[[ $1 == srv0 ]] || srv_mac=02:73:79:6e:0$3:01 cli_mac=02:73:79:6e:0$3:02
	ip -n "$LAB_S" link add "$1" address "$srv_mac" numrxqueues 2 numtxqueues 2 ${4:+index "$4"} type veth \
		peer name "$2" address "$cli_mac" netns "$LAB_C" numrxqueues 2 numtxqueues 2
	lab_sysctl s "net.ipv4.conf.$1.rp_filter=0"
	lab_c "$LAB_BIN/labxdp" peer "$2"
	lab_up_side "$LAB_S" "$1" "192.0.$3.1" "2001:db8:$3::1"
	lab_up_side "$LAB_C" "$2" "192.0.$3.2" "2001:db8:$3::2"
	ip -n "$LAB_S" neigh replace "192.0.$3.2" lladdr "$cli_mac" dev "$1" nud permanent
	ip -n "$LAB_S" neigh replace "2001:db8:$3::2" lladdr "$cli_mac" dev "$1" nud permanent
	ip -n "$LAB_C" neigh replace "192.0.$3.1" lladdr "$srv_mac" dev "$2" nud permanent
	ip -n "$LAB_C" neigh replace "2001:db8:$3::1" lladdr "$srv_mac" dev "$2" nud permanent
}

device_make() { # device_make [INDEX]: srv0 as it was
	ip -n "$LAB_S" link add srv0 address "$LAB_SRV_MAC" numrxqueues 2 numtxqueues 2 ${1:+index "$1"} type veth \
		peer name cli0 address "$LAB_CLI_MAC" netns "$LAB_C" numrxqueues 2 numtxqueues 2
	lab_up_sysctls
	lab_up_side "$LAB_S" srv0 "$LAB_SRV4" "$LAB_SRV6"
	lab_up_side "$LAB_C" cli0 "$LAB_CLI4" "$LAB_CLI6"
	lab_up_routes
	lab_c "$LAB_BIN/labxdp" peer cli0
}

# A device and a TC half that answer: N connections of each family, by cookies.
by_cookies() {
	local f
	for f in "${families[@]}"; do
		counts_by "$1" handoff all_served "$f" "$1"
	done
}
by_kernel() {
	local f
	for f in "${families[@]}"; do
		counts_by 0 handoff all_served "$f" "$1"
	done
}

nothing_on() { # nothing_on DEV
	[[ $(lab_s ip -j link show "$1" | jq '.[0] | has("xdp")') == false ]]
	[[ $(lab_s bpftool -j net show dev "$1" | jq '[.[0].xdp, .[0].tc] | flatten | length') == 0 ]]
}

index_of() { lab_s ip -j link show "$1" | jq '.[0].ifindex'; }

served_through() { # served_through ADDR N
	lab_load --dst "$1" --port "$PORT" --count "$2" -j | json ".served == $2 and .failed == 0"
}

# ---- devices -------------------------------------------------------------------------------------

@test "several at once: each answers by itself, and one that goes takes nothing from the others" {
	local addr
	pair_make srv1 cli1 7
	synward_up --interface srv0,srv1
	synward_status | json '[.interfaces[] | .name, .state, .path] == ["srv0", "attached", "cookie", "srv1", "attached", "cookie"]'
	for addr in "$LAB_SRV4" "$LAB_SRV6" 192.0.7.1 2001:db8:7::1; do
		counts_by 20 handoff served_through "$addr" 20
	done
	lab_s ip link del srv0
	dev_wait '.state == "absent"' 5
	for addr in 192.0.7.1 2001:db8:7::1; do
		counts_by 20 handoff served_through "$addr" 20
	done
	synward_status | json '.interfaces[1] | .state == "attached" and .gaps == 0 and .gap_seconds == null'
	device_make
	dev_wait '.state == "attached"' 5
	by_cookies 20
	counts_by 20 handoff served_through 192.0.7.1 20
}

@test "down and up: the links stay, and that it is down is said" {
	local xdp
	synward_up
	xdp=$(synward_link xdp)
	by_cookies 10
	lab_s ip link set srv0 down
	dev_wait '.state == "attached" and .path == "monitor" and (.why | contains("ip link set dev srv0 up"))' 5
	lab_s ip link set srv0 up
	lab_s ip addr add "$LAB_SRV6/64" dev srv0 nodad # IPv6 addresses go with the link
	lab_up_routes_again
	dev_wait '.path == "cookie" and .gaps == 0' 5
	[[ $(synward_link xdp) == "$xdp" ]]
	by_cookies 10
}

# What IPv6 and neighbours have lost when the link was down.
lab_up_routes_again() {
	local addr
	for addr in "$LAB_CLI4" "$LAB_CLI6" "$LAB_RAW4" "$LAB_RAW6"; do
		ip -n "$LAB_S" neigh replace "$addr" lladdr "$LAB_CLI_MAC" dev srv0 nud permanent
	done
	for addr in "$LAB_SRV4" "$LAB_SRV6"; do
		ip -n "$LAB_C" neigh replace "$addr" lladdr "$LAB_SRV_MAC" dev cli0 nud permanent
	done
}

@test "renamed: the link stays, MAC and MTU are followed, and the config's name is waited for again" {
	local xdp f new=02:73:79:6e:00:99
	synward_up
	xdp=$(synward_link xdp)
	clients_begin
	lab_s ip link set srv0 name wan0
	dev_wait '.name == "wan0" and .config_name == "srv0" and .state == "attached" and .path == "cookie"' 5
	[[ $(synward_link xdp) == "$xdp" ]]
	clients_end
	by_cookies 10
	synward_cli | grep -q "^wan0: called srv0 in the config, and renamed$"
	# a MAC that nobody knew
	lab_s ip link set wan0 address "$new"
	for f in "$LAB_SRV4" "$LAB_SRV6"; do
		ip -n "$LAB_C" neigh replace "$f" lladdr "$new" dev cli0 nud permanent
	done
	lab_wait_for "the new MAC" 5 counts_by 1 handoff all_served 4 1
	by_cookies 10
	counts_by 0 other_host by_cookies 5
	lab_s ip link set wan0 mtu 1280
	lab_wait_for "the new MTU" 5 mss_is 4 1240
	# gone: the name of the config is what is waited for, not the one that it had
	lab_s ip link del wan0
	dev_wait '.name == "srv0" and .state == "absent"' 5
	pair_make wan0 cli9 9
	device_make
	dev_wait '.name == "srv0" and .config_name == "srv0" and .state == "attached" and .gaps == 1' 5
	synward_status | json '.interfaces | length == 1'
	by_cookies 10
	nothing_on wan0
}

# The MSS of a SYN-ACK of ours is at most so much, and no less than the class below.
mss_is() { raw "$1" syn-only --mss 9000 --settle-ms 20 | jq -e ".synack.mss <= $2 and .synack.mss > $2 - 200"; }

@test "renamed, and another device takes the name: that one is meant, and the other is not let go" {
	synward_up
	lab_s ip link set srv0 name old0
	dev_wait '.name == "old0"' 5
	pair_make srv0 cli7 7
	synward_wait '[.interfaces[] | [.name, .config_name, .state]] ==
		[["old0", null, "attached"], ["srv0", "srv0", "attached"]]' 5
	log_has "stays protected until synwardd stops" 1
	by_cookies 10
	counts_by 10 handoff served_through 192.0.7.1 10
	# names go round: nothing is attached anew, each is what the config calls it
	lab_s ip link set srv0 name tmp0
	lab_s ip link set old0 name srv0
	lab_s ip link set tmp0 name old0
	synward_wait '[.interfaces[] | [.name, .config_name, .gaps]] == [["srv0", "srv0", 0], ["old0", null, 1]]' 5
	by_cookies 10
	# who is there by command alone is forgotten when it goes
	lab_s ip link del old0
	synward_wait '[.interfaces[].name] == ["srv0"]' 5
	by_cookies 10
}

@test "removed and made again under a flood: attached again, and the gap is told" {
	synward_up
	by_cookies 10
	lab_s ip link del srv0
	dev_wait '.state == "absent" and .path == "monitor" and (.why | contains("absent")) and .gaps == 1' 5
	log_has "not protected until there is one called srv0" 1
	sleep 0.5 # a gap to tell
	device_make
	dev_wait '.state == "attached" and .path == "cookie"' 5
	dev_is '.gaps == 1 and .gap_seconds >= 0.5'
	log_has "srv0: attached again in native mode; it was without protection for [0-9.]* s$" 1
	synward_cli | grep -Eq "^srv0: without protection 1 time, the last for [0-9.]+ s$"
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 20
	lab_wait_for "cookies" 3 reason_is syn_cookie 1000
	by_cookies 10
	lab_stop flood
}

@test "removed and made again at once, with the number that it had, and in generic mode" {
	local index mode
	for mode in native generic; do
		synward_in "$mode"
		index=$(index_of srv0)
		lab_s ip link del srv0
		device_make "$index"
		[[ $mode == native ]] || lab_gro on
		dev_wait ".state == \"attached\" and .xdp_mode == \"$mode\" and .gaps == 1" 3
		by_cookies 10
		synward_down
	done
}

# Which devices there are, the daemon asks the kernel when that says that something has changed, and at no other time.
nr_links_asked() { grep -c RTM_GETLINK "$LAB_DIR/strace.err" || :; }

@test "made again: attached because the kernel says so, not at the next of some looks" {
	local began_ms
	synward_up
	lab_spawn strace lab_s strace -e trace=sendto -p "$(lab_pid synwardd)"
	lab_wait_for "strace to watch" 5 grep -q attached "$LAB_DIR/strace.err"
	sleep 3.2 # three checks, and some
	[[ $(nr_links_asked) == 0 ]]
	lab_s ip link del srv0
	dev_wait '.state == "absent"' 5
	(($(nr_links_asked) > 0))
	began_ms=$(date +%s%3N)
	device_make
	dev_wait '.state == "attached"' 5
	echo "# attached $(($(date +%s%3N) - began_ms)) ms after the first command that made it" >&3
	lab_stop strace
	by_cookies 10
}

@test "moved to another network namespace, and back" {
	local xdp
	synward_up
	xdp=$(synward_link xdp)
	ip netns add "$LAB_ID-x"
	lab_s ip link set srv0 netns "$LAB_ID-x"
	dev_wait '.state == "absent"' 5
	log_has "or in another network namespace" 1
	lab_wait_for "the link to be gone" 5 link_is_gone "$xdp"
	[[ $(ip -n "$LAB_ID-x" -j link show srv0 | jq '.[0] | has("xdp")') == false ]]
	ip -n "$LAB_ID-x" link set srv0 netns "$LAB_S"
	ip netns del "$LAB_ID-x"
	dev_wait '.state == "attached" and .gaps == 1' 5
	lab_up_side "$LAB_S" srv0 "$LAB_SRV4" "$LAB_SRV6"
	lab_up_routes
	dev_wait '.path == "cookie"' 5
	by_cookies 10
}

@test "MTU: the MSS follows, jumbo frames too, native and generic" {
	local mode mtu f
	for mode in native generic; do
		synward_in "$mode"
		for mtu in 1500 9000 1280 1500; do
			lab_c ip link set cli0 mtu "$mtu"
			lab_s ip link set srv0 mtu "$mtu"
			for f in "${families[@]}"; do
				lab_wait_for "MSS of MTU $mtu, IPv$f" 5 mss_follows "$f" "$mtu"
			done
			by_cookies 5
			for f in "${families[@]}"; do
				loads "$f" --count 2 --echo 200000 | json '.served == 2'
			done
		done
		dev_is '.gaps == 0 and .state == "attached"'
		synward_down
	done
}

# Rounded down to a class of its own, which for a jumbo frame is the largest.
mss_follows() {
	local most=$(($2 - ($1 == 6 ? 60 : 40)))
	raw "$1" syn-only --mss 9000 --settle-ms 20 | jq -e ".synack.mss <= $most and
		.synack.mss >= ([$most, 1400] | min - 200)"
}

@test "absent at the start: waited for, told, and attached as soon as it is there" {
	run -0 lab_s ip link del srv0
	synward_up
	synward_said "srv0: there is no such device; it is attached as soon as there is"
	dev_is '.state == "absent" and .xdp_mode == "none" and .config_name == "srv0"'
	synward_cli | grep -q "^srv0: not answering: it is absent"
	run -1 --separate-stderr synward_cli doctor --no-self-test
	grep -Eq "^FAIL  interface srv0 +it is absent" <<<"$output"
	[[ $output != *"mtu srv0"* ]]
	run -1 synward_cli arm default
	[[ $output == *"absent"* ]] || synward_get '.services[0].mode' | grep -q always
	device_make
	dev_wait '.state == "attached" and .path == "cookie" and .gaps == 1' 5
	by_cookies 20
}

@test "one of two is absent at the start, and a word of one that never comes stops nothing" {
	synward_up --interface srv0,srv9
	synward_status | json '[.interfaces[].state] == ["attached", "absent"]'
	synward_cli | grep -q "SYNs can be answered on 1 of 2 interfaces"
	by_cookies 10
	pair_make srv9 cli9 9
	synward_wait '.interfaces[1] | .state == "attached" and .path == "cookie"' 5
	counts_by 10 handoff served_through 192.0.9.1 10
	by_cookies 10
}

@test "what XDP cannot be attached to is refused, with the device that it can" {
	local mode
	lab_s ip tuntap add tun0 mode tun
	lab_s ip link add br0 type bridge
	lab_s ip link add port0 type veth peer name port1
	lab_s ip link set port0 master br0
	run -1 lab_s timeout 20 "$SYNWARDD" --interface tun0 --ports 80 --control-socket "$LAB_DIR/ctl"
	[[ $output == *"tun0 carries no Ethernet frames (it is of kind tun)"* ]]
	run -1 lab_s timeout 20 "$SYNWARDD" --interface br0 --ports 80 --control-socket "$LAB_DIR/ctl"
	[[ $output == *"br0 is a bridge on port0,"*"name port0 instead"* ]]
	# one that comes later: told once, and not tried again
	synward_up --interface srv0,late0
	lab_s ip tuntap add late0 mode tun
	synward_wait '.interfaces[1] | .state == "failed" and (.why | contains("no Ethernet frames"))' 5
	sleep 2.2 # two checks, and some
	log_has "late0 carries no Ethernet frames" 1
	for mode in tun0 br0; do
		run -1 synward_cli attach "$mode"
		[[ $output == *"$mode "* && ${#lines[@]} == 1 ]]
	done
	synward_status | json '[.interfaces[].name] == ["srv0", "late0"]'
	by_cookies 10
	# who wants just that gets it
	synward_down
	synward_up --interface br0 --xdp-mode generic
	dev_is '.state == "attached" and .xdp_mode == "generic"'
}

@test "held by another XDP program when it comes back: told once, attached when that goes" {
	synward_up
	lab_s ip link del srv0
	dev_wait '.state == "absent"' 5
	lab_signal synwardd STOP
	device_make
	lab_pass_on
	lab_signal synwardd CONT
	dev_wait '.state == "failed" and (.why | contains("held by another XDP program"))' 5
	sleep 2.2 # two checks, and some
	log_has "not attached: srv0 is held by another XDP program" 1
	by_kernel 5
	attach_is_refused
	lab_pass_off
	dev_wait '.state == "attached" and .path == "cookie" and .gaps == 1' 5
	by_cookies 10
}

# The TC half is there alone, and stays the one that it can be.
attach_is_refused() {
	local words
	for words in "" "" "--confirm 1m"; do
		dev_wait '.tc == "tcx"' 5
		# shellcheck disable=SC2086 # words
		run -1 synward_cli attach srv0 $words
		[[ $output == *"srv0 is held by another XDP program"* ]]
	done
	dev_wait '.tc == "tcx" and .state == "failed"' 5
}

# ---- attach, confirm, detach ---------------------------------------------------------------------

@test "detach and attach: both halves go, nothing brings them back but attach" {
	local words xdp tcx
	synward_up
	by_cookies 5
	xdp=$(synward_link xdp) tcx=$(synward_link tcx)
	held_open before "$LAB_SRV4"
	for words in "detach srv0" "detach"; do
		# shellcheck disable=SC2086 # words
		run -0 synward_cli $words
		[[ $output == "srv0 is detached, until 'synward attach' or a restart" ]]
		link_is_gone "$xdp"
		link_is_gone "$tcx"
		nothing_on srv0
		dev_is '.state == "detached" and .path == "monitor" and .gaps == 0
			and .why == "it was detached by command; '"'synward attach srv0'"' attaches it again"'
		sleep 2.2 # two checks, and some
		nothing_on srv0
		by_kernel 5
		held_echo before "${words// /-}"
		run -0 synward_cli detach # once more is the same
		[[ $output == "nothing was attached" ]]
		run -1 --separate-stderr synward_cli doctor --no-self-test # nothing else answers
		grep -Eq "^warn  interface srv0 +it was detached by command" <<<"$output"
		run -0 synward_cli attach srv0
		[[ $output == "srv0 is attached in native mode" ]]
		run -0 synward_cli attach srv0
		dev_is '.state == "attached" and .path == "cookie" and .gaps == 0'
		by_cookies 5
		xdp=$(synward_link xdp) tcx=$(synward_link tcx)
	done
	# it stays detached over a new device, and attach waits for one
	synward_cli detach srv0
	lab_s ip link del srv0
	device_make
	sleep 1.2 # a check, and some
	nothing_on srv0
	dev_is '.state == "detached"'
	lab_s ip link del srv0
	run -0 synward_cli attach srv0
	[[ $output == "srv0 is not there; it is attached as soon as it is" ]]
	run -1 synward_cli attach srv0 --confirm 1m
	[[ $output == *"nothing to confirm yet"* ]]
	device_make
	dev_wait '.state == "attached"' 5
	by_cookies 5
}

@test "a device that the config does not name, and the line that would keep it" {
	pair_make srv1 cli1 7
	synward_with "mode = always"
	run -0 synward_cli attach srv1
	[[ ${lines[0]} == "srv1 is attached in native mode" ]]
	[[ ${lines[1]} == *"this keeps it: interfaces = srv0 srv1 in $LAB_DIR/synward.conf" ]]
	synward_status | json '.interfaces[1] | .name == "srv1" and .config_name == null and .state == "attached"'
	counts_by 10 handoff served_through 192.0.7.1 10
	by_cookies 10
	synward_cli detach srv1
	synward_status | json '[.interfaces[].name] == ["srv0"]'
	nothing_on srv1
	run -0 synward_cli detach srv1
	[[ $output == "nothing was attached" ]]
	# its slot is another's
	pair_make srv2 cli2 8
	synward_cli attach srv2
	synward_cli attach srv1
	counts_by 10 handoff served_through 192.0.8.1 10
	counts_by 10 handoff served_through 2001:db8:7::1 10
	synward_cli detach srv2
	pair_make srv3 cli3 6
	synward_cli attach srv3
	counts_by 10 handoff served_through 192.0.7.1 10
	counts_by 10 handoff served_through 192.0.6.1 10
	by_cookies 10
}

@test "attach for a time: it goes by itself when nobody confirms, with the client gone" {
	synward_up
	synward_cli detach srv0
	run -0 synward_cli attach srv0 --confirm 6s
	[[ ${lines[1]} == "that is taken back in 6s, unless 'synward confirm' follows" ]]
	dev_is '.state == "attached" and .unconfirmed_seconds >= 1 and .unconfirmed_seconds <= 6'
	synward_cli | grep -Eq "^srv0: detached again in [1-6] s, unless 'synward confirm' follows"
	run -0 --separate-stderr synward_cli doctor --no-self-test
	grep -Eq "^warn  attach srv0 +it is not confirmed, and taken back in [1-6] s" <<<"$output"
	synward_said "srv0: attached by command; detached again in 6 s, unless that is confirmed"
	by_cookies 1
	dev_wait '.state == "detached" and .unconfirmed_seconds == null' 10
	synward_said "srv0: detached, since the attach was not confirmed in time"
	nothing_on srv0
	by_kernel 5
	# the last word counts
	synward_cli attach srv0 --confirm 6s
	synward_cli attach srv0 --confirm 1h
	dev_is '.unconfirmed_seconds > 3590'
	run -0 synward_cli confirm
	[[ $output == "srv0 stays attached" ]]
	dev_is '.state == "attached" and .unconfirmed_seconds == null'
	run -1 synward_cli confirm
	[[ $output == *"nothing waits to be confirmed"* ]]
	run -1 synward_cli attach srv0 --confirm 2s
	[[ $output == *"srv0 is attached already, so there is nothing to take back"* ]]
	synward_cli detach
	synward_cli attach srv0 --confirm 2s
	synward_cli attach srv0 # without: it stays
	sleep 3 # that was the time
	dev_is '.state == "attached" and .unconfirmed_seconds == null'
	by_cookies 5
}

@test "attach for a time, of a device that the config does not name" {
	pair_make srv1 cli1 7
	synward_up
	synward_cli attach srv1 --confirm 4s
	counts_by 5 handoff served_through 192.0.7.1 5
	synward_wait '[.interfaces[].name] == ["srv0"]' 10
	nothing_on srv1
	synward_cli attach srv1 --confirm 1m
	lab_s ip link del srv1
	synward_wait '[.interfaces[].name] == ["srv0"]' 5
	run -1 synward_cli confirm
	by_cookies 5
}

@test "attach for a time does not outlive a daemon that is killed" {
	synward_up
	synward_cli detach srv0
	synward_cli attach srv0 --confirm 1h
	lab_signal synwardd KILL
	lab_wait_for "synwardd to be gone" 5 lab_ended synwardd
	lab_wait_for "nothing to be attached" 3 nothing_on srv0
}

@test "wrong words and devices: one line that names them, and nothing is changed" {
	synward_up
	run -2 synward_cli attach srv9
	[[ ${#lines[@]} == 1 && $output == *"there is no device 'srv9'; 'ip link' lists"* ]]
	run -2 synward_cli detach srv9
	[[ ${#lines[@]} == 1 && $output == *"srv9"* ]]
	run -2 synward_cli attach "a device with a name that is too long for one"
	run -2 synward_cli attach srv0 --confirm soon
	run -1 synward_cli attach lo
	[[ $output == *"lo carries no Ethernet frames"* ]]
	synward_status | json '.interfaces | length == 1'
	dev_is '.state == "attached"'
	by_cookies 5
}

@test "who is not root attaches, confirms and detaches nothing" {
	local words
	synward_up
	chmod 755 "$LAB_DIR"
	chmod 666 "$LAB_DIR/ctl"
	for words in "attach srv0" "confirm" "detach" "detach srv0"; do
		# shellcheck disable=SC2086 # words
		run -1 setpriv --reuid=65534 --regid=65534 --clear-groups "$SYNWARD" --socket "$LAB_DIR/ctl" $words
		[[ $output == *root* ]]
	done
	dev_is '.state == "attached"'
}

@test "up to 64 devices, and no more" {
	local i
	for i in {1..70}; do echo "link add many$i type veth peer name peer$i"; done >"$LAB_DIR/links"
	lab_s ip -batch "$LAB_DIR/links"
	synward_up
	for i in {1..63}; do
		synward_cli attach "many$i" >/dev/null
	done
	run -1 synward_cli attach many64
	[[ $output == *"there are 64 devices already"* ]]
	synward_status | json '.interfaces | length == 64'
	synward_cli detach many7
	synward_cli attach many64
	by_cookies 5
	synward_cli detach
	synward_status | json '[.interfaces[].name] == ["srv0"]'
}

# ---- what is pinned ------------------------------------------------------------------------------

# keeps [KEY=VALUE...]: synward_conf, on a BPF file system of our own, and protection stays.
keeps() {
	PINS=$LAB_DIR/bpf/synward
	mkdir "$LAB_DIR/bpf"
	mount -t bpf bpf "$LAB_DIR/bpf"
	synward_conf "$@"
	sed -i "s#^on-stop = .*#pin-path = $PINS#" "$LAB_DIR/synward.conf"
}

pinned() { find "$PINS" -name 'xdp_*' -o -name 'tc_*' | sed 's#.*/##' | sort | paste -sd ' '; }
pinned_is() { [[ $(pinned) == "$1" ]]; }
links_of() { echo "tc_$(index_of "$1") xdp_$(index_of "$1")"; }

killed() {
	lab_signal synwardd KILL
	lab_wait_for "synwardd to be dead" 5 lab_ended synwardd
}

@test "what is attached is pinned, what is to be confirmed only then, and what goes is not any more" {
	local both
	pair_make srv1 cli1 7
	keeps "mode = always"
	synward_up_conf
	pinned_is "$(links_of srv0)"
	synward_cli attach srv1 --confirm 1m
	pinned_is "$(links_of srv0)"
	counts_by 5 handoff served_through 192.0.7.1 5
	synward_cli confirm
	both=$({ links_of srv0 && links_of srv1; } | tr ' ' '\n' | sort | paste -sd ' ')
	pinned_is "$both"
	synward_cli detach srv1
	pinned_is "$(links_of srv0)"
	synward_cli attach srv1 --confirm 1m
	synward_cli attach srv1
	pinned_is "$both"
	lab_s ip link del srv0
	dev_wait '.state == "absent"' 5
	pinned_is "$(links_of srv1)"
	device_make
	dev_wait '.state == "attached"' 5
	by_cookies 5
	killed # both stay; the next daemon knows of one of them
	[[ $(pinned | wc -w) == 4 ]]
	synward_up_conf
	synward_said "srv0: taken over"
	pinned_is "$(links_of srv0)"
	lab_wait_for "srv1 to be left alone" 5 nothing_on srv1
	by_cookies 5
}

@test "held by another XDP program: who attaches it by command is told so, and leaves no half of it behind" {
	keeps "mode = always"
	synward_up_conf
	lab_signal synwardd STOP
	bpftool link detach id "$(synward_link xdp)"
	lab_pass_on
	lab_signal synwardd CONT
	dev_wait '.state == "failed"' 5
	attach_is_refused
	pinned_is "tc_$(index_of srv0)"
	lab_pass_off
	dev_wait '.state == "attached" and .path == "cookie"' 5
	pinned_is "$(links_of srv0)"
	by_cookies 5
}

@test "killed before it is confirmed: nothing of it is left, and what was there before is" {
	pair_make srv1 cli1 7
	keeps "mode = always"
	synward_up_conf
	synward_cli attach srv1 --confirm 1h
	synward_cli detach srv0
	synward_cli attach srv0
	killed
	lab_wait_for "srv1 to be free" 5 nothing_on srv1
	pinned_is "$(links_of srv0)"
	all_served 4 5
	synward_up_conf
	synward_said "srv0: taken over"
	by_cookies 5
}

@test "gone while no daemon ran, and there again: attached, and the dead pins go" {
	keeps "mode = always"
	synward_up_conf
	killed
	lab_s ip link del srv0
	synward_up_conf
	dev_is '.state == "absent"'
	pinned_is ""
	device_make
	dev_wait '.state == "attached"' 5
	pinned_is "$(links_of srv0)"
	by_cookies 5
}

@test "detach without a daemon: what it left is gone, and a daemon that runs is left alone" {
	offline() { lab_s "$SYNWARD" --socket "$LAB_DIR/none" detach --config "$LAB_DIR/synward.conf" "$@"; }
	keeps "mode = always"
	run -0 offline
	[[ $output == "no synwardd runs, and none has left anything under pin-path $PINS" ]]
	synward_up_conf
	run -1 offline
	[[ $output == *"a synwardd runs that has pin-path $PINS, but answers at another control socket"* ]]
	pinned_is "$(links_of srv0)"
	killed
	[[ $(lab_s ip -j link show srv0 | jq '.[0] | has("xdp")') == true ]]
	run -2 offline srv9
	[[ $output == *"srv9 is no device"* ]]
	run -0 offline -j srv0
	json '.interfaces == ["srv0"]' <<<"$output"
	lab_wait_for "srv0 to be free" 5 nothing_on srv0
	[[ -e $PINS ]] # maps, for the next one
	synward_up_conf
	synward_down
	run -0 offline
	[[ $output == "srv0 is detached: what a synwardd left there is gone" ]]
	lab_wait_for "srv0 to be free" 5 nothing_on srv0
	[[ ! -e $PINS ]]
	all_served 4 5
	echo "colour = red" >>"$LAB_DIR/synward.conf"
	run -1 offline
	[[ $output == *"colour"*"--config"* ]]
}
