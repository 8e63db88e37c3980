/* The same job with OpenSSL, for comparison: load a CRL, verify it, look serials up.
 *
 *   openssl_peer CRL.der CA.der PRESENT.txt ABSENT.txt
 *
 * The text files hold serials in hexadecimal, one a line. Prints one JSON line. Times are of the monotonic clock in
 * one thread; memory is the process's peak.
 */
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *must(void *p, const char *what) {
    if (p == NULL) {
        fprintf(stderr, "openssl_peer: %s failed\n", what);
        exit(1);
    }
    return p;
}

static size_t read_serials(const char *path, ASN1_INTEGER ***serials) {
    FILE *file = must(fopen(path, "r"), path);
    char line[128];
    size_t count = 0, room = 1024;
    *serials = must(malloc(room * sizeof **serials), "malloc");
    while (fgets(line, sizeof line, file) != NULL) {
        BIGNUM *number = NULL;
        line[strcspn(line, "\n")] = '\0';
        if (BN_hex2bn(&number, line) == 0)
            continue;
        if (count == room) {
            room *= 2;
            *serials = must(realloc(*serials, room * sizeof **serials), "realloc");
        }
        (*serials)[count++] = must(BN_to_ASN1_INTEGER(number, NULL), "BN_to_ASN1_INTEGER");
        BN_free(number);
    }
    fclose(file);
    return count;
}

/* Nanoseconds for one lookup, the best of five passes; *found counts the hits of one pass. */
static double time_lookups(X509_CRL *crl, ASN1_INTEGER **serials, size_t count, size_t *found) {
    double best = 1e9;
    for (int pass = 0; pass < 5; pass++) {
        size_t hits = 0;
        double started = now();
        for (size_t i = 0; i < count; i++) {
            X509_REVOKED *entry;
            hits += X509_CRL_get0_by_serial(crl, &entry, serials[i]) > 0;
        }
        double elapsed = (now() - started) / (double)count * 1e9;
        if (elapsed < best)
            best = elapsed;
        *found = hits;
    }
    return best;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: openssl_peer CRL.der CA.der PRESENT.txt ABSENT.txt\n");
        return 64;
    }
    ASN1_INTEGER **present, **absent;
    size_t present_count = read_serials(argv[3], &present);
    size_t absent_count = read_serials(argv[4], &absent);
    BIO *ca_file = must(BIO_new_file(argv[2], "rb"), "opening the CA");
    X509 *ca = must(d2i_X509_bio(ca_file, NULL), "reading the CA");

    double started = now();
    BIO *crl_file = must(BIO_new_file(argv[1], "rb"), "opening the CRL");
    X509_CRL *crl = must(d2i_X509_CRL_bio(crl_file, NULL), "reading the CRL");
    double loaded = now();
    if (X509_CRL_verify(crl, X509_get0_pubkey(ca)) != 1) {
        fprintf(stderr, "openssl_peer: the signature does not verify\n");
        return 1;
    }
    double verified = now();
    X509_REVOKED *entry;
    X509_CRL_get0_by_serial(crl, &entry, absent[0]); /* sorts */
    double answered = now();

    size_t hits, false_hits;
    double positive = time_lookups(crl, present, present_count, &hits);
    double negative = time_lookups(crl, absent, absent_count, &false_hits);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"who\":\"openssl\",\"load_ms\":%.1f,\"verify_ms\":%.1f,\"sort_ms\":%.1f,\"first_answer_ms\":%.1f,"
           "\"positive_ns\":%.1f,\"negative_ns\":%.1f,\"hits\":%zu,\"of\":%zu,\"false_hits\":%zu,\"peak_mib\":%.1f}\n",
           (loaded - started) * 1e3, (verified - loaded) * 1e3, (answered - verified) * 1e3,
           (answered - started) * 1e3, positive, negative, hits, present_count, false_hits,
           (double)usage.ru_maxrss / 1024);
    return 0;
}
