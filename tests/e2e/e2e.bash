# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every end-to-end test does: a lab of its own, synward on the server's device, questions to it.
# shellcheck source=tests/lab/lab.sh disable=SC1091
. "$BATS_TEST_DIRNAME/../lab/lab.sh"

PORT=80
SYNWARDD=$(dirname "$LAB_BIN")/synwardd
SYNWARD=$(dirname "$LAB_BIN")/synward
# shellcheck disable=SC2034 # for the tests
families=(4 6)

setup() {
	lab_up 2
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	lab_down
}

# What a reader of a failure wants to see.
why_failed() {
	[[ -n ${LAB_DIR:-} ]] || return 0
	tail -n 20 "$LAB_DIR"/*.err
	tail -n 5 "$LAB_DIR"/*.out
	synward_cli 2>&1 || :
}

# synward_start OPTION...: the daemon, ready.
synward_start() {
	lab_spawn synwardd lab_s "$SYNWARDD" "$@"
	lab_wait_for "synwardd to be ready" 15 synward_said ready || {
		cat "$LAB_DIR/synwardd.err" >&2
		return 1
	}
}

# synward_up [OPTION...]: on srv0, in mode always, or what MODE says. auto-armed is auto, and armed by hand.
synward_up() {
	local mode=${MODE:-always}
	synward_start --interface srv0 --ports "$PORT" --control-socket "$LAB_DIR/ctl" \
		--mode "${mode%-armed}" "$@"
	[[ $mode != auto-armed || $* == *--mode* ]] || synward_cli arm default
}

# synward_conf [KEY=VALUE...]: a config file with one service, web on $PORT, that has these keys. More
# sections can be appended to it. Protection ends with the daemon.
synward_conf() {
	printf '%s\n' "[synward]" "interfaces = srv0" "control-socket = $LAB_DIR/ctl" \
		"state-directory = $LAB_DIR/state" "on-stop = detach" "[service web]" "ports = $PORT" "$@" >"$LAB_DIR/synward.conf"
}

synward_up_conf() { synward_start --config "$LAB_DIR/synward.conf"; }

# synward_with [KEY=VALUE...]: both.
synward_with() {
	synward_conf "$@"
	synward_up_conf
}

# synward_in native|generic [OPTION...]: the same in that mode, with the NAPI that live frames want.
synward_in() {
	[[ $1 != generic ]] || lab_gro on
	synward_up --xdp-mode "$@"
}

# synward_up_preload NAME: the same with $LAB_DIR/NAME.so, C from standard input, before all other libraries of
# the daemon; what it does is to depend on is_wrong(), which is true while $LAB_DIR/NAME is there.
synward_up_preload() {
	{
		echo '#define _GNU_SOURCE'
		printf '#include <%s.h>\n' dlfcn errno net/if stdarg string sys/socket sys/syscall unistd
		printf '#include <linux/%s.h>\n' bpf if_link rtnetlink
		printf 'static int is_wrong(void) { return !access("%s", F_OK); }\n' "$LAB_DIR/$1"
		cat
	} | gcc -shared -fPIC -o "$LAB_DIR/$1.so" -x c -
	lab_spawn synwardd lab_s env LD_PRELOAD="$LAB_DIR/$1.so" "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
}

# bpf_fails ERRNO: C for that: bpf(2) fails with ERRNO, an expression of its cmd and attr that is 0 where it is not to.
bpf_fails() {
	cat <<-END
		long syscall(long nr, ...)
		{
			long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall"), a[6], cmd;
			const union bpf_attr *attr;
			va_list args;

			va_start(args, nr);
			for (int i = 0; i < 6; i++)
				a[i] = va_arg(args, long);
			va_end(args);
			cmd = a[0];
			attr = (void *)a[1];
			errno = nr == SYS_bpf ? $1 : 0;
			return errno ? -1 : real(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
	END
}

synward_down() { lab_stop synwardd; }
synward_said() { grep -q -- "$1" "$LAB_DIR/synwardd.err"; }
synward_cli() { "$SYNWARD" --socket "$LAB_DIR/ctl" "$@"; }
synward_status() { synward_cli -j; }

# synward_get JQ: a value of the status.
synward_get() { synward_status | jq -r "$1"; }
reason() { synward_get ".reasons.$1"; }
row() { synward_get ".services[0].$1"; } # of the only one, or the first

# row_is JQ: true of the first row of services.
row_is() { synward_get '.services[0]' | json "$1"; }

# reason_is NAME MINIMUM
reason_is() { (($(reason "$1") >= $2)); }

server_of() { if [[ $1 == 6 ]]; then echo "$LAB_SRV6"; else echo "$LAB_SRV4"; fi; }
raw_of() { if [[ $1 == 6 ]]; then echo "$LAB_RAW6"; else echo "$LAB_RAW4"; fi; }

# raw FAMILY SCENARIO OPTION...: the scripted client; its JSON.
raw() {
	local family=$1 scenario=$2
	shift 2
	lab_rawtcp "$scenario" --dev cli0 --src "$(raw_of "$family")" --dst "$(server_of "$family")" \
		--port "$PORT" "$@"
}

# loads FAMILY OPTION...: real connections; their JSON.
loads() {
	local family=$1
	shift
	lab_load --dst "$(server_of "$family")" --port "$PORT" -j "$@"
}

# The kernel's own handshakes.
syn_recv() { lab_s ss -Htn state syn-recv | wc -l; }

# What the server's kernel says of the last connection that it accepted.
accepted() { grep '"event": "accept"' "$LAB_DIR/server.out" | tail -n 1 | grep .; }

# The options of a connection, without what differs from one to the next.
options_of() {
	jq -ce '{timestamps, sack, wscale, ecn, snd_wscale, rcv_wscale, maxseg, snd_mss, advmss}' <<<"$1"
}

serve() { lab_serve server --listen "${1:-::}" --port "$PORT" --report "${@:2}"; }

# json EXPRESSION: true of the JSON on standard input, which is shown when it is not.
json() {
	local text
	text=$(cat)
	jq -e "$1" <<<"$text" >/dev/null || {
		printf 'not true: %s\nof: %s\n' "$1" "$text" >&2
		return 1
	}
}

want() { json "$2" <<<"$1"; } # want JSON EXPRESSION

# synward_wait EXPRESSION SECONDS: until it is true of the status.
synward_is() { synward_status | jq -e "$1"; }
synward_wait() {
	lab_wait_for "status: $1" "$2" synward_is "$1" || {
		synward_cli -p >&2
		return 1
	}
}

# counts_by N REASON CMD...: CMD makes the reason's counter grow by N.
counts_by() {
	local by=$1 name=$2 before now
	shift 2
	before=$(reason "$name")
	"$@"
	now=$(reason "$name")
	((now - before == by)) || {
		printf '%s grew by %d, not %d: %s\n' "$name" $((now - before)) "$by" "$*" >&2
		synward_cli >&2
		return 1
	}
}

# all_served FAMILY N OPTION...: N connections one after another, and none fails.
all_served() { loads "$1" --count "$2" "${@:3}" | json ".served == $2 and .failed == 0"; }

# The id of the daemon's own link of that type. bpftool 7.1 knows neither tcx nor, here, who owns what.
synward_link() { # synward_link xdp|tcx
	awk -v type="$1" '/^link_type:/ { is = $2 == type } is && /^link_id:/ { print $2; exit }' \
		"/proc/$(lab_pid synwardd)"/fdinfo/*
}

link_is_there() { bpftool link show id "$1" >/dev/null 2>&1; }
link_is_gone() { if link_is_there "$1"; then return 1; fi; }

# held_open NAME ADDR: a connection that stays, says what it is told to, and expects the echo.
held_open() {
	mkfifo "$LAB_DIR/$1.fifo"
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn "$1" lab_c taskset -c "$LAB_CLIENT_CPU" bash -c '
		exec 3<>"/dev/tcp/$1/$2" 4<>"$3" && echo open
		while read -r word <&4; do
			echo "$word" >&3 && read -r reply <&3 && echo "got $reply"
		done' held "$2" "$PORT" "$LAB_DIR/$1.fifo"
	lab_wait_for "$1 to be open" 5 lab_out_has "$1" '^open'
}

held_echo() { # held_echo NAME WORD
	echo "$2" >"$LAB_DIR/$1.fifo"
	lab_wait_for "$1 to echo $2" 5 lab_out_has "$1" "^got $2\$"
}

# nr_of accept|close: how often the server reported it.
nr_of() { grep -c "\"event\": \"$1\"" "$LAB_DIR/server.out" || :; }
nr_is_above() { (($(nr_of "$1") > $2)); }

# report_of accept|close CMD...: the line that the server prints while CMD runs, which makes one
# connection. More than one line is an error.
report_of() {
	local event=$1 before
	shift
	before=$(nr_of "$event")
	"$@" >&2 || return
	lab_wait_for "the server to report $event" 5 nr_is_above "$event" "$before" || return
	(($(nr_of "$event") == before + 1)) || {
		echo "the server reported $event more than once" >&2
		return 1
	}
	grep "\"event\": \"$event\"" "$LAB_DIR/server.out" | tail -n 1
}
