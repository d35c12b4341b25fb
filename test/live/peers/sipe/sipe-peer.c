/*
 * sipe-peer: pidgin-sipe without a window, for tests.
 *
 * Loads libpurple with its sipe plug-in, signs one account on, takes commands as lines on stdin and writes what the user
 * would have seen as one JSON object a line on stdout. Built by the driver beside this file:
 *   cc -o sipe-peer sipe-peer.c $(pkg-config --cflags --libs purple)
 *
 *   sipe-peer ACCOUNT SERVER TRANSPORT FOLDER [OWN-ADDRESS]
 *            e.g.  sipe-peer bob@example.test 127.0.0.1:5060 tcp state
 *            OWN-ADDRESS: where it believes to be, else libpurple finds out. Behind a private one it does not listen
 *            for the receivers of its files ("Connectivity: N").
 *   stdin:   say WHOM TEXT     offer WHOM PATH     mode accept|deny|ignore     cancel     quit
 *            mode: what becomes of offered files, "deny" at the start; "accept" saves them in FOLDER/received.
 *            cancel: gives up every transfer that is under way.
 *   stdout:  {"event":"signed-on"}               {"event":"mode","text":…}
 *            {"event":"message","who":…,"text":…}               something a peer has written
 *            {"event":"window","who":…,"text":…,"error":bool}    every line of a conversation window, errors too
 *            {"event":"transfer","what":…,"file":…,"direction":…,"path":…,"size":…,"moved":…,"onDisk":…,"status":…}
 *                 what: new, file-recv-request, file-recv-start, file-recv-complete, file-send-start, …,
 *                 cancelled-here, cancelled-there, settled. The MAC is looked at after "complete": "settled" tells how it
 *                 came out, once for each transfer that was complete or cancelled. onDisk: bytes under that path at
 *                 this moment, -1 when there is no file.
 *            {"event":"disconnected","text":…}    {"event":"dialog-box","text":…}
 *
 * Limits: one account, no TLS questions are asked, whatever they ask is answered yes.
 * Three faults of the client are worked around, or some transfers would not end; each is explained where it is done:
 * mark_complete, make_nonblocking and purple_circ_buffer_mark_read. Two that are not: transfers in both directions at once, and empty files, hang.
 */
#define PURPLE_DISABLE_DEPRECATED
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <purple.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static GMainLoop *main_loop;
static PurpleAccount *own_account;
static gchar *received_folder;
static GList *live_transfers;
static enum { DENY, ACCEPT, IGNORE } mode = DENY;

/* ---- one JSON object a line ---- */

static GString *event_begin(const char *name)
{
	GString *line = g_string_new(NULL);
	g_string_printf(line, "{\"event\":\"%s\"", name);
	return line;
}

static void event_text(GString *line, const char *key, const char *value)
{
	const char *at;

	g_string_append_printf(line, ",\"%s\":\"", key);
	for (at = value != NULL ? value : ""; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;
		if (byte < 0x20)
			g_string_append_printf(line, "\\u%04x", byte);
		else if (byte == '"' || byte == '\\')
			g_string_append_printf(line, "\\%c", byte);
		else
			g_string_append_c(line, (gchar)byte);
	}
	g_string_append_c(line, '"');
}

static void event_flag(GString *line, const char *key, gboolean value)
{
	g_string_append_printf(line, ",\"%s\":%s", key, value ? "true" : "false");
}

static void event_number(GString *line, const char *key, gint64 value)
{
	g_string_append_printf(line, ",\"%s\":%" G_GINT64_FORMAT, key, value);
}

static void event_end(GString *line)
{
	puts(g_string_append_c(line, '}')->str);
	fflush(stdout);
	g_string_free(line, TRUE);
}

/*
 * In the place of libpurple's own, whose buffer of what is to be written goes wrong when a message has filled it to the last
 * byte (a REGISTER of 768 bytes, for example): it then writes the next one without end. An empty buffer begins anew.
 */
gboolean purple_circ_buffer_mark_read(PurpleCircBuffer *buffer, gsize length)
{
	if (purple_circ_buffer_get_max_read(buffer) < length)
		return FALSE;
	buffer->outptr += length;
	buffer->bufused -= length;
	if (buffer->bufused == 0)
		buffer->inptr = buffer->outptr = buffer->buffer;
	else if ((gsize)(buffer->outptr - buffer->buffer) == buffer->buflen)
		buffer->outptr = buffer->buffer;
	return TRUE;
}

