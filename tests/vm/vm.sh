#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vm.sh KERNEL SCRIPT [ARG...] : boots Debian's KERNEL (6.1, 6.12) in QEMU, runs SCRIPT in it as root, prints
# what it prints and exits as it exits. For what the kernel at hand cannot show: an older kernel, VLAN
# devices, a NIC with a real driver.
#
# The machine sees the host's files, read-only, with a RAM disk over them that is thrown away: SCRIPT
# runs from where it is, with the programs that are built and installed here, and changes nothing.
# Emulated (TCG), so that it needs no /dev/kvm and shows no timings worth reading: up in about 10 s. Its two CPUs take
# turns in one thread. With a thread each, qemu 7.2 may go on running what another CPU has just rewritten, and such a
# kernel dies of an int3 in bpf_dispatcher_xdp_func when an XDP program is replaced under traffic.
# It has no way out: no NIC but those that SCRIPT asks for, and those are joined to each other.
#
# Comments in SCRIPT's head say what it wants:
#   # kernels: 6.1 6.12     where check.sh runs it
#   # with: WORD...         arguments; with several such lines check.sh runs it once for each. # with 6.1: there alone
#   # nics: 2               that many virtio-net NICs on one segment (02:73:79:6e:01:00, 01, ...)
#   # nic: vmxnet3         of that model of qemu's
#   # machines: 2           a second machine beside it: each has one NIC (02:73:79:6e:01:00 and 02:00) on a cable
#                           between them, and a line (virtio-serial) by which second.sh there is told what to run
#   # init: systemd         systemd is the first process, with its journal and no unit of the host's; SCRIPT is a service
#   # timeout: 300          seconds until it is given up
#
# The kernel is the Debian package linux-image-KERNEL*-amd64 that apt offers (Debian 12 has 6.1 in its main
# archive and 6.12 in bookworm-security; with neither, add bookworm-backports), downloaded by name and
# unpacked, never installed, into $O/vm (build/vm). About 100 MB each; `make clean` removes them.
#
# Exit: SCRIPT's own; 125 when the machine could not be made, or ended without a result (when SCRIPT had not begun, it
# is tried once more: such a kernel rarely dies early in its boot here). VM_DEADLINE: seconds since 1970; when it is over.
# VM_KEEP=1 keeps the console's log; VM_CPUS (2), VM_MEM (2G), VM_APPEND (kernel parameters). Mitigations of the CPU, the
# fifth level of page tables and random addresses are off: without them an emulated machine starts programs in two
# thirds of the time, and tests start thousands.
set -euo pipefail

