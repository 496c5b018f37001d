/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "varlink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, IN_MAX = VARLINK_FRAME_MAX + 1 };

void varlink_deinit(struct varlink *link)
{
	if (link->fd >= 0)
		(void)close(link->fd);
	free(link->in);
	free(link->out);
	memset(link, 0, sizeof(*link));
	link->fd = -1;
}

/* Makes *buffer at least `need` bytes, by doubling; need is at most `max`. */
static int buffer_grow(char **buffer, size_t *size, size_t need, size_t max, struct fail *fail)
{
	size_t wanted = *size > CHUNK ? *size : CHUNK;
	char *bigger;

	if (need <= *size)
		return 0;
	while (wanted < need)
		wanted *= 2;
	if (wanted > max)
		wanted = max;
	bigger = realloc(*buffer, wanted);
	if (bigger == NULL)
		return fail_memory(fail, "a message");
	*buffer = bigger;
	*size = wanted;
	return 0;
}

/* The end of the first message in the buffer; NULL: it is not whole. Each byte is looked at once. */
static char *message_end(struct varlink *link)
{
	char *end = NULL;

	if (link->in_scanned < link->in_length)
		end = memchr(link->in + link->in_scanned, '\0', link->in_length - link->in_scanned);
	link->in_scanned = end == NULL ? link->in_length : (size_t)(end - link->in);
	return end;
}

int varlink_receive(struct varlink *link, struct fail *fail)
{
	size_t need = link->in_length + CHUNK;
	ssize_t got;

	if (link->in_length == IN_MAX) {
		if (message_end(link) != NULL)
			return 1;
		return fail_set(fail, OUTCOME_ERROR, "a message is longer than %d bytes",
				VARLINK_FRAME_MAX);
	}
	if (buffer_grow(&link->in, &link->in_size, need < IN_MAX ? need : IN_MAX, IN_MAX,
			fail) < 0)
		return -1;
	do {
		got = recv(link->fd, link->in + link->in_length, link->in_size - link->in_length,
			   MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (got < 0)
		return fail_errno(fail, errno, "cannot read from the socket");
	if (got == 0)
		return fail_set(fail, OUTCOME_ERROR, "closed");
	link->in_length += (size_t)got;
	return 1;
}

/* jansson's own limit of nesting, 2048, is fixed when it is compiled. */
static bool too_deep(const char *text, size_t length)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (quoted) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				quoted = false;
		} else if (text[i] == '"') {
			quoted = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > VARLINK_DEPTH_MAX)
				return true;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

static json_t *message_parse(const char *text, size_t length, struct fail *fail)
{
	json_error_t error;
	json_t *json;

	if (too_deep(text, length)) {
		(void)fail_set(fail, OUTCOME_ERROR, "a message is nested deeper than %d levels",
			       VARLINK_DEPTH_MAX);
		return NULL;
	}
	json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) {
		(void)fail_set(fail, OUTCOME_ERROR, "a message is not JSON: byte %d: %s",
			       error.position, error.text);
		return NULL;
	}
	if (!json_is_object(json)) {
		(void)fail_set(fail, OUTCOME_ERROR, "a message is no JSON object");
		json_decref(json);
		return NULL;
	}
	return json;
}

int varlink_take(struct varlink *link, json_t **out, struct fail *fail)
{
	char *end = message_end(link);
	size_t taken;

	if (end == NULL)
		return 0;
	taken = (size_t)(end - link->in) + 1;
	*out = message_parse(link->in, taken - 1, fail);
	memmove(link->in, end + 1, link->in_length - taken);
	link->in_length -= taken;
	link->in_scanned = 0;
	if (link->in_length == 0) {
		free(link->in);
		link->in = NULL;
		link->in_size = 0;
	}
	return *out == NULL ? -1 : 1;
}

int varlink_queue(struct varlink *link, json_t *message, struct fail *fail)
{
	CLEANUP_FREE char *text = json_dumps(message, JSON_COMPACT);
	size_t length;

	if (text == NULL)
		return fail_memory(fail, "a message");
	length = strlen(text) + 1;
	if (length > IN_MAX)
		return fail_set(fail, OUTCOME_ERROR,
				"the message to be sent is longer than %d bytes",
				VARLINK_FRAME_MAX);
	if (link->out_length > SIZE_MAX / 4)
		return fail_memory(fail, "queued messages");
	if (buffer_grow(&link->out, &link->out_size, link->out_length + length, SIZE_MAX,
			fail) < 0)
		return -1;
	memcpy(link->out + link->out_length, text, length);
	link->out_length += length;
	return 0;
}