/* ---- libpurple asks its user interface for an event loop: GLib's ---- */

struct watch {
	PurpleInputFunction call;
	gpointer data;
};

static gboolean on_descriptor(gint fd, GIOCondition ready, gpointer data)
{
	const struct watch *watch = data;
	int condition = 0;

	if ((ready & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0)
		condition |= PURPLE_INPUT_READ;
	if ((ready & (G_IO_OUT | G_IO_HUP | G_IO_ERR)) != 0)
		condition |= PURPLE_INPUT_WRITE;
	watch->call(watch->data, fd, condition);
	return G_SOURCE_CONTINUE;
}

static guint watch_descriptor(gint fd, PurpleInputCondition wanted, PurpleInputFunction call, gpointer data)
{
	struct watch *watch = g_new(struct watch, 1);
	GIOCondition condition = G_IO_HUP | G_IO_ERR;

	watch->call = call;
	watch->data = data;
	if ((wanted & PURPLE_INPUT_READ) != 0)
		condition |= G_IO_IN;
	if ((wanted & PURPLE_INPUT_WRITE) != 0)
		condition |= G_IO_OUT;
	return g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, condition, on_descriptor, watch, g_free);
}

static PurpleEventLoopUiOps event_loop = {
	.timeout_add = g_timeout_add,
	.timeout_remove = g_source_remove,
	.input_add = watch_descriptor,
	.input_remove = g_source_remove,
	.timeout_add_seconds = g_timeout_add_seconds,
};

/* ---- what a window would show ---- */

static void on_window_line(PurpleConversation *conversation, const char *name, const char *alias, const char *text,
			   PurpleMessageFlags flags, time_t when)
{
	GString *line = event_begin("window");
	event_text(line, "who", purple_conversation_get_name(conversation));
	event_text(line, "text", text);
	event_flag(line, "error", (flags & PURPLE_MESSAGE_ERROR) != 0);
	event_end(line);
}

static void *on_dialog_box(PurpleNotifyMsgType type, const char *title, const char *primary, const char *secondary)
{
	gchar *text = g_strdup_printf("%s: %s %s", title ? title : "", primary ? primary : "", secondary ? secondary : "");
	GString *line = event_begin("dialog-box");
	event_text(line, "text", text);
	event_end(line);
	g_free(text);
	return NULL;
}

struct answer {
	PurpleRequestActionCb chosen;
	gpointer data;
	int button;
};

/* Not while the question is still being asked: no user is that fast, and the plug-in does not survive it. */
static gboolean give_answer(gpointer data)
{
	struct answer *answer = data;

	answer->chosen(answer->data, answer->button);
	g_free(answer);
	return G_SOURCE_REMOVE;
}

/*
 * A question with buttons. An offered file has two (accept, cancel): it is declined or left unanswered, for what is accepted
 * is not asked about (on_receive_request). Anything else gets its default.
 */
static void *on_question(const char *title, const char *primary, const char *secondary, int default_button,
			 PurpleAccount *account, const char *who, PurpleConversation *conversation, void *user_data,
			 size_t buttons, va_list rest)
{
	size_t wanted = buttons == 2 ? 1 : default_button >= 0 ? (size_t)default_button : 0;
	size_t at;

	if (buttons == 2 && mode == IGNORE)
		return NULL;
	for (at = 0; at < buttons; at++) {
		const char *label = va_arg(rest, const char *);
		PurpleRequestActionCb chosen = va_arg(rest, PurpleRequestActionCb);
		(void)label;
		if (at == wanted && chosen != NULL) {
			struct answer *answer = g_new(struct answer, 1);
			answer->chosen = chosen;
			answer->data = user_data;
			answer->button = (int)at;
			g_idle_add(give_answer, answer);
		}
	}
	return NULL;
}

static void on_disconnected(PurpleConnection *connection, PurpleConnectionError reason, const char *text)
{
	GString *line = event_begin("disconnected");
	event_text(line, "text", text);
	event_end(line);
}

