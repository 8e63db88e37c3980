/* Is this certificate revoked? Asked of a revocache server.
 *
 *   client HOST:PORT KNOWN CERTIFICATE.der [ISSUER.der]
 *
 * KNOWN says how the server is known: the file of a CA, or the fingerprint that `revocache serve` prints (SHA-256 of its
 * certificate, 64 hexadecimal digits). Exits with 0 if the certificate is good, 1 if it is revoked, 2 if nobody can tell,
 * 69 if the server does not answer, and above that for other errors.
 *
 *   cc client.c -o client $(pkg-config --cflags --libs revocache_client)
 */
#include <revocache_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    unsigned char *octets = malloc(REVOCACHE_MAX_CERTIFICATE);
    if (file == NULL || octets == NULL) {
        perror(path);
        exit(66);
    }
    *length = fread(octets, 1, REVOCACHE_MAX_CERTIFICATE, file);
    fclose(file);
    return octets;
}

/* Whether the text is a fingerprint, and if it is, its octets. */
static int read_fingerprint(const char *text, unsigned char *fingerprint) {
    if (strlen(text) != 2 * REVOCACHE_FINGERPRINT_OCTETS || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
        return 0;
    for (size_t i = 0; i < REVOCACHE_FINGERPRINT_OCTETS; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};
        fingerprint[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: client HOST:PORT CA-FILE|FINGERPRINT CERTIFICATE.der [ISSUER.der]\n");
        return 64;
    }
    unsigned char fingerprint[REVOCACHE_FINGERPRINT_OCTETS];
    revocache_client_options options = REVOCACHE_CLIENT_OPTIONS_INIT;
    if (read_fingerprint(argv[2], fingerprint))
        options.fingerprint = fingerprint;
    else
        options.ca_file = argv[2];
    options.deadline_ms = 2000;

    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_client *client;
    if (revocache_client_connect(argv[1], &options, &client, &error) != REVOCACHE_RESULT_OK) {
        fprintf(stderr, "client: %s\n", error.text);
        return 69;
    }

    size_t certificate_length, issuer_length = 0;
    unsigned char *certificate = read_file(argv[3], &certificate_length);
    unsigned char *issuer = argc == 5 ? read_file(argv[4], &issuer_length) : NULL;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_result result = revocache_client_check_certificate(client, certificate, certificate_length, issuer,
                                                                 issuer_length, NULL, &verdict, &error);
    free(certificate);
    free(issuer);
    revocache_client_free(client);

    switch (result) {
    case REVOCACHE_RESULT_GOOD:
        printf("good (generation %llu of the server)\n", (unsigned long long)verdict.generation);
        return 0;
    case REVOCACHE_RESULT_REVOKED:
        printf("revoked: %s, since %lld\n", revocache_reason_name(verdict.reason), (long long)verdict.revoked_at);
        return 1;
    case REVOCACHE_RESULT_UNKNOWN:
        printf("unknown: %s\n", revocache_cause_name(verdict.cause));
        return 2;
    default:
        fprintf(stderr, "client: %s\n", error.text);
        return result >= 300 && result < 400 ? 69 : 65;
    }
}
