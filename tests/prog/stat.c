// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large each BPF program is, and whether it has outgrown its budget. Measured is what decides
 * whether a kernel loads it: the instructions that it is given, those that its verifier walks
 * through (of a million), and the stack of the deepest chain of calls (of 512 bytes), each frame
 * rounded up to 32 bytes as kernels before 6.12 do. Everything is switched on that a kernel can
 * have.
 *
 *   stat BUDGET-FILE
 *
 * Below a program stand the functions that it consists of: instructions as the kernel runs them,
 * and their own stack.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "cleanup.h"
#include "listeners.skel.h"
#include "synward.skel.h"

#define LOG_STATS 4 /* BPF_LOG_STATS */
#define LOG_SIZE 65536
#define FUNCTIONS_MAX 64
#define PROGRAMS_MAX 16
#define FRAME_ROUND 32

struct function {
	const char *name;
	__u32 begin, end; /* instructions of the program */
	__u32 stack;      /* bytes, without those it calls */
};

enum measure { INSNS, VERIFIED, STACK, NR_MEASURES };
static const char *const measure_names[NR_MEASURES] = { "instructions", "verified instructions",
							"bytes of stack" };

struct program {
	struct bpf_program *prog;
	char log[LOG_SIZE];
	unsigned long is[NR_MEASURES], may[NR_MEASURES];
	bool is_left_out, has_budget;
	struct function function[FUNCTIONS_MAX]; /* the first is the program itself */
	size_t nr_functions;
};

static struct program programs[PROGRAMS_MAX];
static size_t nr_programs, nr_wrong;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	fputs("stat: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* ---- what the kernel says ---- */

/* "stack depth 120+16", one number a function, and "processed 6000 insns". */
static void read_log(struct program *p)
{
	const char *depths = strstr(p->log, "stack depth "), *processed;
	size_t i;

	processed = strstr(p->log, "processed ");
	if (!depths || !processed)
		die("%s: the verifier's log does not say what it needed",
		    bpf_program__name(p->prog));
	p->is[VERIFIED] = strtoul(processed + strlen("processed "), NULL, 10);
	depths += strlen("stack depth ");
	for (i = 0; i < p->nr_functions; i++) {
		char *end;

		p->function[i].stack = strtoul(depths, &end, 10);
		depths = end + (*end == '+');
	}
	if (*depths != '\n')
		die("%s: the verifier speaks of other functions than the kernel has",
		    bpf_program__name(p->prog));
}

static size_t function_at(const struct program *p, __u32 insn)
{
	size_t i = p->nr_functions - 1;

	while (p->function[i].begin > insn)
		i--;
	return i;
}

/* Which instruction one calls, or hands to a helper to call; -1: none. As the kernel shows them:
 * the way to a function that is called is in `off` by then. */
static int called_by(const struct bpf_insn *insns, __u32 at)
{
	const struct bpf_insn *insn = &insns[at];

	if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL)
		return at + 1 + insn->off;
	if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == BPF_PSEUDO_FUNC)
		return at + 1 + insn->imm;
	return -1;
}

/* Bytes of the deepest chain of calls that begins with a function. None calls itself, the verifier
 * has seen to that. */
static __u32 stack_from(const struct program *p, const struct bpf_insn *insns, size_t at)
{
	const struct function *f = &p->function[at];
	__u32 deepest = 0, own = (f->stack ?: 1) + FRAME_ROUND - 1;

	for (__u32 i = f->begin; i < f->end; i++) {
		int called = called_by(insns, i);
		__u32 deep = called < 0 ? 0 : stack_from(p, insns, function_at(p, called));

		if (deep > deepest)
			deepest = deep;
	}
	return own / FRAME_ROUND * FRAME_ROUND + deepest;
}

static void name_functions(struct program *p, const struct bpf_func_info *func, __u32 nr,
			   __u32 nr_insns, const struct btf *btf)
{
	for (__u32 i = 0; i < nr; i++) {
		const struct btf_type *type = btf__type_by_id(btf, func[i].type_id);

		p->function[i] = (struct function){
			.name = btf__name_by_offset(btf, type->name_off),
			.begin = func[i].insn_off,
			.end = i + 1 < nr ? func[i + 1].insn_off : nr_insns,
		};
	}
	p->nr_functions = nr;
}

static void measure(struct program *p, const struct btf *btf)
{
	struct bpf_func_info func[FUNCTIONS_MAX];
	struct bpf_prog_info sizes = {}, info = {};
	struct bpf_insn *insns __cleanup(cleanup_free) = NULL;
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(p->prog);

	if (bpf_obj_get_info_by_fd(fd, &sizes, &len))
		die("cannot ask the kernel for a program: %s", strerror(errno));
	insns = calloc(1, sizes.xlated_prog_len);
	if (!insns || sizes.nr_func_info > FUNCTIONS_MAX)
		die("%s: more functions than expected", bpf_program__name(p->prog));
	info.xlated_prog_len = sizes.xlated_prog_len;
	info.xlated_prog_insns = (__u64)(unsigned long)insns;
	info.nr_func_info = sizes.nr_func_info;
	info.func_info_rec_size = sizeof(*func);
	info.func_info = (__u64)(unsigned long)func;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		die("cannot ask the kernel for a program: %s", strerror(errno));
	name_functions(p, func, info.nr_func_info, info.xlated_prog_len / sizeof(*insns), btf);
	read_log(p);
	p->is[INSNS] = bpf_program__insn_cnt(p->prog);
	p->is[STACK] = stack_from(p, insns, 0);
}