say() { printf 'vm: %s\n' "$*" >&2; }
give_up() {
	say "$*"
	exit 125
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
case ${O:-build} in
/*) out=${O:-build} ;;
*) out=$root/${O:-build} ;;
esac

# ---- what is needed ------------------------------------------------------------------------------

need_programs() {
	local -A package=([qemu-system-x86_64]=qemu-system-x86 [busybox]=busybox-static [cpio]=cpio
		[depmod]=kmod [xz]=xz-utils [zstd]=zstd)
	local program missing=()
	for program in "${!package[@]}"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || missing+=("${package[$program]}")
	done
	((${#missing[@]})) || return 0
	command -v apt-get >/dev/null || give_up "install what corresponds to these Debian packages: ${missing[*]}"
	((EUID == 0)) || give_up "missing: ${missing[*]} -- run this as root, or install them yourself"
	say "installing: ${missing[*]}"
	if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then
		apt-get -qq update
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
}

# The newest that apt offers, of the plain flavour: the cloud one has no 9p.
kernel_package() {
	local kernel=${1//./\\.}
	apt-cache pkgnames "linux-image-$1" |
		{ grep -xE "linux-image-${kernel}[.-][0-9]+([.-][0-9]+)*(\\+(deb|bpo)[0-9]+)?-amd64" || :; } |
		sort -V | while read -r name; do
		[[ $(apt-cache policy "$name") == *"Candidate: (none)"* ]] || echo "$name"
	done | tail -n 1
}

# fetch_kernel KERNEL DIR : unpacked in DIR/root, once.
fetch_kernel() {
	local package
	[[ ! -e $2/root/.complete ]] || return 0
	command -v apt-get >/dev/null || give_up "kernels come as Debian packages, by apt-get: this system has none"
	package=$(kernel_package "$1")
	if [[ -z $package ]] && ((EUID == 0)); then
		apt-get -qq update
		package=$(kernel_package "$1")
	fi
	[[ -n $package ]] || give_up "apt offers no linux-image-$1*-amd64 (on Debian 12, 6.12 is in bookworm-security" \
		"and bookworm-backports)"
	say "downloading $package"
	rm -rf "$2"
	mkdir -p "$2"
	(cd "$2" && apt-get -qq -o APT::Sandbox::User=root download "$package")
	dpkg-deb -x "$2/$package"_*.deb "$2/root"
	rm "$2/$package"_*.deb
	# Older packages have lib/, as if /usr were not merged.
	[[ ! -d $2/root/usr/lib/modules ]] || ln -sfn usr/lib "$2/root/lib"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$2/root" "$(ls "$2/root/lib/modules")"
	touch "$2/root/.complete"
}

# ---- the initramfs: busybox and what it takes to reach the host's files ----------------------------

# Runs in the machine, as its first process.
init() {
	cat <<'INIT'
#!/bin/busybox sh
export PATH=/bin
b=/bin/busybox
end() { echo "vm: $*" >/dev/console; $b sleep 1; $b poweroff -f; }
word() { $b sed -n "s/.*vm\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
kernel=$(word kernel) run=$(word run) init=$(word init)
for module in /modules/*; do $b insmod "$module" || echo "vm: $module: not loaded"; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro hostroot /lower || end "no host files"
$b mount -t tmpfs tmpfs /rw
$b mkdir /rw/upper /rw/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work overlay /mnt || end "no overlay"
$b mkdir -p /mnt/lib/modules
$b mount -o bind "/lower$kernel/lib/modules" /mnt/lib/modules || end "no modules"
$b mount -o move /proc /mnt/proc
$b mount -o move /dev /mnt/dev
$b mount -t sysfs sys /mnt/sys
$b mount -t bpf bpf /mnt/sys/fs/bpf
$b mount -t cgroup2 cgroup /mnt/sys/fs/cgroup
$b mount -t tmpfs -o mode=755 tmpfs /mnt/run
$b mount -t tmpfs -o mode=1777 tmpfs /mnt/var/tmp
$b mkdir -p /mnt/dev/pts /mnt/dev/shm
$b ln -s /proc/self/fd /mnt/dev/fd
$b mount -t devpts devpts /mnt/dev/pts
$b mount -t tmpfs tmpfs /mnt/dev/shm
[ "$init" = systemd ] || exec $b switch_root /mnt /bin/bash "$run"
units=/mnt/run/systemd/system
$b mkdir -p $units
# Of what belongs to the host's machine, nothing: its mounts, its devices.
for unit in systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-udevd systemd-udev-trigger systemd-sysctl \
	systemd-modules-load systemd-binfmt systemd-update-utmp apparmor; do $b ln -s /dev/null $units/$unit.service; done
$b rm -f /mnt/etc/fstab
$b printf '%s\n' '[Unit]' 'Wants=basic.target script.service' 'After=basic.target' 'AllowIsolate=yes' >$units/script.target
$b printf '%s\n' '[Unit]' 'After=basic.target' '[Service]' "ExecStart=/bin/bash $run" 'StandardOutput=null' >$units/script.service
exec $b switch_root /mnt /lib/systemd/systemd --unit=script.target --show-status=no
INIT
}

# What the machine runs once it has a root: SCRIPT, with its output on the second serial port.
first_process() {
	echo '#!/bin/bash'
	echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb'
	printf 'export O=%q KERNEL=%q\n' "$out" "$kernel"
	echo 'stty -F /dev/ttyS1 raw -echo; exec </dev/null >/dev/ttyS1 2>&1'
	echo 'ip link set lo up; cd /'
	printf '%q ' "$@" | sed 's/ $/\n/'
	echo 'echo "vm-result $?"; read -rt 0.5 _ <>/dev/ttyS0' # until the port is empty; no program, no file
	echo 'echo o >/proc/sysrq-trigger; read -rt 60 _ <>/dev/ttyS0'
}

# pack_module NAME : it and what it needs, in the order of loading; nothing when it is built in.
pack_module() {
	local line dep
	line=$(grep -E "/$1\.ko(\.[a-z]+)?:" "$modules/modules.dep") || return 0
	for dep in $(tr ' ' '\n' <<<"${line#*:}" | tac) "${line%%:*}"; do
		[[ -z ${packed[$dep]:-} ]] || continue
		packed[$dep]=1
		name=$(printf '%s/modules/%02d-%s' "$tree" "${#packed[@]}" "$(basename "$dep")")
		case $dep in
		*.xz) xz -dc "$modules/$dep" >"${name%.xz}" ;;
		*.zst) zstd -qdc "$modules/$dep" >"${name%.zst}" ;;
		*) cp "$modules/$dep" "$name" ;;
		esac
	done
}

# make_initramfs DIR : DIR/initramfs.gz for the kernel in DIR/root.
make_initramfs() {
	local tree modules name module
	local -A packed=()
	[[ ! $1/initramfs.gz -nt ${BASH_SOURCE[0]} ]] || return 0
	modules=$(echo "$1"/root/lib/modules/*)
	tree=$1/initramfs
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,proc,sys,dev,modules,mnt,lower,rw}
	cp "$(command -v busybox)" "$tree/bin/"
	for module in virtio_pci 9pnet_virtio 9p overlay; do
		pack_module "$module"
	done
	init >"$tree/init"
	chmod +x "$tree/init"
	(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$1/initramfs.new"
	mv "$1/initramfs.new" "$1/initramfs.gz"
	rm -rf "$tree"
}

# ---- the machine ---------------------------------------------------------------------------------

# head_says SCRIPT WORD DEFAULT
head_says() {
	local said
	said=$(sed -nE "1,30s/^# $2: *//p" "$1" | head -n 1)
	echo "${said:-$3}"
}

