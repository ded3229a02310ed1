// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which objects a command works on: names from the command line, looked up in
 * the kernel's tree.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define ALL	"all"

static bool is_selected(const struct selection *selection,
			const struct mpol_object *object)
{
	for (size_t i = 0; i < selection->count; i++)
		if (selection->object[i].type == object->type &&
		    !strcmp(selection->object[i].name, object->name))
			return true;
	return false;
}

static int add(struct selection *selection, const struct mpol_object *object)
{
	struct mpol_object *more;

	if (is_selected(selection, object))
		return CLI_DONE;
	more = realloc(selection->object,
		       (selection->count + 1) * sizeof(*more));
	if (!more)
		return failed("out of memory");
	selection->object = more;
	more[selection->count++] = *object;
	return CLI_DONE;
}

static int add_named(struct cli *cli, struct selection *selection,
		     const char *name)
{
	struct mpol_object object;

	if (mpol_find(cli->mpol, name, &object))
		return mpol_failure(cli);
	return add(selection, &object);
}

int select_type(struct cli *cli, enum mpol_type type,
		struct selection *selection)
{
	struct mpol_object object = { .type = type };
	struct mpol_names names;
	int ret = CLI_DONE;

	if (mpol_objects(cli->mpol, type, &names))
		return mpol_failure(cli);
	/* No need to look up what was just listed. */
	for (size_t i = 0; !ret && i < names.count; i++) {
		snprintf(object.name, sizeof(object.name), "%s", names.name[i]);
		ret = add(selection, &object);
	}
	mpol_names_free(&names);
	return ret;
}

int select_objects(struct cli *cli, char *list, struct selection *selection)
{
	int ret = CLI_DONE;
	char *name;

	while (!ret && (name = strsep(&list, ","))) {
		if (!strcmp(name, ALL))
			ret = select_type(cli, MPOL_REASON, selection);
		else
			ret = add_named(cli, selection, name);
	}
	return ret;
}

void selection_free(struct selection *selection)
{
	free(selection->object);
	*selection = (struct selection){ 0 };
}
