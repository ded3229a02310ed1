// SPDX-License-Identifier: GPL-2.0-only
/*
 * See mpol_trial.h.
 */
#include "mpol_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpol_private.h"

const char *const mpol_result_name[MPOL_RESULTS] = {
	[MPOL_R_CALLS] = "calls",
	[MPOL_R_CUTS] = "cuts",
	[MPOL_R_FOLIOS] = "folios",
	[MPOL_R_PAGES] = "pages",
	[MPOL_R_SUCCEEDED] = "succeeded",
	[MPOL_R_FAILED] = "failed",
	[MPOL_R_RETRIES] = "retries",
	[MPOL_R_ENGAGED] = "engaged_pages",
	[MPOL_R_OFFERED] = "offered",
	[MPOL_R_CUT_NS] = "cut_ns",
	[MPOL_R_FIRST_NS] = "first_ns",
	[MPOL_R_AWAY_NS] = "away_ns",
	[MPOL_R_COPY_NS] = "copy_ns",
	[MPOL_R_HELPER_NS] = "helper_ns",
};

const char *const mpol_hist_name[MPOL_HISTS] = {
	[MPOL_H_PAGE] = "hist_page_ns",
	[MPOL_H_CUT] = "hist_cut_ns",
	[MPOL_H_FIRST] = "hist_first_ns",
	[MPOL_H_AWAY] = "hist_away_ns",
};

static int no_trials(struct mpol *m)
{
	return mpol_fail(m, EOPNOTSUPP, "this kernel has no trials: %s/reasons has no directory of them",
			 m->config_path);
}

int mpol_trials(struct mpol *m, const char *reason, struct mpol_names *names)
{
	struct mpol_object object = { .type = MPOL_REASON };
	char path[PATH_MAX];
	int ret;

	snprintf(object.name, sizeof(object.name), "%s", reason);
	ret = mpol_relative_path(&object, "trials", path, sizeof(path));
	if (!ret)
		ret = mpol_read_dir(m->config_fd, path, true, names);
	if (!ret)
		return 0;
	mpol_names_free(names);
	if (ret == -ENOENT)
		return no_trials(m);
	return mpol_fail(m, -ret, "%s/%s: %s", m->config_path, path,
			 strerror(-ret));
}

int mpol_trial(struct mpol *m, const char *reason, const char *name,
	       struct mpol_object *object)
{
	object->type = MPOL_TRIAL;
	if ((size_t)snprintf(object->name, sizeof(object->name),
			     "%s/trials/%s", reason, name) <
	    sizeof(object->name))
		return 0;
	return mpol_fail(m, ENAMETOOLONG, "%.64s...: %s", name,
			 strerror(ENAMETOOLONG));
}

static int refused(struct mpol *m, const struct mpol_object *object,
		   const char *what, int err)
{
	if (err == ENOENT)
		return no_trials(m);
	if (err == ENOSPC)
		return mpol_fail(m, err, "%s: cannot be %s: the reason has as many trials as the kernel allows",
				 object->name, what);
	return mpol_fail(m, err, "%s: cannot be %s: %s%s", object->name, what,
			 strerror(err), err == EACCES || err == EPERM ?
			 "; only root may change the policy" : "");
}

int mpol_trial_make(struct mpol *m, const struct mpol_object *object)
{
	char path[PATH_MAX];
	int ret = mpol_relative_path(object, "", path, sizeof(path));

	if (!ret && mkdirat(m->config_fd, path, 0755))
		ret = -errno;
	return ret ? refused(m, object, "made", -ret) : 0;
}

int mpol_trial_remove(struct mpol *m, const struct mpol_object *object)
{
	char path[PATH_MAX];
	int ret = mpol_relative_path(object, "", path, sizeof(path));

	if (!ret && unlinkat(m->config_fd, path, AT_REMOVEDIR) &&
	    errno != ENOENT)
		ret = -errno;
	return ret ? refused(m, object, "removed", -ret) : 0;
}

