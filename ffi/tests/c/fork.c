/* Fork while other threads are checking: parent and child go on asking the same handle, each follows new generations,
 * and neither keeps old ones mapped.
 *
 *   fork WORLD AT GENERATION THREADS     says "ready", then asks until GENERATION is in force
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static revocache_index *index_handle;
static revocache_issuer *issuer;
static revocache_policy policy = REVOCACHE_POLICY_INIT;
static uint64_t until;

static const unsigned char REVOKED[] = {0x00, 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04};

/* 0 if every answer was right and generations never went back. */
static int ask(uint64_t last_wanted) {
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    uint64_t last = 0;
    while (last < last_wanted) {
        if (revocache_check_serial(issuer, REVOKED, sizeof REVOKED, &policy, &verdict, NULL) !=
                REVOCACHE_RESULT_REVOKED ||
            verdict.generation < last)
            return 1;
        last = verdict.generation;
    }
    return 0;
}

static void *ask_all(void *unused) {
    (void)unused;
    return ask(until) == 0 ? NULL : (void *)&until;
}

/* How many generations this process has mapped. */
static int mapped(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    int count = 0;
    if (maps == NULL)
        return 1;
    while (fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, "/index-") != NULL;
    fclose(maps);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 64;
    static unsigned char ca[8192];
    char path[4096];
    policy.at = atoll(argv[2]);
    until = strtoull(argv[3], NULL, 10);
    size_t threads = strtoul(argv[4], NULL, 10);
    snprintf(path, sizeof path, "%s/ca.der", argv[1]);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 66;
    size_t length = fread(ca, 1, sizeof ca, file);
    fclose(file);
    snprintf(path, sizeof path, "%s/index", argv[1]);
    if (revocache_open_folder(path, NULL, &index_handle, NULL) != REVOCACHE_RESULT_OK ||
        revocache_issuer_new(index_handle, ca, length, &issuer, NULL) != REVOCACHE_RESULT_OK)
        return 74;

    pthread_t ids[64];
    for (size_t i = 0; i < threads && i < 64; i++)
        pthread_create(&ids[i], NULL, ask_all, NULL);
    enum { CHILDREN = 8 };
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            int wrong = ask(until);
            /* The generation after the last one frees what the last one replaced. */
            revocache_refresh(index_handle, NULL);
            int left = mapped();
            revocache_issuer_free(issuer);
            revocache_index_free(index_handle);
            _exit(wrong != 0 ? 1 : left > 1 ? 100 + left : 0);
        }
    }
    printf("ready\n");
    fflush(stdout);
    int wrong = ask(until);
    for (size_t i = 0; i < threads && i < 64; i++) {
        void *failed;
        pthread_join(ids[i], &failed);
        wrong |= failed != NULL;
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        waitpid(children[i], &status, 0);
        if (status != 0) {
            fprintf(stderr, "child %d ended with %x\n", i, (unsigned)status);
            wrong = 1;
        }
    }
    printf("%d mapped in the parent\n", mapped());
    revocache_index_free(index_handle);
    revocache_issuer_free(issuer);
    return wrong;
}
