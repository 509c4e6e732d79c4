#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# synward top on a real terminal (tmux, whose server is this test's own) and without one: what it shows of a
# flood, what its keys do to synwardd, and that the terminal is given back, however it ends.
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	bpf_stats=$(sysctl -n kernel.bpf_stats_enabled)
	lab_up
	serve
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || screen || :
	term kill-server 2>/dev/null || :
	sysctl -q -w kernel.bpf_stats_enabled="$bpf_stats"
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	lab_down
}

term() { LC_ALL=C.UTF-8 tmux -S "$LAB_DIR/tmux" -f /dev/null "$@"; }
screen() { term capture-pane -p; }
screen_has() { screen | grep -qE -- "$1"; }
screen_lacks() { if screen_has "$1"; then return 1; fi; }
key() { term send-keys "$@"; }
see() { lab_wait_for "the screen to show '$1'" "${2:-5}" screen_has "$1"; } # see REGEX [SECONDS]
unsee() { lab_wait_for "the screen to show no '$1'" "${2:-5}" screen_lacks "$1"; }
# of the picked row: its cells
picked_has() { screen | grep -qE -- "^>$1"; }
see_picked() { lab_wait_for "$1 to be picked" 5 picked_has "$1"; }

# term_up [NAME=VALUE...]: a shell on a terminal of 80x24, and of it what stty says.
term_up() {
	term new-session -d -x 80 -y 24 "env LC_ALL=C.UTF-8 PS1='shell> ' $* bash --norc --noprofile" 3>&-
	see '^shell>$'
	key "stty -g >$LAB_DIR/stty.before" Enter
	lab_wait_for "the shell to answer" 5 test -s "$LAB_DIR/stty.before"
	key "clear" Enter
	see '^shell>$'
}

top_up() { # top_up OPTION...
	key "$SYNWARD --socket $LAB_DIR/ctl top $*" Enter
	see '^synward top '
	see 'h help'
}

top_pid() { pgrep -P "$(term display-message -p '#{pane_pid}')" -x synward; }

# As the shell had it: its own screen, a cursor, and all that stty knows.
given_back() {
	see '^shell>$'
	[[ $(term display-message -p '#{alternate_on} #{cursor_flag}') == "0 1" ]]
	screen_lacks 'synward top  '
	key "stty -g >$LAB_DIR/stty.now" Enter
	lab_wait_for "the shell to answer" 5 cmp "$LAB_DIR/stty.before" "$LAB_DIR/stty.now"
	rm "$LAB_DIR/stty.now"
	key "clear" Enter
	see '^shell>$'
}

flood_on() { lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 60 "$@"; }

runs_are_above() { (($(synward_get '.interfaces[0].xdp_runs') > $1)); }

@test "a flood: the screen shows who is armed, rates, bars, costs, drops and sources; q gives the terminal back" {
	local runs
	synward_with
	synward_cli deny add "$LAB_RAW4"
	term_up
	top_up
	see '^>web:80 +peace +0 '
	[[ $(term display-message -p '#{alternate_on} #{cursor_flag}') == "1 0" ]]
	see 'ATTACKS, AND FROM WHERE'
	see "bpf_stats_enabled=1' has the kernel count it"
	sysctl -q -w kernel.bpf_stats_enabled=1
	flood_on
	handshakes 4 --count 5 >/dev/null
	see '1 of 1 armed'
	# about 20000 SYNs a second are answered with as many cookies, and the history has a high bar
	see '^>web:80 +armed +(19|20|21)\.[0-9]k +[▁▂▃▄▅▆▇█]*█[▁▂▃▄▅▆▇█]* +[0-9.]+k +[0-9]+ +[0-9]+ +(19|20|21)\.[0-9]k +0 +0 +0'
	see '^SYN/s (19|20|21)\.[0-9]k .*cookies/s (19|20|21)\.[0-9]k sent'
	see 'per packet XDP [0-9]+ ns x (19|20|21)\.[0-9]k/s = [0-9.]+% CPU'
	# and goes on to be seen while other programs are in place, and after
	lab_spawn trace lab_s "$SYNWARD" --socket "$LAB_DIR/ctl" -t trace --source 203.0.113.1
	lab_wait_for "trace to begin" 20 grep -q 'follows handshakes' "$LAB_DIR/trace.err"
	runs=$(synward_get '.interfaces[0].xdp_runs')
	lab_wait_for "runs while somebody traces" 5 runs_are_above $((runs + 20000))
	lab_signal trace INT
	lab_wait trace 5
	runs_are_above $((runs + 20000))
	sysctl -q -w kernel.bpf_stats_enabled="$bpf_stats"
	see '^syn_denied +[0-9.]+ +5 '
	see 'web:80 for [0-9]+ s'
	key q
	given_back
}

