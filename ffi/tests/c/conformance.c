/* Every function, as it is meant and as it is not.
 *
 *   conformance WORLD AT      WORLD is a folder made by the test, AT the time to ask for
 */
#include <revocache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
static long long at;

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

#define EXPECT_RESULT(expected, call)                                                                                  \
    do {                                                                                                               \
        revocache_result result_ = (call);                                                                             \
        if (result_ != (REVOCACHE_RESULT_##expected)) {                                                                \
            fprintf(stderr, "%s:%d: %s gave %u (%s) instead of " #expected "\n", __FILE__, __LINE__, #call,            \
                    (unsigned)result_, revocache_result_text(result_));                                                \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

typedef struct {
    unsigned char data[8192];
    size_t length;
} octets;

static char *path_of(const char *world, const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", world, name);
    return path;
}

static octets load(const char *world, const char *name) {
    octets loaded = {{0}, 0};
    FILE *file = fopen(path_of(world, name), "rb");
    if (file == NULL) {
        perror(name);
        exit(66);
    }
    loaded.length = fread(loaded.data, 1, sizeof loaded.data, file);
    fclose(file);
    return loaded;
}

static revocache_policy policy_at(long long time) {
    revocache_policy policy = REVOCACHE_POLICY_INIT;
    policy.at = time;
    return policy;
}

static const unsigned char REVOKED[] = {0x00, 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04};
static const unsigned char LISTED[] = {0x00, 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
                                       0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24};
static const unsigned char GOOD[] = {0x11, 0x22, 0x33, 0x44};
static const size_t HUGE = (size_t)-1;

static void names(void) {
    EXPECT(revocache_abi_version() == REVOCACHE_ABI_VERSION);
    EXPECT(strchr(revocache_version(), '.') != NULL);
    EXPECT(revocache_has_feature("crl"));
    EXPECT(!revocache_has_feature("client"));
    EXPECT(!revocache_has_feature(""));
    EXPECT(!revocache_has_feature(NULL));
    for (uint32_t code = 0; code < 2000; code++) {
        EXPECT(strlen(revocache_result_text(code)) > 0);
        EXPECT(strlen(revocache_cause_name(code)) > 0);
        EXPECT(strlen(revocache_reason_name(code)) > 0);
    }
    EXPECT(strcmp(revocache_reason_name(1), "key_compromise") == 0);
    EXPECT(strcmp(revocache_cause_name(REVOCACHE_CAUSE_STALE), "stale") == 0);
}

static void opening(const char *world) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_index *index = (revocache_index *)&failures, *before = index;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path_of(world, "index"));

    EXPECT_RESULT(NULL_ARGUMENT, revocache_open_folder(NULL, NULL, &index, &error));
    EXPECT(strstr(error.text, "path") != NULL);
    EXPECT_RESULT(NULL_ARGUMENT, revocache_open_folder(folder, NULL, NULL, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_open_folder(NULL, NULL, NULL, NULL));
    EXPECT_RESULT(NO_INDEX, revocache_open_folder(world, NULL, &index, &error));
    EXPECT(error.result == REVOCACHE_RESULT_NO_INDEX && strstr(error.text, "revocache build") != NULL);
    EXPECT_RESULT(NO_INDEX, revocache_open_folder("/nonexistent", NULL, &index, NULL));
    EXPECT_RESULT(IO, revocache_open_file("/nonexistent", &index, &error));
    EXPECT_RESULT(IO, revocache_open_file(world, &index, &error));
    EXPECT_RESULT(NOT_AN_INDEX, revocache_open_file(path_of(world, "ca.der"), &index, &error));
    EXPECT(strstr(error.text, "ca.der") != NULL);

    static char endless[10000];
    memset(endless, 'a', sizeof endless - 1);
    EXPECT_RESULT(TOO_LONG, revocache_open_folder(endless, NULL, &index, &error));
    EXPECT_RESULT(TOO_LONG, revocache_open_file(endless, &index, &error));

    revocache_options options = REVOCACHE_OPTIONS_INIT;
    options.refresh = 2;
    EXPECT_RESULT(BAD_ARGUMENT, revocache_open_folder(folder, &options, &index, &error));
    options.refresh = REVOCACHE_REFRESH_ON_REQUEST;
    options.size = 0;
    EXPECT_RESULT(BAD_SIZE, revocache_open_folder(folder, &options, &index, &error));
    EXPECT(index == before);

    /* An error structure that cannot be used is left alone. */
    revocache_error unusable;
    memset(&unusable, 0, sizeof unusable);
    EXPECT_RESULT(NO_INDEX, revocache_open_folder("/nonexistent", NULL, &index, &unusable));
    EXPECT(unusable.result == 0 && unusable.text[0] == 0);
    unusable.size = UINT32_MAX;
    EXPECT_RESULT(NO_INDEX, revocache_open_folder("/nonexistent", NULL, &index, &unusable));
    EXPECT(unusable.result == 0);

    options.size = sizeof options;
    EXPECT_RESULT(OK, revocache_open_folder(folder, &options, &index, &error));
    EXPECT(revocache_generation(index) == 1);
    EXPECT_RESULT(OK, revocache_refresh(index, &error));
    EXPECT_RESULT(OK, revocache_verify(index, &error));
    revocache_index_free(index);
    revocache_index_free(NULL);
    revocache_issuer_free(NULL);
    EXPECT_RESULT(NULL_ARGUMENT, revocache_refresh(NULL, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_verify(NULL, NULL));
    EXPECT(revocache_generation(NULL) == 0);
}

static void serials(const revocache_issuer *issuer) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_policy policy = policy_at(at);

    EXPECT_RESULT(GOOD, revocache_check_serial(issuer, GOOD, sizeof GOOD, &policy, &verdict, &error));
    EXPECT(verdict.result == REVOCACHE_RESULT_GOOD && verdict.decision == REVOCACHE_DECISION_ACCEPT);
    EXPECT(verdict.cause == REVOCACHE_CAUSE_NONE && verdict.method == REVOCACHE_METHOD_CRL);
    EXPECT(verdict.revoked_at == REVOCACHE_NO_TIME && verdict.invalidity_date == REVOCACHE_NO_TIME);
    EXPECT(verdict.this_update < at && at < verdict.next_update && verdict.generation == 1);
    EXPECT(verdict.has_crl_number == 1 && verdict.crl_number[19] == 1 && verdict.crl_number[0] == 0);

    EXPECT_RESULT(REVOKED, revocache_check_serial(issuer, REVOKED, sizeof REVOKED, &policy, &verdict, &error));
    EXPECT(verdict.decision == REVOCACHE_DECISION_REFUSE && verdict.reason == 1);
    EXPECT(verdict.revoked_at > 0 && verdict.revoked_at < verdict.this_update);
    unsigned char padded[sizeof REVOKED + 1] = {0};
    memcpy(padded + 1, REVOKED, sizeof REVOKED);
    EXPECT_RESULT(REVOKED, revocache_check_serial(issuer, padded, sizeof padded, &policy, NULL, NULL));

    /* Without the verdict, the policy, the error; the machine's clock is behind the lists' dates. */
    EXPECT_RESULT(REVOKED, revocache_check_serial(issuer, REVOKED, sizeof REVOKED, NULL, NULL, NULL));
    EXPECT_RESULT(UNKNOWN, revocache_check_serial(issuer, GOOD, sizeof GOOD, NULL, &verdict, NULL));
    EXPECT(verdict.cause == REVOCACHE_CAUSE_STALE && verdict.decision == REVOCACHE_DECISION_REFUSE);

    /* The magnitude of a serial whose top bit is set is another number, and negative. */
    EXPECT_RESULT(NEGATIVE_SERIAL,
                  revocache_check_serial(issuer, REVOKED + 1, sizeof REVOKED - 1, &policy, &verdict, &error));
    EXPECT(verdict.result == REVOCACHE_RESULT_NEGATIVE_SERIAL && verdict.decision == REVOCACHE_DECISION_REFUSE);
    EXPECT(strstr(error.text, "00") != NULL);
    policy.flags = REVOCACHE_POLICY_NEGATIVE_SERIALS;
    EXPECT_RESULT(GOOD, revocache_check_serial(issuer, REVOKED + 1, sizeof REVOKED - 1, &policy, &verdict, &error));

    policy = policy_at(at);
    static unsigned char endless[2000];
    endless[0] = 1;
    EXPECT_RESULT(GOOD, revocache_check_serial(issuer, endless, REVOCACHE_MAX_SERIAL, &policy, &verdict, &error));
    EXPECT_RESULT(TOO_LONG,
                  revocache_check_serial(issuer, endless, REVOCACHE_MAX_SERIAL + 1, &policy, &verdict, &error));
    EXPECT_RESULT(TOO_LONG, revocache_check_serial(issuer, endless, HUGE, &policy, &verdict, &error));
    EXPECT_RESULT(BAD_SERIAL, revocache_check_serial(issuer, endless, 0, &policy, &verdict, &error));
    EXPECT_RESULT(BAD_SERIAL, revocache_check_serial(issuer, NULL, 0, &policy, &verdict, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_serial(issuer, NULL, 5, &policy, &verdict, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_serial(NULL, GOOD, sizeof GOOD, &policy, &verdict, &error));
    EXPECT(verdict.result == REVOCACHE_RESULT_NULL_ARGUMENT && verdict.decision == REVOCACHE_DECISION_REFUSE);
    EXPECT(verdict.this_update == REVOCACHE_NO_TIME && verdict.generation == 0);
}

static void policies(const revocache_issuer *issuer) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_policy policy = policy_at(at);
#define CHECK() revocache_check_serial(issuer, GOOD, sizeof GOOD, &policy, &verdict, &error)
    EXPECT_RESULT(GOOD, CHECK());
    long long this_update = verdict.this_update, next_update = verdict.next_update;

    policy.at = next_update - 1;
    EXPECT_RESULT(GOOD, CHECK());
    policy.at = next_update;
    EXPECT_RESULT(UNKNOWN, CHECK());
    EXPECT(verdict.cause == REVOCACHE_CAUSE_STALE && verdict.decision == REVOCACHE_DECISION_REFUSE);
    policy.on_unknown = REVOCACHE_SOFT_FAIL;
    EXPECT_RESULT(UNKNOWN, CHECK());
    EXPECT(verdict.decision == REVOCACHE_DECISION_ACCEPT);
    EXPECT_RESULT(REVOKED, revocache_check_serial(issuer, REVOKED, sizeof REVOKED, &policy, &verdict, &error));
    EXPECT(verdict.decision == REVOCACHE_DECISION_REFUSE);
    EXPECT_RESULT(BAD_SERIAL, revocache_check_serial(issuer, NULL, 0, &policy, &verdict, &error));
    EXPECT(verdict.decision == REVOCACHE_DECISION_REFUSE);
    policy.on_unknown = REVOCACHE_HARD_FAIL;
    policy.grace = 60;
    EXPECT_RESULT(GOOD, CHECK());
    policy.at = this_update - 1;
    EXPECT_RESULT(UNKNOWN, CHECK());
    EXPECT(verdict.cause == REVOCACHE_CAUSE_NOT_YET_VALID);

    policy = policy_at(at);
    policy.on_unknown = 2;
    EXPECT_RESULT(BAD_ARGUMENT, CHECK());
    policy = policy_at(at);
    policy.flags = 2;
    EXPECT_RESULT(BAD_ARGUMENT, CHECK());
    const uint32_t wrong_sizes[] = {0, 1, 4, sizeof policy - 1, 4097, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong_sizes / sizeof *wrong_sizes; i++) {
        policy = policy_at(at);
        policy.size = wrong_sizes[i];
        EXPECT_RESULT(BAD_SIZE, CHECK());
        EXPECT(verdict.result == REVOCACHE_RESULT_BAD_SIZE);
        policy.size = sizeof policy;
        verdict.size = wrong_sizes[i];
        verdict.result = 77;
        EXPECT_RESULT(BAD_SIZE, CHECK());
        EXPECT(verdict.result == 77);
        verdict.size = sizeof verdict;
    }

    /* A program of a later version: longer structures. What this library does not know must be zero. */
    struct {
        revocache_policy known;
        uint64_t later;
    } later_policy = {policy_at(at), 0};
    later_policy.known.size = sizeof later_policy;
    EXPECT_RESULT(GOOD, revocache_check_serial(issuer, GOOD, sizeof GOOD, &later_policy.known, NULL, &error));
    later_policy.later = 1;
    EXPECT_RESULT(BAD_SIZE, revocache_check_serial(issuer, GOOD, sizeof GOOD, &later_policy.known, NULL, &error));
    struct {
        revocache_verdict known;
        uint64_t later;
    } later_verdict;
    memset(&later_verdict, 0x5a, sizeof later_verdict);
    later_verdict.known.size = sizeof later_verdict;
    policy = policy_at(at);
    EXPECT_RESULT(GOOD, revocache_check_serial(issuer, GOOD, sizeof GOOD, &policy, &later_verdict.known, &error));
    EXPECT(later_verdict.known.result == REVOCACHE_RESULT_GOOD && later_verdict.later == 0x5a5a5a5a5a5a5a5aULL);
    EXPECT(later_verdict.known.size == sizeof later_verdict);
#undef CHECK
}

/* Whatever way a check takes inside, the answer is the same: a verdict of another size, and one of a batch, are worked out
 * differently. */
static void ways(const revocache_issuer *issuer) {
    struct {
        revocache_verdict verdict;
        unsigned char later[16];
    } longer;
    unsigned char serial[24] = {0};
    const long long day = 86400, times[] = {at, at - 60 * day, at + 60 * day, at + 400 * day, at, 1, -1, INT64_MAX, INT64_MIN};
    for (size_t time = 0; time < sizeof times / sizeof *times; time++) {
        for (unsigned kind = 0; kind < 8; kind++) {
            revocache_policy policy = policy_at(times[time]);
            policy.on_unknown = kind & 1 ? REVOCACHE_SOFT_FAIL : REVOCACHE_HARD_FAIL;
            policy.grace = kind & 2 ? 7 * 86400 : 0;
            policy.life_without_next_update = kind & 4 ? 604800 : 0;
            for (size_t length = 1; length <= sizeof serial; length++) {
                for (unsigned first = 0; first < 4; first++) {
                    revocache_octets asked = {serial, length};
                    /* Every length, with and without a sign octet, and with one too many. */
                    memset(serial, 0x5c + (int)length, sizeof serial);
                    serial[0] = (unsigned char)(first == 0 ? 0x11 : 0);
                    if (length > 1)
                        serial[1] = (unsigned char)(first == 1 ? 0x9c : first == 2 ? 0x1c : serial[1]);
                    if (first == 3)
                        asked.data = length % 2 ? LISTED : REVOKED, asked.length = length % 2 ? sizeof LISTED : sizeof REVOKED;
                    revocache_verdict verdict = REVOCACHE_VERDICT_INIT, batched = REVOCACHE_VERDICT_INIT;
                    memset(&longer, 0, sizeof longer);
                    longer.verdict.size = sizeof longer;
                    revocache_result result, in_batch;
                    result = revocache_check_serial(issuer, asked.data, asked.length, &policy, &verdict, NULL);
                    EXPECT(revocache_check_serial(issuer, asked.data, asked.length, &policy, NULL, NULL) == result);
                    EXPECT(revocache_check_serial(issuer, asked.data, asked.length, &policy, &longer.verdict, NULL) == result);
                    EXPECT(revocache_check_batch(issuer, &asked, 1, &policy, &in_batch, &batched, NULL) == result);
                    EXPECT(in_batch == result && verdict.result == (uint32_t)result);
                    longer.verdict.size = sizeof verdict;
                    EXPECT(memcmp(&verdict, &longer.verdict, sizeof verdict) == 0);
                    EXPECT(memcmp(&verdict, &batched, sizeof verdict) == 0);
                    EXPECT(first != 3 || times[time] < at || result == REVOCACHE_RESULT_REVOKED);
                }
            }
        }
    }
}

static void certificates(const revocache_index *index, const char *world) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_policy policy = policy_at(at);
    octets ca = load(world, "ca.der"), root = load(world, "root.der"), good = load(world, "good.der"),
           revoked = load(world, "revoked.der"), foreign = load(world, "foreign.der");
#define CHECK(certificate, issuer)                                                                                     \
    revocache_check_certificate(index, (certificate).data, (certificate).length, (issuer).data, (issuer).length,       \
                                &policy, &verdict, &error)
    EXPECT_RESULT(GOOD, CHECK(good, ca));
    EXPECT_RESULT(REVOKED, CHECK(revoked, ca));
    EXPECT_RESULT(GOOD, CHECK(ca, root));
    EXPECT_RESULT(GOOD, revocache_check_certificate(index, good.data, good.length, NULL, 0, &policy, NULL, NULL));
    EXPECT_RESULT(REVOKED,
                  revocache_check_certificate(index, revoked.data, revoked.length, NULL, 0, &policy, NULL, NULL));
    EXPECT_RESULT(UNKNOWN,
                  revocache_check_certificate(index, foreign.data, foreign.length, NULL, 0, &policy, &verdict, NULL));
    EXPECT(verdict.cause == REVOCACHE_CAUSE_AUTHORITY_UNKNOWN);
    EXPECT_RESULT(ISSUER_MISMATCH, CHECK(good, root));
    EXPECT(strstr(error.text, "Example CA") != NULL && strstr(error.text, "Root") != NULL);
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_certificate(index, NULL, 5, NULL, 0, &policy, &verdict, &error));
    EXPECT_RESULT(NULL_ARGUMENT,
                  revocache_check_certificate(index, good.data, good.length, NULL, 5, &policy, &verdict, &error));
    EXPECT_RESULT(BAD_CERTIFICATE, revocache_check_certificate(index, NULL, 0, NULL, 0, &policy, &verdict, &error));
    EXPECT_RESULT(BAD_CERTIFICATE,
                  revocache_check_certificate(index, good.data, good.length, ca.data, 0, &policy, &verdict, &error));
    EXPECT_RESULT(TOO_LONG, revocache_check_certificate(index, good.data, HUGE, NULL, 0, &policy, &verdict, &error));
    EXPECT_RESULT(NULL_ARGUMENT,
                  revocache_check_certificate(NULL, good.data, good.length, NULL, 0, &policy, &verdict, &error));
    for (size_t length = 0; length < good.length; length++) {
        EXPECT_RESULT(BAD_CERTIFICATE,
                      revocache_check_certificate(index, good.data, length, NULL, 0, &policy, &verdict, &error));
    }
    for (size_t flipped = 0; flipped < good.length; flipped++) {
        octets damaged = good;
        damaged.data[flipped] ^= 0x41;
        (void)CHECK(damaged, ca);
        (void)revocache_check_certificate(index, damaged.data, damaged.length, NULL, 0, &policy, &verdict, &error);
        EXPECT(verdict.result != REVOCACHE_RESULT_PANIC);
    }
#undef CHECK

    revocache_octets chain[65];
    size_t which = 77;
    chain[0].data = revoked.data, chain[0].length = revoked.length;
    chain[1].data = ca.data, chain[1].length = ca.length;
    chain[2].data = root.data, chain[2].length = root.length;
    for (size_t i = 3; i < 65; i++)
        chain[i] = chain[2];
    EXPECT_RESULT(REVOKED, revocache_check_chain(index, chain, 3, &policy, &verdict, &which, &error));
    EXPECT(which == 0 && verdict.result == REVOCACHE_RESULT_REVOKED);
    chain[0].data = good.data, chain[0].length = good.length;
    EXPECT_RESULT(GOOD, revocache_check_chain(index, chain, 3, &policy, &verdict, &which, NULL));
    EXPECT_RESULT(GOOD, revocache_check_chain(index, chain, 2, &policy, NULL, NULL, NULL));
    EXPECT_RESULT(GOOD, revocache_check_chain(index, chain, 1, &policy, NULL, NULL, NULL));
    EXPECT_RESULT(GOOD, revocache_check_chain(index, chain + 1, 2, &policy, NULL, &which, NULL));
    revocache_octets wrong_order[] = {chain[0], chain[2], chain[1]};
    EXPECT_RESULT(ISSUER_MISMATCH, revocache_check_chain(index, wrong_order, 3, &policy, &verdict, &which, &error));
    EXPECT(which == 0);
    revocache_octets broken[] = {chain[0], {NULL, 0}};
    EXPECT_RESULT(BAD_CERTIFICATE, revocache_check_chain(index, broken, 2, &policy, &verdict, &which, &error));
    EXPECT(which == 1);
    revocache_octets stranger[] = {{foreign.data, foreign.length}};
    EXPECT_RESULT(UNKNOWN, revocache_check_chain(index, stranger, 1, &policy, &verdict, &which, &error));
    EXPECT_RESULT(TOO_LONG, revocache_check_chain(index, chain, 65, &policy, &verdict, &which, &error));
    EXPECT_RESULT(TOO_LONG, revocache_check_chain(index, chain, HUGE, &policy, &verdict, &which, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_chain(index, chain, 0, &policy, &verdict, &which, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_chain(index, NULL, 3, &policy, &verdict, &which, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_chain(NULL, chain, 3, &policy, &verdict, &which, &error));
}

static void cert_ids(const revocache_index *index, const char *world) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_policy policy = policy_at(at);
    const char *const files[][2] = {{"name.sha1", "key.sha1"}, {"name.sha256", "key.sha256"}};
    for (size_t i = 0; i < 2; i++) {
        octets name = load(world, files[i][0]), key = load(world, files[i][1]);
        revocache_cert_id id = {name.data, key.data, name.length, REVOKED, sizeof REVOKED};
        EXPECT_RESULT(REVOKED, revocache_check_cert_id(index, &id, &policy, &verdict, &error));
        id.serial = GOOD, id.serial_length = sizeof GOOD;
        EXPECT_RESULT(GOOD, revocache_check_cert_id(index, &id, &policy, &verdict, &error));
        id.serial = NULL;
        EXPECT_RESULT(NULL_ARGUMENT, revocache_check_cert_id(index, &id, &policy, &verdict, &error));
        id.serial = GOOD, id.hash_length = 21;
        EXPECT_RESULT(BAD_ARGUMENT, revocache_check_cert_id(index, &id, &policy, &verdict, &error));
        id.hash_length = HUGE;
        EXPECT_RESULT(BAD_ARGUMENT, revocache_check_cert_id(index, &id, &policy, &verdict, &error));
        id.hash_length = name.length, id.key_hash = NULL;
        EXPECT_RESULT(NULL_ARGUMENT, revocache_check_cert_id(index, &id, &policy, &verdict, &error));

        revocache_issuer *issuer = NULL;
        EXPECT_RESULT(OK,
                      revocache_issuer_new_by_cert_id(index, name.data, key.data, name.length, &issuer, &error));
        EXPECT_RESULT(REVOKED, revocache_check_serial(issuer, REVOKED, sizeof REVOKED, &policy, &verdict, &error));
        revocache_issuer_free(issuer);
        name.data[3] ^= 1;
        id = (revocache_cert_id){name.data, key.data, name.length, GOOD, sizeof GOOD};
        EXPECT_RESULT(UNKNOWN, revocache_check_cert_id(index, &id, &policy, &verdict, &error));
        EXPECT_RESULT(NULL_ARGUMENT, revocache_issuer_new_by_cert_id(NULL, name.data, key.data, 20, &issuer, &error));
        EXPECT_RESULT(BAD_ARGUMENT, revocache_issuer_new_by_cert_id(index, name.data, key.data, 0, &issuer, &error));
        EXPECT_RESULT(NULL_ARGUMENT, revocache_issuer_new_by_cert_id(index, NULL, key.data, 20, &issuer, &error));
    }
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_cert_id(index, NULL, &policy, &verdict, &error));
}

static void batches(const revocache_issuer *issuer) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_policy policy = policy_at(at);
    enum { COUNT = 200 };
    revocache_octets questions[COUNT];
    revocache_result results[COUNT];
    struct {
        revocache_verdict verdict;
        uint64_t guard;
    } verdicts[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        questions[i].data = i % 3 == 0 ? REVOKED : GOOD;
        questions[i].length = i % 3 == 0 ? sizeof REVOKED : sizeof GOOD;
    }
    memset(verdicts, 0x5a, sizeof verdicts);
    verdicts[0].verdict.size = sizeof verdicts[0];
    EXPECT_RESULT(REVOKED,
                  revocache_check_batch(issuer, questions, COUNT, &policy, results, &verdicts[0].verdict, &error));
    for (size_t i = 0; i < COUNT; i++) {
        revocache_result expected = i % 3 == 0 ? REVOCACHE_RESULT_REVOKED : REVOCACHE_RESULT_GOOD;
        EXPECT(results[i] == expected && verdicts[i].verdict.result == expected);
        EXPECT(verdicts[i].verdict.generation == 1 && verdicts[i].guard == 0x5a5a5a5a5a5a5a5aULL);
    }
    EXPECT_RESULT(GOOD, revocache_check_batch(issuer, questions + 1, 2, &policy, results, NULL, NULL));
    EXPECT_RESULT(OK, revocache_check_batch(issuer, questions, 0, &policy, results, NULL, &error));
    EXPECT_RESULT(OK, revocache_check_batch(issuer, NULL, 0, NULL, NULL, NULL, NULL));

    /* One bad question does not spoil the others. */
    questions[5].length = 0;
    questions[7].data = REVOKED + 1;
    questions[9].data = NULL;
    EXPECT_RESULT(BAD_SERIAL, revocache_check_batch(issuer, questions, COUNT, &policy, results,
                                                    &verdicts[0].verdict, &error));
    EXPECT(results[4] == REVOCACHE_RESULT_GOOD && results[6] == REVOCACHE_RESULT_REVOKED);
    EXPECT(results[5] == REVOCACHE_RESULT_BAD_SERIAL && results[7] == REVOCACHE_RESULT_NEGATIVE_SERIAL);
    EXPECT(results[9] == REVOCACHE_RESULT_NULL_ARGUMENT && results[199] == REVOCACHE_RESULT_GOOD);
    EXPECT(verdicts[5].verdict.decision == REVOCACHE_DECISION_REFUSE);

    /* Wrong arguments leave nothing that could pass for an answer. */
    memset(results, 0, sizeof results);
    results[1] = REVOCACHE_RESULT_GOOD;
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_batch(NULL, questions, COUNT, &policy, results, NULL, &error));
    EXPECT(results[1] == REVOCACHE_RESULT_NULL_ARGUMENT);
    policy.size = 3;
    results[1] = REVOCACHE_RESULT_GOOD;
    EXPECT_RESULT(BAD_SIZE, revocache_check_batch(issuer, questions, COUNT, &policy, results, NULL, &error));
    EXPECT(results[1] == REVOCACHE_RESULT_BAD_SIZE);
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_batch(issuer, questions, COUNT, NULL, NULL, NULL, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_check_batch(issuer, NULL, COUNT, NULL, results, NULL, &error));
    EXPECT_RESULT(TOO_LONG, revocache_check_batch(issuer, questions, HUGE, NULL, results, NULL, &error));
    verdicts[0].verdict.size = 5;
    EXPECT_RESULT(BAD_SIZE,
                  revocache_check_batch(issuer, questions, COUNT, NULL, results, &verdicts[0].verdict, &error));
}

