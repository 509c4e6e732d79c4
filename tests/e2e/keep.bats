#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# From one daemon to the next: what stays when it goes, however it goes, and what the next one takes over.
#
# shellcheck disable=SC2030,SC2031,SC2154 # bats makes subshells of tests; $families is in e2e
bats_require_minimum_version 1.5.0
load e2e
load floods

# A BPF file system of our own: the host's may not be mounted, and is none of our business.
setup() {
	lab_up 2
	PINS=$LAB_DIR/bpf/synward
	mkdir "$LAB_DIR/bpf"
	mount -t bpf bpf "$LAB_DIR/bpf"
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	lab_stop synwardd # which holds its directory
	umount "$LAB_DIR/bpf"
	lab_down
}

# keeps [KEY=VALUE...]: synward_conf, but protection stays.
keeps() {
	synward_conf "$@"
	sed -i "s#^on-stop = .*#pin-path = $PINS#" "$LAB_DIR/synward.conf"
}

# In both families together more than 1000 a second, where the machine has time for that.
many_clients() {
	clients_begin --pause-ms 1
	began_ms=$(date +%s%3N)
}

# clients_end, and how many there were.
many_clients_end() {
	local ms=$(($(date +%s%3N) - began_ms))
	clients_end
	echo "$(($(clients_served) * 1000 / ms)) connections a second" >&3
	(($(clients_served) * 1000 / ms > 100)) # or nothing was asked of it
}

# again: the next daemon, after one that is gone.
again() {
	synward_up_conf
	[[ ${1:-} == anew ]] || synward_said "srv0: taken over"
}

killed() {
	lab_signal synwardd KILL
	lab_wait_for "synwardd to be dead" 5 lab_ended synwardd
}

xdp_id() { lab_s bpftool -j net show dev srv0 | jq '.[0].xdp[0].id // empty'; }
nr_pinned() { find "$PINS" -mindepth 2 -type f 2>/dev/null | wc -l; }
# A link that is there is pinned, XDP has its TC half, and both have their maps.
is_whole() {
	local pins
	pins=$(find "$PINS" -mindepth 2 -printf '%f ' 2>/dev/null) || :
	[[ -n $(xdp_id) ]] || return 0
	[[ $pins == *xdp_* && $pins == *tc_* && $pins == *about* ]]
}

# SYNs are answered by XDP: none of them reaches the kernel.
is_protected() {
	local before
	before=$(syn_recv)
	handshakes 4 --count 3 --sport $((20000 + RANDOM)) | json '.answered == 3'
	(($(syn_recv) == before))
}

nothing_is_left() { [[ -z $(xdp_id) && ! -e $PINS ]]; }

@test "stopped: it stays protected; started: taken over, with its counters and its key" {
	local before
	keeps "mode = always"
	synward_up_conf
	serve
	all_served 4 5
	before=$(xdp_id)
	synward_down
	synward_said "srv0: stays protected"
	[[ $(xdp_id) == "$before" ]]
	is_protected
	all_served 4 5
	again
	[[ $(xdp_id) != "$before" ]]
	all_served 4 5
	want "$(row .)" '.syns == 18 and .cookies_valid == 15 and .served == 15'
	want "$(synward_status)" '.reasons.syn_cookie == 18'
}

@test "killed, stopped and started again under flood: no client fails, and no counter goes back" {
	local syns=0 now i
	keeps "mode = auto" "arm-syn-rate = 1000" "hold = 2"
	synward_up_conf
	serve
	many_clients
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 100000 --seconds 60
	synward_wait '.services[0].armed' 5
	for i in {1..4}; do
		if ((i % 2)); then killed; else synward_down; fi
		sleep 0.$((i % 3))
		again
		synward_is '.services[0].armed'
		now=$(row syns)
		((now > syns))
		syns=$now
	done
	lab_stop flood
	many_clients_end
	kernel_is_at_ease
}

@test "other services and another size: made anew under flood, counters and what is armed go along" {
	local syns sent
	keeps "mode = auto" "arm-syn-rate = 1000000"
	printf '%s\n' "[service mail]" "ports = 25" "mode = auto" >>"$LAB_DIR/synward.conf"
	synward_up_conf
	serve
	synward_cli arm web
	synward_cli arm mail
	synward_cli disarm mail
	many_clients
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 50000 --seconds 60
	lab_wait_for "cookies to be sent" 5 reason_is syn_cookie 10000
	syns=$(row syns) sent=$(reason syn_cookie)
	synward_down
	sed -i 's/^\[service web\]/max-flows = 1024\n[service api]\nports = 8080\n&/' "$LAB_DIR/synward.conf"
	again
	synward_said "maps: made anew"
	want "$(synward_status)" ".services[0].name == \"api\" and .services[0].syns == 0 and (.services[0].armed | not)
		and .services[1].name == \"web\" and .services[1].syns > $syns and .services[1].armed
		and .services[2].name == \"mail\" and (.services[2].armed | not) and .reasons.syn_cookie > $sent
		and .max_flows == 1024"
	killed
	again
	synward_said "maps: taken over"
	lab_stop flood
	many_clients_end
}

