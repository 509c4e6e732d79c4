// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operator's orders: to all rows of a section, or to none of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "log.h"
#include "names.h"
#include "refuse.h"
#include "rows_inside.h"

/* The rows of a section, which stand together. */
struct section_rows {
	struct row *first, *end;
};

/* Returns 0, or -EINVAL and why. */
static int find_service(struct rows *rows, const char *service, struct section_rows *ret,
			char **ret_why)
{
	struct row *row = rows->row, *end = rows->row + rows->nr;

	while (row < end && strcmp(row->id->name, service))
		row++;
	if (row == end)
		return refuse(ret_why, -EINVAL,
			      "there is no service '%s'; 'synward status' lists those there are",
			      service);
	ret->first = row;
	while (row < end && !strcmp(row->id->name, service))
		row++;
	ret->end = row;
	return 0;
}

static void try_again(struct rows *rows, const struct section_rows *section)
{
	for (struct row *row = section->first; row < section->end; row++)
		row_try_again(rows, row);
}

/* What is wanted of all of them is what is wanted of the first. */
static void follow_first(struct rows *rows, const struct section_rows *section)
{
	for (struct row *row = section->first; row < section->end; row++) {
		row->wanted = section->first->wanted;
		row_tell(rows, row);
	}
}

int rows_tune(struct rows *rows, const char *service, const char *key, const char *value,
	      char **ret_why)
{
	struct config_errors errors = {};
	struct section_rows section;
	int err = find_service(rows, service, &section, ret_why);

	if (err)
		return err;
	err = config_tune(key, value, &section.first->wanted.tunables, &errors);
	if (err == -EINVAL)
		err = refuse(ret_why, err, "%s", errors.nr_lines ? errors.lines[0] : key);
	config_errors_free(&errors);
	if (err)
		return err;
	log_notice("service %s: %s is %s now", service, key, value);
	follow_first(rows, &section);
	return 0;
}

int rows_set_mode(struct rows *rows, const char *service, const char *word, char **ret_why)
{
	struct section_rows section;
	struct row_wanted *wanted;
	enum svc_mode mode;
	int err = find_service(rows, service, &section, ret_why);

	if (err)
		return err;
	if (svc_mode_find(word, &mode))
		return refuse(ret_why, -EINVAL,
			      "'%s' is no mode; it is off, monitor, auto or always", word);
	wanted = &section.first->wanted;
	if (mode != wanted->mode)
		log_notice("service %s: mode is %s now, was %s", service, svc_mode_name(mode),
			   svc_mode_name(wanted->mode));
	wanted->mode = mode;
	if (mode != SVC_AUTO)
		wanted->forced_until_ms = 0;
	try_again(rows, &section);
	follow_first(rows, &section);
	return 0;
}

/* A row of the config. What was forced is kept where it still means something. */
static void follow_service(struct rows *rows, struct row *row)
{
	const struct service *service = &rows->conf->services[row->id->service];

	row->wanted.tunables = service->tunables;
	if (row->wanted.mode != service->mode) {
		if (row->id->port == service->ports[0])
			log_notice("service %s: mode is %s now, was %s", service->name,
				   svc_mode_name(service->mode), svc_mode_name(row->wanted.mode));
		row->wanted.mode = service->mode;
		if (service->mode != SVC_AUTO)
			row->wanted.forced_until_ms = 0;
		row_try_again(rows, row);
	}
	row_tell(rows, row);
}

void rows_follow_config(struct rows *rows)
{
	for (size_t i = 0; i < rows->nr; i++)
		follow_service(rows, &rows->row[i]);
}

int rows_arm(struct rows *rows, const char *service, __u32 seconds, char **ret_why)
{
	const char *why_not = dataplane_why_not(rows->dp);
	char duration[DURATION_SIZE];
	struct section_rows section;
	struct row_wanted *wanted;
	int err = find_service(rows, service, &section, ret_why);

	if (err)
		return err;
	wanted = &section.first->wanted;
	if (wanted->mode == SVC_OFF || wanted->mode == SVC_MONITOR)
		return refuse(ret_why, -EPERM,
			      "service %s is in mode %s, which answers nothing; 'synward mode %s "
			      "auto' first",
			      service, svc_mode_name(wanted->mode), service);
	if (why_not)
		return refuse(ret_why, -EPERM, "no interface can answer SYNs: %s", why_not);
	try_again(rows, &section);
	if (wanted->mode == SVC_ALWAYS) {
		follow_first(rows, &section);
		return 0;
	}
	log_notice("service %s: armed by hand %s", service,
		   seconds ? duration_format(seconds, duration) : "until it is disarmed");
	wanted->forced_until_ms = seconds ? clock_now_ms() + seconds * 1000ULL : ARMED_WITHOUT_END;
	follow_first(rows, &section);
	return 0;
}

int rows_disarm(struct rows *rows, const char *service, char **ret_why)
{
	struct section_rows section;
	struct row_wanted *wanted;
	int err = find_service(rows, service, &section, ret_why);

	if (err)
		return err;
	wanted = &section.first->wanted;
	if (wanted->mode == SVC_ALWAYS)
		return refuse(ret_why, -EPERM,
			      "service %s is in mode always; 'synward mode %s auto' first", service,
			      service);
	log_notice("service %s: disarmed by hand; an attack arms it again", service);
	wanted->forced_until_ms = 0;
	wanted->disarmed_ms = clock_now_ms();
	follow_first(rows, &section);
	return 0;
}
