// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trial as a text file: a word a line that says what the rest of it is. What
 * stands behind "arm" is that arm's. Raw figures only: whatever is computed
 * from them can be computed again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

#define MAGIC	"migratectl-trial 1"

static void print_hist(FILE *file, const char *word, const struct hist *hist)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		if (hist->count[i])
			fprintf(file, "%s %" PRIu64 " %" PRIu64 "\n", word,
				hist_lower(i), hist->count[i]);
}

static void print_arm(FILE *file, const struct trial *trial,
		      const struct arm *arm)
{
	fprintf(file, "arm %s\nshare %u\n", arm->name, arm->share);
	for (size_t i = 0; i < arm->settings.count; i++)
		fprintf(file, "set %s %s\n", arm->settings.setting[i].key,
			arm->settings.setting[i].value);
	if (arm->stopped_ns)
		fprintf(file, "stopped_ns %" PRIu64 "\n", arm->stopped_ns);
	for (size_t i = 0; i < MPOL_RESULTS; i++)
		fprintf(file, "summary %s %" PRIu64 "\n", mpol_result_name[i],
			arm->delta.value[i]);
	for (size_t i = 0; i < MPOL_HISTS; i++)
		print_hist(file, mpol_hist_name[i], &arm->delta.hist[i]);
	if (arm->stopped_ns)
		print_hist(file, "against", &arm->against);
	for (size_t i = 0; i < trial->slices; i++)
		fprintf(file, "slice %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			arm->slice[i].calls, arm->slice[i].pages,
			arm->slice[i].ns);
}

char *trial_text(const struct trial *trial)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		exit(failed("out of memory"));
	fprintf(file, MAGIC "\nreason %s\nmachine %s\nns %" PRIu64 "\n",
		trial->reason, trial->machine, trial->ns);
	for (size_t i = 0; i < trial->count; i++)
		print_arm(file, trial, &trial->arm[i]);
	if (fclose(file))
		exit(failed("out of memory"));
	return text;
}

int trial_store(struct cli *cli, const struct trial *trial, const char *path)
{
	char *text = trial_text(trial);
	int ret = CLI_DONE;

	if (mpol_store(cli->mpol, path, text, true))
		ret = mpol_failure(cli);
	free(text);
	return ret;
}

static bool read_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static struct arm *last_arm(const struct trial *trial)
{
	return trial->count ? &trial->arm[trial->count - 1] : NULL;
}

static bool read_reason(struct trial *trial, const char *text)
{
	snprintf(trial->reason, sizeof(trial->reason), "%s", text);
	return *text;
}

static bool read_machine(struct trial *trial, const char *text)
{
	snprintf(trial->machine, sizeof(trial->machine), "%s", text);
	return true;
}

static bool read_ns(struct trial *trial, const char *text)
{
	return read_number(text, &trial->ns);
}

static bool read_arm(struct trial *trial, const char *text)
{
	if (!*text || strlen(text) >= ARM_NAME || trial->count == TRIAL_ARMS)
		return false;
	/* Those of the arm before were all, and all arms have as many. */
	trial->slices = 0;
	trial_add_arm(trial, text);
	return true;
}

static bool read_share(struct trial *trial, const char *text)
{
	uint64_t share;

	if (!read_number(text, &share) || share > 100)
		return false;
	last_arm(trial)->share = (unsigned int)share;
	return true;
}

static bool read_set(struct trial *trial, const char *text)
{
	struct mpol_settings *s = &last_arm(trial)->settings;
	const char *blank = strchr(text, ' ');
	struct mpol_setting *more;

	if (!blank || blank == text)
		return false;
	more = realloc(s->setting, (s->count + 1) * sizeof(*more));
	if (!more)
		exit(failed("out of memory"));
	s->setting = more;
	more[s->count].key = strndup(text, (size_t)(blank - text));
	more[s->count].value = strdup(blank + 1);
	if (!more[s->count].key || !more[s->count].value)
		exit(failed("out of memory"));
	s->count++;
	return true;
}

