#include "broker/registration/csk_opener.h"

#include <algorithm>

#include "broker/keys/issue_procedure.h"
#include "broker/keys/user_keys.h"
#include "broker/keys/user_procedures.h"
#include "broker/tables.h"
#include "core/crypto/digest.h"
#include "core/crypto/mikey/i_message.h"
#include "core/crypto/mikey/key_id.h"

namespace claviger::registration {

using runtime::Task;

namespace {

Error refused(std::string_view where) { return {Code::CskInvalid, where}; }

Result<mikey::KmsDomain> mikey_domain(const keys::Domain& domain) {
  CLAVIGER_TRY(encryption, mikey::SakkePublicKey::from_octets(domain.public_encryption));
  CLAVIGER_TRY(authentication, mikey::EccsiPublicKey::from_octets(domain.public_authentication));
  CLAVIGER_TRY(periods, mikey::KeyPeriods::make(domain.periods.seconds, domain.periods.offset));
  return mikey::KmsDomain{domain.kms_uri, encryption, authentication, periods};
}

struct Wanted {
  keys::KeysWanted keys;
  std::string message;
  std::vector<std::string> candidates;
  std::int64_t now = 0;
};
struct Opened {
  mikey::SharedSecret csk;
  std::string user_uri;
};

// Who signed: the URI in the message, or the candidate whose UID it has.
Result<std::string> initiator_of(const mikey::OpenedIMessage& opened, const mikey::KmsDomain& domain,
                                 const std::vector<std::string>& candidates) {
  const Bytes uri = opened.view.identity(mikey::MikeyRole::Initiator);
  if (!uri.empty()) return std::string(as_text(uri));
  CLAVIGER_TRY(period, domain.periods.number_at(opened.time));
  for (const std::string& candidate : candidates) {
    const auto uid = mikey::compute_uid(candidate, domain.uri, domain.periods, period);
    if (uid && *uid == opened.initiator_uid) return candidate;
  }
  return refused("csk.initiator");
}

// In the pool. `value`: the record of our own keys of the message's period.
Result<Opened> open_in_pool(storage::Sealer& sealer, const Wanted& wanted, const storage::Value& value) {
  CLAVIGER_TRY(stored, keys::read_user_keys(value));
  SecretBytes wire(keys::kWireBytes);
  CLAVIGER_TRY(read, keys::open_user_keys(sealer, wanted.keys.key(), stored, wire.reveal_for_writing()));
  CLAVIGER_TRY(own, keys::parse_wire(wire.reveal()));
  CLAVIGER_TRY(domain, mikey_domain(wanted.keys.domain->domain));
  CLAVIGER_TRY(now, mikey::to_ntp(std::chrono::sys_seconds(std::chrono::seconds(wanted.now))));
  const mikey::ReceiverKey key{stored.uid, &own.rsk};
  const mikey::IMessageReceiver receiver{wanted.keys.user_uri, std::span(&domain, 1), std::span(&key, 1), now, {}};
  auto opened = mikey::open_i_message(as_bytes(wanted.message), receiver);
  if (!opened) return refused(opened.error().where);
  CLAVIGER_TRY(initiator, initiator_of(*opened, domain, wanted.candidates));
  return Opened{std::move(opened->key), std::move(initiator)};
}

Task<Result<Opened>> open_with(keys::Kms* kms, broker::Context* context, std::shared_ptr<const Wanted> wanted) {
  auto allowed = co_await keys::may_have_keys(kms, context, wanted->keys);
  if (!allowed) co_return allowed.error();
  auto value = co_await keys::find_or_issue(kms, context, wanted->keys);
  if (!value) co_return value.error();
  auto shared = std::make_shared<const storage::Value>(*std::move(value));
  auto work = [sealer = &context->sealer, wanted, shared] { return open_in_pool(*sealer, *wanted, *shared); };
  auto opened = co_await runtime::offload(&kms->pool(), std::move(work));
  if (!opened) co_return opened.error();
  co_return *std::move(opened);
}

// Generations that a client may have encrypted to, newest first.
std::vector<keys::DomainRef> generations_of(const keys::Kms& kms, std::string_view tenant, std::string_view kms_uri) {
  std::vector<keys::DomainRef> found;
  const auto table = kms.table();
  const keys::TenantDomains* domains = table->find(tenant);
  if (domains == nullptr) return found;
  for (auto at = domains->generations.rbegin(); at != domains->generations.rend(); ++at) {
    const bool is_usable =
        (*at)->domain.state != keys::DomainState::Revoked && (*at)->keys != nullptr && (*at)->domain.kms_uri == kms_uri;
    if (is_usable && found.size() < kGenerationsTried) found.push_back(*at);
  }
  return found;
}

}  // namespace

Task<Result<UploadedKey>> CskOpener::open_anew(Registrar* registrar, std::shared_ptr<const Upload> upload) {
  broker::Context& context = registrar->here();
  const std::int64_t now = registrar->now();
  const auto view = mikey::parse_i_message(as_bytes(upload->message));
  if (!view) co_return refused(view.error().where);
  const auto purpose = mikey::purpose_of(view->csb_id);
  if (!purpose || *purpose != mikey::KeyPurpose::Csk) co_return refused("csk.purpose");
  const auto ntp = mikey::to_ntp(std::chrono::sys_seconds(std::chrono::seconds(now)));
  if (!ntp) co_return refused("csk.clock");
  const std::int64_t made_at = mikey::from_ntp(mikey::from_timestamp(view->timestamp, *ntp)).time_since_epoch().count();
  // Whoever recorded one long ago does not bring it back.
  if (made_at < now - kMessageAgeMax || made_at > now + kClockAheadMax) co_return refused("csk.time");
  const std::string& own = registrar->domain_security_identity();
  // A user of that name would hold our keys.
  auto user = co_await keys::user_since(&context, registrar->tenant(), own);
  if (user) {
    context.shard.logger().error("registration.mdsi", {{"identity", own}, {"why", "a user has it"}});
    co_return refused("csk.responder");
  }
  if (user.error().code != Code::UserUnknown) co_return user.error();
  const auto domains =
      generations_of(kms_, registrar->tenant(), as_text(view->identity(mikey::MikeyRole::ResponderKms)));
  Result<Opened> opened = refused("csk.kms");
  for (std::size_t i = 0; i < domains.size() && opened.failed_with(Code::CskInvalid); ++i) {
    const auto period = domains[i]->domain.periods.number_at(made_at);
    if (!period) continue;
    auto wanted = std::make_shared<Wanted>();
    wanted->keys = {domains[i], *period, own};
    wanted->message = upload->message;
    wanted->candidates = upload->candidates;
    wanted->now = now;
    opened = co_await open_with(&kms_, &context, std::move(wanted));
  }
  if (!opened) co_return opened.error();
  auto canonical = canonical_mc_service_id(opened->user_uri);
  if (!canonical) co_return refused("csk.initiator");
  auto record = std::make_shared<ClientServerKey>();
  record->impu = upload->impu;
  record->id = view->csb_id;
  record->mc_service_id = *canonical;
  record->user_uri = opened->user_uri;
  const auto digest = crypto::sha256(as_bytes(upload->message));
  record->message_digest = as_text(digest);
  record->made_at = made_at;
  record->received_at = now;
  CLAVIGER_CO_TRY(sealed, seal_csk(context.sealer, registrar->tenant(), *record, opened->csk));
  record->sealed = std::move(sealed);
  UploadedKey uploaded;
  uploaded.key = derive_body_key(registrar->sip(), record->id, record->mc_service_id, record->user_uri, opened->csk);
  uploaded.record = std::move(record);
  co_return uploaded;
}

Task<Result<UploadedKey>> CskOpener::open(Registrar* registrar, std::shared_ptr<const Upload> upload) {
  const auto hash = crypto::sha256(as_bytes(upload->message));
  const std::string digest(as_text(hash));
  const std::int64_t now = registrar->now();
  auto& of_shard = refused_[registrar->here().shard.index()];
  if (const auto before = of_shard.find(digest); before != of_shard.end() && before->second > now) {
    co_return refused("csk.again");
  }
  if (const auto view = mikey::parse_i_message(as_bytes(upload->message))) {
    auto known = co_await read_client_server_key(registrar, upload->impu, view->csb_id);
    if (known && known->message_digest == digest) {
      CLAVIGER_CO_TRY(key, open_csk(*registrar, *known));
      UploadedKey uploaded{std::make_shared<const ClientServerKey>(*std::move(known)), std::move(key)};
      co_return uploaded;
    }
    if (!known && known.error().code != Code::CskMissing) co_return known.error();
  }
  auto opened = co_await open_anew(registrar, upload);
  if (!opened.failed_with(Code::CskInvalid)) co_return opened;
  registrar->here().shard.logger().info("registration.csk",
                                        {{"identity", upload->impu}, {"where", opened.error().where}});
  auto& list = refused_[registrar->here().shard.index()];
  if (list.size() >= kRefusedMax) std::erase_if(list, [now](const auto& one) { return one.second <= now; });
  if (list.size() < kRefusedMax) list[digest] = now + kRefusedKept;
  co_return opened;
}

}  // namespace claviger::registration
