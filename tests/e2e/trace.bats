#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `synward trace`: what is told of a packet is what happened to it, on both sides of XDP and in TC; it costs what its
# limit says, nothing when nobody traces, and nobody a connection.
#
# shellcheck disable=SC2154,SC2153,SC2030,SC2031 # $families and $PORT are in e2e; bats makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
	serve
}

# ---- the tracer ----------------------------------------------------------------------------------

# trace_begin [OPTION...]: in the background; what it says is in $LAB_DIR/trace.out.
trace_begin() {
	rm -f "$LAB_DIR/trace.out"
	lab_spawn trace lab_s "$SYNWARD" --socket "$LAB_DIR/ctl" -j trace "$@"
	lab_wait_for "trace to begin" 20 lab_out_has trace trace_begin
}

trace_end() {
	lab_signal trace "${1:-INT}"
	lab_wait trace 5
}

# told JQ: of the packets so far, in the order of their times, as an array.
told() { grep '"event": "packet"' "$LAB_DIR/trace.out" | jq -s "sort_by(.time) | $1"; }
lost() { grep '"event": "lost"' "$LAB_DIR/trace.out" | jq -s "map(select(.cause == \"$1\") | .packets) | add // 0"; }
nr_told_is() { (($(told "map(select($1)) | length") >= $2)); }

# steps_of PORT: the packets of that client.
steps_of() { told "map(select(.in.source_port == $1))"; }

# What is attached: the names of the programs on the device.
xdp_name() { bpftool -j prog show id "$(lab_s ip -j -d link show dev srv0 | jq '.[0].xdp.prog.id')" | jq -r .name; }
tc_name() { bpftool -j prog show id "$(bpftool -j link show id "$(synward_link tcx)" | jq .prog_id)" | jq -r .name; }
attached() { echo "$(xdp_name) $(tc_name)"; }
is_tapped() { [[ $(attached) == "synward_xdp_tap synward_tc_tap" ]]; }
is_another_link() { [[ $(synward_link tcx) != "$1" ]]; }
is_untapped() { [[ $(attached) == "synward_xdp synward_tc" ]]; }

