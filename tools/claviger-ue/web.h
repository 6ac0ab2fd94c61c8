// One request after the other over HTTPS (core/http/client.h), waiting for each answer: a client has nothing else to do
// meanwhile.
//
// Owns a shard that the calling thread drives. One thread, one Web at a time.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/http/client.h"

namespace claviger::ue {

class Web {
 public:
  // `ca_pem` empty: the system's authorities. CertificateInvalid.
  static Result<std::unique_ptr<Web>> make(const std::string& ca_pem);
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;
  ~Web();

  // What the client's send() says. Follows nothing and judges no status.
  Result<http::ClientResponse> send(http::ClientRequest request);

 private:
  struct Engine;
  explicit Web(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

// Overwrites what may have carried a password, a token or a key.
void wipe_text(std::string& text);

}  // namespace claviger::ue
