/* Prints each line of its input as libpurple shows it: with its links in anchors. */
#include <purple.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  static char line[65536];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *shown = purple_markup_linkify(line);
    puts(shown);
    g_free(shown);
  }
  return 0;
}