static void facts(const revocache_index *index, const revocache_issuer *issuer) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_index_facts whole = REVOCACHE_INDEX_FACTS_INIT;
    revocache_authority_facts authority = REVOCACHE_AUTHORITY_FACTS_INIT;
    revocache_crl_facts crl = REVOCACHE_CRL_FACTS_INIT;
    EXPECT_RESULT(OK, revocache_get_index_facts(index, &whole, &error));
    EXPECT(whole.authorities == 2 && whole.crls == 2 && whole.entries == 2 && whole.generation == 1);
    EXPECT(whole.octets > 0 && whole.created_at > 0 && whole.next_update > at);
    EXPECT_RESULT(OK, revocache_get_issuer_facts(issuer, &authority, &error));
    EXPECT(strstr(authority.name, "CN=Example CA") != NULL && authority.entries == 2 && authority.crls == 1);
    EXPECT(authority.keys == 1 && authority.this_update < at && authority.next_update > at);
    uint32_t position = authority.position;
    EXPECT_RESULT(OK, revocache_get_authority_facts(index, 1 - position, &authority, &error));
    EXPECT(strstr(authority.name, "CN=Root") != NULL && authority.entries == 0);
    EXPECT_RESULT(NOT_FOUND, revocache_get_authority_facts(index, 2, &authority, &error));
    EXPECT_RESULT(NOT_FOUND, revocache_get_authority_facts(index, UINT32_MAX, &authority, &error));
    unsigned entries = 0;
    for (uint32_t i = 0; i < whole.crls; i++) {
        EXPECT_RESULT(OK, revocache_get_crl_facts(index, i, &crl, &error));
        EXPECT(crl.has_crl_number == 1 && crl.crl_number[19] == 1 && crl.is_delta == 0 && crl.octets == 1000);
        entries += (unsigned)crl.entries;
    }
    EXPECT(entries == 2);
    EXPECT_RESULT(NOT_FOUND, revocache_get_crl_facts(index, (uint32_t)whole.crls, &crl, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_get_index_facts(NULL, &whole, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_get_index_facts(index, NULL, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_get_authority_facts(index, 0, NULL, NULL));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_get_issuer_facts(NULL, &authority, NULL));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_get_crl_facts(NULL, 0, &crl, &error));
    whole.size = 2;
    EXPECT_RESULT(BAD_SIZE, revocache_get_index_facts(index, &whole, &error));
}

