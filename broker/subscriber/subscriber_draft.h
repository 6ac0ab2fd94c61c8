// A subscriber as an operator describes him, and what may be said of one.
//
// Read from JSON by broker/admin; keys come as secrets and are sealed before anything waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/subscriber/subscriber.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::subscriber {

struct SubscriberDraft {
  std::string private_identity;
  std::optional<std::vector<std::string>> public_identities;
  std::string algorithm;         // "milenage", "tuak"; empty: milenage
  SecretBytes key;               // K as hexadecimal digits; empty: as it was
  SecretBytes operator_code;     // OPc or TOPc, the same
  SecretBytes operator_variant;  // OP or TOP, from which it is computed; in its place
  std::string amf;               // 4 digits; empty: 0000
  std::string sequence;          // SQN where he was numbered before, 12 digits; empty: new
  std::optional<std::int64_t> ind_bits;
  std::optional<std::int64_t> response_bytes;
  std::optional<std::int64_t> iterations;
  std::optional<bool> is_enabled;
  std::optional<bool> serves_unregistered;
  std::optional<std::vector<std::string>> visited_networks;
  std::optional<std::vector<std::int64_t>> capabilities;

  bool has_key() const { return !key.empty() || !operator_code.empty() || !operator_variant.empty(); }
};

// The members of `draft` that are there, over `before`. The private identity and dates stay; a key comes back apart.
// SubscriberInvalid, AkaKeyInvalid.
struct Drafted {
  Subscriber subscriber;
  std::optional<aka::SubscriberKey> key;
  std::optional<aka::Sequence> sequence;
};
Result<Drafted> apply(const SubscriberDraft& draft, Subscriber before);

}  // namespace claviger::subscriber
