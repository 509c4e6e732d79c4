#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh [SCRIPT...] : runs each script, by default all, on the kernels that its head names, and says in the
# end what held and what did not. Exit 0 when all did. Needs root and what `make all lab` builds; 10 to 20 minutes.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

nr_run=0 nr_failed=0 summary=()

# run KERNEL SCRIPT
run() {
	local began=$SECONDS status log count
	log=$(mktemp)
	printf '== %s on %s\n' "$(basename "$2")" "$1"
	tests/vm/vm.sh "$1" "$2" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	count="$(grep -c '^ok ' "$log") held, $(grep -c '^not ok ' "$log") did not, $((SECONDS - began)) s"
	nr_run=$((nr_run + 1))
	# A script that said nothing, or stopped before its plan, has not passed.
	if ((status == 0)) && grep -qE '^1\.\.[1-9]' "$log" && ! grep -q '^not ok ' "$log"; then
		summary+=("ok      $(basename "$2") on $1: $count")
	else
		nr_failed=$((nr_failed + 1))
		summary+=("FAILED  $(basename "$2") on $1: $count, status $status")
	fi
	rm -f "$log"
}

if ((EUID != 0)); then
	echo "check.sh: the machine reads all of the host's files, so this needs root" >&2
	exit 1
fi
(($#)) || set -- tests/vm/*.sh
for script in "$@"; do
	read -ra kernels < <(sed -nE '1,30s/^# kernels: *//p' "$script")
	for kernel in "${kernels[@]}"; do
		run "$kernel" "$script"
	done
done
echo
printf '%s\n' "${summary[@]}"
((nr_run > 0 && nr_failed == 0))