/* ---- file transfers ---- */

static gint64 bytes_on_disk(const char *path)
{
	GStatBuf found;

	return path != NULL && g_stat(path, &found) == 0 ? (gint64)found.st_size : -1;
}

static const char *status_name(PurpleXferStatusType status)
{
	switch (status) {
	case PURPLE_XFER_STATUS_NOT_STARTED: return "not-started";
	case PURPLE_XFER_STATUS_ACCEPTED: return "accepted";
	case PURPLE_XFER_STATUS_STARTED: return "started";
	case PURPLE_XFER_STATUS_DONE: return "done";
	case PURPLE_XFER_STATUS_CANCEL_LOCAL: return "cancelled-here";
	case PURPLE_XFER_STATUS_CANCEL_REMOTE: return "cancelled-there";
	default: return "unknown";
	}
}

static void tell_transfer(const char *what, PurpleXfer *transfer)
{
	GString *line = event_begin("transfer");
	event_text(line, "what", what);
	event_text(line, "file", purple_xfer_get_filename(transfer));
	event_text(line, "direction", purple_xfer_get_type(transfer) == PURPLE_XFER_SEND ? "send" : "receive");
	event_text(line, "path", purple_xfer_get_local_filename(transfer));
	event_number(line, "size", (gint64)purple_xfer_get_size(transfer));
	event_number(line, "moved", (gint64)purple_xfer_get_bytes_sent(transfer));
	event_number(line, "onDisk", bytes_on_disk(purple_xfer_get_local_filename(transfer)));
	event_text(line, "status", status_name(purple_xfer_get_status(transfer)));
	event_end(line);
}

/* Kept for good: sipe uses a transfer once more after it has let go of it, when the connection breaks. */
static void on_new_transfer(PurpleXfer *transfer)
{
	purple_xfer_ref(transfer);
	live_transfers = g_list_append(live_transfers, transfer);
	tell_transfer("new", transfer);
}

static void on_transfer_gone(PurpleXfer *transfer)
{
	live_transfers = g_list_remove(live_transfers, transfer);
	if (transfer->ui_data == NULL)
		tell_transfer("settled", transfer);
}

/* Runs when libpurple and the plug-in are through with the signal that announced it; sipe may keep the transfer for long. */
static gboolean tell_settled(gpointer data)
{
	PurpleXfer *transfer = data;

	if (g_list_find(live_transfers, transfer) != NULL && transfer->ui_data == NULL) {
		transfer->ui_data = transfer;
		tell_transfer("settled", transfer);
	}
	return G_SOURCE_REMOVE;
}

static void tell_end(const char *what, PurpleXfer *transfer)
{
	tell_transfer(what, transfer);
	g_idle_add(tell_settled, transfer);
}

static void on_cancelled_here(PurpleXfer *transfer) { tell_end("cancelled-here", transfer); }
static void on_cancelled_there(PurpleXfer *transfer) { tell_end("cancelled-there", transfer); }

/*
 * libpurple 2.14 does not mark a received file complete when the plug-in reads by its own function, and sipe 1.25 relies on
 * the mark: without this the receiver never says BYE. It is set just before libpurple asks for it.
 */
static void mark_complete(PurpleXfer *transfer, double percent)
{
	gboolean receives = purple_xfer_get_type(transfer) == PURPLE_XFER_RECEIVE;
	goffset size = purple_xfer_get_size(transfer);

	if (receives && size > 0 && !purple_xfer_is_completed(transfer) && (goffset)purple_xfer_get_bytes_sent(transfer) >= size)
		purple_xfer_set_completed(transfer, TRUE);
}

/*
 * sipe 1.25 leaves the socket that it accepted in blocking mode and reads for an early CCL before every chunk: on Linux the
 * sender then hangs for good. Done before the first chunk is written.
 */
static gboolean make_nonblocking(gpointer data)
{
	const PurpleXfer *transfer = data;

	if (g_list_find(live_transfers, transfer) != NULL && transfer->fd >= 0)
		fcntl(transfer->fd, F_SETFL, fcntl(transfer->fd, F_GETFL, 0) | O_NONBLOCK);
	return G_SOURCE_REMOVE;
}

