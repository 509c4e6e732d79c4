#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh [SCRIPT...] : runs each script, by default all, on the kernels that its head names, in as many machines at a
# time as there are CPUs (VM_JOBS), those that may take longest first; says in the end what held and what did not, and
# how long it took. Exit 0 when all held. Nothing runs longer than VM_MINUTES (30): what is left then has failed.
# An emulated machine does not always keep up with the clock: a script that fails is run once more in the end, alone, and
# is UNSTEADY, with both outputs to read, if it passes then.
# Needs root and what `make all lab tests deb` builds.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

logs=$(mktemp -d)
# Each machine and what belongs to it is a process group, and all of them end with this script, however it ends.
set -m
end_all() {
	local group
	for group in $(jobs -rp); do
		kill -- "-$group"
	done
	wait
	rm -rf "$logs"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# machines SCRIPT... : one a line: seconds, at most, kernel, script, its arguments.
machines() {
	local script kernel kernels seconds arguments
	for script in "$@"; do
		seconds=$(sed -nE '1,30s/^# timeout: *//p' "$script")
		read -ra kernels < <(sed -nE '1,30s/^# kernels: *//p' "$script")
		for kernel in "${kernels[@]}"; do
			while read -r arguments; do
				echo "${seconds:-300} $kernel $script $arguments"
			done < <(sed -nE "1,30s/^# with( $kernel)?: *//p" "$script" | grep . || echo)
		done
	done | sort -k 1,1nr -s
}

# run VERDICT LOG KERNEL SCRIPT [ARG...] : its output in one piece, when it has ended. VERDICT is said of what passed.
run() {
	local verdict=$1 log=$2 name began=$SECONDS status count
	shift 2
	name="$(basename "$2")${3:+ ${*:3}} on $1"
	TIMEFORMAT='%U %S'
	{ time tests/vm/vm.sh "$@" >"$log" 2>&1; } 2>"$log.cpu"
	status=$?
	count="$(grep -c '^ok ' "$log") held, $(grep -c '^not ok ' "$log") did not, $((SECONDS - began)) s, $(awk '
		{ print int($1 + $2) }' "$log.cpu") s of CPU"
	# A script that said nothing, or stopped before its plan, has not passed.
	if ((status == 0)) && grep -qE '^1\.\.[1-9]' "$log" && ! grep -q '^not ok ' "$log"; then
		echo "$verdict $name: $count" >"$log.verdict"
	else
		echo "FAILED   $name: $count, status $status" >"$log.verdict"
	fi
	printf '== %s\n%s\n' "$name" "$(cat "$log")"
}

if ((EUID != 0)); then
	echo "check.sh: the machine reads all of the host's files, so this needs root" >&2
	exit 1
fi
if (($# == 0)); then
	mapfile -t scripts < <(grep -lE '^# kernels: ' tests/vm/*.sh)
	set -- "${scripts[@]}"
fi
export VM_DEADLINE=$((EPOCHSECONDS + ${VM_MINUTES:-30} * 60))
mapfile -t wanted < <(machines "$@")
for ((i = 0; i < ${#wanted[@]}; i++)); do
	while (($(jobs -rp | wc -l) >= ${VM_JOBS:-$(nproc)})); do
		wait -n
	done
	read -ra words <<<"${wanted[i]}"
	run "ok      " "$(printf '%s/%03d' "$logs" "$i")" "${words[@]:1}" </dev/null &
done
wait
mapfile -t failed < <(grep -l '^FAILED' "$logs"/*.verdict)
for log in "${failed[@]%.verdict}"; do
	read -ra words <<<"${wanted[10#${log##*/}]}"
	run UNSTEADY "$log" "${words[@]:1}" </dev/null &
	wait
done
echo
cat "$logs"/*.verdict
nr_ok=$(cat "$logs"/*.verdict | grep -cE '^(ok|UNSTEADY) ')
echo "other kernels: $nr_ok of ${#wanted[@]} machines held, $((SECONDS / 60)) min $((SECONDS % 60)) s"
((${#wanted[@]} > 0 && nr_ok == ${#wanted[@]}))
