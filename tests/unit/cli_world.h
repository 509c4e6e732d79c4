/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole of `synward`, called with a line of words, against the daemon of cli_daemon.h. The
 * command line's main() is part of the test's own source, so include this first, and in one file
 * alone.
 */
#ifndef SYNWARD_CLI_WORLD_H
#define SYNWARD_CLI_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define main synward_main
int synward_main(int argc, char **argv);
#include "../../cli/main.c"
#undef main

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli_daemon.h"

#define WORDS_MAX 16

/* ---- the daemon, before and after ---- */

static int set_up(void **state)
{
	int ready[2];
	char byte;

	(void)state;
	strcpy(world.directory, "/tmp/synward-test-XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	snprintf(world.path, sizeof(world.path), "%s/ctl", world.directory);
	snprintf(world.drop_ins, sizeof(world.drop_ins), "%s/conf.d", world.directory);
	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	world.daemon = fork();
	assert_true(world.daemon >= 0);
	if (!world.daemon)
		serve(ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return 0;
}

static void daemon_end(void)
{
	if (world.daemon > 0) {
		kill(world.daemon, SIGKILL);
		waitpid(world.daemon, NULL, 0);
	}
	world.daemon = 0;
}

__attribute__((unused)) static int set_up_degraded(void **state)
{
	is_degraded = true;
	return set_up(state);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	daemon_end();
	is_degraded = false;
	snprintf(command, sizeof(command), "rm -r %s", world.directory);
	return system(command);
}

/* ---- the command line ---- */

static int to_file(int fd, FILE *file)
{
	int kept = dup(fd);

	dup2(fileno(file), fd);
	return kept;
}

static void from_file(FILE *file, char *text, size_t size)
{
	size_t nr;

	rewind(file);
	nr = fread(text, 1, size - 1, file);
	text[nr] = '\0';
	fclose(file);
}

/* Calls synward with those words, its output to `out`, which is closed; the exit status. */
static int synward_to(FILE *out, const char *line)
{
	FILE *err = tmpfile();
	char *copy __cleanup(cleanup_free) = strdup(line);
	char *argv[WORDS_MAX + 4] = { "synward", "--socket", world.path };
	int argc = 3, kept_out, kept_err, end;
	char *word, *rest = copy;

	while ((word = strsep(&rest, " ")) && argc < WORDS_MAX)
		if (*word)
			argv[argc++] = word;
	fflush(stdout);
	kept_out = to_file(STDOUT_FILENO, out);
	kept_err = to_file(STDERR_FILENO, err);
	optind = 0; /* getopt begins anew */
	end = synward_main(argc, argv);
	fflush(stdout);
	dup2(kept_out, STDOUT_FILENO);
	dup2(kept_err, STDERR_FILENO);
	close(kept_out);
	close(kept_err);
	from_file(out, world.out, sizeof(world.out));
	from_file(err, world.err, sizeof(world.err));
	return end;
}

static int synward(const char *line)
{
	return synward_to(tmpfile(), line);
}

/* Exit status and the one line on stderr. */
static void ends(const char *line, int wanted, const char *err)
{
	assert_int_equal(synward(line), wanted);
	assert_string_equal(world.err, err);
	if (wanted)
		assert_string_equal(world.out, "");
}

/* Words, and what the line says of them. */
__attribute__((unused)) static void misuses(const char *const rows[][2], size_t nr)
{
	char wanted[128];
	size_t i;

	for (i = 0; i < nr; i++) {
		snprintf(wanted, sizeof(wanted), "synward: %s; see 'synward help'\n", rows[i][1]);
		ends(rows[i][0], CLI_MISUSE, wanted);
	}
}

__attribute__((unused)) static void prints(const char *line, const char *out)
{
	ends(line, CLI_DONE, "");
	assert_string_equal(world.out, out);
}

#endif
