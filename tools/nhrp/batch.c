// SPDX-License-Identifier: GPL-2.0
/* nhrp -batch: one command a line. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nhrp.h"

#define COMMAND_SIZE	4096
#define COMMAND_WORDS	100

/* Lines are read here and not by stdio, which does not tell when it waits. */
static struct {
	const char *name;
	int fd;
	unsigned int line;		/* number of the line read last */
	size_t start;
	size_t end;
	char buf[64 * 1024];
} input;

static int batch_status;
static bool batch_over;

/* A refusal weighs more than a wrong line. */
static void batch_fail(int status, unsigned int line)
{
	if (batch_status < status)
		batch_status = status;
	batch_over = !options.force;
	fprintf(stderr, "Command failed %s:%u\n", input.name, line);
}

static void batch_refused(unsigned int line)
{
	batch_fail(STATUS_REFUSED, line);
}

static int input_open(const char *name)
{
	input.name = name;
	input.fd = STDIN_FILENO;
	if (!strcmp(name, "-"))
		return STATUS_DONE;

	input.fd = open(name, O_RDONLY | O_CLOEXEC);
	if (input.fd < 0)
		return usage_error("cannot open \"%s\": %s.", name, strerror(errno));
	return STATUS_DONE;
}

static bool input_waits(void)
{
	struct pollfd fd = { .fd = input.fd, .events = POLLIN };

	return poll(&fd, 1, 0) <= 0;
}

/* Reads more behind what is there. What was asked for is done before a wait. */
static int input_fill(bool *end)
{
	ssize_t got;
	int status;

	memmove(input.buf, input.buf + input.start, input.end - input.start);
	input.end -= input.start;
	input.start = 0;
	/* What goes is behind the beginning of a comment, or of no use: too long. */
	if (input.end == sizeof(input.buf))
		input.end = COMMAND_SIZE;

	if (input_waits()) {
		status = changes_flush();
		if (status)
			return status;
		print_flush();
	}
	do {
		got = read(input.fd, input.buf + input.end, sizeof(input.buf) - input.end);
	} while (got < 0 && errno == EINTR);
	*end = got <= 0;
	if (got < 0)
		return usage_error("cannot read \"%s\": %s.", input.name, strerror(errno));
	input.end += got;
	return STATUS_DONE;
}

/* The next line without its newline; @end is set when there is none. */
static int input_line(char **line, size_t *len, bool *end)
{
	char *newline;
	int status;

	for (;;) {
		*line = input.buf + input.start;
		*len = input.end - input.start;
		newline = memchr(*line, '\n', *len);
		if (newline) {
			*len = newline - *line;
			input.start += *len + 1;
			input.line++;
			return STATUS_DONE;
		}

		status = input_fill(end);
		if (status)
			return status;
		if (!*end)
			continue;

		*line = input.buf;
		*len = input.end;
		if (*len) {
			*end = false;
			input.start = input.end;
			input.line++;
		}
		return STATUS_DONE;
	}
}

/* Length of @line up to a # that stands in no quotes */
static size_t line_strip_comment(const char *line, size_t len)
{
	bool in_word = false;
	char quote = '\0';
	size_t i;

	if (!memchr(line, '#', len))
		return len;
	for (i = 0; i < len; i++) {
		if (quote) {
			if (line[i] == quote)
				quote = '\0';
			continue;
		}
		if (line[i] == '#')
			return i;
		if (!in_word && (line[i] == '"' || line[i] == '\''))
			quote = line[i];
		in_word = !strchr(" \t\r", line[i]);
	}
	return len;
}

/* One command, of several lines when all but the last end in a backslash. */
static int input_command(char *command, bool *end)
{
	size_t used = 0;
	size_t len, code;
	bool more = false;
	bool good = true;
	char *line;
	int status;

	do {
		status = input_line(&line, &len, end);
		if (status)
			return status;
		if (*end)
			return more ? usage_error("the continuation line is missing.") :
				      STATUS_DONE;

		if (len && line[len - 1] == '\r')
			len--;
		code = line_strip_comment(line, len);
		more = code == len && len && line[len - 1] == '\\';
		code -= more;
		good = good && used + code < COMMAND_SIZE && !memchr(line, '\0', code);
		if (good) {
			memcpy(command + used, line, code);
			used += code;
		}
	} while (more);

	command[used] = '\0';
	if (!good)
		return usage_error("a line is longer than %d octets or not text.",
				   COMMAND_SIZE - 1);
	return STATUS_DONE;
}

/* What ends a word, and what of it stands between words */
static const bool is_end[UCHAR_MAX + 1] = {
	['\0'] = true, [' '] = true, ['\t'] = true, ['\r'] = true,
};

static char *skip_space(char *text)
{
	while (*text && is_end[(unsigned char)*text])
		text++;
	return text;
}

static int command_split(char *command, struct words *words)
{
	char **argv = words->argv;
	int argc = 0;
	char quote;

	for (command = skip_space(command); *command; command = skip_space(command)) {
		if (argc == COMMAND_WORDS)
			return usage_error("a line has more than %d words.", COMMAND_WORDS);

		quote = *command == '"' || *command == '\'' ? *command++ : '\0';
		argv[argc++] = command;
		if (quote) {
			command = strchr(command, quote);
			if (!command)
				return usage_error("a quote is not closed.");
		} else {
			while (!is_end[(unsigned char)*command])
				command++;
		}
		if (*command)
			*command++ = '\0';
	}
	words->argc = argc;
	return STATUS_DONE;
}

static int batch_step(bool *end)
{
	char *argv[COMMAND_WORDS];
	struct words words = { .argv = argv };
	char command[COMMAND_SIZE];
	int status;

	status = input_command(command, end);
	if (status || *end)
		return status;
	status = command_split(command, &words);
	if (status || !words.argc)
		return status;

	words.line = input.line;
	return command_run(&words);
}

int batch_run(const char *name)
{
	bool end = false;
	int status;

	status = input_open(name);
	if (status)
		return status;
	changes_collect(batch_refused);

	while (!end && !batch_over) {
		status = batch_step(&end);
		/* not to blame when a line before it has ended the batch */
		if (status && !batch_over)
			batch_fail(status, input.line);
	}
	changes_flush();

	if (input.fd != STDIN_FILENO)
		close(input.fd);
	return batch_status;
}
