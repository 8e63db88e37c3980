/* Revocation checks for programs that verify client certificates with OpenSSL, such as nginx and HAProxy, without
 * changing them: the verify callback they set is wrapped in one that asks revocache.
 *
 *   cc -shared -fPIC preload.c -o librevocache-preload.so $(pkg-config --cflags --libs revocache) -ldl
 *   REVOCACHE_INDEX=/var/lib/revocache/index LD_PRELOAD=/usr/local/lib/librevocache-preload.so nginx
 *
 * A certificate that is not accepted gets OpenSSL's error "certificate revoked" or, where the index cannot tell, "unable
 * to get certificate CRL". What happens then is the program's business: nginx answers 400 and sets $ssl_client_verify to
 * FAILED:certificate revoked; HAProxy ends the handshake unless crt-ignore-err names the error. REVOCACHE_SOFT_FAIL=1
 * accepts what the index cannot tell.
 *
 * The index is opened when the program sets its first callback, before it forks its workers. If it cannot be opened, the
 * program does not start: a server that is told to check must not run without checking. Resumed TLS sessions are not
 * verified again by OpenSSL; switch resumption off (nginx: ssl_session_tickets off; ssl_session_cache off) or keep
 * sessions short.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*verify_callback)(int, X509_STORE_CTX *);

static revocache_index *index_handle;
static revocache_policy policy = REVOCACHE_POLICY_INIT;
static int callback_slot = -1; /* of the program's own callback in the SSL_CTX */

static int is_refused(X509_STORE_CTX *store) {
    int depth = X509_STORE_CTX_get_error_depth(store);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    if (depth + 1 >= sk_X509_num(chain))
        return 0; /* the trust anchor */
    unsigned char *der = NULL, *issuer = NULL;
    int length = i2d_X509(X509_STORE_CTX_get_current_cert(store), &der);
    int issuer_length = i2d_X509(sk_X509_value(chain, depth + 1), &issuer);
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_check_certificate(index_handle, der, length > 0 ? (size_t)length : 0, issuer,
                                issuer_length > 0 ? (size_t)issuer_length : 0, &policy, &verdict, NULL);
    OPENSSL_free(der);
    OPENSSL_free(issuer);
    if (verdict.decision == REVOCACHE_DECISION_ACCEPT)
        return 0;
    X509_STORE_CTX_set_error(store, verdict.result == REVOCACHE_RESULT_REVOKED ? X509_V_ERR_CERT_REVOKED
                                                                               : X509_V_ERR_UNABLE_TO_GET_CRL);
    return 1;
}

static int ask_revocache(int accepted, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    verify_callback *own = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), callback_slot);
    if (accepted && is_refused(store))
        accepted = 0;
    return own != NULL && *own != NULL ? (*own)(accepted, store) : accepted;
}

static void open_index(void) {
    const char *folder = getenv("REVOCACHE_INDEX");
    const char *soft = getenv("REVOCACHE_SOFT_FAIL");
    revocache_error error = REVOCACHE_ERROR_INIT;
    if (folder == NULL || revocache_open_folder(folder, NULL, &index_handle, &error) != REVOCACHE_RESULT_OK) {
        fprintf(stderr, "revocache: %s\n", folder == NULL ? "REVOCACHE_INDEX is not set" : error.text);
        exit(1);
    }
    policy.on_unknown = soft != NULL && strcmp(soft, "1") == 0 ? REVOCACHE_SOFT_FAIL : REVOCACHE_HARD_FAIL;
    callback_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Stands in front of OpenSSL's function of this name. Programs set their callbacks while they start, in one thread. */
void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, verify_callback own) {
    static void (*original)(SSL_CTX *, int, verify_callback);
    if (original == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "SSL_CTX_set_verify");
        if (symbol == NULL) {
            fprintf(stderr, "revocache: there is no OpenSSL in this program\n");
            exit(1);
        }
        memcpy(&original, &symbol, sizeof original);
    }
    if ((mode & SSL_VERIFY_PEER) == 0) {
        original(ctx, mode, own);
        return;
    }
    if (index_handle == NULL)
        open_index();
    verify_callback *kept = malloc(sizeof *kept);
    if (kept == NULL)
        exit(1);
    *kept = own;
    SSL_CTX_set_ex_data(ctx, callback_slot, kept);
    original(ctx, mode, ask_revocache);
}
