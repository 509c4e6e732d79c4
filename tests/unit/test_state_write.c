/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/state.c daemon/state_file.c */
/*
 * What was learned, as it is written: no failure leaves half a file, or takes the one that there
 * is.
 */
#include "state_file.h"
#include "state_world.h"

/* One success, so that the next failure is the first of several. */
static void save_well(void)
{
	assert_int_equal(state_save("good", known, NR_KNOWN), 0);
	nr_warnings = 0;
}

static void fails_with(const char *where, int err)
{
	__u64 nr_errors;

	save_well();
	nr_errors = state_file_write_errors();
	for (int i = 0; i < 3; i++)
		assert_int_equal(state_save(where, known, NR_KNOWN), -err);
	assert_non_null(strstr(last_line, where));
	warned(1);
	save_well();
	assert_int_equal(state_file_write_errors(), nr_errors + 3);
}

static void test_unwritable(void **state)
{
	(void)state;
	put("file", "kept");
	fails_with("file", ENOTDIR);
	fails_with("file/state", ENOTDIR);
	fails_with("no/such/directory", ENOENT);
	has_text("file", "kept");

	/* a directory in the place of the file: nothing of ours is left beside it */
	assert_int_equal(mkdir("state", 0700), 0);
	assert_int_equal(mkdir(FILE_PATH, 0700), 0);
	fails_with("state", EISDIR);
	assert_int_equal(rmdir(FILE_PATH), 0);
	assert_int_equal(rmdir("state"), 0);
	assert_int_equal(state_save("state", known, NR_KNOWN), 0);
	warned(0);
	has_file_alone();
}

/* The disk is full: the old file stays, whole, and no part of the new one. */
static void test_full_disk(void **state)
{
	struct rlimit limit, none;
	struct state_row rows[NR_KNOWN];
	int err;

	(void)state;
	assert_int_equal(state_save("state", known, 1), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
	limit = none;
	limit.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	err = state_save("state", known, NR_KNOWN);
	setrlimit(RLIMIT_FSIZE, &none);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(err, -EFBIG);
	warned(1);
	memset(rows, 0, sizeof(rows));
	rows[0] = (struct state_row){ "web", 443, { 0, 0 } };
	state_load("state", rows, 1);
	rows_equal(rows, known, 1);
	has_file_alone();
}

/* Who has the old file open keeps it as it was: the new one takes its name, not its place. */
static void test_replaced(void **state)
{
	int old __cleanup(cleanup_close) = -1;
	struct state_row rows[NR_KNOWN];
	char buffer[16] = "", longer[1000];

	(void)state;
	assert_int_equal(mkdir("state", 0700), 0);
	put(FILE_PATH, "old");
	memset(longer, 'x', sizeof(longer));
	put_bytes(FILE_PATH ".new", longer, sizeof(longer)); /* left by a crash */
	old = open(FILE_PATH, O_RDONLY);
	assert_int_equal(chmod(FILE_PATH ".new", 0600), 0);
	assert_int_equal(state_save("state", known, NR_KNOWN), 0);
	assert_int_equal(read(old, buffer, sizeof(buffer)), 3);
	assert_string_equal(buffer, "old");
	memcpy(rows, known, sizeof(rows));
	for (size_t i = 0; i < NR_KNOWN; i++)
		rows[i].learned = (struct baseline){ 1, 1 };
	state_load("state", rows, NR_KNOWN);
	rows_equal(rows, known, NR_KNOWN);
	warned(0);
	has_file_alone();
}

/* A link that somebody put there leads nowhere: neither from the temporary file nor from the file
 * itself is anything written through it. */
static void test_symlinks(void **state)
{
	(void)state;
	put("victim", "kept");
	assert_int_equal(mkdir("state", 0700), 0);
	assert_int_equal(symlink("../victim", FILE_PATH), 0);
	assert_int_equal(symlink("../victim", FILE_PATH ".new"), 0);
	save_well();
	assert_int_equal(state_save("state", known, NR_KNOWN), -ELOOP);
	warned(1);
	has_text("victim", "kept");
	/* it is gone now, so that this does not last */
	assert_int_equal(state_save("state", known, NR_KNOWN), 0);
	warned(0);
	has_text("victim", "kept");
	has_file_alone();

	assert_int_equal(mkdir("state", 0700), 0);
	assert_int_equal(symlink("../new", FILE_PATH ".new"), 0);
	assert_int_equal(state_save("state", known, NR_KNOWN), -ELOOP);
	assert_int_equal(access("new", F_OK), -1);
}

static void test_directory_is_private(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(state_save("state", known, NR_KNOWN), 0);
	assert_int_equal(stat("state", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	has_file_alone();
}

/* A disk that is full for others, by blocks or by files, may have a reserve that is root's. */
static void test_room(void **state)
{
	const struct statvfs roomy = { .f_blocks = 100,
				       .f_bfree = 9,
				       .f_bavail = 4,
				       .f_files = 100,
				       .f_ffree = 9,
				       .f_favail = 4 };
	const struct statvfs without_limits = { .f_blocks = 0, .f_files = 0 };
	struct statvfs fs = roomy;

	(void)state;
	assert_true(state_file_has_room(&roomy, false));
	assert_true(state_file_has_room(&roomy, true));
	assert_true(state_file_has_room(&without_limits, false));
	fs.f_bavail = 0;
	assert_false(state_file_has_room(&fs, false));
	assert_true(state_file_has_room(&fs, true));
	fs.f_bfree = 0;
	assert_false(state_file_has_room(&fs, true));
	fs = roomy;
	fs.f_favail = 0;
	assert_false(state_file_has_room(&fs, false));
	assert_true(state_file_has_room(&fs, true));
	fs.f_ffree = 0;
	assert_false(state_file_has_room(&fs, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unwritable),
		TEST(test_full_disk),
		TEST(test_replaced),
		TEST(test_symlinks),
		TEST(test_directory_is_private),
		TEST(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
