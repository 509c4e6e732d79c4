/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/lists.c */
/*
 * The store of the allow and deny lists: order, pages, ends, limits, and what covers what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "cleanup.h"
#include "lists.h"

static struct prefix prefix_of(const char *text)
{
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, why), 0);
	return prefix;
}

static struct list_entry entry_of(const char *text, enum list list, __u64 expires_ms)
{
	return (struct list_entry){ .prefix = prefix_of(text),
				    .list = list,
				    .source = LIST_FROM_COMMAND,
				    .expires_ms = expires_ms };
}

static void set(struct lists *lists, const char *text, enum list list, __u64 expires_ms)
{
	const struct list_entry entry = entry_of(text, list, expires_ms);

	assert_int_equal(lists_set(lists, &entry), 0);
}

static const struct list_entry *find(const struct lists *lists, const char *text)
{
	const struct prefix prefix = prefix_of(text);

	return lists_find(lists, &prefix);
}

/* The i-th of a hundred thousand different ones, in no order. */
static struct list_entry entry_at(__u32 i)
{
	return (struct list_entry){
		.prefix = { .addr.word = { 0, 0, htonl(0xffff), htonl(i * 2654435761U) },
			    .bits = 32 },
		.list = i % 3 ? LIST_DENY : LIST_ALLOW,
	};
}

static void test_set_and_remove(void **state)
{
	struct lists *lists = lists_new();
	const struct prefix gone = prefix_of("10.0.0.0/8"), never = prefix_of("10.0.0.0/9");

	(void)state;
	assert_int_equal(lists_nr(lists), 0);
	assert_null(find(lists, "10.0.0.0/8"));
	set(lists, "10.0.0.0/8", LIST_DENY, 0);
	set(lists, "10.0.0.0/16", LIST_ALLOW, 5);
	set(lists, "2001:db8::/32", LIST_DENY, 0);
	assert_int_equal(lists_nr(lists), 3);
	assert_int_equal(find(lists, "10.0.0.0/16")->list, LIST_ALLOW);
	assert_int_equal(find(lists, "10.0.0.0/16")->expires_ms, 5);
	set(lists, "10.0.0.0/16", LIST_DENY, 0);
	assert_int_equal(lists_nr(lists), 3);
	assert_int_equal(find(lists, "10.0.0.0/16")->list, LIST_DENY);
	assert_int_equal(find(lists, "10.0.0.0/16")->expires_ms, 0);
	lists_remove(lists, &gone);
	lists_remove(lists, &gone);
	lists_remove(lists, &never);
	assert_int_equal(lists_nr(lists), 2);
	assert_null(find(lists, "10.0.0.0/8"));
	assert_non_null(find(lists, "10.0.0.0/16"));
	lists_free(lists);
}

static void test_full(void **state)
{
	struct lists *lists = lists_new();
	struct list_entry entry;
	__u32 i;

	(void)state;
	for (i = 0; i < LIST_ENTRIES_MAX; i++) {
		entry = entry_at(i);
		assert_int_equal(lists_set(lists, &entry), 0);
	}
	entry = entry_at(LIST_ENTRIES_MAX);
	assert_int_equal(lists_set(lists, &entry), -ENOSPC);
	assert_int_equal(lists_nr(lists), LIST_ENTRIES_MAX);
	entry = entry_at(17); /* what is there may change */
	entry.expires_ms = 1;
	assert_int_equal(lists_set(lists, &entry), 0);
	entry = entry_at(5);
	lists_remove(lists, &entry.prefix);
	entry = entry_at(LIST_ENTRIES_MAX);
	assert_int_equal(lists_set(lists, &entry), 0);
	lists_free(lists);
}

/* Every entry of the list is on one page, in order; the others are on none. */
static void pages_are(const struct lists *lists, enum list list, __u32 limit, size_t wanted)
{
	struct list_page *page __cleanup(cleanup_free) = malloc(sizeof(*page));
	struct list_entry last = { 0 };
	size_t nr = 0, i;
	__u32 from = 0;

	do {
		lists_page(lists, list, from, limit, page);
		assert_true(page->nr_entries <= limit);
		assert_true(!page->next || page->nr_entries == limit);
		for (i = 0; i < page->nr_entries; i++, nr++) {
			const struct list_entry *entry = &page->entries[i];

			assert_true(list == LIST_NONE || entry->list == list);
			assert_true(!nr || prefix_compare(&last.prefix, &entry->prefix) < 0);
			last = *entry;
		}
		from = page->next;
	} while (from);
	assert_int_equal(nr, wanted);
}

