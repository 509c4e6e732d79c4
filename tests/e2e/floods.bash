# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests of what arms and disarms: floods slow and counted, clients that come all the while, what the
# daemon tells of attacks, and scenes that play side by side. Loaded after e2e.
#
# shellcheck disable=SC2154 # $families is in e2e

# ---- handshakes that nobody finishes -----------------------------------------------------------

# handshakes FAMILY OPTION...: by the scripted client, which ends them as told; JSON of what was opened.
handshakes() {
	local family=$1
	shift
	lab_handshakes --src "$(raw_of "$family")" --dst "$(server_of "$family")" --port "$PORT" -j "$@"
}

# spoof NAME FAMILY PPS COUNT: from a source each, in the background.
spoof() {
	lab_spawn "$1" lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/handshakes" --dev cli0 --spoofed \
		--dst "$(server_of "$2")" --port "$PORT" --pps "$3" --count "$4" -j
}

# kernel_holds N: handshakes; the daemon's look at them is 100 ms old at most.
kernel_holds() { synward_wait ".services[0].kernel_half_open == $1" 1; }

# highest FIELD NAME: the most that the first row's field was while NAME ran.
highest() {
	local most=0 now
	while lab_running "$2"; do
		now=$(row "$1")
		((now <= most)) || most=$now
		sleep 0.05
	done
	echo "$most"
}

# ---- real clients all the while ----------------------------------------------------------------

# clients_begin [OPTION...]: over and over, in both families; until clients_end, which wants all of them
# served. Without options each waits 20 ms before it comes again.
clients_begin() {
	local f
	[[ $# != 0 ]] || set -- --pause-ms 20
	for f in "${families[@]}"; do
		lab_spawn "clients$f" lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" \
			--dst "$(server_of "$f")" --port "$PORT" --seconds 3600 -j "$@"
	done
}

clients_end() {
	local f
	for f in "${families[@]}"; do
		lab_signal "clients$f" TERM
	done
	for f in "${families[@]}"; do
		lab_wait "clients$f" 10
		json '.served > 0 and .failed == 0' <"$LAB_DIR/clients$f.out"
	done
}

# How many the two were in all.
clients_served() { jq -s 'map(.served) | add' "$LAB_DIR"/clients[46].out; }

# The kernel never came near to refusing anybody.
kernel_is_at_ease() {
	local counter
	for counter in TCPReqQFullDoCookies TCPReqQFullDrop ListenOverflows SyncookiesSent; do
		[[ $(lab_nstat s "TcpExt$counter") == 0 ]]
	done
}

# ---- what is told of attacks -------------------------------------------------------------------

# monitor_begin: synward monitor in the background, subscribed; what it said so far is in $LAB_DIR/monitor.out.
monitor_begin() {
	lab_spawn monitor lab_s "$SYNWARD" --socket "$LAB_DIR/ctl" -j monitor
	lab_wait_for "monitor to ask" 5 monitor_waits
	synward_status >/dev/null # is answered after what was asked before
}

# Connected, and asleep until there is something to read.
monitor_waits() {
	[[ $(lab_s ss -Hx state connected src "$LAB_DIR/ctl" | wc -l) == 1 ]] &&
		[[ $(awk '{ print $3 }' "/proc/$(lab_pid monitor)/stat") == S ]]
}

# events KIND: so far, one a line.
events() { grep "\"event\": *\"$1\"" "$LAB_DIR/monitor.out" || :; }
nr_events() { events "$1" | wc -l; }
nr_events_is() { [[ $(nr_events "$1") == "$2" ]]; }

# ---- scenes side by side -----------------------------------------------------------------------

# beside NAME CMD...: for setup_file: in the background, in a lab of its own, as strict as a test.
beside() {
	local of=$BATS_FILE_TMPDIR/$1
	shift
	(
		trap - DEBUG
		trap 'echo "failed: $BASH_COMMAND"' ERR
		# shellcheck disable=SC2064 # $of is not there any more then
		trap ": >'$of.ended'" EXIT
		unset BATS_TEST_FILENAME # so that the lab goes by itself
		set -euo pipefail
		lab_up
		"$@"
		: >"$of.passed"
	) >"$of.log" 2>&1 3>&- &
	echo $! >"$of.pid"
}

has_ended() { [[ -e $BATS_FILE_TMPDIR/$1.ended ]]; }

# beside_passed NAME SECONDS: until it ends; the test's verdict.
beside_passed() {
	lab_wait_for "$1 to end" "$2" has_ended "$1"
	cat "$BATS_FILE_TMPDIR/$1.log"
	[[ -e $BATS_FILE_TMPDIR/$1.passed ]]
}

# For teardown_file.
beside_stop() {
	local pid
	for pid in "$BATS_FILE_TMPDIR"/*.pid; do
		has_ended "$(basename "$pid" .pid)" || kill "$(cat "$pid")"
		lab_wait_for "$pid to end" 15 has_ended "$(basename "$pid" .pid)"
	done
}
