/*
 * msgload: sends SIP MESSAGEs through a proxy at a fixed rate and answers them on the other side, in one process, so that
 * response times come from one clock (SIPp's ticks every few milliseconds).
 *
 *   cc -O2 -o msgload msgload.c
 *   msgload udp|tcp PROXY_PORT SERVER_PORT RATE SECONDS [BODY [CONTENT_TYPE [RECEIVER]]]
 *
 * The client is at 127.0.0.1 and sends to 127.0.0.1:PROXY_PORT; the server answers 200 at 127.0.0.2:SERVER_PORT, where the
 * proxy must send to. Nothing is sent twice: what has no final answer three seconds after the end counts as lost.
 * In the body ######## becomes the message's number, so that no two are the same.
 * Prints one JSON object. Exit code 0 when nothing was lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STREAM_BUFFER = 1 << 18, MESSAGE_BUFFER = 1 << 16, GRACE_MS = 3000 };

struct stream {
	int fd;
	size_t filled;
	char bytes[STREAM_BUFFER];
};

struct load {
	bool tcp;
	int client, server, poll;
	int client_port;
	long total, sent, ok, rejected;
	uint64_t *sent_at; /* ns, by message number */
	uint32_t *micros;  /* response time; 0: none yet */
	unsigned run;
	const char *body, *type, *receiver;
};

static struct load load;

static uint64_t now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		} else if (written < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED) {
			fail("write");
		}
	}
}

/* ---- reading just enough SIP ---- */

/* The header line of that name at or after `at`, with its line end; NULL at the end of the head. */
static const char *find_header(const char *at, const char *end, const char *name, size_t *size)
{
	size_t length = strlen(name);

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		if (eol == NULL || eol - at <= 1)
			return NULL;
		if ((size_t)(eol - at) > length && at[length] == ':' && strncasecmp(at, name, length) == 0) {
			*size = (size_t)(eol - at) + 1;
			return at;
		}
		at = eol + 1;
	}
	return NULL;
}

static size_t copy_headers(char *out, const char *head, const char *end, const char *name)
{
	size_t written = 0, size;

	for (const char *at = find_header(head, end, name, &size); at != NULL;
	     at = find_header(at + size, end, name, &size)) {
		memcpy(out + written, at, size);
		written += size;
	}
	return written;
}

static size_t write_answer(char *out, const char *head, const char *end)
{
	size_t written = (size_t)sprintf(out, "SIP/2.0 200 OK\r\n"), size;
	const char *to = find_header(head, end, "To", &size);

	written += copy_headers(out + written, head, end, "Via");
	written += copy_headers(out + written, head, end, "From");
	if (to != NULL)
		written += (size_t)sprintf(out + written, "%.*s;tag=srv\r\n", (int)size - 2, to);
	written += copy_headers(out + written, head, end, "Call-ID");
	written += copy_headers(out + written, head, end, "CSeq");
	written += (size_t)sprintf(out + written, "Content-Length: 0\r\n\r\n");
	return written;
}

static void take_answer(const char *head, const char *end)
{
	size_t size;
	long status = strtol(head + 8, NULL, 10), number;
	const char *call_id = find_header(head, end, "Call-ID", &size);

	if (status < 200 || call_id == NULL || sscanf(call_id + 8, " %ld-", &number) != 1)
		return;
	if (number < 0 || number >= load.total || load.micros[number] != 0)
		return;
	load.micros[number] = (uint32_t)((now_ns() - load.sent_at[number]) / 1000) | 1u;
	if (status < 300)
		load.ok++;
	else
		load.rejected++;
}

/* ---- the two sides ---- */

static void on_datagram(int fd)
{
	static char in[MESSAGE_BUFFER], out[MESSAGE_BUFFER];
	struct sockaddr_in from;
	socklen_t from_size = sizeof from;
	ssize_t size;

	while ((size = recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&from, &from_size)) > 0) {
		if (strncmp(in, "SIP/2.0", 7) == 0)
			take_answer(in, in + size);
		else
			sendto(fd, out, write_answer(out, in, in + size), 0, (struct sockaddr *)&from, from_size);
		from_size = sizeof from;
	}
}

