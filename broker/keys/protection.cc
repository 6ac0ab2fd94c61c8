#include "broker/keys/protection.h"

#include <algorithm>
#include <memory>

#include "broker/keys/kms.h"
#include "broker/keys/xml_signature.h"
#include "core/runtime/offload.h"

namespace claviger::keys {
namespace {

using broker::Context;
using runtime::Task;

constexpr Error kBadSignature{Code::RequestSignature, "kms.signature"};

const TransportKey* find(const std::vector<TransportKey>& keys, std::string_view id, std::string_view device) {
  const auto found = std::ranges::find(keys, id, &TransportKey::id);
  return found == keys.end() || !found->is_for(device) ? nullptr : &*found;
}

// D.2.2: if an InK is present, it must be the key used.
bool has_ink(const std::vector<TransportKey>& keys, std::string_view device) {
  return std::ranges::any_of(keys, [device](const TransportKey& key) {
    return key.kind == TransportKeyKind::Ink && key.state == TransportKeyState::Active && key.is_for(device);
  });
}

struct Signer {
  TransportKey record;
  NamedKey key;
  crypto::Sha256Digest digest;
};
Result<Signer> verify(storage::Sealer& sealer, std::string_view tenant, const KmsRequest& request, std::string_view xml,
                      const std::vector<TransportKey>& keys) {
  const std::string& name = request.signature->key_name;
  if (!request.signature_id.empty() && request.signature_id != name) return kBadSignature;
  const TransportKey* record = find(keys, name, request.device_id);
  if (record == nullptr) return kBadSignature;
  if (record->kind == TransportKeyKind::Trk && has_ink(keys, request.device_id)) return kBadSignature;
  CLAVIGER_TRY(secret, open_transport_key(sealer, tenant, *record));
  CLAVIGER_TRY(digest, verify_signed_request(xml, secret.reveal()));
  return Signer{*record, {name, std::move(secret)}, digest};
}

// What a verification needs, for another thread.
struct Claim {
  std::string tenant;
  KmsRequest request;
  std::string xml;
  std::vector<TransportKey> keys;
};
using ClaimRef = std::shared_ptr<const Claim>;
ClaimRef claim_of(const std::string& tenant, const KmsRequest& request, const std::string& xml,
                  const std::vector<TransportKey>& keys) {
  return std::make_shared<const Claim>(Claim{tenant, request, xml, keys});
}

// A long one takes longer than a turn of a shard may.
Task<Result<Signer>> verify_somewhere(Context* context, ClaimRef claim) {
  constexpr std::size_t kInlineMax = 8 * 1024;
  storage::Sealer* sealer = &context->sealer;
  if (claim->xml.size() <= kInlineMax) {
    co_return verify(*sealer, claim->tenant, claim->request, claim->xml, claim->keys);
  }
  auto work = [sealer, claim] { return verify(*sealer, claim->tenant, claim->request, claim->xml, claim->keys); };
  auto verified = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!verified) co_return verified.error();
  co_return *std::move(verified);
}

}  // namespace

Task<Result<Protection>> authenticate_request(Kms* kms, Context* context, std::string tenant, KmsRequest request,
                                              std::string xml, DomainPolicy policy) {
  Protection protection;
  if (!request.signature && policy.needs_signature) co_return Error{Code::RequestUnsigned, "kms.signature"};
  if (request.trk_id.empty() && policy.needs_transport_key) co_return Error{Code::TransportKeyMissing, "kms.trk"};
  if (!request.signature && request.trk_id.empty()) co_return protection;
  CLAVIGER_CO_TRY(keys, co_await read_transport_keys(context, tenant, request.user_uri));
  std::vector<TransportKey> used;
  if (request.signature) {
    ClaimRef claim = claim_of(tenant, request, xml, keys);
    CLAVIGER_CO_TRY(signer, co_await verify_somewhere(context, std::move(claim)));
    const ReplayMark mark =
        replay_mark(request.time, tenant, request.signature->key_name, request.user_uri, signer.digest);
    CLAVIGER_CO_TRY(remembered, co_await kms->replays().remember(context, mark));
    if (signer.record.state == TransportKeyState::Offered) used.push_back(signer.record);
    protection.signing = std::move(signer.key);
  }
  if (!request.trk_id.empty()) {
    const TransportKey* record = find(keys, request.trk_id, request.device_id);
    if (record == nullptr || record->kind != TransportKeyKind::Trk) {
      co_return Error{Code::TransportKeyUnknown, "kms.trk"};
    }
    CLAVIGER_CO_TRY(secret, open_transport_key(context->sealer, tenant, *record));
    protection.transport = {request.trk_id, std::move(secret)};
    // A name alone proves nothing: only who signed with a key of his shows that he has the offered ones.
    const bool is_offered = record->state == TransportKeyState::Offered;
    if (is_offered && request.signature) used.push_back(*record);
    for (const TransportKey& each : keys) {
      const bool is_news = each.state == TransportKeyState::Offered && each.is_for(request.device_id) &&
                           each.id != request.trk_id && each.id != protection.signing.id;
      if (!is_news) continue;
      CLAVIGER_CO_TRY(offered, open_transport_key(context->sealer, tenant, each));
      protection.offered.push_back({each.kind, {each.id, std::move(offered)}});
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    auto taken = co_await take_up_transport_key(context, tenant, used[i]);
    if (!taken) co_return taken.error();
  }
  co_return protection;
}

}  // namespace claviger::keys