static void issuers(const revocache_index *index, const char *world) {
    revocache_error error = REVOCACHE_ERROR_INIT;
    revocache_verdict verdict = REVOCACHE_VERDICT_INIT;
    revocache_authority_facts authority = REVOCACHE_AUTHORITY_FACTS_INIT;
    revocache_issuer *issuer = NULL;
    octets ca = load(world, "ca.der"), leaf = load(world, "good.der");
    EXPECT_RESULT(NULL_ARGUMENT, revocache_issuer_new(NULL, ca.data, ca.length, &issuer, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_issuer_new(index, NULL, ca.length, &issuer, &error));
    EXPECT_RESULT(NULL_ARGUMENT, revocache_issuer_new(index, ca.data, ca.length, NULL, &error));
    EXPECT_RESULT(TOO_LONG, revocache_issuer_new(index, ca.data, HUGE, &issuer, &error));
    EXPECT_RESULT(BAD_CERTIFICATE, revocache_issuer_new(index, ca.data, ca.length - 1, &issuer, &error));
    EXPECT_RESULT(BAD_CERTIFICATE, revocache_issuer_new(index, (const unsigned char *)"x", 1, &issuer, &error));
    EXPECT(issuer == NULL && strlen(error.text) > 0);

    /* One that the index does not have. */
    EXPECT_RESULT(OK, revocache_issuer_new(index, leaf.data, leaf.length, &issuer, &error));
    EXPECT_RESULT(UNKNOWN, revocache_check_serial(issuer, GOOD, sizeof GOOD, NULL, &verdict, &error));
    EXPECT(verdict.cause == REVOCACHE_CAUSE_AUTHORITY_UNKNOWN && verdict.this_update == REVOCACHE_NO_TIME);
    EXPECT_RESULT(NOT_FOUND, revocache_get_issuer_facts(issuer, &authority, &error));

    /* Many come and go, and the ones that stay are not confused. */
    revocache_issuer *many[100];
    for (size_t i = 0; i < 100; i++) {
        const octets *of = i % 2 == 0 ? &ca : &leaf;
        EXPECT_RESULT(OK, revocache_issuer_new(index, of->data, of->length, &many[i], &error));
    }
    for (size_t i = 0; i < 100; i += 3)
        revocache_issuer_free(many[i]);
    for (size_t i = 0; i < 100; i++) {
        if (i % 3 != 0)
            EXPECT(revocache_check_serial(many[i], REVOKED, sizeof REVOKED, NULL, NULL, NULL) ==
                   (i % 2 == 0 ? REVOCACHE_RESULT_REVOKED : REVOCACHE_RESULT_UNKNOWN));
    }
    for (size_t i = 0; i < 100; i++) {
        if (i % 3 != 0)
            revocache_issuer_free(many[i]);
    }
    revocache_issuer_free(issuer);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    const char *world = argv[1];
    at = atoll(argv[2]);
    names();
    opening(world);
    for (int file = 0; file < 2; file++) {
        revocache_index *index = NULL;
        revocache_issuer *issuer = NULL;
        revocache_error error = REVOCACHE_ERROR_INIT;
        octets ca = load(world, "ca.der");
        if (file)
            EXPECT_RESULT(OK, revocache_open_file(path_of(world, "index/index-00000000000000000001.rvx"), &index, &error));
        else
            EXPECT_RESULT(OK, revocache_open_folder(path_of(world, "index"), NULL, &index, &error));
        EXPECT_RESULT(OK, revocache_issuer_new(index, ca.data, ca.length, &issuer, &error));
        serials(issuer);
        policies(issuer);
        ways(issuer);
        certificates(index, world);
        cert_ids(index, world);
        batches(issuer);
        facts(index, issuer);
        issuers(index, world);
        /* The issuer outlives the index it was made from. */
        revocache_index_free(index);
        EXPECT_RESULT(REVOKED, revocache_check_serial(issuer, REVOKED, sizeof REVOKED, NULL, NULL, NULL));
        revocache_issuer_free(issuer);
    }
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
