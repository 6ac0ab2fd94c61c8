// SystemLink: our side of the HTTPS between two migration management servers: mutual TLS, and an access token of ours
// there that is bound to our certificate (RFC 8705 clause 3).
//
// On the home of Migration; made for each agreement that has a url, dropped when it changes. Whoever asks holds a
// shared_ptr meanwhile.
#pragma once

#include <memory>
#include <string>

#include "broker/context.h"
#include "broker/migration/agreement.h"
#include "core/base/secret.h"
#include "core/http/client.h"

namespace claviger::migration {

// What a device that configures itself waits for at most, two systems together.
inline constexpr Milliseconds kLinkAnswerMax{4000};
inline constexpr std::size_t kLinkAnswerBytesMax = 256 * 1024;
// The scope of systems that call each other.
inline constexpr std::string_view kMigrationScope = "migration";

class SystemLink {
 public:
  SystemLink(broker::Context& context, std::string tenant, Agreement agreement,
             std::shared_ptr<const net::TlsContext> tls);

  const Agreement& agreement() const { return agreement_; }
  const std::string& tenant() const { return tenant_; }
  // `path` below the agreement's url. Unreachable and so on, as http::Client; Refused: no token is to be had.
  // Any status is an answer.
  runtime::Task<Result<http::ClientResponse>> ask(http::Method method, std::string path, std::string body);

 private:
  runtime::Task<Result<Unit>> fetch_token();

  broker::Context& context_;
  const std::string tenant_;
  const Agreement agreement_;
  http::Client client_;
  SecretBytes token_;
  std::int64_t token_until_ = 0;
};

}  // namespace claviger::migration
