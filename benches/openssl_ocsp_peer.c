/* The same job with OpenSSL, for comparison: verify an OCSP response.
 *
 *   openssl_ocsp_peer RESPONSE.der CA.der SERIAL
 *
 * SERIAL in hexadecimal. Prints one JSON line: microseconds for the whole way from octets to an answer (decode,
 * OCSP_basic_verify, find the answer, check its dates) and for OCSP_basic_verify alone; the best of many short rounds in
 * one thread.
 */
#include <openssl/bn.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Short rounds, and many: the best of them was not interrupted. */
enum { ROUNDS = 400, VERIFICATIONS = 10, SKEW = 300 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *must(void *p, const char *what) {
    if (p == NULL) {
        fprintf(stderr, "openssl_ocsp_peer: %s failed\n", what);
        exit(1);
    }
    return p;
}

static void demand(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "openssl_ocsp_peer: %s failed\n", what);
        exit(1);
    }
}

int main(int argc, char **argv) {
    static unsigned char response[1 << 16];
    if (argc != 4) {
        fprintf(stderr, "usage: openssl_ocsp_peer RESPONSE.der CA.der SERIAL\n");
        return 64;
    }
    FILE *file = must(fopen(argv[1], "rb"), argv[1]);
    long size = (long)fread(response, 1, sizeof response, file);
    fclose(file);
    BIO *ca_file = must(BIO_new_file(argv[2], "rb"), argv[2]);
    X509 *ca = must(d2i_X509_bio(ca_file, NULL), "reading the CA");
    BIGNUM *number = NULL;
    demand(BN_hex2bn(&number, argv[3]) > 0, "reading the serial");
    ASN1_INTEGER *serial = must(BN_to_ASN1_INTEGER(number, NULL), "BN_to_ASN1_INTEGER");
    X509_STORE *store = must(X509_STORE_new(), "X509_STORE_new");
    demand(X509_STORE_add_cert(store, ca), "X509_STORE_add_cert");
    STACK_OF(X509) *certificates = must(sk_X509_new_null(), "sk_X509_new_null");
    sk_X509_push(certificates, ca);
    OCSP_CERTID *id = must(OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca), X509_get0_pubkey_bitstr(ca), serial),
                           "OCSP_cert_id_new");

    double best_whole = 1e9, best_verify = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double verifying = 0, started = now();
        for (int i = 0; i < VERIFICATIONS; i++) {
            const unsigned char *at = response;
            OCSP_RESPONSE *outer = must(d2i_OCSP_RESPONSE(NULL, &at, size), "d2i_OCSP_RESPONSE");
            demand(OCSP_response_status(outer) == OCSP_RESPONSE_STATUS_SUCCESSFUL, "the status");
            OCSP_BASICRESP *basic = must(OCSP_response_get1_basic(outer), "OCSP_response_get1_basic");
            double before = now();
            demand(OCSP_basic_verify(basic, certificates, store, 0) == 1, "OCSP_basic_verify");
            verifying += now() - before;
            int status, reason;
            ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
            demand(OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &this_update, &next_update),
                   "OCSP_resp_find_status");
            demand(status == V_OCSP_CERTSTATUS_GOOD, "the answer");
            demand(OCSP_check_validity(this_update, next_update, SKEW, -1), "OCSP_check_validity");
            OCSP_BASICRESP_free(basic);
            OCSP_RESPONSE_free(outer);
        }
        double elapsed = now() - started;
        if (elapsed < best_whole)
            best_whole = elapsed;
        if (verifying < best_verify)
            best_verify = verifying;
    }
    printf("{\"who\":\"openssl\",\"octets\":%ld,\"whole_us\":%.1f,\"basic_verify_us\":%.1f}\n", size,
           best_whole / VERIFICATIONS * 1e6, best_verify / VERIFICATIONS * 1e6);
    return 0;
}
