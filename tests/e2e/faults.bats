#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What may be wrong with a host. At the start: a line with the cause and what helps, exit 1, and nothing is left
# attached. While it runs: said once, protection goes on, and what was wrong is made good when it is over. Clocks and
# CPUs, which are not ours to change here, are tests/vm/jolts.sh's.
#
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets what run says, and makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	lab_down
	[[ -z ${group:-} ]] || rmdir "$group"
}

# daemon CMD...: the daemon of synward_conf, begun by CMD.
daemon() { lab_s timeout 20 "$@" "$SYNWARDD" --config "$LAB_DIR/synward.conf"; }

nothing_attached() {
	[[ $(lab_s ip -j link show srv0 | jq '.[0] | has("xdp")') == false ]]
	[[ $(lab_s bpftool -j net show dev srv0 | jq '[.[0].xdp, .[0].tc] | flatten | length') == 0 ]]
	[[ ! -e $LAB_DIR/ctl ]]
}

# refused WORDS CMD...: it does not start; a line has all WORDS, which * separates, and then it says so.
refused() {
	local words=$1
	shift
	run -1 daemon "$@"
	# shellcheck disable=SC2053 # a pattern
	[[ $output == *$words* && ${lines[-1]} == "synwardd: not started" ]] || {
		printf 'wanted %s\nsaid %s\n' "$words" "$output" >&2
		return 1
	}
	nothing_attached
}

NEEDED="CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"

# ---- at the start ----

