/*
 * sipe-peer: pidgin-sipe without a window, for tests.
 *
 * Loads libpurple with its sipe plug-in, signs one account on, takes commands as lines on stdin and writes what the user
 * would have seen as one JSON object a line on stdout. Built by the driver beside this file:
 *   cc -o sipe-peer sipe-peer.c $(pkg-config --cflags --libs purple)
 *
 *   sipe-peer ACCOUNT SERVER TRANSPORT FOLDER      e.g.  sipe-peer bob@example.test 127.0.0.1:5060 tcp state
 *   stdin:   say WHOM TEXT     offer WHOM PATH     quit
 *   stdout:  {"event":"signed-on"}
 *            {"event":"message","who":…,"text":…}               something a peer has written
 *            {"event":"window","who":…,"text":…,"error":bool}    every line of a conversation window, errors too
 *            {"event":"transfer","what":…,"file":…,"direction":…}
 *            {"event":"disconnected","text":…}    {"event":"dialog-box","text":…}
 *
 * Limits: one account, files offered to it are refused, no TLS questions are asked, whatever they ask is answered yes.
 */
#define PURPLE_DISABLE_DEPRECATED
#include <glib-unix.h>
#include <purple.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GMainLoop *main_loop;
static PurpleAccount *own_account;

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

static void event_end(GString *line)
{
	puts(g_string_append_c(line, '}')->str);
	fflush(stdout);
	g_string_free(line, TRUE);
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

/* A question with buttons. An offered file has two (accept, cancel) and is declined, anything else gets its default. */
static void *on_question(const char *title, const char *primary, const char *secondary, int default_button,
			 PurpleAccount *account, const char *who, PurpleConversation *conversation, void *user_data,
			 size_t buttons, va_list rest)
{
	size_t wanted = buttons == 2 ? 1 : default_button >= 0 ? (size_t)default_button : 0;
	size_t at;

	for (at = 0; at < buttons; at++) {
		const char *label = va_arg(rest, const char *);
		PurpleRequestActionCb chosen = va_arg(rest, PurpleRequestActionCb);
		(void)label;
		if (at == wanted && chosen != NULL)
			chosen(user_data, (int)at);
	}
	return NULL;
}

static void on_disconnected(PurpleConnection *connection, PurpleConnectionError reason, const char *text)
{
	GString *line = event_begin("disconnected");
	event_text(line, "text", text);
	event_end(line);
}

static void tell_transfer(const char *what, PurpleXfer *transfer)
{
	GString *line = event_begin("transfer");
	event_text(line, "what", what);
	event_text(line, "file", purple_xfer_get_filename(transfer));
	event_text(line, "direction", purple_xfer_get_type(transfer) == PURPLE_XFER_SEND ? "send" : "receive");
	event_end(line);
}

static void on_new_transfer(PurpleXfer *transfer) { tell_transfer("new", transfer); }
static void on_cancelled_here(PurpleXfer *transfer) { tell_transfer("cancelled-here", transfer); }
static void on_cancelled_there(PurpleXfer *transfer) { tell_transfer("cancelled-there", transfer); }
static void on_transfer_signal(PurpleXfer *transfer, gpointer name) { tell_transfer(name, transfer); }

static PurpleConversationUiOps conversation_ops = { .write_conv = on_window_line };
static PurpleNotifyUiOps notify_ops = { .notify_message = on_dialog_box };
static PurpleRequestUiOps request_ops = { .request_action = on_question };
static PurpleConnectionUiOps connection_ops = { .report_disconnect_reason = on_disconnected };
static PurpleXferUiOps transfer_ops = {
	.new_xfer = on_new_transfer,
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
							"file-recv-request", "file-recv-cancel" };
	size_t at;

	purple_signal_connect(purple_connections_get_handle(), "signed-on", &handle, PURPLE_CALLBACK(on_signed_on), NULL);
	purple_signal_connect(purple_conversations_get_handle(), "received-im-msg", &handle, PURPLE_CALLBACK(on_message),
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

static void obey(char *command)
{
	gchar **words = g_strsplit(g_strchomp(command), " ", 3);
	guint count = g_strv_length(words);

	if (count == 3 && strcmp(words[0], "say") == 0)
		say(words[1], words[2]);
	else if (count == 3 && strcmp(words[0], "offer") == 0)
		serv_send_file(purple_account_get_connection(own_account), words[1], words[2]);
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

static gboolean start_purple(const char *folder)
{
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
	if (argc != 5) {
		fprintf(stderr, "usage: %s ACCOUNT SERVER:PORT tcp|tls FOLDER\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!start_purple(argv[4])) {
		fprintf(stderr, "libpurple does not start\n");
		return 1;
	}
	sign_on(argv[1], argv[2], argv[3]);
	g_io_add_watch(g_io_channel_unix_new(STDIN_FILENO), G_IO_IN | G_IO_HUP, on_stdin, NULL);
	main_loop = g_main_loop_new(NULL, FALSE);
	g_main_loop_run(main_loop);
	purple_core_quit();
	return 0;
}
