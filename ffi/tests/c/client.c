/* What revocache_client.h says of servers, held against a real one.
 *
 *   client HOST:PORT FINGERPRINT CA.pem WORLD CLOSED-PORT     says "stop the server", then waits for a line on stdin
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <revocache_client.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
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
static const char *server, *ca_file, *world, *closed;
static unsigned char fingerprint[REVOCACHE_FINGERPRINT_OCTETS];

/* Serial numbers of the world. */
static const unsigned char GOOD[] = {0x01}, REVOKED[] = {0x07}, NEGATIVE[] = {0x87};

typedef struct {
    unsigned char octets[8192];
    size_t length;
} contents;

static contents load(const char *name) {
    contents loaded;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", world, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        exit(66);
    loaded.length = fread(loaded.octets, 1, sizeof loaded.octets, file);
    fclose(file);
    return loaded;
}

static long milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static char certificate_file[4096], key_file[4096];

static revocache_client *connect_well(void) {
    revocache_client_options options = REVOCACHE_CLIENT_OPTIONS_INIT;
    revocache_client *client = NULL;
    options.fingerprint = fingerprint;
    options.certificate_file = certificate_file;
    options.key_file = key_file;
    if (revocache_client_connect(server, &options, &client, &error) != REVOCACHE_RESULT_OK) {
        fprintf(stderr, "connecting: %s\n", error.text);
        exit(1);
    }
    return client;
}

/* The server wants to see a certificate of its CA. */
static void identities(revocache_client_options options) {
    revocache_client *client = NULL;
    uint64_t generation = 0;
    options.deadline_ms = 2000;
    /* With TLS 1.3 a client hears that it is refused once it asks something. */
    if (revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_OK) {
        EXPECT(revocache_client_generation(client, &generation, &error) == REVOCACHE_RESULT_UNREACHABLE);
        revocache_client_free(client);
        client = NULL;
    }
    /* A program compiled before there were these fields does not mean anything by what lies behind. */
    options.size = (uint32_t)offsetof(revocache_client_options, certificate_file);
    options.certificate_file = "/nonexistent";
    EXPECT(revocache_client_connect(server, &options, &client, &error) != REVOCACHE_RESULT_IO);
    revocache_client_free(client);
    client = NULL;
    options.size = sizeof options;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_IO);
    EXPECT(strstr(error.text, "certificate_file") != NULL);
    options.certificate_file = NULL;
    options.key_file = key_file;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    /* There is no key in the file of the certificate, and no certificate in that of the key. */
    options.certificate_file = certificate_file;
    options.key_file = NULL;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    EXPECT(strstr(error.text, "private key") != NULL);
    options.certificate_file = key_file;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    EXPECT(client == NULL);
}

