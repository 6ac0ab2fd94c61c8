// A blocking HTTPS connection of the plainest kind, for the example server: one request after another, kept alive.
//
// Owned by one thread. Trusts one CA file and checks the host's name or address.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/uri.h"

struct bio_st;
struct ssl_ctx_st;

namespace claviger::example {

// A feed answer is a megabyte at most (broker/tokens/verifier/revocation_feed.h), a key set far less.
inline constexpr std::size_t kAnswerBytesMax = (std::size_t{1} << 20U) + 16 * 1024;

struct Answer {
  int status = 0;
  std::string body;
};

class TlsConnection {
 public:
  // `origin` is copied: host and port of an https URI. Unreadable: the CA file.
  static Result<TlsConnection> create(const codec::Uri& origin, const std::string& ca_file);
  TlsConnection(TlsConnection&&) noexcept;
  TlsConnection& operator=(TlsConnection&&) noexcept;
  ~TlsConnection();

  // Connects first if need be; after an error the next request connects again.
  Result<Answer> get(std::string_view path, std::string_view header_lines);

 private:
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const;
  };
  struct FreeBio {
    void operator()(bio_st* bio) const;
  };
  using Bio = std::unique_ptr<bio_st, FreeBio>;

  TlsConnection(std::string host, std::string port, std::unique_ptr<ssl_ctx_st, FreeContext> context);
  Result<Unit> connect();
  Result<Answer> exchange(const std::string& request);
  Result<Unit> read_more();

  std::string host_;
  std::string port_;
  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
  Bio connection_;
  std::string received_;
};

}  // namespace claviger::example
