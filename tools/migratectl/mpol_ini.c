// SPDX-License-Identifier: GPL-2.0-only
/*
 * libinih splits lines, but it neither tells the line of a key nor minds one
 * that it has to cut. So it gets its lines from a reader that counts them and
 * refuses those that are too long, and that sees empty sections as well.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

#include "mpol_ini.h"
#include "mpol_private.h"

#define BOM		"\xef\xbb\xbf"
#define SECTION_MAX	49

struct reader {
	struct mpol *mpol;
	FILE *file;
	mpol_ini_fn *fn;
	void *arg;
	struct mpol_ini_item item;
	bool has_key;		/* in this section, for lines that go on */
	int ret;
	unsigned int ret_line;
};

static int stop(struct reader *reader, int ret)
{
	reader->ret = ret;
	reader->ret_line = reader->item.line;
	return ret;
}

static int refuse(struct reader *reader, const char *why)
{
	return stop(reader, mpol_fail(reader->mpol, EINVAL, "%s:%u: %s",
				      reader->item.file, reader->item.line,
				      why));
}

/* Returns the length, with the newline; 0 at the end, < 0 after a failure. */
static int get_line(struct reader *reader, char *text, int size)
{
	int length = 0;
	int c = 0;

	reader->item.line++;
	while (c != '\n' && (c = getc(reader->file)) != EOF) {
		if (!c)
			return refuse(reader, "a NUL byte; is this a text file?");
		if (length == size - 2 || (length == MPOL_INI_LINE && c != '\n'))
			return refuse(reader, "line too long; a list may go on in a new line that begins with a blank");
		text[length++] = (char)c;
	}
	text[length] = '\0';
	if (!ferror(reader->file))
		return length;
	return stop(reader, mpol_fail(reader->mpol, errno, "%s: %s",
				      reader->item.file, strerror(errno)));
}

static bool says_nothing(const char *text)
{
	text += strspn(text, " \t\r\n\v\f");
	return !*text || *text == ';' || *text == '#';
}

/* libinih would pass over what follows the bracket, and empty sections. */
static int begin_section(struct reader *reader, char *text)
{
	char *end = strchr(text, ']');
	int ret;

	if (!end || !says_nothing(end + 1))
		return refuse(reader, "a section is one word in brackets, alone in its line");
	/* libinih would cut it off. */
	if (end - text > SECTION_MAX)
		return refuse(reader, "the name of the section is too long");
	*end = '\0';
	reader->has_key = false;
	reader->item.section = text + 1;
	reader->item.key = NULL;
	ret = reader->fn(&reader->item, reader->arg);
	*end = ']';
	return ret ? stop(reader, ret) : 0;
}

/* Not all versions of libinih do this in lines that go on. */
static void cut_comment(char *text)
{
	while (*text && !(isblank((unsigned char)*text) && text[1] == ';'))
		text++;
	*text = '\0';
}

static int check_line(struct reader *reader, char *text)
{
	reader->item.more = false;
	if (says_nothing(text))
		return 0;
	reader->item.more = isspace((unsigned char)*text);
	if (reader->item.more && !reader->has_key)
		return refuse(reader, "begins with a blank, but goes on with no key");
	if (reader->item.more)
		cut_comment(text);
	return *text == '[' ? begin_section(reader, text) : 0;
}

/* What libinih calls instead of fgets(). */
static char *read_line(char *text, int size, void *arg)
{
	struct reader *reader = arg;
	int length = reader->ret ? 0 : get_line(reader, text, size);

	if (length <= 0)
		return NULL;
	if (reader->item.line == 1 && !strncmp(text, BOM, strlen(BOM)))
		memmove(text, text + strlen(BOM), strlen(text + strlen(BOM)) + 1);
	return check_line(reader, text) ? NULL : text;
}

static int handle_key(void *arg, const char *section, const char *key,
		      const char *value)
{
	struct reader *reader = arg;
	int ret;

	reader->has_key = true;
	reader->item.section = section;
	reader->item.key = key;
	reader->item.value = value;
	ret = reader->fn(&reader->item, reader->arg);
	if (ret)
		stop(reader, ret);
	return !ret;
}

int mpol_ini_read(struct mpol *m, FILE *file, const char *name, mpol_ini_fn *fn,
		  void *arg)
{
	struct reader reader = {
		.mpol = m, .file = file, .fn = fn, .arg = arg, .item.file = name,
	};
	int line = ini_parse_stream(read_line, &reader, handle_key, &reader);

	/* libinih reads on after its own errors: the first one counts. */
	if (line > 0 && (unsigned int)line != reader.ret_line) {
		reader.item.line = (unsigned int)line;
		return refuse(&reader, "neither [SECTION] nor KEY = VALUE");
	}
	if (line < 0 && !reader.ret)
		return mpol_fail(m, ENOMEM, "%s: %s", name, strerror(ENOMEM));
	return reader.ret;
}
