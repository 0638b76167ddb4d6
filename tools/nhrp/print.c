// SPDX-License-Identifier: GPL-2.0
/*
 * The one way to stdout. What is printed is a list of records; each value
 * goes to the JSON object of its record under @key, or to the text through
 * @fmt. A value without a key is text only, one without a format JSON only.
 * Records are written as they end, so a list of a million needs no memory.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "nhrp.h"

static struct {
	struct json_object *record;
	struct json_object *object;	/* what values are added to */
	struct json_object *array;	/* what words are added to */
	bool in_list;
	unsigned int records;		/* of the list, so far */
} json;

static struct json_object *json_new(void)
{
	struct json_object *object = json_object_new_object();

	if (!object) {
		fputs("Error: out of memory.\n", stderr);
		exit(STATUS_USAGE);
	}
	return object;
}

void print_list_begin(void)
{
	json.in_list = true;
	json.records = 0;
}

/* A list that failed before its first record is not printed at all. */
void print_list_end(int status)
{
	if (options.json && json.records)
		puts(options.pretty ? "\n]" : "]");
	else if (options.json && !status)
		puts("[]");
	json.in_list = false;
}

void print_record_begin(void)
{
	if (!options.json)
		return;
	json.record = json_new();
	json.object = json.record;
}

static void json_print_indented(const char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = strcspn(text, "\n");
		if (text[len])
			len++;
		printf("  %.*s", (int)len, text);
	}
}

static void json_print_record(const char *text)
{
	if (!json.in_list) {
		puts(text);
	} else if (options.pretty) {
		fputs(json.records ? ",\n" : "[\n", stdout);
		json_print_indented(text);
	} else {
		putchar(json.records ? ',' : '[');
		fputs(text, stdout);
	}
	json.records++;
}

void print_record_end(void)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (!options.json) {
		putchar('\n');
		return;
	}

	if (options.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	json_print_record(json_object_to_json_string_ext(json.record, flags));
	json_object_put(json.record);
	json.record = NULL;
}

void print_object_begin(const char *key, const char *text)
{
	if (options.json) {
		json.object = json_new();
		json_object_object_add(json.record, key, json.object);
	} else if (text) {
		fputs(text, stdout);
	}
}

void print_object_end(void)
{
	json.object = json.record;
}

void print_array_begin(const char *key)
{
	if (!options.json)
		return;
	json.array = json_object_new_array();
	json_object_object_add(json.object, key, json.array);
}

void print_array_word(const char *fmt, const char *word)
{
	if (options.json)
		json_object_array_add(json.array, json_object_new_string(word));
	else if (fmt)
		printf(fmt, word);
}

void print_string(const char *key, const char *fmt, const char *value)
{
	if (options.json && key)
		json_object_object_add(json.object, key, json_object_new_string(value));
	else if (!options.json && fmt)
		printf(fmt, value);
}

/* @fmt takes a %llu. */
void print_uint(const char *key, const char *fmt, unsigned long long value)
{
	if (options.json && key)
		json_object_object_add(json.object, key, json_object_new_uint64(value));
	else if (!options.json && fmt)
		printf(fmt, value);
}

/* What is said by being there, as "true" in JSON */
void print_flag(const char *key, const char *text)
{
	if (options.json)
		json_object_object_add(json.object, key, json_object_new_boolean(true));
	else
		fputs(text, stdout);
}

void print_text(const char *text)
{
	if (!options.json)
		fputs(text, stdout);
}

/* Goes on in the next line of the record, or with -o behind a backslash. */
void print_break(void)
{
	print_text(options.oneline ? "\\    " : "\n    ");
}

/* Only the first failure has a reason, for it drops what was to be written. */
static int write_error;

int print_flush(void)
{
	if (fflush(stdout) && !write_error)
		write_error = errno;
	return ferror(stdout) ? STATUS_USAGE : STATUS_DONE;
}

int print_finish(void)
{
	if (!print_flush())
		return STATUS_DONE;
	if (write_error)
		fprintf(stderr, "Error: cannot write the output: %s.\n", strerror(write_error));
	else
		fputs("Error: cannot write the output.\n", stderr);
	return STATUS_USAGE;
}
