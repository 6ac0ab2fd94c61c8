// A KM client (TS 33.180 clauses 5.3.3, D.2): the requests on KM-UU, each with the access token, signed and for wrapped
// keys as soon as the account has an InK or TrK.
//
// One thread. Answers are checked against their requests (kms_message.h); what to keep of them is for commands.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/claviger-ue/account.h"
#include "tools/claviger-ue/key_ring.h"
#include "tools/claviger-ue/kms_message.h"

namespace claviger::ue {

class KmsClient {
 public:
  explicit KmsClient(Account& account) : account_(account), ring_(account.vault()) {}

  // Refused, KeysRevoked (its 410 with error 1203): the KMS said no, and the journal has what it said. Else what
  // read_response and the web say.
  Result<KmsResponse> init() { return ask("init"); }
  // `at_ntp`: 16 hex digits of an NTP timestamp; both may be empty (clause D.2.4).
  Result<KmsResponse> key_provision(std::string_view uri, std::string_view at_ntp);
  // `known`: CacheNum of the last answer; empty: all (clause D.2.5).
  Result<KmsResponse> certificate_cache(std::string_view known);
  Result<KmsResponse> certificate(std::string_view kms_uri);
  Result<KmsResponse> lookup(std::string_view user_uri);

 private:
  Result<KmsResponse> ask(const std::string& path);

  Account& account_;
  KeyRing ring_;
};

}  // namespace claviger::ue