# machine RUN QEMU_OPTION... : in the place of this process; the first one there is RUN, whose output is qemu's own.
machine() {
	local run=$1
	shift
	exec timeout --foreground -k 5 "$seconds" qemu-system-x86_64 -M q35 -accel tcg,thread=single -cpu max \
		-smp "${VM_CPUS:-2}" -m "${VM_MEM:-2G}" -nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$run.console" -serial stdio \
		-kernel "$dir"/root/boot/vmlinuz-* -initrd "$dir/initramfs.gz" \
		-virtfs local,path=/,mount_tag=hostroot,security_model=none,readonly=on,multidevs=remap \
		"$@" \
		-append "console=ttyS0 panic=-1 mitigations=off no5lvl norandmaps vm.kernel=$dir/root vm.run=$run vm.init=$init ${VM_APPEND:-}" \
		</dev/null 2>"$run.qemu"
}

# nics NUMBER MODEL : qemu's options for that many on one segment.
nics() {
	local nic
	for ((nic = 0; nic < $1; nic++)); do
		echo "-netdev hubport,id=net$nic,hubid=0"
		echo "-device $2,netdev=net$nic,romfile=,mac=02:73:79:6e:01:0$nic"
	done
}

# joined DIR MACHINE yes|no : qemu's options for the NIC and the line to the other machine, which are sockets; the
# one that serves them is started first.
joined() {
	local wait=''
	[[ $3 == no ]] || wait=,wait=off
	echo "-netdev stream,id=cable,server=$3,addr.type=unix,addr.path=$1/cable"
	echo "-device virtio-net-pci,netdev=cable,romfile=,mac=02:73:79:6e:0$2:00"
	echo "-chardev socket,id=line,path=$1/line,server=$3$wait"
	echo "-device virtio-serial-pci -device virtserialport,chardev=line"
}

# boot DIR : prints what the script prints; its result is in DIR/run.out.
boot() {
	local args=() others=() second='' try
	mapfile -t args < <(nics "$(head_says "$script" nics 0)" "$(head_says "$script" nic virtio-net-pci)")
	if (($(head_says "$script" machines 1) == 2)); then
		rm -f "$1/cable" "$1/line"
		mapfile -t others < <(joined "$1" 2 no)
		mapfile -t args < <(joined "$1" 1 yes)
		(
			for ((try = 0; try < 300; try++)); do
				[[ ! -S $1/cable || ! -S $1/line ]] || break
				sleep 0.1
			done
			# shellcheck disable=SC2068 # options and their values are words
			machine "$1/second" ${others[@]} >"$1/second.out"
		) &
		second=$!
	fi
	# shellcheck disable=SC2068
	machine "$1/run" ${args[@]} | tee -p "$1/run.out" | grep --line-buffered -v '^vm-result ' || :
	if [[ -n $second ]]; then
		kill "$second" 2>/dev/null || :
		wait "$second" || :
	fi
}

if (($# < 2)); then
	echo "usage: vm.sh KERNEL SCRIPT [ARG...]" >&2
	exit 2
fi
kernel=$1 script=$(realpath "$2")
shift 2
[[ -r $script ]] || give_up "$script: no such script"
dir=$out/vm/$kernel init=$(head_says "$script" init bash)
mkdir -p "$out/vm"
exec 9>"$out/vm/lock"
flock 9
need_programs
fetch_kernel "$kernel" "$dir"
make_initramfs "$dir"
exec 9>&-

run=$(mktemp -d "$out/vm/run.XXXXXX")
[[ -n ${VM_KEEP:-} ]] || trap 'rm -rf "$run"' EXIT
first_process bash "$script" "$@" >"$run/run"
first_process bash "$root/tests/vm/second.sh" >"$run/second"
for try in 1 2; do
	seconds=$(head_says "$script" timeout 300)
	if [[ -n ${VM_DEADLINE:-} ]] && ((VM_DEADLINE - EPOCHSECONDS < seconds)); then
		seconds=$((VM_DEADLINE - EPOCHSECONDS))
	fi
	((seconds > 0)) || give_up "the time for all machines is over"
	boot "$run"
	result=$(sed -n 's/^vm-result //p' "$run/run.out")
	[[ -z $result ]] || exit "$result"
	say "no result from $kernel (try $try) in $seconds s; qemu and the console say:"
	tail -n 30 "$run"/*.qemu "$run"/*.console >&2 || :
	[[ ! -s $run/run.out ]] || break
done
exit 125
