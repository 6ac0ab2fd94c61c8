// ValKeyInfo (TS 29.549 clause 7.6.1.4): what SS_KeyInfoRetrieval and the SEAL KM response answer with, and the text inside
// its `keyInfo`, which TS 29.549 leaves open (a plain string).
//
//   {"userUri":"sip:ann@v2x.example","skmsId":"https://idms.alpha.example/idms/v1/alpha","valService":"v2x",
//    "valTgtUe":{"valUserId":"sip:ann@v2x.example"},"keyInfo":"eyJ2Ijox..."}
//
// keyInfo, decided here: compact JSON in base64url without padding, so that everybody who passes it on sees one token:
//   {"v":1,"kid":"<32 hex>","alg":"A256KW","use":"val-service","key":"<base64url>","nbf":1764000000,"exp":1795536000,
//    "valService":"v2x","tgt":{"valUserId":"sip:ann@v2x.example"},
//    "next":{"kid":..,"alg":..,"key":..,"nbf":..,"exp":..}}
// `tgt` is absent for the key of a whole service, `next` while no key waits to take over.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/seal_keys/service_key.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::seal_keys {

struct OpenGeneration {
  const Generation* generation = nullptr;  // null: there is none
  SecretBytes key;
};
struct KeyInfo {
  std::string_view user_uri;
  std::string_view skms_id;
  std::string_view service;
  const Target* target = nullptr;
  OpenGeneration current;
  OpenGeneration next;
};

// The answer's body; the texts in between are wiped.
std::string write_key_info(const KeyInfo& info);

// `id` when it is a URI, else "<base>/<kind>/<id>" with the id percent-encoded: userUri must be a URI, VAL identities need
// not be.
std::string uri_of(std::string_view base, std::string_view kind, std::string_view id);

}  // namespace claviger::seal_keys
