/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/dropin.c */
/*
 * The drop-in that --persist writes: its text and mode, what it replaces, what is refused, and that
 * nothing is left behind when it fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cli/dropin.h"
#include "cleanup.h"

#define COMMAND "synward set web hold 1m --persist"

static char top[64], directory[80];

static int set_up(void **state)
{
	(void)state;
	strcpy(top, "/tmp/synward-test-XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(directory, sizeof(directory), "%s/conf.d", top);
	return 0;
}

static unsigned int nr_files(void)
{
	DIR *dir = opendir(directory);
	unsigned int nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr ? nr - 2 : 0; /* . and .. */
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

static struct dropin hold(const char *value)
{
	return (struct dropin){ directory, "web", "hold", value, COMMAND };
}

static void file_is(const char *path, const char *wanted)
{
	FILE *file __cleanup(cleanup_file) = fopen(path, "r");
	char text[1024] = "";

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	assert_string_equal(text, wanted);
}

static void mode_is(const char *path, mode_t wanted)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, wanted);
}

static void write_fails(const struct dropin *dropin, int wanted)
{
	char *path __cleanup(cleanup_free) = NULL;
	const unsigned int nr_before = nr_files();

	assert_int_equal(dropin_write(dropin, &path), wanted);
	assert_non_null(path);
	assert_int_equal(nr_files(), nr_before);
}

static void test_written(void **state)
{
	struct dropin dropin = hold("1m");
	const mode_t old = umask(077);
	char wanted[128];
	char *path = NULL;

	(void)state;
	assert_int_equal(dropin_write(&dropin, &path), 0);
	snprintf(wanted, sizeof(wanted), "%s/90-web-hold.conf", directory);
	assert_string_equal(path, wanted);
	file_is(path, "# written by: " COMMAND "\n[service web]\nhold = 1m\n");
	mode_is(path, 0644);
	mode_is(directory, 0755);
	free(path);

	/* Again, with another value: that file alone is another. */
	dropin.value = "2m";
	assert_int_equal(dropin_write(&dropin, &path), 0);
	file_is(path, "# written by: " COMMAND "\n[service web]\nhold = 2m\n");
	assert_int_equal(nr_files(), 1);
	free(path);
	dropin.key = "arm-half-open";
	assert_int_equal(dropin_write(&dropin, &path), 0);
	assert_int_equal(nr_files(), 2);
	free(path);
	umask(old);
}

static void test_refused(void **state)
{
	static const char *const names[] = { "", "../x", "a/b", "a\nb", "a\x7f" };
	static const char *const values[] = { "", "1m\n[synward]", "1\t", "\x1b[m" };
	struct dropin dropin = hold("1m");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		dropin.service = names[i];
		write_fails(&dropin, -EINVAL);
	}
	dropin = hold("1m");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		dropin.key = names[i];
		write_fails(&dropin, -EINVAL);
	}
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		dropin = hold(values[i]);
		write_fails(&dropin, -EINVAL);
	}
	dropin = hold("1m");
	dropin.command = "synward set web hold 1m\n[synward]";
	write_fails(&dropin, -EINVAL);
	dropin = hold("1m");
	dropin.directory = "conf.d";
	write_fails(&dropin, -EINVAL);
}

/* A line that the daemon would not read at its next start. */
static void test_too_long(void **state)
{
	struct dropin dropin = hold("1m");
	char value[256] = "", command[256] = "";
	char *path __cleanup(cleanup_free) = NULL;

	(void)state;
	memset(value, '1', 197 - strlen("hold = "));
	dropin.value = value;
	assert_int_equal(dropin_write(&dropin, &path), 0);
	strcat(value, "1");
	write_fails(&dropin, -EINVAL);
	dropin = hold("1m");
	memset(command, 'x', 198 - strlen("# written by: "));
	dropin.command = command;
	write_fails(&dropin, -EINVAL);
}

static void test_no_place(void **state)
{
	struct dropin dropin = hold("1m");
	char path[128];

	(void)state;
	dropin.directory = "/nonexistent/conf.d";
	write_fails(&dropin, -ENOENT);
	dropin.directory = "/dev/null";
	write_fails(&dropin, -ENOTDIR);
	/* What cannot be replaced: the temporary file goes, too. */
	dropin = hold("1m");
	assert_int_equal(mkdir(directory, 0700), 0);
	snprintf(path, sizeof(path), "%s/90-web-hold.conf", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	write_fails(&dropin, -EISDIR);
	mode_is(directory, 0700); /* as it was */
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_written),
		TEST(test_refused),
		TEST(test_too_long),
		TEST(test_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
