# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The test bed that tests, demo and benchmarks share: two network namespaces joined by a
# multi-queue veth, so that a flood never leaves the run. Source it, then lab_up; everything is gone at
# exit, also after a failure or Ctrl-C. Names carry pid and a random part: two runs live side by
# side.
#
#   client ns: cli0  192.0.2.2/24  2001:db8:1::2/64
#   server ns: srv0  192.0.2.1/24  2001:db8:1::1/64
#   spoofed:   198.18.0.0/15  2001:db8:8000::/33, routed by the server to the client (never on-link)
#   raw:       192.0.2.77  2001:db8:1::77, known to the server, owned by nobody: for rawtcp
#
# CPU n uses queue n (mod queues) in both directions: live frames pick the ring by CPU, packets of
# sockets by XPS, which lab_up sets to match. So a flood on LAB_FLOOD_CPU (0) fills ring 0, and
# clients and servers on LAB_CLIENT_CPU (1) use ring 1. On a machine with one CPU they share one.
#
# Needs root, iproute2, nsenter, and `make lab`. Under bats call lab_down in teardown (bats owns the
# traps); all state is in exported LAB_* variables and in $LAB_DIR, so setup_file works too.

LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
case ${O:-build} in
/*) LAB_BIN=${LAB_BIN:-$O/lab} ;;
*) LAB_BIN=${LAB_BIN:-$LAB_ROOT/${O:-build}/lab} ;;
esac
LAB_FLOOD_CPU=${LAB_FLOOD_CPU:-0}
LAB_CLIENT_CPU=${LAB_CLIENT_CPU:-$(($(nproc --all) > 1 ? 1 : 0))}
export LAB_ROOT LAB_BIN LAB_FLOOD_CPU LAB_CLIENT_CPU

LAB_SRV4=192.0.2.1 LAB_SRV6=2001:db8:1::1
LAB_CLI4=192.0.2.2 LAB_CLI6=2001:db8:1::2
LAB_RAW4=192.0.2.77 LAB_RAW6=2001:db8:1::77
LAB_SRV_MAC=02:73:79:6e:00:01 LAB_CLI_MAC=02:73:79:6e:00:02
LAB_SPOOFED4=198.18.0.0/15 LAB_SPOOFED6=2001:db8:8000::/33
export LAB_SRV4 LAB_SRV6 LAB_CLI4 LAB_CLI6 LAB_RAW4 LAB_RAW6 LAB_SRV_MAC LAB_CLI_MAC
export LAB_SPOOFED4 LAB_SPOOFED6

lab_say() { printf 'lab: %s\n' "$*" >&2; }

# ---- running things in the lab -----------------------------------------------------------------

# Not `ip netns exec`: that mounts a fresh /sys and hides bpffs.
lab_s() { nsenter --net="/run/netns/$LAB_S" -- "$@"; }
lab_c() { nsenter --net="/run/netns/$LAB_C" -- "$@"; }

# lab_spawn NAME CMD... : in the background; output in $LAB_DIR/NAME.out and NAME.err, pid in
# NAME.pid. CMD may begin with lab_s or lab_c; the recorded pid is the command's own.
lab_spawn() {
	local name=$1 pid
	shift
	case $1 in
	lab_s) shift && set -- nsenter --net="/run/netns/$LAB_S" -- "$@" ;;
	lab_c) shift && set -- nsenter --net="/run/netns/$LAB_C" -- "$@" ;;
	esac
	if lab_running "$name"; then
		lab_say "$name is already running"
		return 1
	fi
	# Here, not by the child: what the last one said is no word of this one.
	truncate -s 0 "$LAB_DIR/$name.out" "$LAB_DIR/$name.err"
	"$@" >"$LAB_DIR/$name.out" 2>"$LAB_DIR/$name.err" </dev/null 3>&- &
	pid=$!
	echo "$pid $(lab_born "$pid")" >"$LAB_DIR/$name.pid"
}

# lab_spawn_first NAME SIDE CPU CMD... : in the background as lab_spawn does, before all else that the
# machine has to do, which must not be taken for the flood's doing. Where sessions get equal shares of
# the CPU (autogroup) that takes a session of its own.
lab_spawn_first() {
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn "$1" "$2" setsid nice -n -10 taskset -c "$3" bash -c '
		[[ ! -e /proc/$$/autogroup ]] || echo -10 >/proc/$$/autogroup
		exec "$@"' first "${@:4}"
}

# When a process was started, so that a recycled pid is never taken for ours; empty when it has
# ended.
lab_born() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	[[ $1 == Z ]] || echo "${20}"
}

lab_pid() {
	local pid born
	read -r pid born <"$LAB_DIR/$1.pid"
	echo "$pid"
}

lab_running() {
	local pid born
	[[ -f $LAB_DIR/$1.pid ]] || return 1
	read -r pid born <"$LAB_DIR/$1.pid"
	[[ -n $born && $(lab_born "$pid") == "$born" ]]
}

lab_ended() { ! lab_running "$1"; }

# lab_signal NAME SIGNAL
lab_signal() { lab_running "$1" && kill -s "$2" "$(lab_pid "$1")"; }

# lab_wait NAME TIMEOUT_S : until it ends by itself; returns its status (124 when it did not end).
lab_wait() {
	local pid
	pid=$(lab_pid "$1")
	lab_wait_for "$1 to end" "$2" lab_ended "$1" || return 124
	wait "$pid"
}

# lab_stop NAME : SIGTERM, and SIGKILL after 5 s. No error when it has ended already.
lab_stop() {
	local pid
	[[ -f $LAB_DIR/$1.pid ]] || return 0
	pid=$(lab_pid "$1")
	if lab_running "$1"; then
		kill -TERM "$pid" 2>/dev/null || :
		if ! lab_wait_for "$1 to stop" 5 lab_ended "$1"; then
			kill -KILL "$pid" 2>/dev/null || :
			lab_wait_for "$1 to be killed" 5 lab_ended "$1" || :
		fi
	fi
	wait "$pid" 2>/dev/null || :
	rm -f "$LAB_DIR/$1.pid"
}

# lab_wait_for DESCRIPTION TIMEOUT_S CMD... : tries CMD until it succeeds or the time is over.
lab_wait_for() {
	local what=$1 now end
	now=${EPOCHREALTIME//[!0-9]/}
	end=$((now + $2 * 1000000))
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		now=${EPOCHREALTIME//[!0-9]/}
		if ((now > end)); then
			lab_say "waited in vain for: $what"
			return 1
		fi
		sleep 0.02
	done
}

lab_out_has() { grep -q -- "$2" "$LAB_DIR/$1.out"; }

# ---- the tools, pinned -------------------------------------------------------------------------

# lab_serve NAME ARGS... : tcpserve in the server ns, returns when it is listening.
lab_serve() {
	local name=$1
	shift
	lab_spawn "$name" lab_s taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpserve" "$@"
	lab_wait_for "$name to listen" 5 lab_out_has "$name" '^ready' || {
		cat "$LAB_DIR/$name.err" >&2
		return 1
	}
}

# lab_nginx CONNECTIONS [DIRECTIVE...] : one worker on port 80 of the server ns, for both families, with the pages in
# $LAB_DIR/www; returns when it serves. All that it writes is in $LAB_DIR, which its owner alone may read: hence root.
lab_nginx() {
	local connections=$1
	shift
	cat >"$LAB_DIR/nginx.conf" <<-END
		daemon off;
		user root;
		worker_processes 1;
		pid $LAB_DIR/nginx.master;
		error_log $LAB_DIR/nginx.log warn;
		events { worker_connections $connections; }
		http {
			access_log off;
			$*
			client_body_temp_path $LAB_DIR/body;
			proxy_temp_path $LAB_DIR/proxy;
			fastcgi_temp_path $LAB_DIR/fastcgi;
			uwsgi_temp_path $LAB_DIR/uwsgi;
			scgi_temp_path $LAB_DIR/scgi;
			server {
				listen [::]:80 ipv6only=off;
				root $LAB_DIR/www;
			}
		}
	END
	lab_spawn_first nginx lab_s "$LAB_CLIENT_CPU" nginx -p "$LAB_DIR" -c "$LAB_DIR/nginx.conf" -e "$LAB_DIR/nginx.log"
	lab_wait_for "nginx to serve" 5 lab_load --dst "$LAB_SRV4" --port 80 --http /
}

lab_load() { lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" "$@"; }
lab_rawtcp() { lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/rawtcp" "$@"; }
lab_handshakes() { lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/handshakes" --dev cli0 "$@"; }
lab_flood() { lab_c taskset -c "$LAB_FLOOD_CPU" "$LAB_BIN/flood" --dev cli0 "$@"; }

# lab_flood_start NAME ARGS... : the flood in the background; returns when packets flow.
lab_flood_start() {
	local name=$1
	shift
	lab_spawn "$name" lab_c taskset -c "$LAB_FLOOD_CPU" "$LAB_BIN/flood" --dev cli0 --announce "$@"
	lab_wait_for "$name to flow" 10 lab_out_has "$name" '^flowing' || {
		cat "$LAB_DIR/$name.err" >&2
		return 1
	}
}

# The XDP_PASS program on srv0, for phases without synward. Attach or detach costs a few ms of
# traffic.
lab_pass_on() { lab_s "$LAB_BIN/labxdp" pass srv0; }
lab_bare_on() { lab_s "$LAB_BIN/labxdp" bare srv0; } # passes, and does not even count
lab_hooks_on() { lab_s "$LAB_BIN/labxdp" hooks srv0; } # the same, and a TC program that leaves all to the next
lab_floor_on() { lab_s "$LAB_BIN/labxdp" floor srv0; } # sends all back: what benchmarks subtract
lab_pass_off() { lab_s "$LAB_BIN/labxdp" off srv0; } # any of them, but for the one at TC

# Live frames (flood, batch) reach srv0 only while it has NAPI: any native XDP program gives that.
# For generic mode, or no program at all, switch on GRO instead.
lab_gro() { lab_s ethtool -K srv0 gro "$1"; } # on|off

# JSON: what reached srv0 (only while lab_pass is on), and what came back to cli0.
lab_srv_counts() { lab_s "$LAB_BIN/labxdp" counts srv0; }
lab_cli_counts() { lab_c "$LAB_BIN/labxdp" counts cli0; }

# lab_tx_csum s|c on|off : whether that side's kernel completes TCP checksums itself (off) or leaves
# them partial as local senders do (on, the default).
lab_tx_csum() {
	case $1 in
	s) lab_s ethtool -K srv0 tx "$2" >/dev/null ;;
	c) lab_c ethtool -K cli0 tx "$2" >/dev/null ;;
	esac
}

# lab_sysctl s|c KEY=VALUE...
lab_sysctl() {
	local side=lab_$1
	shift
	"$side" sysctl -q -w "$@"
}

# lab_nstat s|c COUNTER : the absolute value, 0 when it never moved.
lab_nstat() { "lab_$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'; }

# ---- up and down -------------------------------------------------------------------------------

# lab_client_addr ADDR : one more address that the client's kernel owns, and the server knows.
lab_client_addr() {
	case $1 in
	*:*)
		ip -n "$LAB_C" addr add "$1/64" dev cli0 nodad
		lab_wait_for "$1 to be usable" 5 lab_not_tentative "$LAB_C"
		;;
	*) ip -n "$LAB_C" addr add "$1/24" dev cli0 ;;
	esac
	ip -n "$LAB_S" neigh replace "$1" lladdr "$LAB_CLI_MAC" dev srv0 nud permanent
}

# lab_up [QUEUES [MTU]]
lab_up() {
	local queues=${1:-2} mtu=${2:-1500}

	if [[ ! -x $LAB_BIN/labxdp ]]; then
		lab_say "$LAB_BIN/labxdp is missing: run 'make lab' first"
		return 1
	fi
	LAB_ID=synward-lab-$$-$RANDOM$RANDOM
	LAB_S=$LAB_ID-s LAB_C=$LAB_ID-c
	LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/$LAB_ID.XXXXXX")
	export LAB_ID LAB_S LAB_C LAB_DIR
	[[ -n ${BATS_TEST_FILENAME:-} ]] || lab_trap

	# Two first runs at once must not both try to make /run/netns.
	(
		flock 9
		ip netns add "$LAB_S" && ip netns add "$LAB_C"
	) 9</run
	ip -n "$LAB_S" link add srv0 address "$LAB_SRV_MAC" mtu "$mtu" \
		numrxqueues "$queues" numtxqueues "$queues" type veth \
		peer name cli0 address "$LAB_CLI_MAC" mtu "$mtu" netns "$LAB_C" \
		numrxqueues "$queues" numtxqueues "$queues"
	lab_up_sysctls
	lab_up_side "$LAB_S" srv0 "$LAB_SRV4" "$LAB_SRV6"
	lab_up_side "$LAB_C" cli0 "$LAB_CLI4" "$LAB_CLI6"
	lab_up_routes
	lab_up_xps "$LAB_S" srv0 "$queues"
	lab_up_xps "$LAB_C" cli0 "$queues"
	lab_c "$LAB_BIN/labxdp" peer cli0
	lab_wait_for "IPv6 addresses" 5 lab_not_tentative "$LAB_S"
	lab_wait_for "IPv6 addresses" 5 lab_not_tentative "$LAB_C"
}

lab_not_tentative() { [[ -z $(ip -n "$1" -6 addr show tentative) ]]; }

lab_up_sysctls() {
	local side
	for side in s c; do
		lab_sysctl "$side" net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
			net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
			net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
	done
	lab_sysctl s net.ipv4.conf.srv0.rp_filter=0 net.ipv6.conf.srv0.disable_ipv6=0
	lab_sysctl c net.ipv4.conf.cli0.rp_filter=0 net.ipv6.conf.cli0.disable_ipv6=0
	# Thousands of connections one after another must not run out of ports.
	lab_sysctl c net.ipv4.ip_local_port_range="1025 65535" net.ipv4.tcp_tw_reuse=1
}

lab_up_side() {
	local ns=$1 dev=$2
	ip -n "$ns" link set lo up
	ip -n "$ns" link set "$dev" addrgenmode none
	ip -n "$ns" link set "$dev" up
	ip -n "$ns" addr add "$3/24" dev "$dev"
	ip -n "$ns" addr add "$4/64" dev "$dev" nodad
}

lab_up_routes() {
	local addr
	for addr in "$LAB_CLI4" "$LAB_CLI6" "$LAB_RAW4" "$LAB_RAW6"; do
		ip -n "$LAB_S" neigh replace "$addr" lladdr "$LAB_CLI_MAC" dev srv0 nud permanent
	done
	for addr in "$LAB_SRV4" "$LAB_SRV6"; do
		ip -n "$LAB_C" neigh replace "$addr" lladdr "$LAB_SRV_MAC" dev cli0 nud permanent
	done
	ip -n "$LAB_S" route add "$LAB_SPOOFED4" via "$LAB_CLI4" dev srv0
	ip -n "$LAB_S" -6 route add "$LAB_SPOOFED6" via "$LAB_CLI6" dev srv0
}

# Queue q carries what the CPUs with cpu % queues == q send. /sys shows the devices of the namespace
# that mounted it, so a private mount is needed for the moment.
lab_up_xps() {
	local ns=$1 dev=$2 queues=$3
	((queues > 1)) || return 0 # nothing to choose, and the kernel says so with ENOENT
	# shellcheck disable=SC2016 # for the inner shell
	nsenter --net="/run/netns/$ns" -- unshare --mount bash -euc '
		mount -t sysfs lab /sys
		for ((q = 0; q < $2; q++)); do
			mask=0
			for ((cpu = q; cpu < $3 && cpu < 62; cpu += $2)); do
				mask=$((mask | 1 << cpu))
			done
			# The kernel refuses words beyond its CPUs, even zero ones.
			high=$((mask >> 32)) low=$((mask & 0xffffffff))
			printf -v text "%x" "$low"
			((high == 0)) || printf -v text "%x,%08x" "$high" "$low"
			echo "$text" >"/sys/class/net/$1/queues/tx-$q/xps_cpus"
		done' lab_up_xps "$dev" "$queues" "$(nproc --all)"
}

# At the shell's end, by whatever way, the lab goes; what the caller had set for EXIT runs after it.
lab_trap() {
	local before
	local -a words
	before=$(trap -p EXIT)
	[[ $before != *lab_down* ]] || return 0
	eval "words=(${before:-trap -- : EXIT})"
	# shellcheck disable=SC2064 # the earlier command is meant as it is now
	trap "trap '' INT TERM HUP; lab_down; ${words[2]}" EXIT # a second Ctrl-C must not leave half
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# Ends what lab_spawn started (recorded pids only) and removes namespaces and $LAB_DIR. Can be
# called twice. LAB_KEEP=1 keeps $LAB_DIR for reading.
lab_down() {
	local file name
	[[ -n ${LAB_ID:-} ]] || return 0
	for file in "$LAB_DIR"/*.pid; do
		[[ -e $file ]] || continue
		name=${file##*/}
		lab_stop "${name%.pid}"
	done
	ip -n "$LAB_S" link del srv0 2>/dev/null || :
	for name in "$LAB_S" "$LAB_C"; do
		[[ ! -e /run/netns/$name ]] || ip netns del "$name"
	done
	if [[ -n ${LAB_KEEP:-} ]]; then
		lab_say "kept $LAB_DIR"
	else
		rm -rf "$LAB_DIR"
	fi
	unset LAB_ID LAB_S LAB_C LAB_DIR
}
