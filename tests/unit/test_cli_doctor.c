/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/doctor_checks.c cli/out.c */
/*
 * What helps when the self-test of `synward doctor` did not succeed: synwardd's own remedy goes
 * first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../../cli/doctor_checks.h"
#include "json.h"

static void test_remedy(void **state)
{
	static const struct {
		const char *reason, *remedy, *begin;
	} rows[] = {
		{ "syn_denied", "synward deny list", "synward deny list" },
		{ "syn_over_cap", NULL, "sleep 1; synward doctor # " },
		{ "syn_over_cap", "of its own", "of its own" },
		{ "syn_mptcp", NULL, NULL },
		{ NULL, NULL, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *result __cleanup(cleanup_json) = json_pack(
			"{s:s?, s:s?}", "reason", rows[i].reason, "remedy", rows[i].remedy);
		const char *remedy = self_test_remedy(result);

		if (!rows[i].begin)
			assert_null(remedy);
		else
			assert_memory_equal(remedy, rows[i].begin, strlen(rows[i].begin));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
