/* Asks dirmngr whether certificates are revoked, as fast as it answers.
 *
 *   dirmngr_peer SOCKET ISSUER_HASH SERIALS.txt SECONDS CONNECTIONS
 *
 * The text file holds serials in hexadecimal, one a line. Each connection has a thread of its own and one question in
 * the air: the protocol (Assuan) knows no more. Prints one JSON line. The answers counted are "OK" (on no list) and the
 * error code of a revoked certificate.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, LINE = 1024 };

static const char *socket_path, *issuer;
static char **serials;
static size_t serial_count;
static double end;

struct asker {
    pthread_t thread;
    size_t first;
    unsigned long good, revoked, other;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "dirmngr_peer: %s\n", what);
    exit(1);
}

/* Reads lines until one ends the answer; leaves that one in `line`. Status lines ("S ...") come before it. */
static void read_answer(FILE *stream, char line[LINE]) {
    do {
        if (fgets(line, LINE, stream) == NULL)
            fail("dirmngr has closed the connection");
    } while (strncmp(line, "OK", 2) != 0 && strncmp(line, "ERR", 3) != 0);
}

static void *ask(void *argument) {
    struct asker *asker = argument;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[LINE], question[LINE];
    strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect");
    FILE *stream = fdopen(fd, "r");
    if (stream == NULL)
        fail("fdopen failed");
    read_answer(stream, line);
    for (size_t next = asker->first; now() < end; next++) {
        int length = snprintf(question, sizeof question, "ISVALID %s.%s\n", issuer, serials[next % serial_count]);
        if (write(fd, question, (size_t)length) != length)
            fail("cannot write");
        read_answer(stream, line);
        if (strncmp(line, "OK", 2) == 0)
            asker->good++;
        else if (strstr(line, "revoked") != NULL)
            asker->revoked++;
        else if (asker->other++ == 0)
            fprintf(stderr, "dirmngr_peer: %s", line);
    }
    fclose(stream);
    return NULL;
}

static void read_serials(const char *path) {
    FILE *file = fopen(path, "r");
    char line[LINE];
    size_t room = 0;
    if (file == NULL)
        fail("cannot read the serials");
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (serial_count == room) {
            room = room * 2 + 1024;
            serials = realloc(serials, room * sizeof *serials);
        }
        if (serials == NULL || (serials[serial_count++] = strdup(line)) == NULL)
            fail("no memory");
    }
    fclose(file);
    if (serial_count == 0)
        fail("no serials");
}

int main(int argc, char **argv) {
    struct asker askers[MOST_CONNECTIONS] = {0};
    unsigned long good = 0, revoked = 0, other = 0;
    if (argc != 6)
        fail("usage: dirmngr_peer SOCKET ISSUER_HASH SERIALS.txt SECONDS CONNECTIONS");
    socket_path = argv[1];
    issuer = argv[2];
    read_serials(argv[3]);
    double seconds = atof(argv[4]);
    int connections = atoi(argv[5]);
    if (connections < 1 || connections > MOST_CONNECTIONS || seconds <= 0)
        fail("1 to 64 connections, and some seconds");
    end = now() + seconds;
    for (int i = 0; i < connections; i++) {
        askers[i].first = serial_count / (size_t)connections * (size_t)i;
        if (pthread_create(&askers[i].thread, NULL, ask, &askers[i]) != 0)
            fail("cannot start a thread");
    }
    for (int i = 0; i < connections; i++) {
        pthread_join(askers[i].thread, NULL);
        good += askers[i].good;
        revoked += askers[i].revoked;
        other += askers[i].other;
    }
    printf("{\"peer\":\"dirmngr\",\"connections\":%d,\"good\":%lu,\"revoked\":%lu,\"other\":%lu,\"queries_per_second\":%.0f}\n",
           connections, good, revoked, other, (double)(good + revoked) / seconds);
    return good + revoked > 0 ? 0 : 1;
}
