// A partner's JWKS document as keys (RFC 7517; JWT attack list rows 15, 16, 35).
//
// The document is parsed off the loop: RSA keys cost milliseconds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/tokens/verifier/key_set.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::partners {

struct KnownKeys {
  std::string issuer;
  std::string jwks;  // the document they were read from
  std::shared_ptr<const tokens::KeySet> set;
  std::int64_t fetched_at = 0;
};

// `read`: from the records; nothing when they had none. Becomes `fetched` when that is newer, and of the same system.
void keep_newer(KnownKeys& read, const KnownKeys& fetched, std::string_view issuer);

// PartnerKeysMissing when no key is left that can verify, KeyPublished for one out of a standard, else what the reader
// says. Any thread.
Result<KnownKeys> parse_partner_keys(std::string issuer, std::string jwks, const tokens::KeySet* former);
runtime::Task<Result<KnownKeys>> read_partner_keys(broker::Context* context, std::string issuer, std::string jwks,
                                                   std::shared_ptr<const tokens::KeySet> former);

}  // namespace claviger::partners
