// Wipes a request's body when its handler ends: passwords, codes and refresh tokens come that way, and a slab goes back
// to its pool as it is.
//
// Lives in the handler's frame, declared before whatever reads the body. The body belongs to the request alone.
#pragma once

#include "core/base/secret.h"
#include "core/base/slice.h"

namespace claviger::identity {

class SecretBody {
 public:
  explicit SecretBody(const Slice& body) : body_(body) {}
  SecretBody(const SecretBody&) = delete;
  SecretBody& operator=(const SecretBody&) = delete;
  // The bytes are a slab's, which is writable memory; a Slice only shows them read-only.
  ~SecretBody() { wipe({const_cast<std::byte*>(body_.data()), body_.size()}); }

 private:
  Slice body_;
};

}  // namespace claviger::identity
