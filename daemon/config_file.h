/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A config while it is read: one file after the other, then checked as a whole. For the
 * config_*.c that do it, and nobody else:
 *
 *   config_load.c      which files; each goes to
 *   config_file.c      lines of a file, which go to
 *   config_sections.c  sections and keys, whose values are config_values.c's and
 *                      config_tunables.c's; then
 *   config_lists.c     what allow-file and deny-file list; in the end
 *   config_check.c     whether all fits together
 */
#ifndef SYNWARD_CONFIG_FILE_H
#define SYNWARD_CONFIG_FILE_H

#include "config.h"
#include "config_values.h"

#define NR_OWN_KEYS 15 /* of one kind of section; tunables may stand in both */
#define NR_KEYS (NR_OWN_KEYS + NR_TUNABLES)
#define SECTIONS_MAX (ROWS_MAX + 1)

enum section_kind { SECTION_UNKNOWN, SECTION_SYNWARD, SECTION_SERVICE };

/* A line of one of the files, by its number in parse->files. */
struct spot {
	size_t file;
	unsigned int line;
};

/*
 * A file may open each section once; a later file opens it again, and its keys override. Sections
 * that are in error are kept too, so that their keys are read.
 */
struct section {
	enum section_kind kind;
	char *name;                      /* of the service */
	struct spot first;               /* where it first stood */
	struct spot latest;              /* and where last */
	struct spot destinations;        /* and where it last said ports or addresses */
	unsigned int key_lines[NR_KEYS]; /* in the latest file; 0 = not seen */
	unsigned int nr_keys;            /* in the latest file, known or not */
	bool has_key[NR_KEYS];           /* in any file */
	struct spot key_spots[NR_KEYS];  /* and where last */
	bool is_duplicate;               /* of one in the same file */
	bool is_empty;                   /* somewhere, and that was said */
	struct service service;          /* [synward] has its tunables alone: for all services */
};

struct parsed_file {
	char *name;
	unsigned int nr_lines;
};

struct parse {
	struct parsed_file *files; /* the last is being read */
	size_t nr_files;
	bool is_partial; /* a file could not be read, so that nothing is known to be missing */
	const char *next, *end;
	unsigned int line;
	bool expects_key; /* the last line went to libinih and should have come back as a key */
	struct section *sections;
	size_t nr_sections;
	struct section *section; /* that keys go to; NULL at the start of a file */
	struct config config;
	struct config_errors *errors;
	size_t nr_errors_before;
	int err; /* -ENOMEM ends the run */
};

static inline struct spot parse_here(const struct parse *parse)
{
	return (struct spot){ parse->nr_files - 1, parse->line };
}

#define complain_at(parse, spot, ...)                                                          \
	config_complain(&(struct config_place){ (parse)->files[(spot).file].name, (spot).line, \
						(parse)->errors },                             \
			__VA_ARGS__)
#define complain(parse, ...) complain_at(parse, parse_here(parse), __VA_ARGS__)

/* All return 0 or -ENOMEM; what is wrong in the text goes to the errors. */
int parse_init(struct parse *parse, struct config_errors *errors);
int parse_file(struct parse *parse, const char *name, const char *text, size_t nr_bytes);
int parse_lists(struct parse *parse);
void parse_free(struct parse *parse);

/* Returns 0, with *ret the config; -EINVAL if there were errors, here or before; or -ENOMEM. */
int parse_finish(struct parse *parse, struct config *ret);

/* Of a config that parse_finish() made of it. Returns 0 or -ENOMEM. */
int config_lines_make(const struct parse *parse, const struct config *config,
		      struct config_lines *ret);

/* `name` is what stands between the brackets, trimmed; it is taken over. */
void section_open(struct parse *parse, char *name);
void section_take_key(struct parse *parse, const char *name, const char *value);
void section_check_keys(struct parse *parse, const struct section *section);
const struct section *section_find(const struct parse *parse, enum section_kind kind,
				   const char *name);
bool section_has_tunable(const struct section *section, size_t i);

/* A key that [synward] alone may have. All of these are fixed at start. */
bool key_is_of_synward(const char *name);

#endif
