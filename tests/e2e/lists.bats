#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The allow and deny lists: who is on them and who is not, until when, what a restart leaves, and lists as
# long as they may be.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
	serve
}

client_of() { if [[ $1 == 6 ]]; then echo "$LAB_CLI6"; else echo "$LAB_CLI4"; fi; }
net_of() { if [[ $1 == 6 ]]; then echo 2001:db8:1::/64; else echo 192.0.2.0/24; fi; }

# refused_to FAMILY: a client gets no answer, and its SYN is counted as denied.
refused_to() {
	local before
	before=$(reason syn_denied)
	loads "$1" --count 1 --timeout-ms 300 | json '.served == 0 and .failed == 1'
	reason_is syn_denied $((before + 1))
}

# served_to FAMILY REASON: a client is served, and that is what its SYN was.
served_to() { counts_by 3 "$2" all_served "$1" 3; }

listed() { synward_cli -t "$@" | cut -f 2-4 | tr '\t' ' '; }

# Addresses of 10.0.0.0/8, from the N-th on.
many() { # many FROM NR
	awk -v from="$1" -v nr="$2" 'BEGIN {
		for (i = from; i < from + nr; i++)
			printf "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256
	}'
}

@test "a denied source gets no answer, an allowed one the kernel's; the other family is as before" {
	local f other mode plain
	synward_with
	for mode in always auto; do
		synward_cli mode web "$mode"
		plain=$([[ $mode == auto ]] && echo syn_peace || echo syn_cookie)
		for f in "${families[@]}"; do
			other=$((10 - f))
			served_to "$f" "$plain"
			synward_cli deny add "$(net_of "$f")"
			refused_to "$f"
			served_to "$other" "$plain"
			# The longest prefix decides.
			synward_cli allow add "$(client_of "$f")"
			if [[ $mode == always ]]; then
				served_to "$f" syn_allowed
			else
				all_served "$f" 3
			fi
			run -0 --separate-stderr synward_cli deny add "$(client_of "$f")"
			[[ $stderr == "synward: $(client_of "$f") was on the allow list; it is on the deny list now" ]]
			synward_cli deny del "$(net_of "$f")"
			refused_to "$f"
			synward_cli deny del "$(client_of "$f")"
			served_to "$f" "$plain"
		done
	done
	[[ -z $(listed allow; listed deny) ]]
}

@test "armed by a flood: the denied are dropped, the allowed go to the kernel, all others get cookies" {
	synward_with "mode = auto"
	synward_cli deny add 198.18.0.0/16 2001:db8:8000::/34
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 60
	synward_wait '.services[0].armed and .reasons.syn_denied > 10000 and .reasons.syn_cookie > 10000' 5
	served_to 6 handoff
	synward_cli allow add "$LAB_CLI4"
	served_to 4 syn_allowed
	synward_cli deny add "$LAB_CLI6"
	refused_to 6
}

@test "in monitor and off nothing is dropped" {
	local mode
	synward_with
	synward_cli deny add "$LAB_CLI4" "$LAB_CLI6"
	for mode in monitor off; do
		synward_cli mode web "$mode"
		all_served 4 3
		all_served 6 3
	done
	[[ $(reason syn_denied) == 0 ]]
}

is_empty() { [[ -z $(listed "$@") ]]; }

@test "for a time: it ends by itself, with the daemon asleep too" {
	local f
	synward_with "mode = always"
	for f in "${families[@]}"; do
		synward_cli deny add "$(client_of "$f")" --for 1h
		synward_cli deny add "$(client_of "$f")" --for 2s # the last word counts
		refused_to "$f"
		lab_signal synwardd STOP
		sleep 2.2 # that is the time it is denied for
		loads "$f" --count 3 --timeout-ms 300 | json '.served == 3 and .failed == 0'
		lab_signal synwardd CONT
		lab_wait_for "the list to be empty" 3 is_empty deny
	done
}

