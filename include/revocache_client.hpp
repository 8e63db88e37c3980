/* revocache for C++17 and later: the functions of revocache_client.h with owners, optional values, times and views.
 *
 *     auto client = revocache::Client::connect("crl.example:4433", revocache::ClientOptions().ca_file("/etc/ca.pem"));
 *     if (!client) return complain(client.error().text());
 *     revocache::Verdict verdict = client->check_certificate(leaf_der, issuer_der);
 *     if (!verdict.accepted()) refuse(verdict.status(), verdict.reason_name());
 *
 * Header only, no exceptions. What revocache_client.h says of threads, fork and time holds here. Link librevocache_client.
 */
#ifndef REVOCACHE_CLIENT_HPP
#define REVOCACHE_CLIENT_HPP

#include "revocache.hpp"
#include "revocache_client.h"

namespace revocache {

/* Where an answer is looked for. */
enum class Method : std::uint32_t {
    Default = REVOCACHE_ASK_DEFAULT,
    Crl = REVOCACHE_ASK_CRL,
    Ocsp = REVOCACHE_ASK_OCSP,
    CrlThenOcsp = REVOCACHE_ASK_CRL_THEN_OCSP,
};

namespace detail {
inline std::uint32_t milliseconds(std::chrono::milliseconds length) noexcept {
    auto count = length.count();
    return count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(count);
}
struct FreeClient {
    void operator()(revocache_client *client) const noexcept { ::revocache_client_free(client); }
};
struct FreeClientIssuer {
    void operator()(revocache_client_issuer *issuer) const noexcept { ::revocache_client_issuer_free(issuer); }
};
struct FreeLive {
    void operator()(revocache_live *live) const noexcept { ::revocache_live_free(live); }
};
} // namespace detail

/* How a question that goes out is asked, and its answer judged. */
class Request {
  public:
    Request() noexcept : request_() { request_.size = sizeof request_; }

    /* Accept where there is no answer, instead of refusing. */
    Request &soft_fail(bool soft = true) noexcept {
        request_.on_unknown = soft ? REVOCACHE_SOFT_FAIL : REVOCACHE_HARD_FAIL;
        return *this;
    }
    Request &method(Method method) noexcept {
        request_.method = static_cast<std::uint32_t>(method);
        return *this;
    }
    /* The longest that the call may take; zero is the handle's own limit. */
    Request &deadline(std::chrono::milliseconds deadline) noexcept {
        request_.deadline_ms = detail::milliseconds(deadline);
        return *this;
    }
    /* The time to ask for; std::nullopt is now. */
    Request &at(std::optional<Time> time) noexcept {
        request_.at = time ? static_cast<std::int64_t>(time->time_since_epoch().count()) : 0;
        return *this;
    }
    /* Serials that read as negative numbers are meant so. */
    Request &negative_serials(bool meant = true) noexcept {
        request_.flags = meant ? REVOCACHE_POLICY_NEGATIVE_SERIALS : 0;
        return *this;
    }
    const revocache_request *raw() const noexcept { return &request_; }

  private:
    revocache_request request_;
};

/* How a server is reached, and how it is known. Strings and octets are the caller's, until connect returns. */
class ClientOptions {
  public:
    ClientOptions() noexcept : options_() { options_.size = sizeof options_; }

    ClientOptions &ca_file(const char *path) noexcept {
        options_.ca_file = path;
        return *this;
    }
    /* SHA-256 of the server's certificate: REVOCACHE_FINGERPRINT_OCTETS octets. Others are not taken. */
    ClientOptions &fingerprint(Octets sha256) noexcept {
        options_.fingerprint = sha256.size() == REVOCACHE_FINGERPRINT_OCTETS ? sha256.data() : nullptr;
        return *this;
    }
    ClientOptions &server_name(const char *name) noexcept {
        options_.server_name = name;
        return *this;
    }
    /* PEM files; without `key` the private key is in the file of the certificate. */
    ClientOptions &identity(const char *certificate, const char *key = nullptr) noexcept {
        options_.certificate_file = certificate;
        options_.key_file = key;
        return *this;
    }
    ClientOptions &connections(std::uint32_t count) noexcept {
        options_.connections = count;
        return *this;
    }
    ClientOptions &deadline(std::chrono::milliseconds deadline) noexcept {
        options_.deadline_ms = detail::milliseconds(deadline);
        return *this;
    }
    ClientOptions &connect_timeout(std::chrono::milliseconds timeout) noexcept {
        options_.connect_timeout_ms = detail::milliseconds(timeout);
        return *this;
    }
    ClientOptions &keep_alive(std::chrono::milliseconds interval) noexcept {
        options_.keep_alive_ms = detail::milliseconds(interval);
        return *this;
    }
    ClientOptions &early_data(bool allowed) noexcept {
        options_.flags = allowed ? 0 : REVOCACHE_CLIENT_NO_EARLY_DATA;
        return *this;
    }
    const revocache_client_options *raw() const noexcept { return &options_; }

