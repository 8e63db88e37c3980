/* revocache for C++17 and later: the functions of revocache.h with owners, optional values, times and views.
 *
 *     auto index = revocache::Index::open_folder("/var/lib/revocache/index");
 *     if (!index) return complain(index.error().text());
 *     revocache::Verdict verdict = index->check_certificate(leaf_der, issuer_der);
 *     if (!verdict.accepted()) refuse(verdict.status(), verdict.reason_name());
 *
 * Header only, no exceptions, no allocation of its own except where a name is returned as a std::string. What revocache.h
 * says of threads, fork and the values holds here. Handles are moved, not copied; share one by reference.
 */
#ifndef REVOCACHE_HPP
#define REVOCACHE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "revocache.h"

namespace revocache {

/* A point in time: whole seconds of the system's clock. */
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>;

inline std::uint32_t abi_version() noexcept { return ::revocache_abi_version(); }
inline std::string_view version() noexcept { return ::revocache_version(); }
inline bool has_feature(const char *name) noexcept { return ::revocache_has_feature(name); }

/* Octets of somebody else, who keeps them alive: made from a pointer and a length, or from anything that has data() and
 * size() and elements of one octet: std::vector<unsigned char>, std::string, std::span<const std::byte>, ... */
class Octets {
  public:
    constexpr Octets() noexcept = default;
    constexpr Octets(const std::uint8_t *data, std::size_t size) noexcept : data_(data), size_(size) {}

    template <class Container, class Element = std::remove_pointer_t<decltype(std::declval<const Container &>().data())>,
              class = std::enable_if_t<sizeof(Element) == 1 && std::is_trivially_copyable_v<std::remove_cv_t<Element>>>>
    Octets(const Container &container) noexcept /* implicit, as views are */
        : data_(reinterpret_cast<const std::uint8_t *>(container.data())), size_(container.size()) {}

    constexpr const std::uint8_t *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }

  private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/* Why a call failed. */
class Error {
  public:
    Error() noexcept : error_() { error_.size = sizeof error_; }

    revocache_result result() const noexcept { return static_cast<revocache_result>(error_.result); }
    /* What went wrong and what can be done. Lives as long as this. */
    std::string_view text() const noexcept { return error_.text; }
    /* For the functions of revocache.h. */
    revocache_error *raw() noexcept { return &error_; }