@test "over a restart: what commands said stays, with its time; what a file says comes back" {
	echo "198.51.100.0/24" >"$LAB_DIR/deny"
	synward_conf
	sed -i "/^state-directory/a deny-file = $LAB_DIR/deny" "$LAB_DIR/synward.conf"
	synward_up_conf
	synward_cli deny add "$LAB_CLI4" --for 1h
	synward_cli allow add 203.0.113.0/24
	synward_cli allow add 203.0.114.0/24 --for 2s
	run -0 --separate-stderr synward_cli deny del 198.51.100.0/24
	[[ $stderr == *"deny-file"*"take it out there too"* ]]
	[[ $(listed deny) == "deny $LAB_CLI4/32 command" ]]
	lab_wait_for "the lists to be kept" 3 grep -q 203.0.113 "$LAB_DIR/state/lists.json"
	lab_signal synwardd KILL
	lab_wait_for "the daemon to be gone" 5 lab_ended synwardd
	sleep 2 # the time goes on
	synward_up_conf
	[[ $(listed deny) == "deny $LAB_CLI4/32 command"$'\n'"deny 198.51.100.0/24 file" ]]
	[[ $(listed allow) == "allow 203.0.113.0/24 command" ]]
	synward_cli -j deny | json '.entries[0].expires_seconds > 3000 and .entries[0].expires_seconds < 3600
		and .entries[1].expires_seconds == null'
	refused_to 4
	all_served 6 3
	synward_cli deny del "$LAB_CLI4"
	synward_down
	synward_up_conf
	[[ $(listed deny) == "deny 198.51.100.0/24 file" ]]
	synward_down
	# A file that is damaged stops nothing.
	echo '{"version": 1, "entries": [' >"$LAB_DIR/state/lists.json"
	synward_up_conf
	synward_said "lists.json: is damaged"
	[[ $(listed deny) == "deny 198.51.100.0/24 file" ]]
	is_empty allow
}

@test "without a config file nothing is kept" {
	synward_up
	synward_cli deny add "$LAB_CLI4"
	refused_to 4
	synward_down
	synward_up
	all_served 4 3
	is_empty deny
}

