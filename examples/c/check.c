/* Is this certificate revoked?
 *
 *   check INDEX CERTIFICATE.der [ISSUER.der]
 *
 * INDEX is the folder that `revocache build --index` was told. Exits with 0 if the certificate is good, 1 if it is
 * revoked, 2 if the index cannot tell, and above that for errors.
 *
 *   cc check.c -o check $(pkg-config --cflags --libs revocache)
 */
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

static void print_time(const char *what, int64_t seconds) {
    char text[32] = "not announced";
    if (seconds != REVOCACHE_NO_TIME) {
        time_t time = (time_t)seconds;
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&time));
    }
    printf("  %-12s %s\n", what, text);
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: check INDEX CERTIFICATE.der [ISSUER.der]\n");
        return 64;
    }
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_index *index;
    if (revocache_open_folder(argv[1], NULL, &index, &error) != REVOCACHE_RESULT_OK) {
        fprintf(stderr, "check: %s\n", error.text);
        return 74;
    }

    size_t certificate_length, issuer_length = 0;
    unsigned char *certificate = read_file(argv[2], &certificate_length);
    unsigned char *issuer = argc == 4 ? read_file(argv[3], &issuer_length) : NULL;

    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_result result = revocache_check_certificate(index, certificate, certificate_length, issuer,
                                                          issuer_length, NULL, &verdict, &error);
    free(certificate);
    free(issuer);
    revocache_index_free(index);

    int code;
    switch (result) {
    case REVOCACHE_RESULT_GOOD:
        printf("good\n");
        code = 0;
        break;
    case REVOCACHE_RESULT_REVOKED:
        printf("revoked: %s\n", revocache_reason_name(verdict.reason));
        print_time("since", verdict.revoked_at);
        code = 1;
        break;
    case REVOCACHE_RESULT_UNKNOWN:
        printf("unknown: %s\n", revocache_cause_name(verdict.cause));
        code = 2;
        break;
    default:
        fprintf(stderr, "check: %s\n", error.text);
        return 65;
    }
    if (verdict.this_update != REVOCACHE_NO_TIME) {
        print_time("list of", verdict.this_update);
        print_time("next update", verdict.next_update);
    }
    printf("  %-12s %llu\n", "generation", (unsigned long long)verdict.generation);
    return code;
}
