#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a reader should not have to look for: format, licence lines, man pages, what cppcheck and shellcheck find.
# Looks at tracked and new files alike, changes nothing, and fails after having said all.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

failed=0
complain() {
	printf 'lint: %s\n' "$*" >&2
	failed=1
}

mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r f; do
	[[ ! -f $f ]] || echo "$f"
done)
of() { printf '%s\n' "${files[@]}" | grep -E "$1"; }

mapfile -t c_files < <(of '\.[ch]$')
mapfile -t shell_files < <(of '\.(sh|bash|bats)$|^\.ci/run$')
mapfile -t sources < <(of '\.(c|h|sh|bash|bats|py|conf|scd)$|^Makefile$|^\.ci/run$|^\.clang-format$')

for f in "${sources[@]}"; do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' || complain "$f: no SPDX line"
done

clang-format --dry-run -Werror "${c_files[@]}" || complain "format: 'make format' mends it"

# The cleanup attribute is unknown to cppcheck 2.10: it sees leaks where there are none; the sanitized tests
# watch for real ones.
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	--suppress=memleak --suppress=resourceLeak --suppress=missingInclude --std=c11 \
	-D'__cleanup(x)=' -D'LIBBPF_OPTS(type, name, ...)=struct type name' -DVERSION='"lint"' -Iinclude -Idaemon -Icli daemon cli exporter tests/unit || complain "cppcheck"

while read -r f; do
	scdoc <"$f" >/dev/null || complain "$f: scdoc"
done < <(of '\.scd$')

shellcheck -x "${shell_files[@]}" || complain "shellcheck"

# "Cannot fail" is the one thing that a check must not be.
grep -nE '\|\| *true\b' Makefile .ci/run tests/check.sh && complain "a check that cannot fail"

exit $failed
