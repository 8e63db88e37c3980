/* Checks allocate nothing and make no system call, not even the first one of a thread.
 *
 *   quiet WORLD AT      run under strace, what happens between the two marks on stderr is the checks' doing
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile unsigned long allocations;
static revocache_index *index_handle;
static revocache_issuer *issuer;
static long long at;
static unsigned char ca[8192], name_hash[32], key_hash[32];

#ifdef COUNT_ALLOCATIONS
/* glibc exports its own functions under these names, so that a program can stand in front of them. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED); return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED); return __libc_calloc(n, size); }
void *realloc(void *p, size_t size) { __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED); return __libc_realloc(p, size); }
int posix_memalign(void **p, size_t alignment, size_t size) {
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    *p = __libc_memalign(alignment, size);
    return *p == NULL;
}
#endif

static const unsigned char REVOKED[] = {0x00, 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04};
static const unsigned char GOOD[] = {0x11, 0x22, 0x33, 0x44};

static void mark(const char *text) {
    if (write(2, text, strlen(text)) < 0)
        exit(1);
}

static void *checks(void *argument) {
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_policy policy = REVOCACHE_POLICY_INIT;
    revocache_octets batch[100];
    revocache_result results[100];
    revocache_cert_id id = {name_hash, key_hash, 20, REVOKED, sizeof REVOKED};
    policy.at = at;
    for (int i = 0; i < 100; i++) {
        batch[i].data = i % 2 ? GOOD : REVOKED;
        batch[i].length = i % 2 ? sizeof GOOD : sizeof REVOKED;
    }
    unsigned long wrong = 0, before = allocations;
    mark("BEGIN\n");
    for (int i = 0; i < 10000; i++) {
        wrong += revocache_check_serial(issuer, GOOD, sizeof GOOD, &policy, &verdict, NULL) != REVOCACHE_RESULT_GOOD;
        wrong += revocache_check_serial(issuer, REVOKED, sizeof REVOKED, &policy, &verdict, NULL) !=
                 REVOCACHE_RESULT_REVOKED;
        /* With the machine's clock. */
        wrong += revocache_check_serial(issuer, REVOKED, sizeof REVOKED, NULL, &verdict, NULL) !=
                 REVOCACHE_RESULT_REVOKED;
        wrong += revocache_check_cert_id(index_handle, &id, &policy, &verdict, NULL) != REVOCACHE_RESULT_REVOKED;
    }
    for (int i = 0; i < 100; i++)
        wrong += revocache_check_batch(issuer, batch, 100, &policy, results, NULL, NULL) != REVOCACHE_RESULT_REVOKED;
    mark("END\n");
    unsigned long after = allocations;
    printf("%s: %lu wrong, %lu allocations\n", (const char *)argument, wrong, after - before);
    if (wrong != 0 || after != before)
        exit(1);
    return NULL;
}

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

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    char path[4096];
    snprintf(path, sizeof path, "%s/index", argv[1]);
    at = atoll(argv[2]);
    size_t length = load(argv[1], "ca.der", ca, sizeof ca);
    load(argv[1], "name.sha1", name_hash, sizeof name_hash);
    load(argv[1], "key.sha1", key_hash, sizeof key_hash);
    /* Refreshing by itself, which is the default. */
    if (revocache_open_folder(path, NULL, &index_handle, NULL) != REVOCACHE_RESULT_OK ||
        revocache_issuer_new(index_handle, ca, length, &issuer, NULL) != REVOCACHE_RESULT_OK)
        return 74;
    printf("counted so far: %lu\n", allocations);
    checks("main thread");
    pthread_t thread;
    pthread_create(&thread, NULL, checks, "new thread");
    pthread_join(thread, NULL);
    revocache_issuer_free(issuer);
    revocache_index_free(index_handle);
    return 0;
}
