// SPDX-License-Identifier: GPL-2.0-only
#include "link_stack.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define STACK_DEPTH_MAX 8 /* the kernel's own MAX_NEST_DEV */

bool link_stack_has_kind(const char *kind)
{
	static const char *const kinds[] = { "vlan", "macvlan", "bridge", "bond", "team" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static const struct stack_link *find(const struct stack_link *links, size_t nr, int ifindex)
{
	for (size_t i = 0; i < nr; i++)
		if (links[i].ifindex == ifindex)
			return &links[i];
	return NULL;
}

static bool has_mac(const __u8 (*macs)[6], size_t nr, const __u8 *mac)
{
	for (size_t i = 0; i < nr; i++)
		if (!memcmp(macs[i], mac, sizeof(*macs)))
			return true;
	return false;
}

/* Mark what stands directly on what is marked. True when there was something new. */
static bool climb(const struct stack_link *links, size_t nr, bool *is_in)
{
	bool found = false;

	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < nr && !is_in[i] && links[i].is_ours; k++)
			if (is_in[k] && (links[i].lower == links[k].ifindex ||
					 links[k].master == links[i].ifindex))
				found = is_in[i] = true;
	return found;
}

size_t link_stack_macs(const struct stack_link *links, size_t nr, int ifindex, __u8 (*ret)[6])
{
	const struct stack_link *self = find(links, nr, ifindex);
	bool *is_in __cleanup(cleanup_free) = calloc(nr + 1, sizeof(*is_in));
	size_t found = 0;

	if (!self || !is_in)
		return 0;
	is_in[self - links] = true;
	for (int depth = 0; depth < STACK_DEPTH_MAX && climb(links, nr, is_in); depth++)
		;
	for (size_t i = 0; i < nr; i++) {
		size_t kept = found < MACS_ABOVE_MAX ? found : MACS_ABOVE_MAX;

		if (!is_in[i] || !memcmp(links[i].mac, self->mac, sizeof(self->mac)) ||
		    has_mac((const __u8(*)[6])ret, kept, links[i].mac))
			continue;
		if (found < MACS_ABOVE_MAX)
			memcpy(ret[found], links[i].mac, sizeof(*ret));
		found++;
	}
	return found;
}