@test "a kernel without BTF" {
	synward_conf
	refused "shows no BTF (/sys/kernel/btf/vmlinux)*CONFIG_DEBUG_INFO_BTF" \
		unshare -m sh -c 'mount --bind /dev/null /sys/kernel/btf/vmlinux && exec "$@"' sh
	((${#lines[@]} == 2))
}

@test "without a capability: which one is missing, and who gives it" {
	synward_conf
	refused "CAP_PERFMON is missing*Operation not permitted; CAP_PERFMON is missing: run it as root, or with $NEEDED" \
		setpriv --bounding-set=-perfmon,-sys_admin
	refused "CAP_BPF is missing*CAP_BPF is missing: run it as root, or with $NEEDED" \
		setpriv --bounding-set=-bpf,-sys_admin
	refused "CAP_NET_ADMIN is missing*CAP_NET_ADMIN is missing: run it as root, or with $NEEDED" \
		setpriv --bounding-set=-net_admin,-sys_admin
}

@test "who is nobody is told what he would need to be" {
	synward_conf
	mkdir "$LAB_DIR/own"
	chown 65534 "$LAB_DIR/own"
	chmod 755 "$LAB_DIR"
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	refused "$NEEDED are missing*ctl.lock: cannot be locked: Permission denied" "${nobody[@]}"
	sed -i "s|$LAB_DIR/|&own/|" "$LAB_DIR/synward.conf"
	refused "$NEEDED are missing*Operation not permitted; $NEEDED are missing" "${nobody[@]}"
	[[ ! -e $LAB_DIR/own/ctl ]]
}

@test "bpf(2) is forbidden in spite of all capabilities, or not there" {
	synward_conf
	inject() { strace -f -o /dev/null -e trace=bpf -e "inject=bpf:error=$1" true; }
	inject EPERM # else the rest says nothing
	refused "Operation not permitted; it has all capabilities*seccomp*SystemCallFilter=*lockdown*ausearch" \
		strace -f -o /dev/null -e trace=bpf -e inject=bpf:error=EPERM
	refused "Function not implemented*CONFIG_BPF_SYSCALL" \
		strace -f -o /dev/null -e trace=bpf -e inject=bpf:error=ENOSYS
}

# A library that spoils the XDP program on its way to the kernel: just before the end it reads where nothing is, so that
# the verifier has to go all the way.
spoil() {
	gcc -shared -fPIC -o "$LAB_DIR/spoil.so" -x c - <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <linux/bpf.h>
		#include <stdarg.h>
		#include <string.h>
		#include <sys/syscall.h>

		long syscall(long nr, ...)
		{
			long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall"), a[6];
			struct bpf_insn *insn;
			union bpf_attr *attr;
			va_list args;

			va_start(args, nr);
			for (int i = 0; i < 6; i++)
				a[i] = va_arg(args, long);
			va_end(args);
			attr = (void *)a[1];
			if (nr == SYS_bpf && a[0] == BPF_PROG_LOAD && !strcmp(attr->prog_name, "synward_xdp")) {
				for (insn = (void *)attr->insns; insn->code != (BPF_JMP | BPF_EXIT);)
					insn++;
				insn[-1] = (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_B };
			}
			return real(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
	END
}

@test "the verifier refuses: its last lines are shown, and all of them are kept" {
	local log=$LAB_DIR/state/load.log
	synward_conf
	spoil
	refused "the kernel refuses the data path: Permission denied*another kernel*report*all of it is in $log" \
		env LD_PRELOAD="$LAB_DIR/spoil.so"
	[[ $output == *"R0 invalid mem access 'scalar'"* ]]
	((${#lines[@]} == 23)) # a line before, 20 of it, and those around
	(($(wc -l <"$log") > 100 && $(wc -c <"$log") <= 1048576))
	[[ $(stat -c '%a %u' "$log") == "600 0" ]]
	diff <(tail -n 20 "$log") <(printf '%s\n' "${lines[@]:2:20}")
	# It is no state: the next start is as if nothing had been.
	synward_up_conf
	[[ $(synward_get '.interfaces[0].path') == cookie ]]
}

# memory_group BYTES: a control group with so much memory, of either version; sets $group.
memory_group() {
	if [[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ]]; then
		group=/sys/fs/cgroup/memory/$LAB_ID
		mkdir "$group" && echo "$1" >"$group/memory.limit_in_bytes"
	else
		group=/sys/fs/cgroup/$LAB_ID
		grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "no memory control group can be made here"
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control
		mkdir "$group" && echo "$1" >"$group/memory.max"
	fi
}

@test "there is not enough memory for the maps: how much they take, and max-flows" {
	synward_conf
	sed -i "s|^interfaces|max-flows = 1000000\n&|" "$LAB_DIR/synward.conf"
	memory_group 64M # the verifier takes some 40 of it
	# shellcheck disable=SC2016 # for the inner shell
	refused "Cannot allocate memory; its maps take 7? MiB, with room for 1048576 flows: a smaller max-flows*MemoryMax=" \
		sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group"
	[[ $output == *"map 'flows'"* ]]
	# As it says.
	sed -i "s|^max-flows.*|max-flows = 1024|" "$LAB_DIR/synward.conf"
	# shellcheck disable=SC2016
	lab_spawn synwardd lab_s sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
		"$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
}

@test "memory that may be locked is of no matter" {
	synward_conf
	lab_spawn synwardd lab_s prlimit --memlock=65536 "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
}

@test "a time namespace with another monotonic clock" {
	synward_conf
	refused "monotonic clock of this time namespace is off by 86400 s*start synwardd outside of it" \
		unshare -T --monotonic 86400
	refused "off by -" unshare -T --monotonic "-$(($(cut -d . -f 1 /proc/uptime) / 2))"
}

# ---- while it runs ----

# The daemon, with a small file system of its own for its state.
synward_up_tmpfs() {
	mkdir "$LAB_DIR/state"
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn synwardd lab_s unshare -m sh -c 'mount -t tmpfs -o size=64k state "$1" && shift && exec "$@"' sh \
		"$LAB_DIR/state" "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
}

beside_it() { nsenter --mount --target "$(lab_pid synwardd)" -- "$@"; }

said_times() { [[ $(grep -cF -- "$1" "$LAB_DIR/synwardd.err") == "$2" ]]; }

# state_check STATUS WORDS: of the doctor.
state_check() {
	synward_cli -j doctor --no-self-test | jq -e --arg status "$1" --arg words "$2" '
		.checks[] | select(.name == "state-directory") | .status == $status and (.detail | contains($words))'
}

# state_breaks WHY BREAK MEND: both are for a shell beside the daemon.
state_breaks() {
	local why=$1 directory
	serve
	synward_conf "mode = always"
	synward_up_tmpfs
	exec {directory}<"/proc/$(lab_pid synwardd)/root$LAB_DIR/state" # which is gone with its last process
	state_check ok "$LAB_DIR/state"
	beside_it sh -c "$2" sh "$LAB_DIR/state"
	state_check warn "$why"
	synward_is '.state_write_errors == 0'
	synward_cli deny add 203.0.113.7
	lab_wait_for "the line" 5 synward_said "the allow and deny lists cannot be kept there ($why); they hold until"
	synward_is '.state_write_errors >= 1'
	synward_cli metrics | grep -E '^synward_state_write_errors_total [1-9]'
	state_check warn "failed since synwardd was started"
	synward_cli deny add 203.0.113.8
	all_served 4 20
	all_served 6 20
	[[ $(synward_cli -t deny list | wc -l) == 2 ]]
	sleep 1.2 # a turn of the loop, which does not say it again
	said_times "cannot be kept there" 1
	beside_it sh -c "$3" sh "$LAB_DIR/state"
	state_check ok "failed since synwardd was started"
	lab_signal synwardd TERM
	lab_wait synwardd 10
	json '[.entries[].prefix] == ["203.0.113.7/32", "203.0.113.8/32"]' <"/proc/$$/fd/$directory/lists.json"
	exec {directory}<&-
}

@test "the state directory fills up" {
	# shellcheck disable=SC2016 # for the inner shell
	state_breaks "No space left on device" 'head -c 1M /dev/zero >"$1/full" || :' 'rm "$1/full"'
}

@test "the state directory becomes read-only" {
	# shellcheck disable=SC2016 # for the inner shell
	state_breaks "Read-only file system" 'mount -o remount,ro "$1"' 'mount -o remount,rw "$1"'
}

@test "it starts where no state can be kept, and says so once" {
	serve
	synward_conf "mode = always"
	mkdir "$LAB_DIR/state"
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn synwardd lab_s unshare -m sh -c 'mount -t tmpfs -o ro state "$1" && shift && exec "$@"' sh \
		"$LAB_DIR/state" "$SYNWARDD" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
	said_times "what was learned cannot be kept there (Read-only file system); protection goes on" 1
	all_served 4 5
	state_check warn "Read-only file system"
}

# A device that is waited for, late0, beside srv0.
waits_for_late0() {
	synward_conf "mode = always"
	sed -i 's/^interfaces = .*/interfaces = srv0 late0/' "$LAB_DIR/synward.conf"
}

@test "devices cannot be read for a while: said once, addresses are followed all the same, and then devices" {
	serve
	waits_for_late0
	synward_up_preload no-links <<-'END'
		ssize_t sendto(int fd, const void *what, size_t nr, int flags, const struct sockaddr *to, socklen_t to_nr)
		{
			ssize_t (*real)() = dlsym(RTLD_NEXT, "sendto");
			const struct nlmsghdr *nlh = what;

			if (nr >= sizeof(*nlh) && nlh->nlmsg_type == RTM_GETLINK && is_wrong()) {
				errno = ENOBUFS;
				return -1;
			}
			return real(fd, what, nr, flags, to, to_nr);
		}
	END
	touch "$LAB_DIR/no-links"
	lab_s ip addr add 192.0.2.9/24 dev srv0
	lab_c ip neigh replace 192.0.2.9 lladdr "$LAB_SRV_MAC" dev cli0 nud permanent
	lab_wait_for "the line" 5 synward_said "cannot read which devices there are: No buffer space available; trying"
	counts_by 10 handoff lab_load --dst 192.0.2.9 --port "$PORT" --count 10
	lab_s ip link add late0 type veth peer name far0
	sleep 2.2 # two tries, and some
	synward_is '.interfaces[1].state == "absent"'
	said_times "cannot read which devices there are" 1
	rm "$LAB_DIR/no-links"
	synward_wait '.interfaces[1].state == "attached"' 5
}

# late0's driver is made to refuse it.
@test "a driver refuses native XDP, and generic fails too: each is said once, until it is attached" {
	waits_for_late0
	synward_up_preload no-generic < <(bpf_fails 'cmd != BPF_LINK_CREATE || attr->link_create.attach_type != BPF_XDP ||
		attr->link_create.target_ifindex != if_nametoindex("late0") ? 0 :
		attr->link_create.flags & XDP_FLAGS_DRV_MODE ? EOPNOTSUPP : is_wrong() ? EINVAL : 0')
	touch "$LAB_DIR/no-generic"
	lab_s ip link add late0 type veth peer name far0
	synward_wait '.interfaces[1] | .state == "failed" and (.why | contains("does not take it in generic mode"))' 5
	sleep 2.2 # two tries, and some
	said_times "late0: the driver refuses native XDP (Operation not supported)" 1
	said_times "not attached: late0 does not take it in generic mode: Invalid argument" 1
	rm "$LAB_DIR/no-generic"
	synward_wait '.interfaces[1] | .state == "attached" and .xdp_mode == "generic"' 5
	said_times "late0: the driver refuses native XDP" 1
	# Another device is another story.
	lab_s ip link del late0
	lab_s ip link add late0 type veth peer name far0
	synward_wait '.interfaces[1] | .state == "attached" and .gaps == 2' 5
	said_times "late0: the driver refuses native XDP" 2
}

# What is offered is read every second, and handshakes that were offered what is no longer allowed are lost.
settled() { sleep 1.3; }

@test "sysctls that handshakes depend on are flipped: connections go on, those that are there and new ones" {
	local sysctl f
	serve
	synward_with "mode = always"
	held_open held "$LAB_SRV4"
	for sysctl in tcp_sack tcp_window_scaling tcp_timestamps tcp_syncookies; do
		lab_sysctl s "net.ipv4.$sysctl=0"
		settled
		held_echo held "$sysctl-0"
		for f in "${families[@]}"; do
			all_served "$f" 10
		done
		lab_sysctl s "net.ipv4.$sysctl=1"
		for f in "${families[@]}"; do # offered less than allowed is no harm
			all_served "$f" 10
		done
		held_echo held "$sysctl-1"
	done
	settled
	for f in "${families[@]}"; do
		counts_by 10 handoff all_served "$f" 10
	done
}

@test "what else is turned under traffic fails nobody: forwarding, reverse path, ECN, queues, and clsact" {
	local sysctl
	serve
	synward_with "mode = always"
	clients_begin --pause-ms 5
	for sysctl in ipv4.ip_forward=1 ipv6.conf.all.forwarding=1 ipv4.conf.all.rp_filter=1 ipv4.conf.srv0.rp_filter=1 \
		ipv4.conf.all.rp_filter=2 ipv4.conf.all.rp_filter=0 ipv4.conf.srv0.rp_filter=0 ipv4.ip_forward=0 \
		ipv6.conf.all.forwarding=0 ipv4.tcp_ecn=1 ipv4.tcp_ecn=0 ipv4.tcp_ecn=2 ipv4.tcp_syncookies=2 \
		ipv4.tcp_syncookies=1 ipv4.tcp_max_syn_backlog=64 core.somaxconn=64 ipv4.tcp_abort_on_overflow=1 \
		ipv4.tcp_mtu_probing=1 ipv4.tcp_timestamps=2 ipv4.ip_default_ttl=32; do
		lab_sysctl s "net.$sysctl"
		sleep 0.1
	done
	# Our TC half is a link, which tc(8) cannot take away with what it adds and deletes.
	lab_s tc qdisc add dev srv0 clsact
	sleep 0.2
	lab_s tc qdisc del dev srv0 clsact
	sleep 1.2
	clients_end
	[[ $(synward_get '.interfaces[0].path') == cookie ]]
	if synward_said "TC half was detached"; then return 1; fi
}
