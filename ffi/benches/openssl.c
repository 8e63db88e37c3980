/* revocache through its C ABI and OpenSSL, side by side over the same list in one process.
 *
 *   openssl INDEX CA.der CRL.der PRESENT.txt ABSENT.txt
 *
 * The text files hold serials in hexadecimal, one a line. Lookups alternate between the two, slice by slice, in processor
 * time of the thread, and the lowest slice counts: on a shared machine everything else is somebody else's time. Fresh
 * questions are asked for the first time, so that what they need of the index comes from afar. Prints one
 * JSON line.
 */
#define _GNU_SOURCE
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLICE = 19200, SERIAL = 24, BATCH = 64, ROUNDS = 3 };

typedef struct {
    size_t count;
    unsigned char (*octets)[SERIAL];
    size_t *lengths;
    ASN1_INTEGER **integers;
} serials;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *must(void *pointer, const char *what) {
    if (pointer == NULL) {
        fprintf(stderr, "openssl: %s failed\n", what);
        exit(1);
    }
    return pointer;
}

static void must_be(int holds, const char *what) { must(holds ? (void *)&must_be : NULL, what); }

/* Memory of this process in KiB that no file backs and no other process shares. */
static long private_kib(void) {
    FILE *file = must(fopen("/proc/self/smaps_rollup", "r"), "reading smaps_rollup");
    char line[256];
    long sum = 0, kib;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Anonymous: %ld", &kib) == 1 || sscanf(line, "Swap: %ld", &kib) == 1)
            sum += kib;
    }
    fclose(file);
    return sum;
}

static serials load_serials(const char *path) {
    serials loaded = {0, NULL, NULL, NULL};
    FILE *file = must(fopen(path, "r"), path);
    char line[128];
    size_t room = 1 << 20;
    loaded.octets = must(malloc(room * sizeof *loaded.octets), "malloc");
    loaded.lengths = must(malloc(room * sizeof *loaded.lengths), "malloc");
    loaded.integers = must(malloc(room * sizeof *loaded.integers), "malloc");
    while (loaded.count < room && fgets(line, sizeof line, file) != NULL) {
        BIGNUM *number = NULL;
        line[strcspn(line, "\n")] = 0;
        if (BN_hex2bn(&number, line) == 0)
            continue;
        /* The content of the DER INTEGER: a 00 in front of a top bit. */
        unsigned char *octets = loaded.octets[loaded.count];
        size_t length = (size_t)BN_bn2bin(number, octets + 1);
        octets[0] = 0;
        if (octets[1] < 0x80)
            memmove(octets, octets + 1, length);
        else
            length++;
        loaded.lengths[loaded.count] = length;
        loaded.integers[loaded.count++] = must(BN_to_ASN1_INTEGER(number, NULL), "BN_to_ASN1_INTEGER");
        BN_free(number);
    }
    fclose(file);
    return loaded;
}

static unsigned char *load(const char *path, long *length) {
    FILE *file = must(fopen(path, "rb"), path);
    fseek(file, 0, SEEK_END);
    *length = ftell(file);
    rewind(file);
    unsigned char *octets = must(malloc((size_t)*length), "malloc");
    must_be(fread(octets, 1, (size_t)*length, file) == (size_t)*length, "reading");
    fclose(file);
    return octets;
}

static revocache_policy policy = REVOCACHE_POLICY_INIT;
static volatile int64_t sink;

static double ask_revocache(const revocache_issuer *issuer, serials asked, size_t *hits) {
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    double started = now();
    size_t found = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < asked.count; i++) {
        found += revocache_check_serial(issuer, asked.octets[i], asked.lengths[i], &policy, &verdict, NULL) ==
                 REVOCACHE_RESULT_REVOKED;
        sum += verdict.revoked_at;
    }
    *hits = found;
    sink = sum;
    return (now() - started) / (double)asked.count;
}

/* As above, for hosts that want yes or no. */
static double ask_briefly(const revocache_issuer *issuer, serials asked, size_t *hits) {
    double started = now();
    size_t found = 0;
    for (size_t i = 0; i < asked.count; i++)
        found += revocache_check_serial(issuer, asked.octets[i], asked.lengths[i], &policy, NULL, NULL) ==
                 REVOCACHE_RESULT_REVOKED;
    *hits = found;
    return (now() - started) / (double)asked.count;
}

static double ask_in_batches(const revocache_issuer *issuer, serials asked, size_t *hits) {
    static revocache_octets questions[BATCH];
    static revocache_result results[BATCH];
    double started = now();
    size_t found = 0;
    for (size_t first = 0; first + BATCH <= asked.count; first += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            questions[i].data = asked.octets[first + i];
            questions[i].length = asked.lengths[first + i];
        }
        revocache_check_batch(issuer, questions, BATCH, &policy, results, NULL, NULL);
        for (size_t i = 0; i < BATCH; i++)
            found += results[i] == REVOCACHE_RESULT_REVOKED;
    }
    *hits = found;
    return (now() - started) / (double)(asked.count / BATCH * BATCH);
}

static double ask_openssl(X509_CRL *crl, serials asked, size_t *hits) {
    double started = now();
    size_t found = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < asked.count; i++) {
        X509_REVOKED *entry = NULL;
        if (X509_CRL_get0_by_serial(crl, &entry, asked.integers[i]) == 1) {
            found++;
            sum += X509_REVOKED_get0_revocationDate(entry)->length;
        }
    }
    *hits = found;
    sink = sum;
    return (now() - started) / (double)asked.count;
}

/* Some of the questions, so that a slice is shorter than a time slice of the machine. */
static serials slice_of(const serials *whole, size_t first) {
    serials part = {SLICE, whole->octets + first, whole->lengths + first, whole->integers + first};
    return part;
}