/* ---- programs and budgets ---- */

static void programs_add(struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		struct program *p = &programs[nr_programs++];

		if (nr_programs > PROGRAMS_MAX)
			die("more programs than expected");
		p->prog = prog;
		p->is_left_out = !bpf_program__autoload(prog);
		bpf_program__set_log_level(prog, LOG_STATS);
		bpf_program__set_log_buf(prog, p->log, sizeof(p->log));
	}
}

static struct program *program_named(const char *name)
{
	for (size_t i = 0; i < nr_programs; i++)
		if (!strcmp(bpf_program__name(programs[i].prog), name))
			return &programs[i];
	return NULL;
}

static void budgets_read(const char *path)
{
	FILE *file __cleanup(cleanup_file) = fopen(path, "re");
	char line[256], name[64];

	if (!file)
		die("%s: %s", path, strerror(errno));
	for (unsigned int nr = 1; fgets(line, sizeof(line), file); nr++) {
		unsigned long may[NR_MEASURES];
		struct program *p;
		int end = -1;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line, "%63s %lu %lu %lu %n", name, &may[0], &may[1], &may[2], &end) !=
			    4 ||
		    line[end])
			die("%s:%u: not a program and three numbers", path, nr);
		p = program_named(name);
		if (!p)
			die("%s:%u: there is no program %s", path, nr, name);
		memcpy(p->may, may, sizeof(may));
		p->has_budget = true;
	}
}

/* ---- the table ---- */

static void show(const struct program *p)
{
	printf("%-20s", bpf_program__name(p->prog));
	for (int m = 0; m < NR_MEASURES; m++)
		printf("  %8lu of %7lu", p->is[m], p->may[m]);
	putchar('\n');
	for (size_t i = 0; p->nr_functions > 1 && i < p->nr_functions; i++)
		printf("  %-18s  %8u %10s  %8s %10s  %8u\n", p->function[i].name,
		       p->function[i].end - p->function[i].begin, "", "", "", p->function[i].stack);
}

static void judge(const struct program *p, const char *path)
{
	const char *name = bpf_program__name(p->prog);

	if (!p->has_budget) {
		fprintf(stderr, "stat: %s has no budget: give it one in %s\n", name, path);
		nr_wrong++;
		return;
	}
	for (int m = 0; m < NR_MEASURES; m++) {
		if (p->is[m] <= p->may[m])
			continue;
		fprintf(stderr,
			"stat: %s has %lu %s, %lu more than its budget: make it smaller, or raise "
			"the budget in %s to %lu or more in the same commit, and say why\n",
			name, p->is[m], measure_names[m], p->is[m] - p->may[m], path, p->is[m]);
		nr_wrong++;
	}
}

static bool has_hand_off(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id;

	if (!btf)
		die("this kernel has no BTF: %s", strerror(errno));
	id = btf__find_by_name_kind(btf, "bpf_sk_assign_tcp_reqsk", BTF_KIND_FUNC);
	btf__free(btf);
	return id > 0;
}

static struct synward_bpf *open_data_path(void)
{
	struct synward_bpf *skel = synward_bpf__open();

	if (!skel)
		die("cannot open the data path: %s", strerror(errno));
	skel->rodata->can_hand_off = has_hand_off();
	skel->rodata->can_kernel_cookie = true;
	skel->rodata->retry_mask = RETRY_SLOTS - 1;
	bpf_program__set_flags(skel->progs.synward_xdp, BPF_F_XDP_HAS_FRAGS);
	bpf_program__set_flags(skel->progs.synward_xdp_tap, BPF_F_XDP_HAS_FRAGS);
	bpf_program__set_autoload(skel->progs.synward_xdp_tap, true);
	bpf_program__set_autoload(skel->progs.synward_tc, skel->rodata->can_hand_off);
	bpf_program__set_autoload(skel->progs.synward_tc_tap, skel->rodata->can_hand_off);
	programs_add(skel->obj);
	return skel;
}

static struct listeners_bpf *open_iterator(void)
{
	struct listeners_bpf *skel = listeners_bpf__open();

	if (!skel)
		die("cannot open the iterator: %s", strerror(errno));
	programs_add(skel->obj);
	return skel;
}

int main(int argc, char **argv)
{
	struct synward_bpf *skel;
	struct listeners_bpf *iter;

	if (argc != 2) {
		fprintf(stderr, "usage: stat BUDGET-FILE\n");
		return 2;
	}
	skel = open_data_path();
	iter = open_iterator();
	budgets_read(argv[1]);
	if (synward_bpf__load(skel) || listeners_bpf__load(iter))
		die("the kernel refuses a program, see above");
	printf("%-20s  %19s  %19s  %19s\n", "PROGRAM", "INSTRUCTIONS", "VERIFIED", "STACK");
	for (struct program *p = programs; p < programs + nr_programs; p++) {
		if (p->is_left_out) {
			printf("SKIP: %s: this kernel lacks what it needs\n",
			       bpf_program__name(p->prog));
			continue;
		}
		measure(p, bpf_object__btf(p->prog == iter->progs.synward_listeners ? iter->obj :
										      skel->obj));
		show(p);
	}
	fflush(stdout);
	for (const struct program *p = programs; p < programs + nr_programs; p++)
		if (!p->is_left_out)
			judge(p, argv[1]);
	synward_bpf__destroy(skel);
	listeners_bpf__destroy(iter);
	return nr_wrong ? 1 : 0;
}
