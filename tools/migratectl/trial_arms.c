// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --arm and --share say: "BACKEND[,KEY=VALUE...]". The keys are those of
 * a reason, and "name" and "share" of the arm itself.
 */
#include <stdlib.h>
#include <string.h>

#include "trial.h"

#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static int bad_arm(const struct cli *cli, const char *text, const char *why,
		   const char *what)
{
	return usage_error(cli, "--arm %s: %s '%s'", text, why, what);
}

static struct arm *find_arm(const struct trial *trial, const char *name)
{
	for (size_t i = 0; i < trial->count; i++)
		if (!strcmp(trial->arm[i].name, name))
			return &trial->arm[i];
	return NULL;
}

static int check_name(const struct cli *cli, const struct trial *trial,
		      const struct arm *arm, const char *text, const char *name)
{
	if (!*name || *name == '.' || strlen(name) > ARM_NAME_MAX ||
	    strspn(name, NAME_CHARS) != strlen(name))
		return bad_arm(cli, text, "an arm cannot be called", name);
	if (find_arm(trial, name) && find_arm(trial, name) != arm)
		return bad_arm(cli, text, "there is already an arm", name);
	return CLI_DONE;
}

static int set_name(const struct cli *cli, const struct trial *trial,
		    struct arm *arm, const char *text, const char *name)
{
	int ret = check_name(cli, trial, arm, text, name);

	if (!ret)
		snprintf(arm->name, sizeof(arm->name), "%s", name);
	return ret;
}

static int parse_share(const struct cli *cli, const char *option,
		       const char *text, unsigned int *share)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < 1 || value > 100)
		return usage_error(cli, "%s: '%s' is not a percentage from 1 to 100",
				   option, text);
	*share = (unsigned int)value;
	return CLI_DONE;
}

static void add_setting(struct arm *arm, const char *key, const char *value)
{
	struct mpol_settings *s = &arm->settings;
	struct mpol_setting *more = realloc(s->setting,
					    (s->count + 1) * sizeof(*more));

	if (!more)
		exit(failed("out of memory"));
	s->setting = more;
	more[s->count].key = strdup(key);
	more[s->count].value = strdup(value);
	if (!more[s->count].key || !more[s->count].value)
		exit(failed("out of memory"));
	s->count++;
}

static int no_such_key(const struct cli *cli, const char *text,
		       const char *key)
{
	struct mpol_names names = { 0 };
	char hint[256];

	for (size_t i = 0; i < mpol_key_count; i++)
		if (mpol_key_table[i].type == MPOL_REASON &&
		    mpol_names_add(&names, mpol_key_table[i].name))
			exit(failed("out of memory"));
	if (mpol_names_add(&names, "name") || mpol_names_add(&names, "share"))
		exit(failed("out of memory"));
	mpol_suggest(key, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return usage_error(cli, "--arm %s: no such key '%s'; %s", text, key,
			   hint);
}

static int add_key(struct cli *cli, const struct trial *trial, struct arm *arm,
		   const char *text, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return bad_arm(cli, text, "KEY=VALUE is needed instead of",
			       word);
	*value++ = '\0';
	if (!strcmp(word, "name"))
		return set_name(cli, trial, arm, text, value);
	if (!strcmp(word, "share"))
		return parse_share(cli, "--arm: share", value, &arm->share);
	/* The kernel may be newer than the table, and is asked in its turn. */
	if (mpol_check_key(cli->mpol, &trial->arm[0].object, word))
		return no_such_key(cli, text, word);
	if (mpol_setting(&arm->settings, word))
		return bad_arm(cli, text, "it says twice", word);
	add_setting(arm, word, value);
	return CLI_DONE;
}

/* A comma belongs to the value if no KEY= follows: classes=anon,shmem. */
static char *next_word(char **rest)
{
	char *word = *rest;
	char *comma = word;

	while (comma && (comma = strchr(comma, ','))) {
		const char *next = comma + 1;

		if (!strchr(word, '=') || next[strcspn(next, ",=")] == '=')
			break;
		comma++;
	}
	if (comma)
		*comma++ = '\0';
	*rest = comma;
	return word;
}

/* "mt", then "mt-2" and so on. */
static void give_name(const struct trial *trial, struct arm *arm,
		      const char *backend)
{
	char name[ARM_NAME];

	snprintf(name, sizeof(name), "%.10s", backend);
	for (unsigned int i = 2; find_arm(trial, name); i++)
		snprintf(name, sizeof(name), "%.10s-%u", backend, i);
	snprintf(arm->name, sizeof(arm->name), "%s", name);
}

static int parse_arm(struct cli *cli, struct trial *trial, const char *text)
{
	char *copy = strdup(text);
	char *rest = copy;
	struct arm *arm = trial_add_arm(trial, "");
	char *word;
	int ret;

	if (!copy)
		exit(failed("out of memory"));
	word = next_word(&rest);
	if (!*word || strspn(word, NAME_CHARS) != strlen(word)) {
		ret = bad_arm(cli, text, "no backend can be called", word);
		free(copy);
		return ret;
	}
	give_name(trial, arm, word);
	add_setting(arm, "backend", word);
	ret = check_name(cli, trial, arm, text, arm->name);
	while (!ret && (word = next_word(&rest)))
		ret = add_key(cli, trial, arm, text, word);
	free(copy);
	return ret;
}

/* What no arm claims is divided evenly, the control included. */
static int settle_shares(struct cli *cli, struct trial *trial)
{
	unsigned int each = 100 / (unsigned int)trial->count;
	unsigned int sum = 0;
	int ret = CLI_DONE;

	if (cli->options.share)
		ret = parse_share(cli, "--share", cli->options.share, &each);
	for (size_t i = 1; i < trial->count; i++) {
		if (!trial->arm[i].share)
			trial->arm[i].share = each;
		sum += trial->arm[i].share;
	}
	if (!ret && sum >= 100)
		return usage_error(cli, "the arms take %u percent of the calls and leave none to the control",
				   sum);
	trial->arm[0].share = 100 - sum;
	return ret;
}

int trial_parse_arms(struct cli *cli, struct trial *trial)
{
	const char *const *arm = cli->options.arm;
	int ret = CLI_DONE;

	for (size_t i = 0; !ret && arm[i]; i++)
		ret = parse_arm(cli, trial, arm[i]);
	return ret ? ret : settle_shares(cli, trial);
}