/* Has questions near, as a host has those that it has just read. */
static void read_once(serials asked) {
    int64_t sum = 0;
    for (size_t i = 0; i < asked.count; i++)
        sum += asked.octets[i][0] + asked.octets[i][SERIAL - 1] + (int64_t)asked.lengths[i];
    sink = sum;
}

static void keep_least(double *least, double value) {
    if (*least == 0 || value < *least)
        *least = value;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: openssl INDEX CA.der CRL.der PRESENT.txt ABSENT.txt\n");
        return 64;
    }
    serials present = load_serials(argv[4]), absent = load_serials(argv[5]);
    if (present.count < SLICE) { /* small lists: ask for each several times */
        for (size_t i = 0; present.count < SLICE; i++) {
            memcpy(present.octets[present.count], present.octets[i], SERIAL);
            present.lengths[present.count] = present.lengths[i];
            present.integers[present.count++] = present.integers[i];
        }
    }
    must_be(absent.count >= SLICE, "enough questions");
    long ca_length, crl_length;
    unsigned char *ca_der = load(argv[2], &ca_length), *crl_der = load(argv[3], &crl_length);
    policy.at = 1739577600; /* 2025-02-15, within the list's dates */

    long before = private_kib();
    double started = now();
    revocache_index *index;
    revocache_issuer *issuer;
    revocache_error error = REVOCACHE_ERROR_INIT;
    must_be(revocache_open_folder(argv[1], NULL, &index, &error) == REVOCACHE_RESULT_OK, error.text);
    must_be(revocache_issuer_new(index, ca_der, (size_t)ca_length, &issuer, &error) == REVOCACHE_RESULT_OK, error.text);
    must_be(revocache_check_serial(issuer, absent.octets[0], absent.lengths[0], &policy, NULL, NULL) ==
                REVOCACHE_RESULT_GOOD,
            "the first answer");
    double own_start = now() - started;
    size_t hits;
    ask_revocache(issuer, present, &hits);
    ask_revocache(issuer, absent, &hits);
    long own_memory = private_kib() - before;

    before = private_kib();
    started = now();
    const unsigned char *at = ca_der;
    X509 *ca = must(d2i_X509(NULL, &at, ca_length), "d2i_X509");
    at = crl_der;
    X509_CRL *crl = must(d2i_X509_CRL(NULL, &at, crl_length), "d2i_X509_CRL");
    must_be(X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1, "X509_CRL_verify");
    X509_REVOKED *entry;
    X509_CRL_get0_by_serial(crl, &entry, absent.integers[0]);
    double its_start = now() - started;
    long its_memory = private_kib() - before;

    double own_negative = 0, own_positive = 0, fresh_negative = 0, fresh_positive = 0, brief_negative = 0, batch_negative = 0, batch_positive = 0,
           its_negative = 0, its_positive = 0;
    /* A kind at a time, so that what is in the caches is there for its own sake; the first round of a slice is fresh. */
    for (size_t first = 0; first + SLICE <= absent.count; first += SLICE) {
        serials none = slice_of(&absent, first), all = slice_of(&present, first % (present.count - SLICE + 1));
        read_once(none);
        for (int round = 0; round < ROUNDS; round++) {
            double took = ask_revocache(issuer, none, &hits);
            keep_least(round == 0 ? &fresh_negative : &own_negative, took);
            must_be(hits == 0, "finding none");
        }
        for (int round = 0; round < ROUNDS; round++) {
            keep_least(&brief_negative, ask_briefly(issuer, none, &hits));
            must_be(hits == 0, "finding none without verdicts");
        }
        for (int round = 0; round < ROUNDS; round++) {
            keep_least(&batch_negative, ask_in_batches(issuer, none, &hits));
            must_be(hits == 0, "finding none in batches");
        }
        read_once(all);
        for (int round = 0; round < ROUNDS; round++) {
            double took = ask_revocache(issuer, all, &hits);
            keep_least(round == 0 ? &fresh_positive : &own_positive, took);
            must_be(hits == SLICE, "finding all");
        }
        for (int round = 0; round < ROUNDS; round++) {
            keep_least(&batch_positive, ask_in_batches(issuer, all, &hits));
            must_be(hits == SLICE, "finding all in batches");
        }
        for (int round = 0; round < ROUNDS; round++) {
            keep_least(&its_negative, ask_openssl(crl, none, &hits));
            must_be(hits == 0, "OpenSSL finding none");
        }
        for (int round = 0; round < ROUNDS; round++) {
            keep_least(&its_positive, ask_openssl(crl, all, &hits));
            must_be(hits == SLICE, "OpenSSL finding all");
        }
    }
    printf("{\"entries\":%d,\"negative_ns\":%.1f,\"negative_without_verdict_ns\":%.1f,\"positive_ns\":%.1f,"
           "\"batch_negative_ns\":%.1f,\"batch_positive_ns\":%.1f,"
           "\"fresh_negative_ns\":%.1f,\"fresh_positive_ns\":%.1f,\"openssl_negative_ns\":%.0f,"
           "\"openssl_positive_ns\":%.0f,\"times_faster\":{\"negative\":%.1f,\"negative_without_verdict\":%.1f,\"positive\":%.0f,\"batch_negative\":%.0f},"
           "\"start_ms\":%.2f,\"openssl_start_ms\":%.1f,\"private_kib\":%ld,\"openssl_private_kib\":%ld}\n",
           sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), own_negative, brief_negative, own_positive, batch_negative,
           batch_positive, fresh_negative, fresh_positive, its_negative, its_positive, its_negative / own_negative,
           its_negative / brief_negative, its_positive / own_positive,
           its_negative / batch_negative, own_start / 1e6, its_start / 1e6, own_memory, its_memory);
    return 0;
}