  private:
    revocache_client_options options_;
};

/* An issuer that the server was told of. */
class ClientIssuer {
  public:
    Verdict check(Octets serial, const Request &request = {}, Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_client_check_serial(handle_.get(), serial.data(), serial.size(), request.raw(), verdict.raw(),
                                        detail::raw(error));
        return verdict;
    }
    /* As Issuer::check_batch. */
    revocache_result check_batch(const revocache_octets *serials, std::size_t count, revocache_result *results,
                                 revocache_verdict *verdicts = nullptr, const Request &request = {},
                                 Error *error = nullptr) const noexcept {
        return ::revocache_client_check_batch(handle_.get(), serials, count, request.raw(), results, verdicts,
                                              detail::raw(error));
    }
    revocache_client_issuer *raw() const noexcept { return handle_.get(); }

  private:
    friend class Client;
    explicit ClientIssuer(revocache_client_issuer *handle) noexcept : handle_(handle) {}
    std::unique_ptr<revocache_client_issuer, detail::FreeClientIssuer> handle_;
};

/* A server to ask. */
class Client {
  public:
    /* server: HOST:PORT. */
    static Result<Client> connect(const char *server, const ClientOptions &options) noexcept {
        revocache_client *handle = nullptr;
        Error error;
        if (::revocache_client_connect(server, options.raw(), &handle, error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return Client(handle);
    }

    Result<ClientIssuer> issuer(Octets certificate) const noexcept {
        revocache_client_issuer *issuer = nullptr;
        Error error;
        if (::revocache_client_issuer_new(handle_.get(), certificate.data(), certificate.size(), &issuer,
                                          error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return ClientIssuer(issuer);
    }
    /* Both hashes by SHA-1 (20 octets) or by SHA-256 (32 octets). */
    Result<ClientIssuer> issuer_by_cert_id(Octets name_hash, Octets key_hash) const noexcept {
        revocache_client_issuer *issuer = nullptr;
        Error error;
        /* Hashes of different lengths are refused like one of an unknown length. */
        std::size_t length = name_hash.size() == key_hash.size() ? name_hash.size() : 0;
        if (::revocache_client_issuer_new_by_cert_id(handle_.get(), name_hash.data(), key_hash.data(), length, &issuer,
                                                     error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return ClientIssuer(issuer);
    }

    Verdict check_certificate(Octets certificate, Octets issuer = {}, const Request &request = {},
                              Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_client_check_certificate(handle_.get(), certificate.data(), certificate.size(), issuer.data(),
                                             issuer.size(), request.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    Verdict check_cert_id(const revocache_cert_id &id, const Request &request = {},
                          Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_client_check_cert_id(handle_.get(), &id, request.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    Result<std::uint64_t> generation() const noexcept {
        std::uint64_t generation = 0;
        Error error;
        if (::revocache_client_generation(handle_.get(), &generation, error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return generation;
    }
    revocache_client *raw() const noexcept { return handle_.get(); }

  private:
    explicit Client(revocache_client *handle) noexcept : handle_(handle) {}
    std::unique_ptr<revocache_client, detail::FreeClient> handle_;
};

/* How responders are asked. URLs are the caller's, until open returns. */
class LiveOptions {
  public:
    LiveOptions() noexcept : options_() { options_.size = sizeof options_; }

    LiveOptions &method(Method method) noexcept {
        options_.method = static_cast<std::uint32_t>(method);
        return *this;
    }
    LiveOptions &responders(const char *const *urls, std::size_t count) noexcept {
        options_.responders = urls;
        options_.responder_count = count;
        return *this;
    }
    LiveOptions &budget(std::chrono::milliseconds budget) noexcept {
        options_.budget_ms = detail::milliseconds(budget);
        return *this;
    }
    LiveOptions &private_addresses(bool allowed = true) noexcept {
        return flag(REVOCACHE_LIVE_PRIVATE_ADDRESSES, allowed);
    }
    LiveOptions &nonce(bool sent = true) noexcept { return flag(REVOCACHE_LIVE_NONCE, sent); }
    const revocache_live_options *raw() const noexcept { return &options_; }

  private:
    LiveOptions &flag(std::uint32_t flag, bool set) noexcept {
        options_.flags = set ? options_.flags | flag : options_.flags & ~flag;
        return *this;
    }

    revocache_live_options options_;
};

/* An opened index with OCSP responders behind it. */
class Live {
  public:
    static Result<Live> open(const char *path, const LiveOptions &options = {}) noexcept {
        revocache_live *handle = nullptr;
        Error error;
        if (::revocache_live_open(path, options.raw(), &handle, error.raw()) != REVOCACHE_RESULT_OK) return error;
        return Live(handle);
    }

    /* error, if given, also tells why a responder did not answer. */
    Verdict check_certificate(Octets certificate, Octets issuer = {}, const Request &request = {},
                              Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_live_check_certificate(handle_.get(), certificate.data(), certificate.size(), issuer.data(),
                                           issuer.size(), request.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    Verdict check_serial(Octets issuer, Octets serial, const Request &request = {},
                         Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_live_check_serial(handle_.get(), issuer.data(), issuer.size(), serial.data(), serial.size(),
                                      request.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    Verdict check_cert_id(const revocache_cert_id &id, const Request &request = {},
                          Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_live_check_cert_id(handle_.get(), &id, request.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    revocache_live *raw() const noexcept { return handle_.get(); }

  private:
    explicit Live(revocache_live *handle) noexcept : handle_(handle) {}
    std::unique_ptr<revocache_live, detail::FreeLive> handle_;
};

} // namespace revocache

#endif
