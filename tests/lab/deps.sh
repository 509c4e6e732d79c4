#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs, by name, the Debian packages that building, testing and the demo need, and with `deps.sh
# bench` those of benchmarks, with `deps.sh deb` those that a Debian package is made with; only those that are missing, and quick when none is. Never starts a
# service: nginx is wanted as a program, and one that runs already is left alone. On other systems it
# prints the list and leaves the choice to you.
set -euo pipefail

packages=(
	make gcc pkg-config linux-libc-dev clang llvm libbpf-dev libelf-dev zlib1g-dev bpftool
	libinih-dev libsystemd-dev libjansson-dev libmnl-dev libcmocka-dev libmicrohttpd-dev
	bats clang-format cppcheck shellcheck scdoc jq tcpdump tmux
	bash-completion rpm systemd curl strace prometheus python3
	nginx-light iproute2 ethtool procps util-linux nftables iptables
)
# What a package is made and looked at with: deps.sh deb
[[ ${1:-} != deb ]] || packages+=(debhelper dpkg-dev fakeroot lintian)
# What benchmarks compare by: deps.sh bench
[[ ${1:-} != bench ]] || packages+=(iperf3 wrk)
# The sanitizers' runtime has a package of its own where clang is split up.
optional=(libclang-rt-14-dev)

say() { printf 'deps: %s\n' "$*" >&2; }

is_installed() {
	# Any flavour of nginx will do, and a second one might push out the first.
	[[ $1 != nginx-light ]] || ! command -v nginx /usr/sbin/nginx >/dev/null || return 0
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing_of() {
	local package
	for package in "$@"; do
		is_installed "$package" || echo "$package"
	done
}

is_known() { [[ -n $(apt-cache --quiet=0 madison "$1" 2>/dev/null) ]]; }

install_packages() {
	local policy=/usr/sbin/policy-rc.d
	if [[ ! -e $policy ]]; then
		# Packages that start a service on installation ask this file first: 101 is "no".
		# shellcheck disable=SC2064 # the path is meant as it is now
		trap "rm -f '$policy'" EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	say "this is not a Debian system. Install what corresponds to these Debian packages:"
	printf '%s\n' "${packages[*]}" "where it exists: ${optional[*]}" | fold -s -w 90 >&2
	exit 1
fi

mapfile -t missing < <(missing_of "${packages[@]}")
mapfile -t wanted < <(missing_of "${optional[@]}")
if ((${#missing[@]} == 0 && ${#wanted[@]} == 0)); then
	exit 0
fi
if ((${#missing[@]} == 0)) && ! is_known "${wanted[0]}"; then
	exit 0
fi
if ((EUID != 0)); then
	say "missing: ${missing[*]} ${wanted[*]} -- run this as root, or install them yourself"
	exit 1
fi
for package in "${missing[@]}"; do
	is_known "$package" && continue
	apt-get -qq update
	break
done
for package in "${wanted[@]}"; do
	! is_known "$package" || missing+=("$package")
done
if ((${#missing[@]})); then
	say "installing: ${missing[*]}"
	install_packages "${missing[@]}"
fi