static void on_transfer_signal(PurpleXfer *transfer, gpointer name)
{
	if (g_str_has_suffix(name, "-complete"))
		tell_end(name, transfer);
	else
		tell_transfer(name, transfer);
	if (strcmp(name, "file-send-start") == 0)
		g_idle_add_full(G_PRIORITY_HIGH, make_nonblocking, transfer, NULL);
}

/* Accepted here, it is not asked about. The name is the sender's: nothing of it but its last part becomes a path. */
static void on_receive_request(PurpleXfer *transfer, gpointer data)
{
	tell_transfer("file-recv-request", transfer);
	if (mode == ACCEPT) {
		gchar *name = g_path_get_basename(purple_xfer_get_filename(transfer));
		gchar *path = g_build_filename(received_folder, name, NULL);

		purple_xfer_request_accepted(transfer, path);
		g_free(path);
		g_free(name);
	}
}

static gboolean under_way(PurpleXfer *transfer)
{
	PurpleXferStatusType status = purple_xfer_get_status(transfer);

	return g_list_find(live_transfers, transfer) != NULL && status != PURPLE_XFER_STATUS_DONE &&
	       status != PURPLE_XFER_STATUS_CANCEL_LOCAL && status != PURPLE_XFER_STATUS_CANCEL_REMOTE;
}

/* Not the finished ones: sipe keeps those, and does not survive that they are cancelled. */
static void cancel_transfers(void)
{
	GList *copy = g_list_copy(live_transfers);
	GList *at;

	for (at = copy; at != NULL; at = at->next)
		if (under_way(at->data))
			purple_xfer_cancel_local(at->data);
	g_list_free(copy);
}

static PurpleConversationUiOps conversation_ops = { .write_conv = on_window_line };
static PurpleNotifyUiOps notify_ops = { .notify_message = on_dialog_box };
static PurpleRequestUiOps request_ops = { .request_action = on_question };
static PurpleConnectionUiOps connection_ops = { .report_disconnect_reason = on_disconnected };
static PurpleXferUiOps transfer_ops = {
	.new_xfer = on_new_transfer,
	.destroy = on_transfer_gone,
	.update_progress = mark_complete,
	.cancel_local = on_cancelled_here,
	.cancel_remote = on_cancelled_there,
};

static void install_window(void)
{
	purple_connections_set_ui_ops(&connection_ops);
	purple_conversations_set_ui_ops(&conversation_ops);
	purple_notify_set_ui_ops(&notify_ops);
	purple_request_set_ui_ops(&request_ops);
	purple_xfers_set_ui_ops(&transfer_ops);
}

static PurpleCoreUiOps core_ops = { .ui_init = install_window };

/* ---- signals ---- */

static void on_signed_on(PurpleConnection *connection, gpointer data) { event_end(event_begin("signed-on")); }

static void on_message(PurpleAccount *account, char *who, char *text, PurpleConversation *conversation,
		       PurpleMessageFlags flags, gpointer data)
{
	GString *line = event_begin("message");
	event_text(line, "who", who);
	event_text(line, "text", text);
	event_end(line);
}

static void connect_signals(void)
{
	static int handle;
	static const char *const transfer_signals[] = { "file-send-start", "file-send-cancel", "file-send-complete",
							"file-recv-start", "file-recv-cancel",
							"file-recv-complete" };
	size_t at;

	purple_signal_connect(purple_connections_get_handle(), "signed-on", &handle, PURPLE_CALLBACK(on_signed_on), NULL);
	purple_signal_connect(purple_conversations_get_handle(), "received-im-msg", &handle, PURPLE_CALLBACK(on_message),
			      NULL);
	purple_signal_connect(purple_xfers_get_handle(), "file-recv-request", &handle, PURPLE_CALLBACK(on_receive_request),
			      NULL);
	for (at = 0; at < G_N_ELEMENTS(transfer_signals); at++)
		purple_signal_connect(purple_xfers_get_handle(), transfer_signals[at], &handle,
				      PURPLE_CALLBACK(on_transfer_signal), (gpointer)transfer_signals[at]);
}

/* ---- commands ---- */

static void say(const char *whom, const char *text)
{
	PurpleConversation *conversation =
		purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, whom, own_account);

	if (conversation == NULL)
		conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, own_account, whom);
	purple_conv_im_send(PURPLE_CONV_IM(conversation), text);
}

