/* Many threads, one handle, while the index changes under them.
 *
 *   threads INDEX ISSUER.der SERIAL-IN-HEX THREADS GENERATION
 *
 * Every thread asks about the serial as fast as it can, until the index has reached GENERATION. Run `revocache build`
 * beside it. Prints how often each thread asked and what it was told; fails if an answer ever came from an older
 * generation than the one before, or was an error.
 *
 *   cc -pthread threads.c -o threads $(pkg-config --cflags --libs revocache)
 */
#include <pthread.h>
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    pthread_t thread;
    const revocache_issuer *issuer;
    const unsigned char *serial;
    size_t serial_length;
    uint64_t until;
    unsigned long long good, revoked, unknown, generations, failures;
} worker;

static void *ask(void *argument) {
    worker *self = argument;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    uint64_t last = 0;
    while (last < self->until) {
        switch (revocache_check_serial(self->issuer, self->serial, self->serial_length, NULL, &verdict, NULL)) {
        case REVOCACHE_RESULT_GOOD: self->good++; break;
        case REVOCACHE_RESULT_REVOKED: self->revoked++; break;
        case REVOCACHE_RESULT_UNKNOWN: self->unknown++; break;
        default: self->failures++; return NULL;
        }
        if (verdict.generation < last) {
            self->failures++;
            return NULL;
        }
        self->generations += verdict.generation != last;
        last = verdict.generation;
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: threads INDEX ISSUER.der SERIAL-IN-HEX THREADS GENERATION\n");
        return 64;
    }
    static unsigned char certificate[65536], serial[64];
    FILE *file = fopen(argv[2], "rb");
    if (file == NULL) {
        perror(argv[2]);
        return 66;
    }
    size_t certificate_length = fread(certificate, 1, sizeof certificate, file), serial_length = 0;
    fclose(file);
    for (const char *digits = argv[3]; digits[0] != 0 && digits[1] != 0 && serial_length < sizeof serial; digits += 2) {
        char octet[3] = {digits[0], digits[1], 0};
        serial[serial_length++] = (unsigned char)strtoul(octet, NULL, 16);
    }
    size_t threads = strtoul(argv[4], NULL, 10);
    worker *workers = calloc(threads, sizeof *workers);

    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_index *index;
    revocache_issuer *issuer = NULL;
    if (workers == NULL || revocache_open_folder(argv[1], NULL, &index, &error) != REVOCACHE_RESULT_OK ||
        revocache_issuer_new(index, certificate, certificate_length, &issuer, &error) != REVOCACHE_RESULT_OK) {
        fprintf(stderr, "threads: %s\n", error.text);
        return 74;
    }
    printf("ready\n");
    fflush(stdout);

    for (size_t i = 0; i < threads; i++) {
        workers[i].issuer = issuer;
        workers[i].serial = serial;
        workers[i].serial_length = serial_length;
        workers[i].until = strtoull(argv[5], NULL, 10);
        pthread_create(&workers[i].thread, NULL, ask, &workers[i]);
    }
    unsigned long long failures = 0;
    for (size_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        printf("thread %zu: %llu good, %llu revoked, %llu unknown; %llu generations, %llu failures\n", i,
               workers[i].good, workers[i].revoked, workers[i].unknown, workers[i].generations, workers[i].failures);
        failures += workers[i].failures;
    }
    /* The issuer keeps what it needs of the index, so the order does not matter. */
    revocache_index_free(index);
    revocache_issuer_free(issuer);
    free(workers);
    return failures == 0 ? 0 : 1;
}
