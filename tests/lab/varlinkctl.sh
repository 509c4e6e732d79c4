#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# varlinkctl.sh [ARG...] : systemd's varlinkctl, the Varlink client that others have. What is installed; or, on a
# Debian whose systemd is older than 255, that of Debian 13, whose packages are unpacked into $O/varlinkctl, once, with
# the libraries that they need, and never installed (12 MB). Exit 127: neither is to be had.
set -euo pipefail

if command -v varlinkctl >/dev/null; then
	exec varlinkctl "$@"
fi
dir=$(realpath -m "${O:-build}")/varlinkctl
libraries=$dir/root/usr/lib/x86_64-linux-gnu
packages=(systemd libsystemd-shared libc6 libcap2 libcrypt1 libssl3t64 libseccomp2 libselinux1 libmount1 libblkid1
	libpam0g libacl1 libaudit1 libpcre2-8-0 libzstd1 liblzma5 libcap-ng0 zlib1g)

say() { printf 'varlinkctl: %s\n' "$*" >&2; }

# Its own list of packages: the host's sources and lists stay as they are.
apt_get() {
	timeout 120 apt-get -qq -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root "$@"
}

# Where this Debian has its own packages from.
# shellcheck disable=SC2016 # for apt-get
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m 1 -E '/debian/?$'
}

fetch() {
	local package from
	from=$(mirror) || return
	rm -rf "$dir"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/root"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from trixie main" >"$dir/sources.list"
	apt_get update && (cd "$dir/cache" && apt_get download "${packages[@]}") || return
	for package in "$dir"/cache/*.deb; do
		dpkg-deb -x "$package" "$dir/root" || return
	done
	rm -rf "$dir/lists" "$dir/cache"
	touch "$dir/.complete"
}

if [[ ! -e $dir/.complete ]]; then
	if ! command -v apt-get >/dev/null || [[ $(dpkg --print-architecture) != amd64 ]]; then
		say "this system has no varlinkctl: systemd 255 or newer has it"
		exit 127
	fi
	fetch || {
		say "Debian 13's cannot be had"
		exit 127
	}
fi
exec "$dir/root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/systemd" \
	"$dir/root/usr/bin/varlinkctl" "$@"