static bool read_stopped(struct trial *trial, const char *text)
{
	return read_number(text, &last_arm(trial)->stopped_ns);
}

static bool read_summary(struct trial *trial, const char *text)
{
	return mpol_parse_result(text, &last_arm(trial)->delta);
}

static bool read_page(struct trial *trial, const char *text)
{
	return mpol_parse_bucket(text, &last_arm(trial)->delta.hist[MPOL_H_PAGE]);
}

static bool read_cut(struct trial *trial, const char *text)
{
	return mpol_parse_bucket(text, &last_arm(trial)->delta.hist[MPOL_H_CUT]);
}

static bool read_first(struct trial *trial, const char *text)
{
	return mpol_parse_bucket(text,
				 &last_arm(trial)->delta.hist[MPOL_H_FIRST]);
}

static bool read_away(struct trial *trial, const char *text)
{
	return mpol_parse_bucket(text, &last_arm(trial)->delta.hist[MPOL_H_AWAY]);
}

static bool read_against(struct trial *trial, const char *text)
{
	return mpol_parse_bucket(text, &last_arm(trial)->against);
}

static bool read_slice(struct trial *trial, const char *text)
{
	struct slice *s = &last_arm(trial)->slice[trial->slices];
	char rest;

	if (trial->slices == SLICES_MAX ||
	    sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 "%c", &s->calls,
		   &s->pages, &s->ns, &rest) != 3)
		return false;
	trial->slices++;
	return true;
}

static const struct {
	const char *word;
	bool of_arm;
	bool (*read)(struct trial *trial, const char *text);
} lines[] = {
	{ "reason", false, read_reason },
	{ "machine", false, read_machine },
	{ "ns", false, read_ns },
	{ "arm", false, read_arm },
	{ "share", true, read_share },
	{ "set", true, read_set },
	{ "stopped_ns", true, read_stopped },
	{ "summary", true, read_summary },
	{ "hist_page_ns", true, read_page },
	{ "hist_cut_ns", true, read_cut },
	{ "hist_first_ns", true, read_first },
	{ "hist_away_ns", true, read_away },
	{ "against", true, read_against },
	{ "slice", true, read_slice },
};

static bool read_line(struct trial *trial, const char *line)
{
	size_t length = strcspn(line, " ");

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (strncmp(lines[i].word, line, length) ||
		    lines[i].word[length] || line[length] != ' ')
			continue;
		if (lines[i].of_arm && !trial->count)
			return false;
		return lines[i].read(trial, line + length + 1);
	}
	return false;
}

static int read_lines(FILE *file, const char *path, struct trial *trial)
{
	unsigned int number = 0;
	char *line = NULL;
	size_t room = 0;
	int ret = CLI_DONE;

	while (!ret && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		number++;
		if (number == 1 ? strcmp(line, MAGIC) : !read_line(trial, line))
			ret = failed("%s:%u: not what 'trial record' writes: '%.40s'",
				     path, number, line);
	}
	if (!ret && ferror(file))
		ret = failed("%s: %s", path, strerror(errno));
	free(line);
	return ret;
}

/* What the file leaves to be understood. */
static int complete(struct trial *trial, const char *path)
{
	if (trial->count < 2 || strcmp(trial->arm[0].name, CONTROL) ||
	    !*trial->reason || !trial->ns)
		return failed("%s: not a whole trial: a reason, its time, the control and an arm are needed",
			      path);
	for (size_t i = 1; i < trial->count; i++)
		if (!trial->arm[i].stopped_ns)
			trial->arm[i].against =
				trial->arm[0].delta.hist[MPOL_H_PAGE];
	return CLI_DONE;
}

int trial_load(struct cli *cli, const char *path, struct trial *trial)
{
	FILE *file = fopen(path, "re");
	int ret;

	(void)cli;
	if (!file)
		return failed("%s: %s", path, strerror(errno));
	trial->file = strdup(path);
	if (!trial->file)
		exit(failed("out of memory"));
	ret = read_lines(file, path, trial);
	fclose(file);
	return ret ? ret : complete(trial, path);
}
