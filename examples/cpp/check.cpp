// Is any certificate of this chain revoked?
//
//   check INDEX CERTIFICATE.der... (leaf first, issuers behind)
//
//   c++ -std=c++17 check.cpp -o check $(pkg-config --cflags --libs revocache)
#include <cstdio>
#include <fstream>
#include <iterator>
#include <revocache.hpp>
#include <string>
#include <vector>

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: check INDEX CERTIFICATE.der...\n");
        return 64;
    }
    auto index = revocache::Index::open_folder(argv[1]);
    if (!index) {
        std::fprintf(stderr, "check: %s\n", std::string(index.error().text()).c_str());
        return 74;
    }
    if (auto facts = index->facts())
        std::printf("generation %llu: %llu revoked certificates of %u authorities\n",
                    static_cast<unsigned long long>(facts->generation), static_cast<unsigned long long>(facts->entries),
                    static_cast<unsigned>(facts->authorities));

    std::vector<std::string> files;
    std::vector<revocache_octets> chain;
    for (int i = 2; i < argc; i++) {
        std::ifstream file(argv[i], std::ios::binary);
        files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    for (const auto &file : files) {
        revocache::Octets octets(file);
        chain.push_back({octets.data(), octets.size()});
    }

    revocache::Error error;
    auto [verdict, which] = index->check_chain(chain.data(), chain.size(), revocache::Policy(), &error);
    switch (verdict.status()) {
    case revocache::Status::Good: std::printf("good\n"); return 0;
    case revocache::Status::Revoked:
        std::printf("revoked: certificate %zu, %s", which, std::string(verdict.reason_name()).c_str());
        if (auto since = verdict.revoked_at())
            std::printf(", since %lld", static_cast<long long>(since->time_since_epoch().count()));
        std::printf("\n");
        return 1;
    case revocache::Status::Unknown:
        std::printf("unknown: certificate %zu, %s\n", which, std::string(verdict.cause_name()).c_str());
        return 2;
    case revocache::Status::Error: break;
    }
    std::fprintf(stderr, "check: certificate %zu: %s\n", which, std::string(error.text()).c_str());
    return 65;
}