@test "what is wrong in the files is said all at once, and nothing is started" {
	synward_conf
	sed -i "/^state-directory/a allow-file = $LAB_DIR/allow\ndeny-file = $LAB_DIR/deny" "$LAB_DIR/synward.conf"
	printf '%s\r\n' "# ours" "192.0.2.0/24" "example.net" >"$LAB_DIR/allow"
	run -2 "$SYNWARDD" --config "$LAB_DIR/synward.conf" --check-config
	[[ $output == *"$LAB_DIR/allow:3: 'example.net' is no prefix"*"$LAB_DIR/deny: cannot be opened"* ]]
	printf '%s\n' "192.0.2.5/24" "192.0.2.0/24" >"$LAB_DIR/deny"
	run -2 "$SYNWARDD" --config "$LAB_DIR/synward.conf" --check-config
	[[ ${#lines[@]} == 3 && $output == *"$LAB_DIR/allow:3: "*"$LAB_DIR/deny:1: "*"did you mean 192.0.2.0/24?"* ]]
	[[ $output == *"$LAB_DIR/deny:2: 192.0.2.0/24 is also on line 2 of $LAB_DIR/allow"* ]]
	run -2 lab_s "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	[[ ! -e $LAB_DIR/ctl ]]
	echo "192.0.2.0/24" >"$LAB_DIR/allow"
	echo "$LAB_CLI6" >"$LAB_DIR/deny"
	run -0 "$SYNWARDD" --config "$LAB_DIR/synward.conf" --check-config
	synward_up_conf
	synward_cli mode web always
	served_to 4 syn_allowed
	refused_to 6
}

@test "as many as there may be: from a file, and line by line" {
	synward_conf "mode = always"
	sed -i "/^state-directory/a allow-file = $LAB_DIR/allow\ndeny-file = $LAB_DIR/deny" "$LAB_DIR/synward.conf"
	many 0 100000 >"$LAB_DIR/allow"
	{
		many 100000 99999
		echo "$LAB_CLI4"
	} >"$LAB_DIR/deny"
	synward_up_conf
	[[ $(synward_cli -t allow | wc -l) == 100000 ]]
	[[ $(synward_cli -t deny | wc -l) == 100000 ]]
	refused_to 4
	served_to 6 syn_cookie
	run -1 synward_cli deny add "$LAB_CLI6"
	[[ ${#lines[@]} == 1 && $output == *"lists are full"*"200000"* ]]
	run -1 synward_cli deny add "$LAB_CLI4" "$LAB_CLI6" # the first is there already
	[[ ${#lines[@]} == 2 && ${lines[1]} == "synward: stopped at $LAB_CLI6; those before it are added" ]]
	served_to 6 syn_cookie
	synward_down
	: >"$LAB_DIR/allow"
	echo "$LAB_CLI4" >"$LAB_DIR/deny"
	synward_up_conf
	many 0 199998 | timeout 60 "$SYNWARD" --socket "$LAB_DIR/ctl" deny add -
	synward_cli deny add "$LAB_CLI6"
	refused_to 4
	refused_to 6
	lab_wait_for "the lists to be kept" 5 grep -q "$LAB_CLI6" "$LAB_DIR/state/lists.json"
	synward_down
	synward_up_conf
	[[ $(synward_cli -t deny | wc -l) == 200000 ]]
	refused_to 6
	many 0 199998 | timeout 60 "$SYNWARD" --socket "$LAB_DIR/ctl" deny del -
	synward_cli deny del "$LAB_CLI6"
	served_to 6 syn_cookie
	refused_to 4
	[[ $(listed deny) == "deny $LAB_CLI4/32 file" ]]
}

# What is denied stays so while the lists grow and shrink, and the filter is made anew beside it.
@test "nobody slips through while the lists change" {
	synward_with "mode = always"
	synward_cli deny add "$LAB_RAW4"
	lab_spawn tries lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/handshakes" --dev cli0 \
		--src "$LAB_RAW4" --dst "$LAB_SRV4" --port "$PORT" --pps 1500 --count 45000 -j
	for _ in 1 2 3; do
		many 0 20000 | synward_cli deny add -
		sleep 1.2 # two turns of the daemon
		many 0 20000 | synward_cli deny del -
		sleep 1.2
	done
	lab_running tries
	lab_stop tries
	synward_status | json '.reasons | .syn_denied > 10000 and .syn_cookie == 0'
	served_to 4 syn_cookie
}

@test "a word that is wrong, or a line: nothing is added, and who is on no list is told so" {
	local words
	synward_with
	run -2 synward_cli deny add "$LAB_CLI4" bad "$LAB_CLI6"
	[[ ${#lines[@]} == 1 && $output == "synward: nothing is added: 'bad' is no prefix;"* ]]
	run -2 synward_cli deny add "$LAB_CLI4" -1.2.3.4
	[[ ${#lines[@]} == 1 && $output == "synward: -1.2.3.4 "* ]]
	run -2 synward_cli deny add - <<<"$LAB_CLI4"$'\n'"5.6.7.8 9.9.9.9"
	[[ ${#lines[@]} == 1 && $output == *"nothing is added: line 2 of standard input: '9.9.9.9' is not expected"* ]]
	run -2 timeout 10 "$SYNWARD" --socket "$LAB_DIR/ctl" deny add - </dev/zero
	[[ ${#lines[@]} == 1 && $output == *"line 1 of standard input: more than"* ]]
	for words in allow "allow list" deny "deny list"; do
		# shellcheck disable=SC2086 # words
		run -0 synward_cli $words
		[[ $output == "nothing is on the ${words% list} list" ]]
		# shellcheck disable=SC2086 # words
		[[ -z $(synward_cli -t $words) ]]
	done
	synward_cli -j deny | json '.entries == []'
}

@test "who is not root looks, and changes nothing" {
	synward_with
	synward_cli deny add "$LAB_CLI4"
	chmod 755 "$LAB_DIR"
	chmod 666 "$LAB_DIR/ctl"
	nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$SYNWARD" --socket "$LAB_DIR/ctl" "$@"; }
	run -0 nobody -t deny
	[[ $output == *"$LAB_CLI4/32"* ]]
	run -1 nobody deny del "$LAB_CLI4"
	[[ $output == *root* ]]
	run -1 nobody allow add "$LAB_CLI6"
	[[ $output == *root* ]]
	[[ $(listed deny; listed allow) == "deny $LAB_CLI4/32 command" ]]
}
