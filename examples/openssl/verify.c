/* A TLS server and client: the verify callback of OpenSSL asks revocache.
 *
 *   verify serve INDEX CA.pem CERTIFICATE.pem KEY.pem [PORT]     accepts clients with certificates of CA
 *   verify connect PORT CA.pem CERTIFICATE.pem KEY.pem           exits with 0 if it was welcome, 1 if it was refused
 *
 * The server logs why it refuses somebody. It needs no restart when a certificate is revoked: the next handshake is
 * answered from the next generation of the index.
 *
 *   cc verify.c -o verify $(pkg-config --cflags --libs revocache openssl)
 */
#define _POSIX_C_SOURCE 200112L
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <revocache.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int index_slot; /* of the revocache_index in the SSL_CTX */

static void log_refusal(X509 *certificate, revocache_result result, const revocache_verdict *verdict,
                        const revocache_error *error) {
    char subject[256], since[32] = "";
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    if (result == REVOCACHE_RESULT_REVOKED) {
        time_t time = (time_t)verdict->revoked_at;
        strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", gmtime(&time));
        printf("refused %s: revoked since %s, reason %s (generation %llu)\n", subject, since,
               revocache_reason_name(verdict->reason), (unsigned long long)verdict->generation);
    } else if (result == REVOCACHE_RESULT_UNKNOWN) {
        printf("refused %s: status unknown, %s\n", subject, revocache_cause_name(verdict->cause));
    } else {
        printf("refused %s: %s\n", subject, error->text);
    }
    fflush(stdout);
}

/* OpenSSL calls this for every certificate of a chain it has built, the anchor first. */
static int ask_revocache(int accepted, X509_STORE_CTX *store) {
    if (!accepted)
        return 0; /* refused already, for another reason */
    int depth = X509_STORE_CTX_get_error_depth(store);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    if (depth + 1 >= sk_X509_num(chain))
        return 1; /* the trust anchor: nobody revokes it */

    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    revocache_index *index = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index_slot);
    unsigned char *der = NULL, *issuer = NULL;
    int length = i2d_X509(certificate, &der), issuer_length = i2d_X509(sk_X509_value(chain, depth + 1), &issuer);

    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_result result = revocache_check_certificate(index, der, length > 0 ? (size_t)length : 0, issuer,
                                                          issuer_length > 0 ? (size_t)issuer_length : 0, NULL,
                                                          &verdict, &error);
    OPENSSL_free(der);
    OPENSSL_free(issuer);
    if (verdict.decision == REVOCACHE_DECISION_ACCEPT)
        return 1;
    log_refusal(certificate, result, &verdict, &error);
    /* Decides which alert the client gets: certificate_revoked, or unknown_ca. */
    X509_STORE_CTX_set_error(store, result == REVOCACHE_RESULT_REVOKED ? X509_V_ERR_CERT_REVOKED
                                                                       : X509_V_ERR_UNABLE_TO_GET_CRL);
    return 0;
}

static void fail(const char *what) {
    fprintf(stderr, "verify: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(74);
}

static SSL_CTX *context(const SSL_METHOD *method, const char *ca, const char *certificate, const char *key) {
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (ctx == NULL || SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        fail("the certificates cannot be loaded");
    return ctx;
}

static struct sockaddr_in local(int port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void serve(char **argv, int port) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_index *index;
    /* Once, at the start; handshakes follow new generations by themselves. */
    if (revocache_open_folder(argv[2], NULL, &index, &error) != REVOCACHE_RESULT_OK)
        fail(error.text);

    SSL_CTX *ctx = context(TLS_server_method(), argv[3], argv[4], argv[5]);
    index_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    SSL_CTX_set_ex_data(ctx, index_slot, index);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, ask_revocache);
    /* A resumed session skips the callback, and with it the check. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = local(port);
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("cannot listen");
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        SSL *ssl = SSL_new(ctx);
        if (connection < 0 || ssl == NULL)
            fail("cannot accept");
        SSL_set_fd(ssl, connection);
        if (SSL_accept(ssl) == 1) {
            printf("welcomed a client\n");
            fflush(stdout);
            SSL_write(ssl, "welcome\n", 8);
            SSL_shutdown(ssl);
        }
        ERR_clear_error();
        SSL_free(ssl);
        close(connection);
    }
}

static int connect_to(char **argv) {
    SSL_CTX *ctx = context(TLS_client_method(), argv[3], argv[4], argv[5]);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    struct sockaddr_in address = local(atoi(argv[2]));
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect");
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, connection);
    char answer[64];
    /* In TLS 1.3 the server judges the client after the client's part of the handshake, so the answer tells. */
    int got = SSL_connect(ssl) == 1 ? SSL_read(ssl, answer, sizeof answer - 1) : -1;
    if (got > 0) {
        answer[got] = 0;
        printf("%s", answer);
    } else {
        unsigned long reason = ERR_peek_error();
        printf("refused: %s\n", reason ? ERR_reason_error_string(reason) : "connection closed");
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(connection);
    return got > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if ((argc == 6 || argc == 7) && strcmp(argv[1], "serve") == 0)
        serve(argv, argc == 7 ? atoi(argv[6]) : 0);
    if (argc == 6 && strcmp(argv[1], "connect") == 0)
        return connect_to(argv);
    fprintf(stderr, "usage: verify serve INDEX CA.pem CERTIFICATE.pem KEY.pem [PORT]\n"
                    "       verify connect PORT CA.pem CERTIFICATE.pem KEY.pem\n");
    return 64;
}