@test "one source floods: its prefix is shown" {
	synward_with
	term_up
	top_up
	flood_on --src 198.18.7.0/24
	see '(9[0-9]|100)\.[0-9]% 198\.18\.7\.0/24'
	synward_get '.attacks[0]' | json '.service == "web" and .port == 80 and .cause != "none"
		and .sources[0].prefix == "198.18.7.0/24" and .sources[0].percent > 90'
	key Enter
	see 'attacked for [0-9]+ s: (half_open|syn_rate) was [0-9]+, threshold [0-9]+'
}

@test "keys: a arms, d disarms, after a y and not without" {
	synward_with
	printf '%s\n' "[service mail]" "ports = 25" >>"$LAB_DIR/synward.conf"
	synward_down
	synward_up_conf
	term_up
	top_up
	see '^>web:80'
	key a
	see '^arm web until it is disarmed\? y or n$'
	key n
	see '^nothing done$'
	synward_get .services | json 'all(.armed | not)'
	key Down
	see_picked mail:25
	key a
	see '^arm mail'
	key y
	see '^mail is armed until it is disarmed$'
	synward_get .services | json '(.[0].armed | not) and .[1].armed and .[1].armed_until_seconds == 2147483647'
	see '^>mail:25 +armed'
	see '1 of 2 armed'
	key d y
	see '^mail is disarmed$'
	synward_get .services | json 'all(.armed | not)'
	see '^>mail:25 +peace'
	synward_cli mode mail always
	see '^>mail:25 +armed'
	key d y
	see 'mode always' # refused, and the screen says why
	see '^synward top '
	key q
	given_back
}

@test "keys: sort, pick, detail, help, pause" {
	synward_with
	synward_down
	printf '%s\n' "[service mail]" "ports = 25 587" "[service abc]" "ports = 7" >>"$LAB_DIR/synward.conf"
	synward_up_conf
	term_up
	top_up
	see 'vSYN/S'
	see_picked web:80
	key Left Left
	see '^vSERVICE'
	key Home
	see_picked abc:7
	key r
	see '^\^SERVICE'
	see_picked abc:7 # it is the last now, and still it is picked
	key k
	see_picked mail:25
	key End
	see_picked abc:7
	key Enter
	see '^abc:7  mode auto, path cookie, not armed$'
	see 'arms at [0-9]+ half-open'
	key Escape
	unsee 'arms at'
	key h
	see 'a flood arms it again'
	unsee '^>abc'
	key Escape
	see_picked abc:7
	key p
	see PAUSED
	synward_cli arm abc
	key h h # it is drawn anew, and that is all
	see '^>abc:7 +peace'
	key p
	see '^>abc:7 +armed'
	unsee PAUSED
	key C-c
	given_back
}

@test "sizes: as the terminal is made smaller and larger" {
	synward_with
	term_up
	top_up
	term resize-window -x 200 -y 50
	see 'ARM-HALF ARM-SYN$'
	term resize-window -x 20 -y 3
	see '^>web:80'
	term resize-window -x 1 -y 1
	kill -0 "$(top_pid)"
	term resize-window -x 80 -y 24
	see 'DROPPED .*ATTACKS, AND FROM WHERE'
	see '^>web:80 +peace'
	key q
	given_back
}