# The next version, as it might be: members of structures are elsewhere, and a reason is new.
next_version() {
	local to=$BATS_FILE_TMPDIR/next
	[[ ! -x $to/build/synwardd ]] || return 0
	mkdir -p "$to"
	(cd "$LAB_ROOT" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$to"
	sed -i 's/^struct row_counts {$/&\n\t__u64 of_the_next_version;/; s/^struct row_live {$/&\n\t__u64 of_the_next_version;/
		s/^ABI_SIZE(row_\(counts\|cpu\|live\), .*//
		s/^struct secret {$/&\n\t__u64 of_the_next_version;/; s/^ABI_SIZE(secret, .*//' "$to/include/abi.h"
	make -s -C "$to" O="$to/build" "$to/build/synwardd" >"$to/log" 2>&1 || {
		cat "$to/log"
		return 1
	}
}

@test "an upgrade to another layout under flood, and back: no client fails, counters and key go along" {
	local this=$SYNWARDD syns=0 version
	next_version
	keeps "mode = auto" "arm-syn-rate = 1000" "hold = 2"
	synward_up_conf
	serve
	many_clients
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 100000 --seconds 60
	synward_wait '.services[0].armed' 5
	for version in "$BATS_FILE_TMPDIR/next/build/synwardd" "$this"; do
		killed
		SYNWARDD=$version
		again
		synward_said "maps: made anew"
		synward_is '.services[0].armed'
		(($(row syns) > syns && $(row cookies_valid) > 0))
		syns=$(row syns)
		want "$(row .)" '.cookies_invalid == 0'
	done
	lab_stop flood
	many_clients_end
	kernel_is_at_ease
}

@test "an attack that goes on is told once, and its end too" {
	keeps "mode = auto" "arm-syn-rate = 1000" "hold = 2"
	synward_up_conf
	serve
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 60
	lab_wait_for "the attack to be told" 5 synward_said "attack"
	synward_wait '.services[0].attacked' 5
	killed
	again
	monitor_begin
	synward_wait '.services[0].attacked and .services[0].attacks == 1' 5
	sleep 1
	[[ $(nr_events attack_begin) -le 1 ]] # of what goes on, told to who begins to watch
	lab_stop flood
	lab_wait_for "the end to be told" 10 nr_events_is attack_end 1
	events attack_end | json '.syns > 0 and .peak_syn_rate > 1000'
}

@test "what a list had and has no more is gone; what it has still holds" {
	keeps "mode = always"
	printf '192.0.2.2\n203.0.113.0/24\n' >"$LAB_DIR/deny"
	sed -i "s#^\[service web\]#deny-file = $LAB_DIR/deny\n&#" "$LAB_DIR/synward.conf"
	synward_up_conf
	serve
	want "$(loads 4 --count 1 --timeout-ms 300)" '.served == 0'
	synward_down
	want "$(loads 4 --count 1 --timeout-ms 300)" '.served == 0'
	echo 203.0.113.0/24 >"$LAB_DIR/deny"
	again
	all_served 4 3
	synward_down
	echo 192.0.2.0/24 >"$LAB_DIR/deny"
	again
	want "$(loads 4 --count 1 --timeout-ms 300)" '.served == 0'
	all_served 6 3
}

@test "on-stop = detach: nothing is pinned; it takes over what was kept, and leaves nothing" {
	keeps "mode = always"
	synward_up_conf
	serve
	many_clients
	synward_down
	(($(nr_pinned) > 20))
	sed -i 's/^pin-path/on-stop = detach\n&/' "$LAB_DIR/synward.conf"
	again
	[[ $(nr_pinned) == 0 ]]
	many_clients_end
	synward_down
	nothing_is_left
	again anew
	[[ ! -e $PINS ]]
	killed
	nothing_is_left
}

# killed_at SYSCALL N: a start that ends with its Nth SYSCALL, or, if there are fewer, when it is ready.
killed_at() {
	lab_spawn strace lab_s strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		"$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "a start to be killed" 15 has_come_to_an_end
	if lab_running strace; then
		pkill -KILL --parent "$(lab_pid strace)"
		lab_wait_for "strace to end" 5 lab_ended strace
		echo "$1 $2: not reached" >&2
	else
		nr_killed=$((nr_killed + 1))
	fi
}

has_come_to_an_end() { lab_ended strace || grep -q ready "$LAB_DIR/strace.err"; }

other_size() {
	sed -i '/^max-flows/d' "$LAB_DIR/synward.conf"
	sed -i "s/^\[service web\]/max-flows = $1\n&/" "$LAB_DIR/synward.conf"
}

@test "killed in the middle of its start: whole or not there, and the next one takes over" {
	local point size=1024 nr_killed=0
	keeps "mode = always"
	serve
	for point in mkdir:5 mkdirat:1 bpf:{40..130..10} renameat:1; do
		rm -rf "$PINS"
		killed_at "${point%:*}" "${point#*:}"
		is_whole
		all_served 4 1
		[[ -z $(xdp_id) ]] || is_protected
	done
	synward_up_conf
	synward_down
	for point in renameat:{1,2} unlinkat:{1,10,30} bpf:{40..180..10}; do
		size=$((size == 1024 << 6 ? 1024 : size * 2)) # another one than that of the maps that are there
		other_size $size
		killed_at "${point%:*}" "${point#*:}"
		is_whole
		all_served 4 1
		is_protected
	done
	((nr_killed >= 25)) # of 32, or the points are not where they were
	again
	all_served 4 5
	want "$(synward_status)" '.interfaces[0].path == "cookie"'
	[[ $(find "$PINS" -mindepth 2 -maxdepth 2 -type d -printf '%f ') == "maps " ]]
}

@test "a start that fails: what was protected stays so, whatever the maps and on-stop" {
	local how
	lab_s ip link add srv1 type veth peer name far1
	lab_s "$LAB_BIN/labxdp" pass srv1
	keeps "mode = always"
	synward_up_conf
	serve
	synward_down
	sed -i 's/^interfaces = .*/interfaces = srv0 srv1/' "$LAB_DIR/synward.conf"
	for how in 's/^$//' 's/^pin-path/on-stop = detach\n&/'; do
		sed -i "$how" "$LAB_DIR/synward.conf"
		run -1 lab_s "$SYNWARDD" --config "$LAB_DIR/synward.conf"
		[[ $output == *"srv0: taken over"*"srv1 is held by another XDP program"* ]]
		is_whole
		is_protected
		all_served 4 3
	done
	sed -i '/^on-stop/d; s/^interfaces = .*/interfaces = srv0/' "$LAB_DIR/synward.conf"
	again
	all_served 4 3
}

@test "a start that fails has told nothing of its config to the maps that it found" {
	local change
	lab_s ip link add srv1 type veth peer name far1
	keeps "mode = always"
	sed -i 's/^interfaces = .*/interfaces = srv0 srv1/' "$LAB_DIR/synward.conf"
	synward_up_conf
	serve
	synward_down
	lab_s ip link del srv1
	lab_s ip link add srv1 type veth peer name far1
	lab_s "$LAB_BIN/labxdp" pass srv1
	echo 192.0.2.0/24 >"$LAB_DIR/deny"
	cp "$LAB_DIR/synward.conf" "$LAB_DIR/good.conf"
	# shellcheck disable=SC2016 # of sed
	for change in 's/^mode = .*/mode = monitor/' '$a addresses = 192.0.2.99' \
		"s#^\[service web\]#deny-file = $LAB_DIR/deny\n&#" 's/^\[service web\]/synack-per-prefix = 1\n&/'; do
		echo "$change"
		sed "$change" "$LAB_DIR/good.conf" >"$LAB_DIR/synward.conf"
		run -1 lab_s "$SYNWARDD" --config "$LAB_DIR/synward.conf"
		[[ $output == *"srv0: taken over"*"srv1 is held by another XDP program"* ]]
		is_protected
		all_served 4 3
	done
	# A start that goes well tells all of it.
	lab_s ip link del srv1
	again
	(($(reason syn_cookie) >= 24 && $(reason syn_over_cap) == 0)) # not one of those before was told
	handshakes 4 --count 3 --sport 20000 | json '.answered < 3'
	(($(reason syn_over_cap) > 0))
}

@test "a device that is refused now: the start fails, and it stays as it was" {
	lab_s ip link add br0 type bridge
	lab_s ip link add port0 type veth peer name port1
	lab_s ip link set port0 master br0
	keeps "mode = always"
	sed -i 's/^interfaces = .*/interfaces = br0/; s/^\[service web\]/xdp-mode = generic\n&/' "$LAB_DIR/synward.conf"
	synward_up_conf
	synward_down
	sed -i '/^xdp-mode/d' "$LAB_DIR/synward.conf"
	run -1 lab_s "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	[[ $output == *"br0 is a bridge on port0,"* ]]
	[[ $(lab_s bpftool -j net show dev br0 | jq '.[0].xdp | length') == 1 ]]
}

@test "who is not root removes nothing, and is told so" {
	umount "$LAB_DIR/bpf"
	mount -t bpf -o mode=0700 bpf "$LAB_DIR/bpf"
	keeps "mode = always"
	synward_up_conf
	synward_down
	chmod 755 "$LAB_DIR"
	# shellcheck disable=SC2153 # it is in e2e
	run -1 lab_s setpriv --reuid 65534 --regid 65534 --clear-groups "$SYNWARD" --socket "$LAB_DIR/ctl" detach \
		--config "$LAB_DIR/synward.conf"
	[[ $output == *"only root may remove what is pinned under $PINS"* ]]
	[[ -n $(xdp_id) ]]
}

# The capabilities that the unit gives, as setpriv wants them.
of_unit() { sed -n 's/^CapabilityBoundingSet=//p' "$LAB_ROOT/dist/synwardd.service.in" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g'; }

# as_user [CAPABILITIES]: the daemon as a user of its own, with no capabilities but those.
as_user() {
	local caps=-all${1:+,$1}
	lab_spawn synwardd lab_s setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set="$caps" \
		--inh-caps="$caps" --ambient-caps="$caps" "$SYNWARDD" --config "$LAB_DIR/synward.conf"
}

@test "as a user of its own, with the capabilities that the unit gives, it does all it does as root" {
	local f caps
	caps=$(of_unit)
	[[ $caps == "+bpf,+net_admin,+perfmon" ]]
	chmod 755 "$LAB_DIR"
	install -d -o 65534 -g 65534 -m 0700 "$LAB_DIR/own" "$PINS" # as a unit's directories, and ExecStartPre=+ of bpffs
	keeps "mode = always"
	sed -i "s#^control-socket = .*#control-socket = $LAB_DIR/own/ctl#; s#^state-directory = .*#state-directory = $LAB_DIR/own/state#" \
		"$LAB_DIR/synward.conf"
	ln -s own/ctl "$LAB_DIR/ctl"
	as_user "$caps"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
	grep -qx "Uid:$(printf '\t65534%.0s' {1..4})" "/proc/$(lab_pid synwardd)/status"
	grep -qx $'CapEff:\t000000c000001000' "/proc/$(lab_pid synwardd)/status"
	serve
	for f in "${families[@]}"; do
		counts_by 10 handoff all_served "$f" 10
	done
	synward_is '.interfaces[0].path == "cookie" and .memory_bytes > 1000000'
	# what it does later: links, programs, lists, state
	synward_cli detach srv0
	[[ -z $(xdp_id) ]]
	synward_cli attach srv0
	counts_by 10 handoff all_served 4 10
	lab_spawn trace lab_s "$SYNWARD" --socket "$LAB_DIR/ctl" -j trace --count 2
	lab_wait_for "trace to begin" 20 lab_out_has trace trace_begin
	all_served 4 2
	lab_wait_for "trace to end" 5 lab_ended trace
	lab_wait trace 1
	synward_cli deny add 203.0.113.7
	synward_cli -j doctor | json '[.checks[] | select(.name | startswith("self-test"))] | length > 0 and all(.status == "ok")'
	synward_down
	synward_said "srv0: stays protected"
	json '[.entries[].prefix] == ["203.0.113.7/32"]' <"$LAB_DIR/own/state/lists.json"
	is_protected
	as_user "$caps"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
	synward_said "srv0: taken over"
	for f in "${families[@]}"; do
		counts_by 10 handoff all_served "$f" 10
	done
	if grep -E "Permission denied|Operation not permitted" "$LAB_DIR/synwardd.err"; then return 1; fi
	# And without them it says what it needs, changes nothing, and ends.
	synward_down
	as_user
	lab_wait_for "synwardd to end" 10 lab_ended synwardd
	synward_said "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are missing"
	[[ $(tail -n 1 "$LAB_DIR/synwardd.err") == "synwardd: not started" ]]
	is_protected
}

@test "a mode that cannot be: the start fails, and what was attached stays" {
	keeps "mode = always"
	sed -i 's/^\[service web\]/xdp-mode = generic\n&/' "$LAB_DIR/synward.conf"
	lab_gro on
	synward_up_conf
	serve
	synward_down
	lab_s ethtool -L srv0 rx 1 # fewer than the peer sends by: a veth takes no native XDP then
	sed -i 's/^xdp-mode.*/xdp-mode = native/' "$LAB_DIR/synward.conf"
	run -1 lab_s "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	[[ $output == *"srv0 does not take it in native mode"* ]]
	is_protected
}

@test "who else may write where things are pinned is not trusted, and what is not ours stays" {
	keeps "mode = always"
	mkdir -p "$PINS/cilium/maps"
	chmod 777 "$PINS"
	synward_up_conf
	synward_said "belongs to others, or others may write to it"
	[[ -d $PINS/cilium/maps ]]
	synward_down
	chmod 700 "$PINS"
	synward_up_conf
	synward_down
	# shellcheck disable=SC2153 # it is in e2e
	lab_s "$SYNWARD" detach --config "$LAB_DIR/synward.conf"
	[[ -d $PINS/cilium/maps && $(find "$PINS" -mindepth 1 | wc -l) == 2 && -z $(xdp_id) ]]
}

@test "listed before and listed now are too many together: ours are there in the end" {
	local family prefixes=$LAB_DIR/deny
	keeps "mode = always"
	sed -i "s#^\[service web\]#deny-file = $prefixes\n&#" "$LAB_DIR/synward.conf"
	for family in 10 11; do
		seq 0 149999 | awk -v a="$family" '{ printf "%d.%d.%d.%d/32\n", a, $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$prefixes"
		synward_up_conf
		synward_cli deny list | grep -q "$family.0.0.0/32"
		synward_down
	done
}

@test "another mode: attached anew" {
	keeps "mode = always"
	synward_up_conf
	serve
	synward_down
	lab_gro on
	sed -i 's/^\[service web\]/xdp-mode = generic\n&/' "$LAB_DIR/synward.conf"
	again anew
	want "$(synward_status)" '.interfaces[0].xdp_mode == "generic"'
	all_served 4 3
}

@test "a device that the config names no more is detached" {
	lab_s ip link add srv1 type veth peer name far1
	keeps "mode = always"
	sed -i 's/^interfaces = .*/interfaces = srv0 srv1/' "$LAB_DIR/synward.conf"
	synward_up_conf
	synward_down
	[[ $(lab_s bpftool -j net show dev srv1 | jq '.[0].xdp | length') == 1 ]]
	sed -i 's/^interfaces = .*/interfaces = srv0/' "$LAB_DIR/synward.conf"
	again
	[[ $(lab_s bpftool -j net show dev srv1 | jq '.[0].xdp | length') == 0 ]]
	synward_said "srv1: the synwardd before had it attached, and the config does not name it: detached"
}

@test "two daemons: the second says who is there, and changes nothing" {
	keeps "mode = always"
	synward_up_conf
	serve
	sed "s#^control-socket = .*#control-socket = $LAB_DIR/other#" "$LAB_DIR/synward.conf" >"$LAB_DIR/other.conf"
	run -1 lab_s "$SYNWARDD" --config "$LAB_DIR/other.conf"
	[[ $output == *"another synwardd has pin-path $PINS"*"stop that one first"* ]]
	run -1 lab_s "$SYNWARDD" --interface srv0 --ports 80 --control-socket "$LAB_DIR/other"
	[[ $output == *"another synwardd"*"synward detach"* ]]
	all_served 4 3
	want "$(row .)" '.served == 3'
}

@test "no BPF file system: said with what mends it, and protected as long as the daemon runs" {
	keeps "mode = always"
	sed -i "s#^pin-path = .*#pin-path = $LAB_DIR/plain/synward#" "$LAB_DIR/synward.conf"
	synward_up_conf
	synward_said "mount -t bpf bpf /sys/fs/bpf"
	serve
	all_served 4 3
	synward_down
	nothing_is_left
	[[ ! -e $LAB_DIR/plain ]]
}

@test "a network namespace that is gone leaves nothing for long" {
	keeps "mode = always"
	synward_up_conf
	killed
	(($(nr_pinned) > 20))
	lab_s ip link del srv0
	ip netns add "$LAB_ID-other"
	ip -n "$LAB_ID-other" link add srv0 type veth peer name far0
	lab_spawn other nsenter --net="/run/netns/$LAB_ID-other" -- "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "the other to be ready" 15 grep -q ready "$LAB_DIR/other.err"
	[[ $(find "$PINS" -mindepth 1 -maxdepth 1 | wc -l) == 1 ]]
	lab_stop other
	ip netns del "$LAB_ID-other"
}
