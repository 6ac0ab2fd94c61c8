#include "broker/registration/rows.h"

#include <algorithm>
#include <array>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/urn.h"
#include "core/crypto/digest.h"
#include "storage/outbox_row.h"

namespace claviger::registration {
namespace {

constexpr std::size_t kDigestBytes = 16;

std::string digest_of(std::string_view text) {
  const auto digest = crypto::sha256(as_bytes(text));
  std::string out;
  codec::base64url_encode(std::span(digest).first(kDigestBytes), out);
  return out;
}

void put_row(storage::Transaction& change, std::string_view prefix, std::string_view id, std::string_view payload,
             std::int64_t due) {
  storage::put_outbox_row(change, broker::tables::kOutbox, due, std::string(prefix) + std::string(id),
                          as_bytes(payload));
}

std::string publication_payload(const Binding& binding) {
  const BindingName& name = binding.name;
  return broker::record_key({binding.impu, name.mc_service_id, name.service, name.client_id, ""});
}

template <std::size_t N>
Result<std::array<std::string, N>> parts_of(std::string_view payload) {
  std::array<std::string, N> parts;
  for (std::size_t i = 0; i < N; ++i) {
    const std::size_t end = i + 1 < N ? payload.find('\0') : payload.size();
    if (end == std::string_view::npos) return Error{Code::Corrupt, "registration.row"};
    parts[i] = payload.substr(0, end);
    payload.remove_prefix(std::min(end + 1, payload.size()));
  }
  return parts;
}

}  // namespace

void put_registration_timer(storage::Transaction& change, std::string_view impu, std::int64_t due) {
  put_row(change, kRegistrationTimer, digest_of(impu), impu, due);
}
void put_subscription_timer(storage::Transaction& change, std::string_view local_tag, std::int64_t due) {
  put_row(change, kSubscriptionTimer, local_tag, local_tag, due);
}
void put_token_timer(storage::Transaction& change, std::string_view impu, const BindingName& name, std::int64_t due) {
  const std::string payload = broker::record_key({impu, name.mc_service_id, name.service, name.client_id});
  put_row(change, kTokenTimer, digest_of(payload), payload, due);
}
Result<TokenTimer> read_token_timer(std::string_view payload) {
  CLAVIGER_TRY(parts, parts_of<4>(payload));
  return TokenTimer{parts[0], {parts[1], parts[2], codec::canonical_urn(parts[3])}};
}
void keep_publication_timer(storage::Transaction& change, Binding& binding, std::int64_t expires_at, std::int64_t now) {
  if (binding.publication_due > now && binding.publication_due <= expires_at) return;
  erase_publication_timer(change, binding, now);
  binding.publication_due = expires_at;
  const std::string payload = publication_payload(binding);
  put_row(change, kPublicationTimer, digest_of(payload), payload, expires_at);
}
void erase_publication_timer(storage::Transaction& change, const Binding& binding, std::int64_t now) {
  if (binding.publication_due <= now) return;
  const std::string id = std::string(kPublicationTimer) + digest_of(publication_payload(binding));
  change.erase(broker::tables::kOutbox, storage::outbox_key(binding.publication_due, id));
}
Result<PublicationTimer> read_publication_timer(std::string_view payload) {
  CLAVIGER_TRY(parts, parts_of<5>(payload));
  return PublicationTimer{parts[0], {parts[1], parts[2], codec::canonical_urn(parts[3])}, parts[4]};
}
void put_watch_row(storage::Transaction& change, std::string_view impu, std::string_view local_tag, std::int64_t due) {
  put_row(change, kWatchTimer, local_tag, broker::record_key({impu, local_tag}), due);
}
void put_tell_resource(storage::Transaction& change, std::string_view resource, std::int64_t now) {
  put_row(change, kTellResource, digest_of(resource), resource, now);
}
void put_tell_dialog(storage::Transaction& change, std::string_view local_tag, std::int64_t now) {
  put_row(change, kTellDialog, local_tag, local_tag, now);
}

}  // namespace claviger::registration
