// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs are named by whole paths and run without a shell: whoever calls this is root.
 */
#include "doctor_look.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "iptables_rules.h"
#include "json.h"

#define SECONDS 10
#define OUTPUT_MAX (64 * 1024 * 1024)
#define ARGUMENTS_MAX 8

int look_enter(int pid, uint64_t netns)
{
	int fd __cleanup(cleanup_close) = -1;
	char path[64];
	struct stat st;

	if (!stat("/proc/self/ns/net", &st) && st.st_ino == netns)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_ino != netns)
		return -ESRCH; /* a process of another pid namespace */
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

/* ---- running ---- */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the end, into `file`. */
static int read_all(int fd, FILE *file)
{
	const long end_ms = now_ms() + SECONDS * 1000L;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	static char buffer[65536];
	size_t nr_all = 0;
	ssize_t nr;

	while (nr_all < OUTPUT_MAX) {
		const long left_ms = end_ms - now_ms();

		if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0)
			return -ETIMEDOUT;
		nr = read(fd, buffer, sizeof(buffer));
		if (nr == 0)
			return 0;
		if (nr < 0 && errno != EINTR)
			return -errno;
		if (nr > 0 && fwrite(buffer, 1, (size_t)nr, file) != (size_t)nr)
			return -ENOMEM;
		nr_all += nr > 0 ? (size_t)nr : 0;
	}
	return -EFBIG;
}

/* Standard output goes to `fd`, errors nowhere. Returns the pid or -errno. */
static int spawn(const char *program, char *const *argv, int fd)
{
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
					     NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	err = posix_spawn(&pid, program, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return err ? -err : pid;
}

static int run(const char *program, char *const *argv, FILE *file)
{
	int ends[2], pid, err, status;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = spawn(program, argv, ends[1]);
	close(ends[1]);
	err = pid < 0 ? pid : read_all(ends[0], file);
	close(ends[0]);
	if (pid < 0)
		return err;
	if (err)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status)))
		err = -EIO;
	return err;
}

int look_run(const char *const *programs, const char *const *arguments, char **ret)
{
	char *argv[ARGUMENTS_MAX + 2] = { NULL };
	char *text = NULL;
	size_t length = 0;
	FILE *file;
	int err;

	for (; *programs && access(*programs, X_OK); programs++)
		;
	if (!*programs)
		return -ENOENT;
	argv[0] = (char *)*programs;
	for (int i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[i + 1] = (char *)arguments[i];
	file = open_memstream(&text, &length);
	if (!file)
		return -ENOMEM;
	err = run(*programs, argv, file);
	if (fclose(file) && !err)
		err = -ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	*ret = text;
	return 0;
}

char *look_file(const char *path)
{
	int fd __cleanup(cleanup_close) = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t length = 0;
	FILE *file;
	int err;

	if (fd < 0)
		return NULL;
	file = open_memstream(&text, &length);
	if (!file)
		return NULL;
	err = read_all(fd, file);
	if (fclose(file) || err) {
		free(text);
		return NULL;
	}
	return text;
}

bool look_has_symbol(const char *name)
{
	FILE *file __cleanup(cleanup_file) = fopen("/proc/kallsyms", "re");
	char line[512], symbol[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %255s", symbol) == 1 && !strcmp(symbol, name))
			return true;
	return false;
}

/* ---- rules ---- */

#define PROGRAM(name)                                                                             \
	{                                                                                         \
		"/usr/sbin/" name, "/sbin/" name, "/usr/local/sbin/" name, "/usr/bin/" name, NULL \
	}
#define PROGRAMS_MAX 5

static json_t *look_nft(struct looked *looked)
{
	static const char *const programs[] = PROGRAM("nft");
	char *text __cleanup(cleanup_free) = NULL;
	json_t *reply __cleanup(cleanup_json) = NULL;
	json_t *items;

	looked->err = look_run(programs, (const char *[]){ "-j", "list", "ruleset", NULL }, &text);
	reply = text ? json_loads(text, 0, NULL) : NULL;
	items = json_object_get(reply, "nftables");
	if (!looked->err && !json_is_array(items))
		looked->err = -EBADMSG;
	return looked->err ? json_array() : json_incref(items);
}

/* Tables of the old kind: only then does their program look, because it would make them. */
static bool has_legacy(bool is_v6)
{
	char *tables __cleanup(cleanup_free) =
		look_file(is_v6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names");

	return tables && *tables;
}

json_t *look_rules(struct looked ret_looked[LOOKED_MAX], size_t *ret_nr)
{
	static const struct {
		const char *name, *programs[PROGRAMS_MAX];
		bool is_v6, is_legacy;
	} savers[] = {
		{ "iptables", PROGRAM("iptables-nft-save"), false, false },
		{ "ip6tables", PROGRAM("ip6tables-nft-save"), true, false },
		{ "iptables-legacy", PROGRAM("iptables-legacy-save"), false, true },
		{ "ip6tables-legacy", PROGRAM("ip6tables-legacy-save"), true, true },
	};
	json_t *items;
	size_t nr = 0;

	ret_looked[nr++] = (struct looked){ "nft", 0 };
	items = look_nft(&ret_looked[0]);
	for (size_t i = 0; i < sizeof(savers) / sizeof(savers[0]); i++) {
		char *text __cleanup(cleanup_free) = NULL;
		int err;

		if (savers[i].is_legacy && !has_legacy(savers[i].is_v6))
			continue;
		err = look_run(savers[i].programs, (const char *[]){ NULL }, &text);
		if (!err)
			iptables_add(text, savers[i].is_v6, savers[i].is_legacy, items);
		/* Its rules are nft's: who does not have it has none, or look_has_unknown(). */
		if (err != -ENOENT || savers[i].is_legacy)
			ret_looked[nr++] = (struct looked){ savers[i].name, err };
	}
	*ret_nr = nr;
	return items;
}

bool look_has_unknown(const json_t *nftables)
{
	const json_t *item, *statement;
	size_t i, j;

	json_array_foreach ((json_t *)nftables, i, item) {
		const json_t *rule = json_object_get(item, "rule");

		if (!rule || json_object_get(rule, "tool"))
			continue;
		json_array_foreach (json_object_get(rule, "expr"), j, statement)
			if (json_object_get(statement, "xt"))
				return true;
	}
	return false;
}

/* "TCP  C0000201:0050 rr" */
bool look_ipvs_has_port(const char *text, int port)
{
	char protocol[8], address[64], *colon;

	for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
		if (sscanf(text, "%7s %63s", protocol, address) != 2 || strcmp(protocol, "TCP"))
			continue;
		colon = strrchr(address, ':');
		if (colon && strtol(colon + 1, NULL, 16) == port)
			return true;
	}
	return false;
}
