// The wrapper of revocache_client.h against a real server.
//
//   client HOST:PORT CA.pem WORLD
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <revocache_client.hpp>
#include <string>
#include <vector>

static std::string load(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

static int failed(const char *what) {
    std::fprintf(stderr, "failed: %s\n", what);
    return 1;
}

int main(int argc, char **argv) {
    using namespace std::chrono_literals;
    if (argc != 4) return 64;
    const std::string world = argv[3], ca = load(world + "/ca.der"), leaf = load(world + "/7.der");

    auto nobody = revocache::Client::connect(argv[1], revocache::ClientOptions());
    if (nobody || nobody.error().result() != REVOCACHE_RESULT_NULL_ARGUMENT) return failed("a server not known");
    auto nameless = revocache::ClientOptions().ca_file(argv[2]).identity("/nonexistent");
    if (revocache::Client::connect(argv[1], nameless).error().result() != REVOCACHE_RESULT_IO) return failed("identity");
    auto client = revocache::Client::connect(argv[1], revocache::ClientOptions().ca_file(argv[2]).deadline(3s));
    if (!client) return failed(std::string(client.error().text()).c_str());
    auto generation = client->generation();
    if (!generation || *generation == 0) return failed("generation");

    revocache::Verdict verdict = client->check_certificate(leaf, ca);
    if (verdict.status() != revocache::Status::Revoked || verdict.accepted() || verdict.reason_name() != "key_compromise")
        return failed("check_certificate");
    auto issuer = client->issuer(ca);
    if (!issuer) return failed("issuer");
    const std::array<unsigned char, 1> good{1}, revoked{7};
    revocache::Request request;
    request.method(revocache::Method::Crl).deadline(2s);
    if (!issuer->check(good, request).accepted() || issuer->check(revoked, request).accepted()) return failed("check");
    std::vector<revocache_octets> serials{{good.data(), 1}, {revoked.data(), 1}};
    std::vector<revocache_result> results(serials.size());
    if (issuer->check_batch(serials.data(), serials.size(), results.data()) != REVOCACHE_RESULT_REVOKED ||
        results[0] != REVOCACHE_RESULT_GOOD)
        return failed("check_batch");
    revocache::Error error;
    if (client->check_certificate(revocache::Octets(), {}, request, &error).status() != revocache::Status::Error ||
        error.text().empty())
        return failed("errors");
    auto live = revocache::Live::open("/nonexistent", revocache::LiveOptions().private_addresses().nonce());
    if (live || live.error().result() != REVOCACHE_RESULT_NO_INDEX) return failed("live");
    std::printf("well\n");
    return 0;
}