  private:
    revocache_error error_;
};

/* A value, or why there is none. Looking at the one that is not there is undefined, as with std::optional. */
template <class T> class [[nodiscard]] Result {
  public:
    Result(T value) noexcept : either_(std::move(value)) {}
    Result(Error error) noexcept : either_(error) {}

    bool has_value() const noexcept { return either_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    T &operator*() & noexcept { return *std::get_if<0>(&either_); }
    const T &operator*() const & noexcept { return *std::get_if<0>(&either_); }
    T &&operator*() && noexcept { return std::move(*std::get_if<0>(&either_)); }
    T *operator->() noexcept { return std::get_if<0>(&either_); }
    const T *operator->() const noexcept { return std::get_if<0>(&either_); }
    const Error &error() const noexcept { return *std::get_if<1>(&either_); }

  private:
    std::variant<T, Error> either_;
};

/* What an answer is. Error: there is none. */
enum class Status { Error, Good, Revoked, Unknown };

/* How an answer is judged; every setting has the default of revocache_policy. */
class Policy {
  public:
    Policy() noexcept : policy_() { policy_.size = sizeof policy_; }

    /* Accept what the index cannot tell, instead of refusing it. */
    Policy &soft_fail(bool soft = true) noexcept {
        policy_.on_unknown = soft ? REVOCACHE_SOFT_FAIL : REVOCACHE_HARD_FAIL;
        return *this;
    }
    /* How long past its nextUpdate a list may still say "good". */
    Policy &grace(std::chrono::seconds grace) noexcept {
        policy_.grace = clamp(grace);
        return *this;
    }
    /* How long a list without nextUpdate is current. */
    Policy &life_without_next_update(std::chrono::seconds life) noexcept {
        policy_.life_without_next_update = clamp(life);
        return *this;
    }
    /* The time to judge by; std::nullopt is the machine's clock. */
    Policy &at(std::optional<Time> time) noexcept {
        policy_.at = time ? static_cast<std::int64_t>(time->time_since_epoch().count()) : 0;
        return *this;
    }
    /* Serials that read as negative numbers are meant so. */
    Policy &negative_serials(bool meant = true) noexcept {
        policy_.flags = meant ? REVOCACHE_POLICY_NEGATIVE_SERIALS : 0;
        return *this;
    }
    const revocache_policy *raw() const noexcept { return &policy_; }

  private:
    static std::uint32_t clamp(std::chrono::seconds length) noexcept {
        auto seconds = length.count();
        return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(seconds);
    }

    revocache_policy policy_;
};

/* The answer to one question. */
class [[nodiscard]] Verdict {
  public:
    Verdict() noexcept : verdict_() { verdict_.size = sizeof verdict_; }

    /* Whether to accept the certificate, as far as revocation is concerned and by the policy of the question. */
    bool accepted() const noexcept { return verdict_.decision == REVOCACHE_DECISION_ACCEPT; }
    Status status() const noexcept {
        switch (verdict_.result) {
        case REVOCACHE_RESULT_GOOD: return Status::Good;
        case REVOCACHE_RESULT_REVOKED: return Status::Revoked;
        case REVOCACHE_RESULT_UNKNOWN: return Status::Unknown;
        default: return Status::Error;
        }
    }
    revocache_result result() const noexcept { return static_cast<revocache_result>(verdict_.result); }
    std::string_view result_text() const noexcept { return ::revocache_result_text(verdict_.result); }
    revocache_cause cause() const noexcept { return static_cast<revocache_cause>(verdict_.cause); }
    std::string_view cause_name() const noexcept { return ::revocache_cause_name(verdict_.cause); }
    revocache_method method() const noexcept { return static_cast<revocache_method>(verdict_.method); }
    /* The code of RFC 5280 section 5.3.1, if revoked. */
    std::optional<std::uint32_t> reason() const noexcept {
        return status() == Status::Revoked ? std::optional<std::uint32_t>(verdict_.reason) : std::nullopt;
    }
    std::string_view reason_name() const noexcept { return ::revocache_reason_name(verdict_.reason); }
    std::optional<Time> revoked_at() const noexcept { return time(verdict_.revoked_at); }
    std::optional<Time> invalidity_date() const noexcept { return time(verdict_.invalidity_date); }
    std::optional<Time> this_update() const noexcept { return time(verdict_.this_update); }
    std::optional<Time> next_update() const noexcept { return time(verdict_.next_update); }
    std::uint64_t generation() const noexcept { return verdict_.generation; }
    /* Most significant octet first, behind leading zeros. Lives as long as this. */
    std::optional<Octets> crl_number() const noexcept {
        if (verdict_.has_crl_number == 0) return std::nullopt;
        return Octets(verdict_.crl_number, sizeof verdict_.crl_number);
    }
    const revocache_verdict &raw() const noexcept { return verdict_; }
    revocache_verdict *raw() noexcept { return &verdict_; }

    static std::optional<Time> time(std::int64_t seconds) noexcept {
        if (seconds == REVOCACHE_NO_TIME) return std::nullopt;
        return Time(std::chrono::seconds(seconds));
    }

  private:
    revocache_verdict verdict_;
};

/* A certificate of a chain and the answer about it. */
struct ChainVerdict {
    Verdict verdict;
    /* The position that the answer is about. */
    std::size_t which = 0;
};

/* Facts with the size set. */
struct IndexFacts : revocache_index_facts {
    IndexFacts() noexcept : revocache_index_facts() { size = sizeof(revocache_index_facts); }
};
struct AuthorityFacts : revocache_authority_facts {
    AuthorityFacts() noexcept : revocache_authority_facts() { size = sizeof(revocache_authority_facts); }
};
struct CrlFacts : revocache_crl_facts {
    CrlFacts() noexcept : revocache_crl_facts() { size = sizeof(revocache_crl_facts); }
};

namespace detail {
struct FreeIndex {
    void operator()(revocache_index *index) const noexcept { ::revocache_index_free(index); }
};
struct FreeIssuer {
    void operator()(revocache_issuer *issuer) const noexcept { ::revocache_issuer_free(issuer); }
};
inline revocache_error *raw(Error *error) noexcept { return error == nullptr ? nullptr : error->raw(); }
} // namespace detail

/* An issuer, looked up once. */
class Issuer {
  public:
    /* serial: the content octets of the DER INTEGER, see revocache_check_serial. */
    Verdict check(Octets serial, const Policy &policy = {}, Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_check_serial(handle_.get(), serial.data(), serial.size(), policy.raw(), verdict.raw(),
                                 detail::raw(error));
        return verdict;
    }
    /* count serials; results has room for as many, and verdicts too unless it is NULL. Returns the worst result. */
    revocache_result check_batch(const revocache_octets *serials, std::size_t count, revocache_result *results,
                                 revocache_verdict *verdicts = nullptr, const Policy &policy = {},
                                 Error *error = nullptr) const noexcept {
        return ::revocache_check_batch(handle_.get(), serials, count, policy.raw(), results, verdicts,
                                       detail::raw(error));
    }
    Result<AuthorityFacts> facts() const noexcept {
        AuthorityFacts facts;
        Error error;
        if (::revocache_get_issuer_facts(handle_.get(), &facts, error.raw()) != REVOCACHE_RESULT_OK) return error;
        return facts;
    }
    revocache_issuer *raw() const noexcept { return handle_.get(); }

  private:
    friend class Index;
    explicit Issuer(revocache_issuer *handle) noexcept : handle_(handle) {}
    std::unique_ptr<revocache_issuer, detail::FreeIssuer> handle_;
};

/* An opened index. */
class Index {
  public:
    enum class Refresh : std::uint32_t {
        Automatic = REVOCACHE_REFRESH_AUTOMATIC,
        OnRequest = REVOCACHE_REFRESH_ON_REQUEST,
    };

    static Result<Index> open_folder(const char *path, Refresh refresh = Refresh::Automatic) noexcept {
        revocache_options options{};
        options.size = sizeof options;
        options.refresh = static_cast<std::uint32_t>(refresh);
        revocache_index *handle = nullptr;
        Error error;
        if (::revocache_open_folder(path, &options, &handle, error.raw()) != REVOCACHE_RESULT_OK) return error;
        return Index(handle);
    }
    static Result<Index> open_file(const char *path) noexcept {
        revocache_index *handle = nullptr;
        Error error;
        if (::revocache_open_file(path, &handle, error.raw()) != REVOCACHE_RESULT_OK) return error;
        return Index(handle);
    }

    /* An empty optional is success. */
    std::optional<Error> refresh() const noexcept {
        Error error;
        if (::revocache_refresh(handle_.get(), error.raw()) == REVOCACHE_RESULT_OK) return std::nullopt;
        return error;
    }
    std::optional<Error> verify() const noexcept {
        Error error;
        if (::revocache_verify(handle_.get(), error.raw()) == REVOCACHE_RESULT_OK) return std::nullopt;
        return error;
    }
    std::uint64_t generation() const noexcept { return ::revocache_generation(handle_.get()); }

    Result<Issuer> issuer(Octets certificate) const noexcept {
        revocache_issuer *issuer = nullptr;
        Error error;
        if (::revocache_issuer_new(handle_.get(), certificate.data(), certificate.size(), &issuer, error.raw()) !=
            REVOCACHE_RESULT_OK)
            return error;
        return Issuer(issuer);
    }
    /* Both hashes by SHA-1 (20 octets) or by SHA-256 (32 octets). */
    Result<Issuer> issuer_by_cert_id(Octets name_hash, Octets key_hash) const noexcept {
        revocache_issuer *issuer = nullptr;
        Error error;
        /* Hashes of different lengths are refused like one of an unknown length. */
        std::size_t length = name_hash.size() == key_hash.size() ? name_hash.size() : 0;
        if (::revocache_issuer_new_by_cert_id(handle_.get(), name_hash.data(), key_hash.data(), length, &issuer,
                                              error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return Issuer(issuer);
    }

    Verdict check_certificate(Octets certificate, Octets issuer = {}, const Policy &policy = {},
                              Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_check_certificate(handle_.get(), certificate.data(), certificate.size(), issuer.data(),
                                      issuer.size(), policy.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    Verdict check_cert_id(const revocache_cert_id &id, const Policy &policy = {},
                          Error *error = nullptr) const noexcept {
        Verdict verdict;
        ::revocache_check_cert_id(handle_.get(), &id, policy.raw(), verdict.raw(), detail::raw(error));
        return verdict;
    }
    /* Leaf first. */
    ChainVerdict check_chain(const revocache_octets *certificates, std::size_t count, const Policy &policy = {},
                             Error *error = nullptr) const noexcept {
        ChainVerdict answer;
        ::revocache_check_chain(handle_.get(), certificates, count, policy.raw(), answer.verdict.raw(), &answer.which,
                                detail::raw(error));
        return answer;
    }

    Result<IndexFacts> facts() const noexcept {
        IndexFacts facts;
        Error error;
        if (::revocache_get_index_facts(handle_.get(), &facts, error.raw()) != REVOCACHE_RESULT_OK) return error;
        return facts;
    }
    Result<AuthorityFacts> authority(std::uint32_t position) const noexcept {
        AuthorityFacts facts;
        Error error;
        if (::revocache_get_authority_facts(handle_.get(), position, &facts, error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return facts;
    }
    Result<CrlFacts> crl(std::uint32_t position) const noexcept {
        CrlFacts facts;
        Error error;
        if (::revocache_get_crl_facts(handle_.get(), position, &facts, error.raw()) != REVOCACHE_RESULT_OK)
            return error;
        return facts;
    }
    revocache_index *raw() const noexcept { return handle_.get(); }

  private:
    explicit Index(revocache_index *handle) noexcept : handle_(handle) {}
    std::unique_ptr<revocache_index, detail::FreeIndex> handle_;
};

} // namespace revocache

#endif