static void connecting(void) {
    revocache_client_options options = REVOCACHE_CLIENT_OPTIONS_INIT;
    revocache_client *client = NULL;
    EXPECT(revocache_client_connect(NULL, &options, &client, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(revocache_client_connect(server, NULL, &client, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(revocache_client_connect(server, &options, NULL, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    /* Nothing says how the server is known. */
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    options.fingerprint = fingerprint;
    options.ca_file = ca_file;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    options.ca_file = NULL;
    options.size = 3;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_SIZE);
    options.size = sizeof options;
    options.flags = 2;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    options.flags = 0;
    options.connections = REVOCACHE_MAX_CONNECTIONS + 1;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    options.connections = 2;
    static const char *const wrong[] = {"", "host", ":1", "host:", "host:0", "host:65536", "::1:4433", "\xff:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT(revocache_client_connect(wrong[i], &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    EXPECT(revocache_client_connect("nowhere.invalid:1", &options, &client, &error) == REVOCACHE_RESULT_UNREACHABLE);
    EXPECT(strstr(error.text, "nowhere.invalid") != NULL);
    options.connect_timeout_ms = 200;
    long started = milliseconds();
    EXPECT(revocache_client_connect(closed, &options, &client, &error) == REVOCACHE_RESULT_UNREACHABLE);
    EXPECT(milliseconds() - started < 3000);
    unsigned char other[REVOCACHE_FINGERPRINT_OCTETS] = {0};
    options.fingerprint = other;
    options.connect_timeout_ms = 0;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_UNREACHABLE);
    options.fingerprint = NULL;
    options.ca_file = "/nonexistent";
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_IO);
    options.ca_file = "/dev/null";
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    EXPECT(client == NULL);
    options.ca_file = ca_file;
    identities(options);
    options.certificate_file = certificate_file;
    options.key_file = key_file;
    options.flags = REVOCACHE_CLIENT_NO_EARLY_DATA;
    options.keep_alive_ms = 1000;
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_OK);
    uint64_t generation = 0;
    EXPECT(revocache_client_generation(client, &generation, &error) == REVOCACHE_RESULT_OK && generation > 0);
    EXPECT(revocache_client_generation(client, NULL, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    revocache_client_free(client);
    /* The name that the certificate must be for is another. */
    client = NULL;
    options.server_name = "somebody.else.example";
    EXPECT(revocache_client_connect(server, &options, &client, &error) == REVOCACHE_RESULT_UNREACHABLE);
    revocache_client_free(NULL);
    revocache_client_issuer_free(NULL);
}

static void certificates(revocache_client *client) {
    contents good = load("1.der"), revoked = load("7.der"), ca = load("ca.der"), foreign = load("foreign.der");
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    EXPECT(revocache_client_check_certificate(client, good.octets, good.length, ca.octets, ca.length, NULL, &verdict,
                                              &error) == REVOCACHE_RESULT_GOOD);
    EXPECT(verdict.decision == REVOCACHE_DECISION_ACCEPT && verdict.method == REVOCACHE_METHOD_CRL);
    EXPECT(verdict.generation > 0 && verdict.this_update != REVOCACHE_NO_TIME && verdict.has_crl_number == 1);
    EXPECT(revocache_client_check_certificate(client, revoked.octets, revoked.length, NULL, 0, NULL, &verdict,
                                              &error) == REVOCACHE_RESULT_REVOKED);
    EXPECT(verdict.decision == REVOCACHE_DECISION_REFUSE && verdict.reason == 1);
    EXPECT(verdict.revoked_at != REVOCACHE_NO_TIME);
    EXPECT(revocache_client_check_certificate(client, foreign.octets, foreign.length, NULL, 0, NULL, &verdict,
                                              &error) == REVOCACHE_RESULT_UNKNOWN);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_AUTHORITY_UNKNOWN && verdict.decision == REVOCACHE_DECISION_REFUSE);
    EXPECT(revocache_client_check_certificate(client, foreign.octets, foreign.length, ca.octets, ca.length, NULL,
                                              &verdict, &error) == REVOCACHE_RESULT_ISSUER_MISMATCH);
    EXPECT(revocache_client_check_certificate(client, GOOD, sizeof GOOD, NULL, 0, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_BAD_CERTIFICATE);
    EXPECT(revocache_client_check_certificate(NULL, good.octets, good.length, NULL, 0, NULL, &verdict, &error) ==
           REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(verdict.result == REVOCACHE_RESULT_NULL_ARGUMENT && verdict.decision == REVOCACHE_DECISION_REFUSE);
    /* Without a verdict and without an error. */
    EXPECT(revocache_client_check_certificate(client, good.octets, good.length, NULL, 0, NULL, NULL, NULL) ==
           REVOCACHE_RESULT_GOOD);

    revocache_request request = REVOCACHE_REQUEST_INIT;
    request.method = REVOCACHE_ASK_OCSP;
    request.on_unknown = REVOCACHE_SOFT_FAIL;
    EXPECT(revocache_client_check_certificate(client, good.octets, good.length, NULL, 0, &request, &verdict, &error) ==
           REVOCACHE_RESULT_UNKNOWN);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_OCSP_NO_RESPONDER && verdict.decision == REVOCACHE_DECISION_ACCEPT);
    request.method = REVOCACHE_ASK_CRL_THEN_OCSP;
    EXPECT(revocache_client_check_certificate(client, revoked.octets, revoked.length, NULL, 0, &request, &verdict,
                                              &error) == REVOCACHE_RESULT_REVOKED);
    for (int field = 0; field < 3; field++) {
        revocache_request wrong = REVOCACHE_REQUEST_INIT;
        (field == 0 ? &wrong.method : field == 1 ? &wrong.on_unknown : &wrong.flags)[0] = 4;
        EXPECT(revocache_client_check_certificate(client, good.octets, good.length, NULL, 0, &wrong, &verdict,
                                                  &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    }
    request.size = 1;
    EXPECT(revocache_client_check_certificate(client, good.octets, good.length, NULL, 0, &request, &verdict, &error) ==
           REVOCACHE_RESULT_BAD_SIZE);
}

static void cert_ids(revocache_client *client) {
    contents name = load("name.sha256"), key = load("key.sha256");
    revocache_cert_id id = {name.octets, key.octets, 32, REVOKED, sizeof REVOKED};
    EXPECT(revocache_client_check_cert_id(client, &id, NULL, NULL, &error) == REVOCACHE_RESULT_REVOKED);
    id.serial = GOOD;
    EXPECT(revocache_client_check_cert_id(client, &id, NULL, NULL, &error) == REVOCACHE_RESULT_GOOD);
    id.hash_length = 21;
    EXPECT(revocache_client_check_cert_id(client, &id, NULL, NULL, &error) == REVOCACHE_RESULT_BAD_ARGUMENT);
    EXPECT(revocache_client_check_cert_id(client, NULL, NULL, NULL, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    revocache_client_issuer *issuer = NULL;
    EXPECT(revocache_client_issuer_new_by_cert_id(client, name.octets, key.octets, 32, &issuer, &error) ==
           REVOCACHE_RESULT_OK);
    EXPECT(revocache_client_check_serial(issuer, REVOKED, 1, NULL, NULL, &error) == REVOCACHE_RESULT_REVOKED);
    revocache_client_issuer_free(issuer);
    /* Nobody of this name. */
    name.octets[0] ^= 1;
    EXPECT(revocache_client_issuer_new_by_cert_id(client, name.octets, key.octets, 32, &issuer, &error) ==
           REVOCACHE_RESULT_OK);
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    EXPECT(revocache_client_check_serial(issuer, GOOD, 1, NULL, &verdict, &error) == REVOCACHE_RESULT_UNKNOWN);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_AUTHORITY_UNKNOWN);
    revocache_client_issuer_free(issuer);
}

static void batches(const revocache_client_issuer *issuer) {
    enum { COUNT = 5000 };
    static revocache_octets serials[COUNT];
    static revocache_result results[COUNT];
    static revocache_verdict verdicts[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        serials[i].data = i % 7 == 0 ? REVOKED : GOOD;
        serials[i].length = 1;
        verdicts[i].size = sizeof verdicts[i];
    }
    EXPECT(revocache_client_check_batch(issuer, serials, COUNT, NULL, results, verdicts, &error) ==
           REVOCACHE_RESULT_REVOKED);
    int wrong = 0;
    for (size_t i = 0; i < COUNT; i++) {
        revocache_result wanted = i % 7 == 0 ? REVOCACHE_RESULT_REVOKED : REVOCACHE_RESULT_GOOD;
        wrong += results[i] != wanted || verdicts[i].result != (uint32_t)wanted;
    }
    EXPECT(wrong == 0);
    EXPECT(revocache_client_check_batch(issuer, serials + 1, 6, NULL, results, NULL, &error) == REVOCACHE_RESULT_GOOD);
    serials[2].data = NEGATIVE;
    serials[4].length = 0;
    EXPECT(revocache_client_check_batch(issuer, serials, 6, NULL, results, NULL, &error) ==
           REVOCACHE_RESULT_NEGATIVE_SERIAL);
    EXPECT(results[0] == REVOCACHE_RESULT_REVOKED && results[2] == REVOCACHE_RESULT_NEGATIVE_SERIAL);
    EXPECT(results[4] == REVOCACHE_RESULT_BAD_SERIAL && results[5] == REVOCACHE_RESULT_GOOD);
    EXPECT(revocache_client_check_batch(issuer, NULL, 0, NULL, NULL, NULL, &error) == REVOCACHE_RESULT_OK);
    EXPECT(revocache_client_check_batch(NULL, serials, 2, NULL, results, NULL, &error) ==
           REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(results[0] == REVOCACHE_RESULT_NULL_ARGUMENT && results[1] == REVOCACHE_RESULT_NULL_ARGUMENT);
}

static void *ask_often(void *issuer) {
    size_t wrong = 0;
    for (int i = 0; i < 200; i++) {
        wrong += revocache_client_check_serial(issuer, GOOD, 1, NULL, NULL, NULL) != REVOCACHE_RESULT_GOOD;
        wrong += revocache_client_check_serial(issuer, REVOKED, 1, NULL, NULL, NULL) != REVOCACHE_RESULT_REVOKED;
    }
    return wrong == 0 ? NULL : issuer;
}

static void threads(revocache_client_issuer *issuer) {
    pthread_t ids[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&ids[i], NULL, ask_often, issuer);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        pthread_join(ids[i], &failed);
        EXPECT(failed == NULL);
    }
}

#ifndef ADDRESS_SANITIZER
/* The number of children's complaints is their exit code. */
static int in_the_child(revocache_client *client, revocache_client_issuer *issuer) {
    contents good = load("1.der");
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_request soft = REVOCACHE_REQUEST_INIT;
    revocache_octets serial = {GOOD, 1};
    revocache_result result;
    uint64_t generation;
    failures = 0;
    long started = milliseconds();
    soft.on_unknown = REVOCACHE_SOFT_FAIL;
    EXPECT(revocache_client_check_serial(issuer, GOOD, 1, &soft, &verdict, &error) == REVOCACHE_RESULT_WRONG_PROCESS);
    /* It is the caller's mistake, so that even a soft policy refuses. */
    EXPECT(verdict.result == REVOCACHE_RESULT_WRONG_PROCESS && verdict.decision == REVOCACHE_DECISION_REFUSE);
    EXPECT(strstr(error.text, "forked") != NULL);
    EXPECT(revocache_client_check_certificate(client, good.octets, good.length, NULL, 0, NULL, NULL, NULL) ==
           REVOCACHE_RESULT_WRONG_PROCESS);
    EXPECT(revocache_client_check_batch(issuer, &serial, 1, NULL, &result, NULL, NULL) ==
           REVOCACHE_RESULT_WRONG_PROCESS);
    EXPECT(result == REVOCACHE_RESULT_WRONG_PROCESS);
    EXPECT(revocache_client_generation(client, &generation, NULL) == REVOCACHE_RESULT_WRONG_PROCESS);
    revocache_client_issuer_free(issuer);
    revocache_client_free(client);
    EXPECT(milliseconds() - started < 1000);
    /* Its own are as good as the parent's. */
    revocache_client *own = connect_well();
    EXPECT(revocache_client_check_certificate(own, good.octets, good.length, NULL, 0, NULL, NULL, NULL) ==
           REVOCACHE_RESULT_GOOD);
    revocache_client_free(own);
    return failures;
}

static void forks(void) {
    contents ca = load("ca.der");
    revocache_client *client = connect_well();
    revocache_client_issuer *issuer = NULL;
    EXPECT(revocache_client_issuer_new(client, ca.octets, ca.length, &issuer, &error) == REVOCACHE_RESULT_OK);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(in_the_child(client, issuer));
    int status = -1;
    /* The parent's go on as if nothing had happened. */
    EXPECT(ask_often(issuer) == NULL);
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    EXPECT(ask_often(issuer) == NULL);
    revocache_client_issuer_free(issuer);
    revocache_client_free(client);
}
#endif

int main(int argc, char **argv) {
    if (argc != 6)
        return 64;
    server = argv[1];
    for (size_t i = 0; i < sizeof fingerprint; i++) {
        char digits[3] = {argv[2][2 * i], argv[2][2 * i + 1], 0};
        fingerprint[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    ca_file = argv[3];
    world = argv[4];
    closed = argv[5];
    snprintf(certificate_file, sizeof certificate_file, "%s/client.pem", world);
    snprintf(key_file, sizeof key_file, "%s/client.key", world);
    EXPECT(revocache_has_feature("client") && revocache_has_feature("ocsp") && revocache_has_feature("crl"));
    connecting();
    /* Before there is any thread, so that the child is a plain one. AddressSanitizer cannot allocate in a child whose
     * parent's other thread was allocating when it forked. */
#ifndef ADDRESS_SANITIZER
    forks();
#endif
    revocache_client *client = connect_well();
    revocache_client_issuer *issuer = NULL;
    contents ca = load("ca.der");
    EXPECT(revocache_client_issuer_new(client, ca.octets, ca.length, &issuer, &error) == REVOCACHE_RESULT_OK);
    EXPECT(revocache_client_issuer_new(NULL, ca.octets, ca.length, &issuer, &error) == REVOCACHE_RESULT_NULL_ARGUMENT);
    EXPECT(revocache_client_check_serial(issuer, NEGATIVE, 1, NULL, NULL, &error) == REVOCACHE_RESULT_NEGATIVE_SERIAL);
    certificates(client);
    cert_ids(client);
    batches(issuer);
    threads(issuer);
    /* An issuer outlives the client it was made from. */
    revocache_client_free(client);
    EXPECT(ask_often(issuer) == NULL);

    printf("stop the server\n");
    fflush(stdout);
    char line[16];
    if (fgets(line, sizeof line, stdin) == NULL)
        return 65;
    revocache_request request = REVOCACHE_REQUEST_INIT;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    request.deadline_ms = 300;
    request.on_unknown = REVOCACHE_SOFT_FAIL;
    long started = milliseconds();
    revocache_result result = revocache_client_check_serial(issuer, GOOD, 1, &request, &verdict, &error);
    EXPECT(result == REVOCACHE_RESULT_TIMED_OUT || result == REVOCACHE_RESULT_UNREACHABLE);
    EXPECT(verdict.result == (uint32_t)result && verdict.decision == REVOCACHE_DECISION_ACCEPT);
    EXPECT(milliseconds() - started < 2000);
    request.on_unknown = REVOCACHE_HARD_FAIL;
    EXPECT(revocache_client_check_serial(issuer, GOOD, 1, &request, &verdict, &error) >= 300);
    EXPECT(verdict.decision == REVOCACHE_DECISION_REFUSE);
    revocache_client_issuer_free(issuer);
    printf("%d failures\n", failures);
    return failures != 0;
}