# Of the daemon's maps, those that are for tracing.
has_no_trace_maps() { [[ -z $(trace_maps) ]]; }
trace_maps() {
	awk '/^map_id/ { print $2 }' "/proc/$(lab_pid synwardd)"/fdinfo/* | sort -un |
		xargs -I{} bpftool -j map show id {} | jq -r .name | grep '^trace_' || :
}

# ---- what is told --------------------------------------------------------------------------------

armed_told() {
	local f said port steps
	for f in "${families[@]}"; do
		said=$(raw "$f" handshake --payload hello)
		want "$said" '.connected and .echo_ok'
		port=$(jq .sport <<<"$said")
		lab_wait_for "the hand-off to be told" 3 nr_told_is ".in.source_port == $port and .hook == \"tc\"" 1
		steps=$(steps_of "$port")
		want "$steps" 'map(.reason)[0:3] == ["syn_cookie", "ack_cookie_valid", "handoff"] and
			map(.hook)[0:3] == ["xdp", "xdp", "tc"] and map(.fate)[0:3] == ["answered", "passed", "passed"]'
		want "$steps" ".[0].in.flags == \"SYN\" and .[0].in.destination == \"$(server_of "$f")\" and
			.[0].in.source == \"$(raw_of "$f")\" and .[0].in.port == $PORT and .[0].in.mss and .[0].in.wscale"
		# the answer is the one that the client got
		want "$(jq "{told: .[0].out, got: $(jq .synack <<<"$said")}" <<<"$steps")" '
			.told.flags == "SYN ACK" and .told.seq == .got.seq and .told.ack == .got.ack and
			.told.window == .got.window and .told.mss == .got.mss and .told.wscale == .got.wscale and
			.told.ts_value == .got.tsval and .told.ts_echo == .got.tsecr and .told.frame_bytes == .got.frame_length'
		# and the numbers go on from there
		want "$steps" '.[0].out.ack == (.[0].in.seq + 1) % 4294967296 and .[1].in.seq == .[0].out.ack and
			.[1].in.ack == (.[0].out.seq + 1) % 4294967296 and .[1].out.ack == .[1].in.ack and
			.[2].in.ack == .[1].in.ack and .[2].in.seq == .[1].in.seq and .[2].in.source == .[0].in.source'
	done
}

@test "a handshake through a cookie, step by step, native" {
	synward_in native
	trace_begin
	armed_told
}

@test "a handshake through a cookie, step by step, generic" {
	synward_in generic
	trace_begin
	armed_told
}

@test "a handshake in peace, and the end of the connection; of its data nothing" {
	local f said port
	MODE=auto synward_in native
	trace_begin
	for f in "${families[@]}"; do
		said=$(raw "$f" handshake --payload hello --delay-ms 30)
		want "$said" '.connected and .echo_ok and .closed'
		port=$(jq .sport <<<"$said")
		lab_wait_for "the end" 3 nr_told_is ".in.source_port == $port and (.in.flags | test(\"FIN\"))" 1
		want "$(steps_of "$port")" 'map(.reason) == ["syn_peace", "kernel_handshake_done", "flow_known"] and
			all(.[]; .fate == "passed" and .in == .out and .hook == "xdp") and
			map(.in.flags) == ["SYN", "ACK", "FIN ACK"] and .[1].in.seq == .[0].in.seq + 1'
	done
}

@test "what is dropped, and why; what is of no service to who asks" {
	local f said port
	synward_up
	trace_begin
	for f in "${families[@]}"; do
		said=$(raw "$f" bogus-ack --settle-ms 50)
		port=$(jq .sport <<<"$said")
		lab_wait_for "the ACK" 3 nr_told_is ".in.source_port == $port and .in.flags == \"ACK\"" 1
		want "$(steps_of "$port")" 'map(.reason) == ["syn_cookie", "ack_cookie_invalid"] and
			.[1].fate == "dropped" and (.[1] | has("out") | not) and .[1].in.ack != .[0].out.seq + 1'
		raw "$f" syn-only --port 8081 --settle-ms 20 >/dev/null
	done
	told 'map(select(.in.port == 8081)) | length' | json '. == 0'
	trace_end
	trace_begin --port 8081
	for f in "${families[@]}"; do
		raw "$f" syn-only --port 8081 --settle-ms 20 >/dev/null
		raw "$f" syn-only --settle-ms 20 >/dev/null
	done
	lab_wait_for "both" 3 nr_told_is '.reason == "not_service"' 2
	told . | json 'length == 2 and all(.[]; .in.port == 8081 and .fate == "passed" and .in.flags == "SYN")'
}

@test "a source is followed, and no other" {
	local source
	synward_up
	for source in "$LAB_RAW4 4" "${LAB_RAW4%.*}.0/24 4" "$LAB_RAW6 6" "${LAB_RAW6%:*}:/64 6"; do
		echo "$source"
		trace_begin --source "${source% *}" --port "$PORT"
		raw 4 syn-only --settle-ms 20 >/dev/null
		raw 6 syn-only --settle-ms 20 >/dev/null
		trace_end
		told . | json "length == 1 and .[0].in.source == \"$(raw_of "${source#* }")\""
	done
	trace_begin --source 203.0.113.0/24
	raw 4 syn-only --settle-ms 20 >/dev/null
	trace_end
	told . | json 'length == 0'
	run -2 synward_cli trace --source everybody
	[[ $output == *"is no prefix"* ]]
}

@test "for a time, or for some packets" {
	local began
	synward_up
	began=$EPOCHSECONDS
	synward_cli -j trace --for 2s >"$LAB_DIR/trace.out"
	((EPOCHSECONDS - began >= 1 && EPOCHSECONDS - began <= 8))
	trace_begin --count 2
	raw 4 handshake --payload hello >/dev/null
	lab_wait_for "the tracer to end" 5 lab_ended trace
	lab_wait trace 1
	told 'map(.reason)' | json '. == ["syn_cookie", "ack_cookie_valid", "handoff"]'
	is_untapped
}

# ---- both sides ----------------------------------------------------------------------------------

# frames FILE FILTER: in hex, each once.
frames() {
	tcpdump -nr "$1" -xx "$2" 2>/dev/null |
		awk '/^\t/ { $1 = ""; gsub(/ /, ""); frame = frame $0; next } frame { print frame; frame = "" } END { print frame }' |
		grep . | sort -u
}

# capture NAME SIDE DEV: with tcpdump, until capture_end NAME.
capture() {
	lab_spawn "$1" "lab_$2" tcpdump -U --immediate-mode -ni "$3" -w "$LAB_DIR/$1.pcap" tcp
	lab_wait_for "tcpdump to listen" 5 grep -q 'listening on' "$LAB_DIR/$1.err"
}
capture_end() {
	lab_signal "$1" INT
	lab_wait "$1" 5
}

both_sides() {
	local f
	trace_begin --pcap "$LAB_DIR/sides.pcapng"
	capture from-client c cli0
	capture from-server s srv0
	for f in "${families[@]}"; do
		raw "$f" bogus-ack --settle-ms 100 >/dev/null # SYN, SYN-ACK, an ACK that is dropped
	done
	lab_wait_for "all to be told" 3 nr_told_is true 4
	capture_end from-client
	capture_end from-server
	trace_end
	# What went over the wire is what the file has, byte by byte: three frames of each family.
	frames "$LAB_DIR/from-client.pcap" tcp >"$LAB_DIR/wire"
	[[ $(wc -l <"$LAB_DIR/wire") == 6 ]]
	diff "$LAB_DIR/wire" <(frames "$LAB_DIR/sides.pcapng" tcp)
	[[ $(tcpdump -nr "$LAB_DIR/sides.pcapng" 2>/dev/null | wc -l) == 6 ]]
	# tcpdump saw none of them on the server.
	[[ $(tcpdump -nr "$LAB_DIR/from-server.pcap" 2>/dev/null | wc -l) == 0 ]]
	grep -aq 'srv0:in' "$LAB_DIR/sides.pcapng"
	grep -aq 'srv0:out' "$LAB_DIR/sides.pcapng"
	run -1 grep -aq 'srv0:kernel' "$LAB_DIR/sides.pcapng"
	grep -aq 'answered, syn_cookie: SYN answered with a cookie' "$LAB_DIR/sides.pcapng"
	grep -aq 'dropped, ack_cookie_invalid: ACK without a valid cookie' "$LAB_DIR/sides.pcapng"
}

@test "both sides of XDP in a file that tcpdump reads, native" {
	synward_in native
	both_sides
}

@test "both sides of XDP in a file that tcpdump reads, generic" {
	synward_in generic
	both_sides
}

@test "what is passed is in the file as it came and as it went on" {
	local f
	synward_up --mode monitor
	trace_begin --pcap "$LAB_DIR/sides.pcapng"
	for f in "${families[@]}"; do
		raw "$f" syn-only --settle-ms 100 >/dev/null
	done
	lab_wait_for "both to be told" 3 nr_told_is true 2
	trace_end
	[[ $(tcpdump -nr "$LAB_DIR/sides.pcapng" 2>/dev/null | wc -l) == 4 ]]
	[[ $(frames "$LAB_DIR/sides.pcapng" tcp | wc -l) == 2 ]]
	grep -aq 'srv0:kernel' "$LAB_DIR/sides.pcapng"
	run -1 synward_cli trace --pcap "$LAB_DIR/sides.pcapng"
	[[ $output == *"exists, and is not written over"* ]]
	run -1 synward_cli trace --pcap "$LAB_DIR/nowhere/file"
	[[ $output == *"cannot write"*"No such file or directory"* ]]
	is_untapped
}

# ---- in a flood ----------------------------------------------------------------------------------

is_flood='.in.source | test("^198[.]1[89][.]")'
nr_flood_told() { told "map(select($is_flood)) | length"; }

# Of SYNs that were answered all are told, or said to be lost.
syns_are_told() {
	(($(told 'map(select(.reason == "syn_cookie")) | length') + $(lost limit) + $(lost ring) == $(reason syn_cookie)))
}

@test "in a flood: some of it, how much more there was, and every ACK" {
	local f said port
	synward_up
	trace_begin
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 100000 --seconds 3 -j
	for f in "${families[@]}"; do
		said=$(raw "$f" handshake)
		want "$said" .connected
		port=$(jq .sport <<<"$said")
		lab_wait_for "its hand-off" 3 nr_told_is ".in.source_port == $port and .reason == \"handoff\"" 1
		nr_told_is ".in.source_port == $port and .reason == \"ack_cookie_valid\"" 1
	done
	lab_wait flood 10
	(($(reason syn_cookie) > 50000))
	lab_wait_for "the last of it to be told" 4 syns_are_told || {
		echo "told $(nr_flood_told), lost $(lost limit) by the limit, $(lost ring) by the ring"
		return 1
	}
	trace_end
	echo "told $(nr_flood_told) of $(reason syn_cookie)"
	(($(nr_flood_told) > 300 && $(nr_flood_told) <= 330 * 5))
}

@test "a tracer that does not read loses packets, and nobody else anything" {
	synward_up
	trace_begin
	lab_signal trace STOP
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 12 -j
	lab_flood_start acks --dst "$LAB_SRV6" --port "$PORT" --pps 20000 --seconds 12 --flags ACK -j
	sleep 10 # until what waits for it, a megabyte, is full
	synward_status >/dev/null
	all_served 6 20
	is_tapped
	lab_signal trace CONT
	lab_wait_for "what is lost to be told" 5 lab_out_has trace '"cause": "reader"'
	(($(lost reader) > 10))
	lab_wait flood 10
	lab_wait acks 10
	trace_end
	is_untapped
}

# ---- programs come and go ------------------------------------------------------------------------

@test "nothing is attached or made for it when nobody traces, however the tracer ends" {
	local before after mode how
	for mode in native generic; do
		synward_in "$mode"
		is_untapped
		[[ -z $(trace_maps) ]]
		before=$(synward_get .memory_bytes)
		for how in INT TERM KILL; do
			echo "$mode $how"
			trace_begin
			is_tapped
			[[ $(trace_maps | sort -u | tr '\n' ' ') == "trace_conf trace_cpu trace_lost trace_ring trace_used " ]]
			(($(synward_get .memory_bytes) >= before + 1048576))
			all_served 4 3
			trace_end "$how" || [[ $how == KILL ]]
			lab_wait_for "the programs of before" 3 is_untapped
			lab_wait_for "the maps to go" 3 has_no_trace_maps
			all_served 6 3
			after=$(synward_get .memory_bytes)
			((after == before))
		done
		synward_down
	done
}

@test "programs are swapped while connections are made, and none fails" {
	synward_in native
	clients_begin
	for _ in {1..5}; do
		trace_begin
		is_tapped
		trace_end
		is_untapped
	done
	clients_end
	kernel_is_at_ease
}

@test "what is attached anew while somebody traces is followed, too" {
	local id
	synward_up
	trace_begin
	id=$(synward_link tcx)
	bpftool link detach id "$id"
	lab_wait_for "the TC half to be back" 4 is_another_link "$id"
	lab_wait_for "it to be tapped" 4 is_tapped
	want "$(raw 4 handshake)" .connected
	lab_wait_for "the hand-off" 3 nr_told_is '.reason == "handoff"' 1
	trace_end
	is_untapped
}

@test "a device that comes and cannot be followed: the trace is over, with the reason, which is logged once" {
	synward_conf "mode = always"
	synward_up_preload no-taps < <(bpf_fails 'cmd == BPF_PROG_LOAD && is_wrong() &&
		!strcmp(attr->prog_name, "synward_xdp_tap") ? ENOMEM : 0')
	lab_s ip link add srv1 type veth peer name far1
	trace_begin
	touch "$LAB_DIR/no-taps"
	raw 4 syn-only --settle-ms 20 >/dev/null
	synward_cli attach srv1
	lab_wait_for "the trace to end" 5 lab_ended trace
	lab_wait trace 1 || [[ $? == 1 ]]
	grep -q '^synward: srv1 cannot be followed, and so the trace is over: .*: Cannot allocate memory; protection goes on' \
		"$LAB_DIR/trace.err"
	told length | json '. == 1'
	is_untapped
	[[ -z $(trace_maps) ]]
	all_served 4 5
	sleep 2.2 # two turns in which it was tried again
	[[ $(grep -c "the kernel refuses the programs that trace: Cannot allocate memory" "$LAB_DIR/synwardd.err") == 1 ]]
	# Who begins now is told at once, and who begins when it can be, follows both.
	run -1 synward_cli trace
	[[ $output == *"the kernel does not take the programs that trace: Cannot allocate memory"* ]]
	rm "$LAB_DIR/no-taps"
	trace_begin
	json '.interfaces == ["srv0", "srv1"]' <"$LAB_DIR/trace.out"
	trace_end
	is_untapped
}

@test "one traces at a time; the daemon may end while somebody does" {
	synward_up
	trace_begin
	run -1 synward_cli trace
	[[ $output == *"somebody traces already"* ]]
	raw 4 syn-only --settle-ms 20 >/dev/null
	lab_wait_for "the first to go on" 3 nr_told_is true 1
	synward_down
	lab_wait_for "the tracer to end" 3 lab_ended trace
	lab_wait trace 1 || [[ $? == 3 ]]
	grep -q 'synwardd at .* is gone' "$LAB_DIR/trace.err"
}

@test "when the daemon hangs, the programs that trace fall silent" {
	synward_up
	trace_begin
	lab_signal synwardd STOP
	raw 4 syn-only --settle-ms 20 >/dev/null
	sleep 5.5 # so long they go on without a word from it
	raw 6 syn-only --settle-ms 20 >/dev/null
	is_tapped
	lab_signal synwardd CONT
	lab_wait_for "the first to be told" 3 nr_told_is true 1
	synward_status >/dev/null
	sleep 1.1 # in which it says again that somebody traces
	raw 4 syn-only --settle-ms 20 >/dev/null
	lab_wait_for "it to go on" 3 nr_told_is true 2
	told 'map(.in.source) | unique' | json ". == [\"$LAB_RAW4\"]"
	trace_end
}
