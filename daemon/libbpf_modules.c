// SPDX-License-Identifier: GPL-2.0-only
/*
 * A workaround for libbpf 1.1 (Debian 12), which looks for a kernel function that vmlinux does not
 * have in all modules, and for that walks BTF objects by id. Only CAP_SYS_ADMIN may; without it the
 * whole object fails to load ("failed to iterate BTF objects"), although the function is weak and
 * its absence would do. So on Linux 6.1, which has no bpf_sk_assign_tcp_reqsk(), the three
 * capabilities of the unit would not suffice. Newer versions take the refusal as "no modules".
 *
 * This takes the place of libbpf's function of that name, with the one difference that whoever may
 * not look finds nothing. To be deleted with the last libbpf that needs it; tests/vm/systemd.sh on
 * 6.1 shows which does.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

int bpf_btf_get_next_id(__u32 start_id, __u32 *next_id)
{
	union bpf_attr attr = { .start_id = start_id };

	if (syscall(SYS_bpf, BPF_BTF_GET_NEXT_ID, &attr, sizeof(attr))) {
		errno = errno == EPERM ? ENOENT : errno;
		return -errno;
	}
	*next_id = attr.next_id;
	return 0;
}