static bool on_stream(struct stream *stream)
{
	static char out[MESSAGE_BUFFER];
	ssize_t got = read(stream->fd, stream->bytes + stream->filled, sizeof stream->bytes - stream->filled);
	size_t at = 0, size;

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	stream->filled += (size_t)got;
	for (;;) {
		char *head = stream->bytes + at, *blank = memmem(head, stream->filled - at, "\r\n\r\n", 4);
		if (blank == NULL)
			break;
		const char *length = find_header(head, blank + 2, "Content-Length", &size);
		size_t whole = (size_t)(blank + 4 - head) + (length ? strtoul(length + 15, NULL, 10) : 0);
		if (at + whole > stream->filled)
			break;
		if (strncmp(head, "SIP/2.0", 7) == 0)
			take_answer(head, blank + 2);
		else
			write_all(stream->fd, out, write_answer(out, head, blank + 2));
		at += whole;
	}
	memmove(stream->bytes, stream->bytes + at, stream->filled - at);
	stream->filled -= at;
	return true;
}

static void send_next(void)
{
	static char out[MESSAGE_BUFFER];
	long number = load.sent++;
	int size = snprintf(out, sizeof out,
			    "MESSAGE sip:%s@example.test SIP/2.0\r\n"
			    "Via: SIP/2.0/%s 127.0.0.1:%d;branch=z9hG4bK%08x%ld;rport\r\n"
			    "Max-Forwards: 70\r\n"
			    "From: \"Alice\" <sip:alice@example.test>;tag=%08x%ld\r\n"
			    "To: <sip:%s@example.test>\r\n"
			    "Call-ID: %ld-%08x@load.example.test\r\n"
			    "CSeq: 1 MESSAGE\r\n"
			    "User-Agent: msgload\r\n"
			    "Content-Type: %s\r\n"
			    "Content-Length: %zu\r\n\r\n%s",
			    load.receiver, load.tcp ? "TCP" : "UDP", load.client_port, load.run, number, load.run, number,
			    load.receiver, number, load.run, load.type, strlen(load.body), load.body);
	char *mark = strstr(out, "########");
	if (mark != NULL)
		for (long left = number, at = 7; at >= 0; at--, left /= 10)
			mark[at] = (char)('0' + left % 10);
	load.sent_at[number] = now_ns();
	write_all(load.client, out, (size_t)size);
}

/* ---- sockets ---- */

static struct sockaddr_in address(const char *host, int port)
{
	struct sockaddr_in result = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, host, &result.sin_addr);
	return result;
}

static void watch(int fd, struct stream *stream)
{
	struct epoll_event event = { .events = EPOLLIN };

	/* A stream is known by its pointer, a bare socket by its number with the lowest bit set. */
	event.data.u64 = stream != NULL ? (uint64_t)(uintptr_t)stream : ((uint64_t)fd << 1) | 1u;
	if (epoll_ctl(load.poll, EPOLL_CTL_ADD, fd, &event) != 0)
		fail("epoll_ctl");
}

static struct stream *new_stream(int fd)
{
	struct stream *stream = calloc(1, sizeof *stream);
	int one = 1;

	stream->fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	watch(fd, stream);
	return stream;
}