static void test_pages(void **state)
{
	struct lists *lists = lists_new();
	__u32 i;

	(void)state;
	pages_are(lists, LIST_NONE, 1, 0);
	for (i = 0; i < 3000; i++) {
		const struct list_entry entry = entry_at(i);

		assert_int_equal(lists_set(lists, &entry), 0);
	}
	pages_are(lists, LIST_NONE, 1000, 3000);
	pages_are(lists, LIST_NONE, 7, 3000);
	pages_are(lists, LIST_ALLOW, 1000, 1000);
	pages_are(lists, LIST_ALLOW, 999, 1000);
	pages_are(lists, LIST_DENY, 1000, 2000);
	pages_are(lists, LIST_DENY, 1, 2000);
	lists_free(lists);
}

/* Who is not removed is found again. */
static void expire(struct lists *lists, __u64 now_ms, size_t wanted, bool removes)
{
	struct list_entry *expired __cleanup(cleanup_free) = NULL;
	size_t i, nr = lists_expired(lists, now_ms, &expired);

	assert_int_equal(nr, wanted);
	for (i = 0; i < nr; i++) {
		assert_in_range(expired[i].expires_ms, 1, now_ms);
		if (removes)
			lists_remove(lists, &expired[i].prefix);
	}
}

static void test_expiry(void **state)
{
	struct lists *lists = lists_new();

	(void)state;
	expire(lists, UINT64_MAX, 0, true);
	set(lists, "10.0.0.1", LIST_DENY, 1000);
	set(lists, "10.0.0.2", LIST_DENY, 2000);
	set(lists, "10.0.0.3", LIST_ALLOW, 1500);
	set(lists, "10.0.0.4", LIST_DENY, 0);
	expire(lists, 999, 0, true);
	expire(lists, 1000, 1, false);
	expire(lists, 1000, 1, true);
	expire(lists, 1000, 0, true);
	set(lists, "10.0.0.3", LIST_ALLOW, 3000); /* renewed */
	set(lists, "10.0.0.5", LIST_DENY, 1700);
	expire(lists, 1800, 1, true);
	expire(lists, 5000, 2, true);
	set(lists, "10.0.0.6", LIST_DENY, 6000);
	set(lists, "10.0.0.6", LIST_DENY, 0); /* for ever now */
	expire(lists, UINT64_MAX, 0, true);
	assert_int_equal(lists_nr(lists), 2);
	lists_free(lists);
}

/* ---- what becomes of an entry ---- */

static void test_added(void **state)
{
	const struct prefix prefix = prefix_of("10.0.0.0/8");
	const struct list_entry in_file = { .prefix = prefix,
					    .list = LIST_ALLOW,
					    .source = LIST_FROM_FILE,
					    .in_file = LIST_ALLOW };
	struct list_entry entry = list_entry_added(NULL, &prefix, LIST_DENY, 7), after;

	(void)state;
	assert_int_equal(entry.list, LIST_DENY);
	assert_int_equal(entry.source, LIST_FROM_COMMAND);
	assert_int_equal(entry.in_file, LIST_NONE);
	assert_int_equal(entry.expires_ms, 7);
	assert_false(list_entry_uncovers(&entry, &after));
	entry = list_entry_added(&entry, &prefix, LIST_ALLOW, 0);
	assert_int_equal(entry.list, LIST_ALLOW);
	assert_int_equal(entry.expires_ms, 0);

	/* The other list, on top of a file; then it comes back. */
	entry = list_entry_added(&in_file, &prefix, LIST_DENY, 7);
	assert_int_equal(entry.list, LIST_DENY);
	assert_int_equal(entry.source, LIST_FROM_COMMAND);
	assert_int_equal(entry.in_file, LIST_ALLOW);
	assert_true(list_entry_uncovers(&entry, &after));
	assert_memory_equal(&after, &in_file, sizeof(after));
	assert_false(list_entry_uncovers(&in_file, &after));

	/* What the file says anyway takes the cover off, and has no end. */
	entry = list_entry_added(&entry, &prefix, LIST_ALLOW, 9);
	assert_int_equal(entry.source, LIST_FROM_FILE);
	assert_int_equal(entry.in_file, LIST_ALLOW);
	assert_int_equal(entry.expires_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_and_remove), cmocka_unit_test(test_full),
		cmocka_unit_test(test_pages),          cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
