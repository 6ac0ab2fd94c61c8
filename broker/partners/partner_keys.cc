#include "broker/partners/partner_keys.h"

#include "core/crypto/published_keys.h"
#include "core/runtime/offload.h"

namespace claviger::partners {

void keep_newer(KnownKeys& read, const KnownKeys& fetched, std::string_view issuer) {
  const bool is_newer = read.set == nullptr || fetched.fetched_at > read.fetched_at;
  if (fetched.issuer == issuer && is_newer) read = fetched;
}

Result<KnownKeys> parse_partner_keys(std::string issuer, std::string jwks, const tokens::KeySet* former) {
  KnownKeys known;
  CLAVIGER_TRY(set, tokens::KeySet::from_jwks(issuer, jwks, former));
  if (set->keys().empty()) return Error{Code::PartnerKeysMissing, "partner.jwks"};
  for (const tokens::KeySet::Key& key : set->keys()) {
    if (crypto::is_published_test_key(key.key.thumbprint())) return Error{Code::KeyPublished, "partner.jwks"};
  }
  known.issuer = std::move(issuer);
  known.jwks = std::move(jwks);
  known.set = std::move(set);
  return known;
}

runtime::Task<Result<KnownKeys>> read_partner_keys(broker::Context* context, std::string issuer, std::string jwks,
                                                   std::shared_ptr<const tokens::KeySet> former) {
  auto work = [issuer = std::move(issuer), jwks = std::move(jwks), former = std::move(former)] {
    return parse_partner_keys(issuer, jwks, former.get());
  };
  auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!done) co_return done.error();
  co_return *std::move(done);
}

}  // namespace claviger::partners
