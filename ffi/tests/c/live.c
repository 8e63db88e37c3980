/* What revocache_client.h says of OCSP responders, held against a real one.
 *
 *   live WORLD RESPONDER CLOSED      CLOSED is a URL where nobody answers
 */
#define _GNU_SOURCE
#include <revocache_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitizer.h"

static int failures;

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n  %s\n", __FILE__, __LINE__, #condition, error.text);                          \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

static revocache_error error = REVOCACHE_ERROR_INIT;
static char folder[4096];
static const unsigned char GOOD[] = {0x11, 0x22, 0x33, 0x44}, BY_OCSP[] = {0x55, 0x66, 0x77, 0x08};
static const unsigned char BY_LIST[] = {0x00, 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04};

static size_t load(const char *world, const char *name, unsigned char *room, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", world, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        exit(66);
    size_t length = fread(room, 1, size, file);
    fclose(file);
    return length;
}

static revocache_live *open_well(const char *const *responders, size_t count) {
    revocache_live_options options = REVOCACHE_LIVE_OPTIONS_INIT;
    revocache_live *live = NULL;
    options.responders = responders;
    options.responder_count = count;
    options.budget_ms = 2000;
    if (revocache_live_open(folder, &options, &live, &error) != REVOCACHE_RESULT_OK) {
        fprintf(stderr, "opening: %s\n", error.text);
        exit(1);
    }
    return live;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 64;
    static unsigned char ca[8192], good[8192], listed[8192], name_hash[32], key_hash[32];
    snprintf(folder, sizeof folder, "%s/index", argv[1]);
    size_t ca_length = load(argv[1], "ca.der", ca, sizeof ca), good_length = load(argv[1], "good.der", good, sizeof good);
    size_t listed_length = load(argv[1], "revoked.der", listed, sizeof listed);
    load(argv[1], "name.sha256", name_hash, sizeof name_hash);
    load(argv[1], "key.sha256", key_hash, sizeof key_hash);
    const char *responder = argv[2], *nobody = argv[3];

    revocache_live_options options = REVOCACHE_LIVE_OPTIONS_INIT;
    revocache_live *live = NULL;
    EXPECT(revocache_live_open(NULL, NULL, &live, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(revocache_live_open(folder, NULL, NULL, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(revocache_live_open("/nonexistent", NULL, &live, &error) == REVOCACHE_RESULT_NO_INDEX);
    options.method = 4;
    EXPECT(revocache_live_open(folder, &options, &live, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    options.method = 0;
    options.flags = 4;
    EXPECT(revocache_live_open(folder, &options, &live, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    options.flags = 0;
    options.responder_count = 1;
    EXPECT(revocache_live_open(folder, &options, &live, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    const char *no_url = "ftp://example.org/";
    options.responders = &no_url;
    EXPECT(revocache_live_open(folder, &options, &live, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    options.responder_count = REVOCACHE_MAX_RESPONDERS + 1;
    EXPECT(revocache_live_open(folder, &options, &live, &error) == REVOCACHE_RESULT_TOO_LONG);
    options.size = 0;
    EXPECT(revocache_live_open(folder, &options, &live, &error) == REVOCACHE_RESULT_BAD_SIZE);
    EXPECT(live == NULL);
    revocache_live_free(NULL);

    live = open_well(&responder, 1);
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_request by_lists = REVOCACHE_REQUEST_INIT;
    by_lists.method = REVOCACHE_ASK_CRL;
    /* The lists are of the past, the responder's answers are not. */
    EXPECT(revocache_live_check_certificate(live, good, good_length, NULL, 0, &by_lists, &verdict, &error) ==
           REVOCACHE_RESULT_UNKNOWN);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_STALE);
    EXPECT(revocache_live_check_certificate(live, good, good_length, ca, ca_length, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_GOOD);
    EXPECT(verdict.method == REVOCACHE_METHOD_OCSP && verdict.decision == REVOCACHE_DECISION_ACCEPT);
    EXPECT(revocache_live_check_serial(live, ca, ca_length, BY_OCSP, sizeof BY_OCSP, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_REVOKED);
    EXPECT(verdict.method == REVOCACHE_METHOD_OCSP && verdict.reason == 1 && verdict.revoked_at == 1707993000);
    /* What a list denies stays denied, whatever its age. */
    EXPECT(revocache_live_check_certificate(live, listed, listed_length, NULL, 0, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_REVOKED);
    EXPECT(verdict.method == REVOCACHE_METHOD_CRL);
    revocache_cert_id id = {name_hash, key_hash, 32, BY_OCSP, sizeof BY_OCSP};
    EXPECT(revocache_live_check_cert_id(live, &id, NULL, &verdict, &error) == REVOCACHE_RESULT_REVOKED);
    id.serial = BY_LIST;
    id.serial_length = sizeof BY_LIST;
    EXPECT(revocache_live_check_cert_id(live, &id, NULL, NULL, NULL) == REVOCACHE_RESULT_REVOKED);
    EXPECT(revocache_live_check_cert_id(NULL, &id, NULL, NULL, NULL) == REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(revocache_live_check_cert_id(live, NULL, NULL, NULL, NULL) == REVOCACHE_RESULT_NULL_ARGUMENT);

    /* A child gets an error, and may open its own; not with AddressSanitizer, which cannot allocate in a child whose
     * parent's other thread was allocating when it forked. */
#ifndef ADDRESS_SANITIZER
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
        EXPECT(revocache_live_check_certificate(live, good, good_length, NULL, 0, NULL, &verdict, &error) ==
               REVOCACHE_RESULT_WRONG_PROCESS);
        EXPECT(verdict.decision == REVOCACHE_DECISION_REFUSE);
        revocache_live_free(live);
        live = open_well(&responder, 1);
        EXPECT(revocache_live_check_certificate(live, good, good_length, NULL, 0, NULL, &verdict, &error) ==
               REVOCACHE_RESULT_GOOD);
        revocache_live_free(live);
        _exit(failures);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
#endif
    EXPECT(revocache_live_check_certificate(live, good, good_length, NULL, 0, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_GOOD);
    revocache_live_free(live);

    live = open_well(&nobody, 1);
    error.text[0] = 0;
    EXPECT(revocache_live_check_serial(live, ca, ca_length, GOOD, sizeof GOOD, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_UNKNOWN);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_OCSP_UNAVAILABLE && verdict.decision == REVOCACHE_DECISION_REFUSE);
    /* An answer, and yet the error tells what happened. */
    EXPECT(error.result == REVOCACHE_RESULT_UNKNOWN && strstr(error.text, nobody) != NULL);
    revocache_live_free(live);

    live = open_well(NULL, 0);
    EXPECT(revocache_live_check_serial(live, ca, ca_length, GOOD, sizeof GOOD, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_UNKNOWN);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_OCSP_NO_RESPONDER || verdict.cause == REVOCACHE_CAUSE_STALE);
    revocache_live_free(live);
    printf("%d failures\n", failures);
    return failures != 0;
}
