/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
	struct spec_errors *errors;
	struct node **tails[SPEC_DEPTH_MAX + 1];	/* of each open level: where the next is hung */
	size_t depth;
	size_t documents;
	size_t nodes;
	bool stopped;			/* nothing that follows can be judged */
};

/* libyaml's marks count from 0, columns in characters. */
static struct place place_of(const yaml_mark_t *mark)
{
	return (struct place){ .line = (unsigned)mark->line + 1,
			       .column = (unsigned)mark->column + 1 };
}

/* A reader error has only the offset of a byte. */
static struct place place_of_offset(const char *text, size_t length, size_t offset)
{
	struct place place = { .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < length; i++) {
		if (text[i] == '\n' ||
		    (text[i] == '\r' && (i + 1 == length || text[i + 1] != '\n'))) {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

static void refuse(struct builder *builder, const yaml_event_t *event, const char *what)
{
	spec_error(builder->errors, place_of(&event->start_mark), "%s", what);
}

static void stop(struct builder *builder, const yaml_event_t *event, const char *what)
{
	refuse(builder, event, what);
	builder->stopped = true;
}

static struct node *add(struct builder *builder, const yaml_event_t *event, enum node_kind kind)
{
	struct node ***tail = &builder->tails[builder->depth];
	struct node *node;

	if (++builder->nodes > SPEC_NODES_MAX) {
		stop(builder, event, "more than 100,000 values in one file; split the patch");
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (node == NULL) {
		builder->errors->no_memory = true;
		builder->stopped = true;
		return NULL;
	}
	node->kind = kind;
	node->place = place_of(&event->start_mark);
	/* libyaml ends only what it began, NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	**tail = node;
	*tail = &node->next;
	return node;
}

static void properties(struct builder *builder, const yaml_event_t *event,
		       const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		refuse(builder, event, "anchors are not allowed");
	if (tag != NULL)
		refuse(builder, event, "tags are not allowed");
}

static void open_level(struct builder *builder, const yaml_event_t *event, enum node_kind kind)
{
	struct node *node;

	if (builder->depth == SPEC_DEPTH_MAX) {
		stop(builder, event, "more than 16 levels deep");
		return;
	}
	node = add(builder, event, kind);
	if (node == NULL)
		return;
	builder->tails[++builder->depth] = &node->child;
}

static void add_scalar(struct builder *builder, const yaml_event_t *event)
{
	struct node *node = add(builder, event, NODE_SCALAR);
	size_t length = event->data.scalar.length;

	if (node == NULL)
		return;
	node->text = malloc(length + 1);
	if (node->text == NULL) {
		builder->errors->no_memory = true;
		builder->stopped = true;
		return;
	}
	memcpy(node->text, event->data.scalar.value, length);
	node->text[length] = '\0';
	node->length = length;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static void start_document(struct builder *builder, const yaml_event_t *event)
{
	if (++builder->documents > 1)
		stop(builder, event, "a second document; a file holds one patch");
	else if (event->data.document_start.tag_directives.start !=
		 event->data.document_start.tag_directives.end)
		refuse(builder, event, "tags are not allowed");
}

static void take(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		start_document(builder, event);
		break;
	case YAML_ALIAS_EVENT:
		refuse(builder, event, "aliases are not allowed");
		(void)add(builder, event, NODE_REFUSED);
		break;
	case YAML_SCALAR_EVENT:
		properties(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
		add_scalar(builder, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		properties(builder, event, event->data.sequence_start.anchor,
			   event->data.sequence_start.tag);
		open_level(builder, event, NODE_LIST);
		break;
	case YAML_MAPPING_START_EVENT:
		properties(builder, event, event->data.mapping_start.anchor,
			   event->data.mapping_start.tag);
		open_level(builder, event, NODE_MAPPING);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		builder->depth--;
		break;
	default:
		break;
	}
}

static void reader_error(struct spec_errors *errors, const yaml_parser_t *parser, const char *text,
			 size_t length)
{
	struct place place = place_of_offset(text, length, parser->problem_offset);
	bool control = strncmp(parser->problem, "control", strlen("control")) == 0;

	if (parser->problem_value >= 0)
		spec_error(errors, place, "%s%s (0x%02x)", control ? "" : "not UTF-8 text: ",
			   parser->problem, (unsigned)parser->problem_value);
	else
		spec_error(errors, place, "not UTF-8 text: %s", parser->problem);
}

static void syntax_error(struct spec_errors *errors, const yaml_parser_t *parser)
{
	struct place place = place_of(&parser->problem_mark);
	const char *hint = "";

	if (strcmp(parser->problem, "found character that cannot start any token") == 0)
		hint = " (indent with spaces, not tabs; quote text that begins with @, ` or %)";
	if (parser->context != NULL)
		spec_error(errors, place, "not YAML: %s, %s at line %zu%s", parser->problem,
			   parser->context, parser->context_mark.line + 1, hint);
	else
		spec_error(errors, place, "not YAML: %s%s", parser->problem, hint);
}

/* Whether the whole of it was read. */
static bool parse(yaml_parser_t *parser, struct builder *builder, const char *text, size_t length)
{
	for (;;) {
		yaml_event_t event;
		bool end;

		if (yaml_parser_parse(parser, &event) == 0) {
			if (parser->error == YAML_READER_ERROR)
				reader_error(builder->errors, parser, text, length);
			else if (parser->error == YAML_MEMORY_ERROR)
				builder->errors->no_memory = true;
			else
				syntax_error(builder->errors, parser);
			return false;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		if (end && builder->documents == 0)
			stop(builder, &event, "the file is empty");
		else
			take(builder, &event);
		yaml_event_delete(&event);
		if (end || builder->stopped)
			return !builder->stopped;
	}
}

void spec_tree_parse(const char *text, size_t length, struct spec_errors *errors,
		     struct node **root)
{
	struct builder builder = { .errors = errors, .tails = { root } };
	struct place start = { .line = 1, .column = 1 };
	yaml_parser_t parser;

	*root = NULL;
	if (length > SPEC_TEXT_MAX) {
		spec_error(errors, start, "the file is larger than %d bytes", SPEC_TEXT_MAX);
		return;
	}
	if (yaml_parser_initialize(&parser) == 0) {
		errors->no_memory = true;
		return;
	}
	/* Some editors begin a file with U+FEFF; libyaml takes it only when it guesses the encoding,
	 * and then takes UTF-16 too. */
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (!parse(&parser, &builder, text, length)) {
		spec_tree_destroy(*root);
		*root = NULL;
	}
	yaml_parser_delete(&parser);
}

/* As deep as SPEC_DEPTH_MAX, NOLINTNEXTLINE(misc-no-recursion) */
void spec_tree_destroy(struct node *node)
{
	while (node != NULL) {
		struct node *next = node->next;

		spec_tree_destroy(node->child);
		free(node->text);
		free(node);
		node = next;
	}
}