int varlink_flush(struct varlink *link, struct fail *fail)
{
	while (link->out_sent < link->out_length) {
		ssize_t sent = send(link->fd, link->out + link->out_sent,
				    link->out_length - link->out_sent,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (sent < 0)
			return fail_errno(fail, errno, "cannot write to the socket");
		link->out_sent += (size_t)sent;
	}
	free(link->out);
	link->out = NULL;
	link->out_length = link->out_size = link->out_sent = 0;
	return 1;
}

int varlink_connect(const char *path, struct varlink *out, struct fail *fail)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP_CLOSE int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail_set(fail, OUTCOME_UNREACHABLE,
				"%s: a socket's path has at most %zu bytes", path,
				sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		(void)fail_errno(fail, errno, "cannot make a socket");
		fail->code = OUTCOME_UNREACHABLE;
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		(void)fail_errno(fail, error, "cannot reach patcherd at %s", path);
		if (error == EACCES || error == EPERM) {
			fail->code = OUTCOME_DENIED;
			fail_append(fail, "; only root may: try sudo");
		} else {
			fail->code = OUTCOME_UNREACHABLE;
			fail_append(fail, "; is it running? `systemctl start patcherd.socket`, or "
				    "`patcherd &` where there is no systemd");
		}
		return -1;
	}
	memset(out, 0, sizeof(*out));
	out->fd = fd_take(&fd);
	return 0;
}

/* Sends what is queued and waits for one message. */
static int exchange(struct varlink *link, json_t **out, struct fail *fail)
{
	/* A peer that refuses the message while it is being sent closes; what it said before is
	 * there to be read all the same. */
	bool broken = false;
	int taken;

	while ((taken = varlink_take(link, out, fail)) == 0) {
		bool pending = !broken && link->out_sent < link->out_length;
		struct pollfd fd = { .fd = link->fd, .events = POLLIN | (pending ? POLLOUT : 0) };

		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return fail_errno(fail, errno, "cannot wait for the socket");
		if (pending && varlink_flush(link, fail) < 0)
			broken = true;
		if (fd.revents & (POLLIN | POLLHUP | POLLERR) && varlink_receive(link, fail) < 0)
			return -1;
	}
	return taken < 0 ? -1 : 0;
}

static int reply_unpack(json_t *message, json_t **reply, char **error, struct fail *fail)
{
	json_t *parameters = NULL;
	const char *name = NULL;
	int continues = 0;
	json_error_t why;

	if (json_unpack_ex(message, &why, JSON_STRICT, "{s?s, s?o, s?b}", "error", &name,
			   "parameters", &parameters, "continues", &continues) < 0)
		return fail_set(fail, OUTCOME_UNKNOWN, "the reply is no varlink reply: %s",
				why.text);
	if (continues || (parameters != NULL && !json_is_object(parameters) &&
			  !json_is_null(parameters)))
		return fail_set(fail, OUTCOME_UNKNOWN, "the reply is no varlink reply to this call");
	*error = name == NULL ? NULL : strdup(name);
	*reply = json_is_object(parameters) ? json_incref(parameters) : json_object();
	if (*reply == NULL || (name != NULL && *error == NULL)) {
		json_decref(*reply);
		free(*error);
		return fail_memory(fail, "a reply");
	}
	return 0;
}

int varlink_call(struct varlink *link, const char *method, json_t *parameters, json_t **reply,
		 char **error, struct fail *fail)
{
	json_t *call = json_pack("{s:s, s:O}", "method", method, "parameters", parameters);
	json_t *message = NULL;
	int result;

	if (call == NULL)
		return fail_memory(fail, "a call");
	result = varlink_queue(link, call, fail);
	json_decref(call);
	if (result < 0) {
		fail_append(fail, "; nothing was done: ask for less at once, as for fewer patches");
		return -1;
	}
	if (exchange(link, &message, fail) < 0) {
		/* all sent: flush has emptied the buffer */
		bool nothing = link->out_length > 0 && link->out_sent == 0;

		fail->code = nothing ? OUTCOME_UNREACHABLE : OUTCOME_UNKNOWN;
		fail_append(fail, nothing ? " before the request was sent; nothing was done" :
			    " after the request was sent; `patchctl status` says what was done");
		return -1;
	}
	result = reply_unpack(message, reply, error, fail);
	json_decref(message);
	return result;
}