static void choose_mode(const char *name)
{
	GString *line;

	mode = strcmp(name, "accept") == 0 ? ACCEPT : strcmp(name, "ignore") == 0 ? IGNORE : DENY;
	line = event_begin("mode");
	event_text(line, "text", name);
	event_end(line);
}

static void obey(char *command)
{
	gchar **words = g_strsplit(g_strchomp(command), " ", 3);
	guint count = g_strv_length(words);

	if (count == 3 && strcmp(words[0], "say") == 0)
		say(words[1], words[2]);
	else if (count == 3 && strcmp(words[0], "offer") == 0)
		serv_send_file(purple_account_get_connection(own_account), words[1], words[2]);
	else if (count == 2 && strcmp(words[0], "mode") == 0)
		choose_mode(words[1]);
	else if (count == 1 && strcmp(words[0], "cancel") == 0)
		cancel_transfers();
	else
		g_main_loop_quit(main_loop);
	g_strfreev(words);
}

static gboolean on_stdin(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	gchar *command = NULL;
	GIOStatus status = g_io_channel_read_line(channel, &command, NULL, NULL, NULL);

	if (status == G_IO_STATUS_NORMAL)
		obey(command);
	else if (status != G_IO_STATUS_AGAIN)
		g_main_loop_quit(main_loop);
	g_free(command);
	return G_SOURCE_CONTINUE;
}

static gboolean start_purple(const char *folder, const char *own_address)
{
	received_folder = g_build_filename(folder, "received", NULL);
	if (g_mkdir_with_parents(received_folder, 0700) != 0)
		return FALSE;
	purple_util_set_user_dir(folder);
	purple_debug_set_enabled(FALSE);
	purple_core_set_ui_ops(&core_ops);
	purple_eventloop_set_ui_ops(&event_loop);
	if (!purple_core_init("sluice-test"))
		return FALSE;
	purple_set_blist(purple_blist_new());
	purple_prefs_load();
	purple_prefs_set_bool("/purple/logging/log_ims", FALSE);
	purple_prefs_set_bool("/purple/away/away_when_idle", FALSE);
	purple_prefs_set_bool("/purple/network/auto_ip", own_address == NULL);
	purple_prefs_set_string("/purple/network/public_ip", own_address != NULL ? own_address : "");
	connect_signals();
	return TRUE;
}

/* The plug-in's account name is "address,login". Authentication plays no part: the server asks for none. */
static void sign_on(const char *address, const char *server, const char *transport)
{
	gchar *login = g_strndup(address, strcspn(address, "@"));
	gchar *name = g_strdup_printf("%s,%s", address, login);

	own_account = purple_account_new(name, "prpl-sipe");
	purple_account_set_password(own_account, "secret");
	purple_account_set_string(own_account, "server", server);
	purple_account_set_string(own_account, "transport", transport);
	purple_account_set_string(own_account, "authentication", "ntlm");
	purple_account_set_bool(own_account, "dont-publish", TRUE);
	purple_accounts_add(own_account);
	purple_account_set_enabled(own_account, purple_core_get_ui(), TRUE);
	purple_savedstatus_activate(purple_savedstatus_new(NULL, PURPLE_STATUS_AVAILABLE));
	g_free(name);
	g_free(login);
}

int main(int argc, char **argv)
{
	if (argc != 5 && argc != 6) {
		fprintf(stderr, "usage: %s ACCOUNT SERVER:PORT tcp|tls FOLDER [OWN-ADDRESS]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!start_purple(argv[4], argv[5])) {
		fprintf(stderr, "libpurple does not start\n");
		return 1;
	}
	sign_on(argv[1], argv[2], argv[3]);
	/* sipe seeds with the second in which it starts: those that start together would have the same Call-IDs. */
	srand((unsigned)getpid() * 2654435761u ^ (unsigned)time(NULL));
	g_io_add_watch(g_io_channel_unix_new(STDIN_FILENO), G_IO_IN | G_IO_HUP, on_stdin, NULL);
	main_loop = g_main_loop_new(NULL, FALSE);
	g_main_loop_run(main_loop);
	purple_core_quit();
	return 0;
}
