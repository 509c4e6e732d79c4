#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What make install puts where, that uninstall takes it away again, and that the unit and the packages agree with it.
# Needs no lab; the Debian package under systemd is tests/vm/trial.sh's.
load e2e

TREE=$BATS_TEST_DIRNAME/../..

setup() { export ROOT=$BATS_TEST_TMPDIR/root; }
teardown() { :; }

# install_it TARGET VARIABLE...: below $ROOT, from what is built.
install_it() { env -u MAKEFLAGS make -s -C "$TREE" O="$(dirname "$LAB_BIN")" DESTDIR="$ROOT" "$@"; }
files() { (cd "$ROOT" && find . -type f | sed 's/^\.//' | sort); }

@test "what is installed is complete, and goes again; the config stays, as it was edited" {
	install_it install
	[[ -x $ROOT/usr/local/sbin/synwardd && -x $ROOT/usr/local/bin/synward ]]
	[[ -s $ROOT/usr/local/lib/sysusers.d/synward.conf && -s $ROOT/usr/local/share/bash-completion/completions/synward ]]
	grep -qx 'ExecStart=/usr/local/sbin/synwardd' "$ROOT/usr/local/lib/systemd/system/synwardd.service"
	grep -qx 'ExecReload=/usr/local/bin/synward reload' "$ROOT/usr/local/lib/systemd/system/synwardd.service"
	[[ $("$ROOT/usr/local/bin/synward" version) == "$("$SYNWARD" version)" ]]
	echo '; mine' >>"$ROOT/etc/synward/synward.conf"
	install_it install
	grep -qx '; mine' "$ROOT/etc/synward/synward.conf"
	install_it uninstall
	[[ $(files) == /etc/synward/synward.conf ]]
}

@test "what is attached is not left without the command that ends it" {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -euc '
		mount -t tmpfs pins /sys/fs/bpf
		mkdir -p /sys/fs/bpf/synward "$ROOT/bin"
		touch "$ROOT/bin/synward"
		! env -u MAKEFLAGS make -s -C "$1" O="$2" PREFIX="$ROOT" uninstall 2>"$ROOT/said" || exit 1
		grep -q "synward detach" "$ROOT/said"
		test -e "$ROOT/bin/synward"
		rmdir /sys/fs/bpf/synward
		env -u MAKEFLAGS make -s -C "$1" O="$2" PREFIX="$ROOT" uninstall
		test ! -e "$ROOT/bin/synward"' uninstall "$TREE" "$(dirname "$LAB_BIN")"
}

@test "every man page and the example config go where they belong" {
	local page section
	install_it install PREFIX=/usr
	for page in "$TREE"/docs/*.scd; do
		page=$(basename "$page" .scd) section=${page##*.}
		[[ -s $ROOT/usr/share/man/man$section/$page ]]
	done
	"$SYNWARD" config check "$ROOT/etc/synward/synward.conf"
}

@test "directories can be said" {
	install_it install PREFIX=/opt/x UNITDIR=/etc/systemd/system SBINDIR=/opt/x/bin
	grep -qx 'ExecStart=/opt/x/bin/synwardd' "$ROOT/etc/systemd/system/synwardd.service"
	[[ -x $ROOT/opt/x/bin/synwardd && ! -e $ROOT/opt/x/sbin ]]
	install_it uninstall PREFIX=/opt/x UNITDIR=/etc/systemd/system SBINDIR=/opt/x/bin
	[[ $(files) == /etc/synward/synward.conf ]]
}

@test "the unit exposes no more than 3.0, and systemd knows each of its words" {
	install_it install
	local unit=$ROOT/usr/local/lib/systemd/system/synwardd.service
	systemd-analyze security --offline=true --threshold=30 --no-pager "$unit"
	# The programs are not where it says, and the manual pages are not installed: that may be said, and nothing else.
	run systemd-analyze verify --man=no "$unit"
	run grep -vE 'is not executable|^$' <<<"$output"
	[[ -z $output ]]
}

@test "the RPM spec parses, and has the files that are installed" {
	local spec=$TREE/dist/synward.spec
	rpmspec -P "$spec" >"$BATS_TEST_TMPDIR/spec"
	install_it install PREFIX=/usr UNITDIR=/units SYSUSERSDIR=/sysusers
	diff <(files) <(rpmspec -P -D '_unitdir /units' -D '_sysusersdir /sysusers' "$spec" | sed -n '/^%files/,/^%changelog/p' |
		grep -vE '^%(files|license|doc|dir|changelog)|^$' | sed -E 's/^%config\(noreplace\) //; s/\*$//' | sort)
}

# with_pins CMD...: in a mount namespace of its own, as if two namespaces had something pinned; then what is left.
with_pins() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -euc '
		mount -t tmpfs pins /sys/fs/bpf
		mkdir -p /sys/fs/bpf/synward/{17,4711}/maps
		touch /sys/fs/bpf/synward/{17,4711}/{tc_2,xdp_2,tc_3,xdp_3,maps/about}
		"$@"
		find /sys/fs/bpf -type f | wc -l' with_pins "$@"
}

@test "what is still pinned goes with the package, XDP before TC before maps, and stays when it is upgraded" {
	local script order=$BATS_TEST_TMPDIR/order
	# shellcheck disable=SC2016 # a pattern
	rpmspec -P "$TREE/dist/synward.spec" | sed -n '/^if \[ $1 -eq 0 \]; then$/,/^fi$/p' >"$BATS_TEST_TMPDIR/postun"
	for script in "$TREE/dist/debian/postrm remove" "$BATS_TEST_TMPDIR/postun 0"; do
		echo "$script"
		# shellcheck disable=SC2086 # words
		[[ $(with_pins strace -f -qq -o "$order" -e trace=unlinkat sh -e $script) == 0 ]]
		[[ $(grep -oE 'xdp_|tc_|"(about|maps)"' "$order" | uniq | tr '\n' ' ') =~ ^"xdp_ tc_ "[^_]+$ ]]
	done
	for script in "$TREE/dist/debian/postrm upgrade" "$BATS_TEST_TMPDIR/postun 1"; do
		# shellcheck disable=SC2086
		[[ $(with_pins sh -e $script) == 10 ]]
	done
}