@test "Ctrl-Z and fg, kill -STOP, and every signal that ends it" {
	local signal
	synward_with
	term_up
	top_up
	key C-z
	see 'Stopped'
	[[ $(term display-message -p '#{alternate_on} #{cursor_flag}') == "0 1" ]]
	key "stty -g >$LAB_DIR/stty.now" Enter
	lab_wait_for "the shell to answer" 5 cmp "$LAB_DIR/stty.before" "$LAB_DIR/stty.now"
	rm "$LAB_DIR/stty.now"
	key fg Enter
	see '^>web:80 +peace'
	[[ $(term display-message -p '#{alternate_on} #{cursor_flag}') == "1 0" ]]
	key Enter # keys work again, and at once
	see 'arms at'
	kill -s STOP "$(top_pid)" # nobody is told, and the shell takes the terminal as it is
	see 'Stopped'
	key fg Enter
	see 'arms at'
	unsee Stopped
	[[ $(term display-message -p '#{alternate_on} #{cursor_flag}') == "1 0" ]]
	key Enter
	unsee 'arms at'
	key q
	see '^shell>$'
	key clear Enter
	for signal in INT TERM HUP QUIT; do
		top_up
		kill -s "$signal" "$(top_pid)"
		given_back
	done
}

@test "synwardd goes and comes back: said, and it goes on" {
	synward_with
	term_up
	top_up --interval 1s
	see '^>web:80'
	synward_down
	see '^since [0-9:]+Z: no synwardd answers at '
	see '^>web:80' # what was known
	key h # keys work
	see 'Ctrl-Z and fg'
	key h
	synward_up_conf
	see '^SYN/s ' 5
	unsee 'since '
	see '^>web:80 +peace'
	# and one that is there and says nothing
	lab_signal synwardd STOP
	see '^since [0-9:]+Z: synwardd at .* gives' 10
	key a
	see '^arm web'
	key n
	see '^nothing done'
	lab_signal synwardd CONT
	see '^SYN/s ' 5
	key q
	given_back
}

@test "a locale without UTF-8, and NO_COLOR" {
	synward_with
	term_up LC_ALL=C NO_COLOR=1
	top_up
	flood_on
	see '^>web:80 +armed +[0-9.]+k +[_.:=+*#-]*#'
	screen >"$LAB_DIR/screen"
	run -1 env LC_ALL=C grep '[^ -~]' "$LAB_DIR/screen"
	term capture-pane -e -p >"$LAB_DIR/screen"
	run -1 grep $'\033' "$LAB_DIR/screen"
	key q
	given_back
	term kill-server
	term_up LC_ALL=C.UTF-8 NO_COLOR=
	top_up
	see '█'
	term capture-pane -e -p | grep -q $'\033'
}

# look_has REGEX OPTION...: one look says so. On a loaded machine not every second of a flood is like the next.
look_has() { synward_cli top --count 1 "${@:2}" | grep -E -- "$1"; }

@test "without a terminal: a line a look, bounded; synwardd may go and come back" {
	synward_with
	run -0 --separate-stderr synward_cli top --count 2
	# shellcheck disable=SC2154 # bats sets it
	[[ ${#lines[@]} == 2 && -z $stderr ]]
	[[ ${lines[1]} =~ ^20[0-9-]+T[0-9:]+Z\ total\ armed=0/1\ syn_rate=0\  ]]
	synward_cli top -j --count 1 | json '.services[0].name == "web" and .total.syn_rate == 0 and .drops == []'
	flood_on
	synward_wait '.services[0].armed' 5
	lab_wait_for "a look at 20000 SYNs" 10 look_has ' web:80 state=armed syn_rate=(19|20|21)[0-9]{3} ' --service web
	lab_wait_for "a look at 20000 SYNs" 10 look_has '"cookies_sent_rate": (19|20|21)[0-9]{3}\.' -j
	look_has ' armed=1/1 .* attacked=web:80$'
	synward_cli top -j --count 1 | json '.services[0].armed and .attacks[0].service == "web"'
	lab_signal flood TERM
	lab_spawn top "$SYNWARD" --socket "$LAB_DIR/ctl" top --count 6
	lab_wait_for "a line" 5 lab_out_has top total
	synward_down
	lab_wait_for "it to be said" 5 grep -q 'no synwardd answers' "$LAB_DIR/top.err"
	synward_up_conf
	lab_wait_for "it to be said" 5 grep -q 'synwardd answers again' "$LAB_DIR/top.err"
	lab_wait top 10
	[[ $(wc -l <"$LAB_DIR/top.err") == 2 ]] # once each
	run -3 synward_cli --socket "$LAB_DIR/nobody" top
	run -2 synward_cli top --service nobody
	[[ ${#lines[@]} == 1 && $output == *"nobody is no service"* ]]
}