/* A histogram may be longer than one setting; a line never is. */
static FILE *open_results(struct mpol *m, const struct mpol_object *object,
			  const char *name)
{
	char path[PATH_MAX], key[64];
	FILE *file = NULL;
	int fd = -1;

	snprintf(key, sizeof(key), "results/%s", name);
	if (!mpol_relative_path(object, key, path, sizeof(path)))
		fd = openat(m->config_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file = fdopen(fd, "r");
	if (!file && fd >= 0)
		close(fd);
	return file;
}

static bool parse_number(const char **text, char end, uint64_t *value)
{
	char *stop;

	errno = 0;
	*value = strtoull(*text, &stop, 10);
	if (**text < '0' || **text > '9' || errno || *stop != end)
		return false;
	*text = stop + (end != '\0');
	return true;
}

bool mpol_parse_result(const char *line, struct mpol_results *results)
{
	const char *blank = strchr(line, ' ');
	uint64_t value;

	if (!blank || blank == line)
		return false;
	blank++;
	if (!parse_number(&blank, '\0', &value))
		return false;
	for (size_t i = 0; i < MPOL_RESULTS; i++) {
		size_t length = strlen(mpol_result_name[i]);

		if (!strncmp(line, mpol_result_name[i], length) &&
		    line[length] == ' ')
			results->value[i] = value;
	}
	return true;
}

bool mpol_parse_bucket(const char *line, struct hist *hist)
{
	uint64_t lower, count;
	size_t bucket;

	if (!parse_number(&line, ' ', &lower) ||
	    !parse_number(&line, '\0', &count))
		return false;
	bucket = hist_bucket(lower);
	if (bucket == HIST_BUCKETS)
		return false;
	hist->count[bucket] = count;
	return true;
}

static int broken(struct mpol *m, const struct mpol_object *object,
		  const char *name, const char *line)
{
	return mpol_fail(m, EINVAL, "%s/results/%s: cannot read '%.40s'",
			 object->name, name, line);
}

/* Goes through the lines; @hist is NULL for the summary. */
static int load(struct mpol *m, const struct mpol_object *object,
		const char *name, struct mpol_results *results,
		struct hist *hist)
{
	FILE *file = open_results(m, object, name);
	char *line = NULL;
	size_t room = 0;
	int ret = 0;

	if (!file)
		return mpol_fail(m, errno, "%s/results/%s: cannot be read: %s",
				 object->name, name, strerror(errno));
	while (!ret && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (hist ? !mpol_parse_bucket(line, hist) :
			   !mpol_parse_result(line, results))
			ret = broken(m, object, name, line);
	}
	if (!ret && ferror(file))
		ret = mpol_fail(m, EIO, "%s/results/%s: cannot be read: %s",
				object->name, name, strerror(EIO));
	free(line);
	fclose(file);
	return ret;
}

int mpol_load_summary(struct mpol *m, const struct mpol_object *object,
		      struct mpol_results *results)
{
	memset(results->value, 0, sizeof(results->value));
	return load(m, object, "summary", results, NULL);
}

int mpol_load_hist(struct mpol *m, const struct mpol_object *object,
		   enum mpol_hist_id id, struct hist *hist)
{
	memset(hist, 0, sizeof(*hist));
	return load(m, object, mpol_hist_name[id], NULL, hist);
}

int mpol_load_results(struct mpol *m, const struct mpol_object *object,
		      struct mpol_results *results)
{
	int ret = mpol_load_summary(m, object, results);

	for (size_t i = 0; !ret && i < MPOL_HISTS; i++)
		ret = mpol_load_hist(m, object, (enum mpol_hist_id)i,
				     &results->hist[i]);
	return ret;
}

void mpol_results_since(const struct mpol_results *now,
			const struct mpol_results *before,
			struct mpol_results *delta)
{
	for (size_t i = 0; i < MPOL_RESULTS; i++)
		delta->value[i] = now->value[i] > before->value[i] ?
			now->value[i] - before->value[i] : 0;
	for (size_t i = 0; i < MPOL_HISTS; i++)
		hist_since(&now->hist[i], &before->hist[i], &delta->hist[i]);
}