static void open_sockets(int proxy_port, int server_port)
{
	int type = load.tcp ? SOCK_STREAM : SOCK_DGRAM, one = 1, large = 8 << 20;
	struct sockaddr_in here = address("127.0.0.1", 0), proxy = address("127.0.0.1", proxy_port),
			   there = address("127.0.0.2", server_port);
	socklen_t size = sizeof here;

	load.poll = epoll_create1(0);
	load.server = socket(AF_INET, type, 0);
	load.client = socket(AF_INET, type, 0);
	setsockopt(load.server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(load.server, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
	setsockopt(load.client, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
	if (bind(load.server, (struct sockaddr *)&there, sizeof there) != 0)
		fail("bind server");
	if (bind(load.client, (struct sockaddr *)&here, sizeof here) != 0)
		fail("bind client");
	if (load.tcp && listen(load.server, 64) != 0)
		fail("listen");
	if (connect(load.client, (struct sockaddr *)&proxy, sizeof proxy) != 0)
		fail("connect");
	getsockname(load.client, (struct sockaddr *)&here, &size);
	load.client_port = ntohs(here.sin_port);
	fcntl(load.server, F_SETFL, O_NONBLOCK);
	watch(load.server, NULL);
	if (load.tcp) {
		new_stream(load.client);
	} else {
		fcntl(load.client, F_SETFL, O_NONBLOCK);
		watch(load.client, NULL);
	}
}

static void on_ready(uint64_t data)
{
	if ((data & 1u) == 0) {
		struct stream *stream = (struct stream *)(uintptr_t)data;
		if (!on_stream(stream))
			epoll_ctl(load.poll, EPOLL_CTL_DEL, stream->fd, NULL);
		return;
	}
	int fd = (int)(data >> 1);
	if (!load.tcp) {
		on_datagram(fd);
		return;
	}
	int accepted = accept(fd, NULL, NULL);
	if (accepted >= 0)
		new_stream(accepted);
}

/* ---- run and report ---- */

static void run(double rate)
{
	uint64_t start = now_ns(), end = 0;
	struct epoll_event events[64];

	for (;;) {
		uint64_t now = now_ns();
		long due = (long)((double)(now - start) * rate / 1e9) + 1;
		for (int burst = 0; load.sent < load.total && load.sent < due && burst < 16; burst++)
			send_next();
		if (load.sent == load.total) {
			if (end == 0)
				end = now;
			if (load.ok + load.rejected == load.total || now > end + GRACE_MS * 1000000ull)
				return;
		}
		struct timespec wait = { 0, load.sent < due ? 0 : 100000 };
		int ready = epoll_pwait2(load.poll, events, 64, &wait, NULL);
		for (int i = 0; i < ready; i++)
			on_ready(events[i].data.u64);
	}
}

static int compare_micros(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "usage: %s udp|tcp PROXY_PORT SERVER_PORT RATE SECONDS [BODY [CONTENT_TYPE [RECEIVER]]]\n", argv[0]);
		return 2;
	}
	double rate = atof(argv[4]), seconds = atof(argv[5]);
	signal(SIGPIPE, SIG_IGN);
	load.tcp = strcmp(argv[1], "tcp") == 0;
	load.total = (long)(rate * seconds);
	load.body = argc > 6 ? argv[6]
			     : "Could you look at the third quarter's report before the call? The final one, "
			       "please, not the draft of Monday. See you at three.";
	load.type = argc > 7 ? argv[7] : "text/plain;charset=UTF-8";
	load.receiver = argc > 8 ? argv[8] : "bob";
	load.sent_at = calloc((size_t)load.total, sizeof *load.sent_at);
	load.micros = calloc((size_t)load.total, sizeof *load.micros);
	load.run = (unsigned)now_ns() ^ ((unsigned)getpid() << 16);
	open_sockets(atoi(argv[2]), atoi(argv[3]));
	uint64_t start = now_ns();
	run(rate);
	double wall = (double)(now_ns() - start) / 1e9;

	long answered = load.ok + load.rejected, kept = 0;
	for (long i = 0; i < load.total; i++)
		if (load.micros[i] != 0)
			load.micros[kept++] = load.micros[i];
	qsort(load.micros, (size_t)kept, sizeof *load.micros, compare_micros);
	printf("{\"transport\":\"%s\",\"rate\":%.0f,\"sent\":%ld,\"ok\":%ld,\"rejected\":%ld,\"lost\":%ld,\"wall_s\":%.2f,"
	       "\"p50_us\":%u,\"p99_us\":%u}\n",
	       argv[1], rate, load.sent, load.ok, load.rejected, load.total - answered, wall,
	       kept > 0 ? load.micros[kept / 2] : 0, kept > 0 ? load.micros[kept * 99 / 100] : 0);
	return answered == load.total ? 0 : 1;
}
