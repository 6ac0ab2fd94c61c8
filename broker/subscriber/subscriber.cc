#include "broker/subscriber/subscriber.h"

#include <algorithm>
#include <array>

#include "broker/public_identity_rows.h"
#include "broker/record_key.h"
#include "broker/subscriber/subscriber_generated.h"
#include "broker/tables.h"
#include "core/codec/utf8.h"
#include "storage/record.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;

constexpr storage::RecordSchema kSchema{"subscriber", 1};
constexpr std::size_t kKeyPart = 32;  // K, then OPc or TOPc, each with zeros behind

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}
// From there on: each request has two identities, and one string each is enough.
void lower_from(std::string& text, std::size_t first) {
  for (std::size_t i = first; i < text.size(); ++i) text[i] = lower(text[i]);
}

// No identity of ours has controls, blanks, or what needs quoting in a header. A table: each request has two of them.
constexpr std::array<bool, 256> kIsPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t octet = 0x21; octet < table.size(); ++octet) table[octet] = octet != 0x7f;
  for (const char c : std::string_view("\"\\<>,;")) table[static_cast<unsigned char>(c)] = false;
  return table;
}();
bool is_plain(std::string_view text) {
  const bool is_short = !text.empty() && text.size() <= kIdentityBytesMax;
  return is_short && codec::is_utf8(text) &&
         std::ranges::all_of(text, [](char c) { return kIsPlain[static_cast<unsigned char>(c)]; });
}
bool is_host(std::string_view host) {
  return !host.empty() && host.find('@') == std::string_view::npos && host.front() != '.' && host.back() != '.';
}

}  // namespace

bool Subscriber::has(std::string_view public_identity) const {
  return std::ranges::find(public_identities, public_identity) != public_identities.end();
}

// As broker::record_key() has it, in memory taken once.
std::string subscriber_key(std::string_view tenant, std::string_view private_identity) {
  CLAVIGER_ASSERT(tenant.find('\0') == std::string_view::npos && private_identity.find('\0') == std::string_view::npos);
  std::string key;
  key.reserve(tenant.size() + 1 + private_identity.size());
  key.append(tenant).append(1, '\0').append(private_identity);
  return key;
}
std::string public_identity_key(std::string_view tenant, std::string_view public_identity) {
  return broker::subscribers_identity_key(tenant, public_identity);
}

Result<std::string> canonical_private_identity(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (!is_plain(text) || at == std::string_view::npos || at == 0 || !is_host(text.substr(at + 1)) ||
      text.substr(0, at).find('@') != std::string_view::npos) {
    return Error{Code::SubscriberInvalid, "subscriber.private_identity"};
  }
  std::string canonical(text);
  lower_from(canonical, at + 1);
  return canonical;
}

Result<std::string> canonical_public_identity(std::string_view text) {
  constexpr Error kWrong{Code::SubscriberInvalid, "subscriber.public_identity"};
  // Parameters and headers of the URI do not make another identity of it.
  const std::string_view bare = text.substr(0, text.find_first_of(";?"));
  const std::size_t colon = bare.find(':');
  if (!is_plain(bare) || colon == std::string_view::npos) return kWrong;
  const std::string scheme = lowered(bare.substr(0, colon));
  const std::string_view rest = bare.substr(colon + 1);
  if (scheme == "tel") {
    std::string number = "tel:";
    for (const char c : rest) {
      if (std::string_view("-.()").find(c) != std::string_view::npos) continue;  // RFC 3966 clause 5: visual only
      const bool is_first_plus = c == '+' && number.size() == 4;
      if (!is_first_plus && (c < '0' || c > '9')) return kWrong;
      number.push_back(c);
    }
    if (number.size() < 6) return kWrong;
    return number;
  }
  const std::size_t at = rest.rfind('@');
  const bool is_sip = scheme == "sip" || scheme == "sips";
  if (!is_sip || at == std::string_view::npos || at == 0 || !is_host(rest.substr(at + 1)) ||
      rest.substr(0, at).find('@') != std::string_view::npos) {
    return kWrong;
  }
  std::string canonical(bare);
  std::ranges::copy(scheme, canonical.begin());
  lower_from(canonical, colon + 1 + at + 1);
  return canonical;
}

std::string encode_subscriber(const Subscriber& subscriber) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto identities = storage::put_texts(builder, subscriber.public_identities);
  const auto key = storage::put_bytes(builder, as_bytes(subscriber.sealed_key));
  const auto networks = storage::put_texts(builder, subscriber.visited_networks);
  const auto capabilities = builder.CreateVector(subscriber.capabilities);
  const auto server_name = storage::put_text(builder, subscriber.server.server_name);
  const auto server_host = storage::put_text(builder, subscriber.server.host);
  const auto server_realm = storage::put_text(builder, subscriber.server.realm);
  schema::SubscriberBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_public_identities(identities);
  record.add_algorithm(static_cast<std::uint8_t>(subscriber.algorithm));
  record.add_key_bytes(subscriber.key_bytes);
  record.add_response_bytes(subscriber.response_bytes);
  record.add_iterations(subscriber.iterations);
  record.add_key(key);
  record.add_amf(load_be<std::uint16_t>(subscriber.amf));
  record.add_ind_bits(subscriber.ind_bits);
  record.add_is_enabled(subscriber.is_enabled);
  record.add_serves_unregistered(subscriber.serves_unregistered);
  record.add_visited_networks(networks);
  record.add_capabilities(capabilities);
  record.add_sequence_offset(subscriber.sequence.offset);
  record.add_created_at(subscriber.created_at);
  record.add_changed_at(subscriber.changed_at);
  record.add_module_sequence(subscriber.sequence.module_sequence);
  record.add_resynchronised_at(subscriber.sequence.resynchronised_at);
  record.add_resynchronisations(subscriber.sequence.resynchronisations);
  record.add_server_name(server_name);
  record.add_server_host(server_host);
  record.add_server_realm(server_realm);
  record.add_registration(static_cast<std::uint8_t>(subscriber.server.registration));
  record.add_is_pending(subscriber.server.is_pending);
  record.add_server_changed_at(subscriber.server.changed_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Subscriber> decode_subscriber(const storage::Value& value, std::string_view private_identity) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Subscriber>::open(value, kSchema, private_identity));
  Subscriber subscriber;
  subscriber.private_identity = private_identity;
  subscriber.public_identities = storage::texts_of(record->public_identities());
  subscriber.algorithm = static_cast<aka::Algorithm>(record->algorithm());
  subscriber.key_bytes = record->key_bytes();
  subscriber.response_bytes = record->response_bytes();
  subscriber.iterations = record->iterations();
  subscriber.sealed_key = as_text(storage::bytes_of(record->key()));
  store_be(MutableBytes(subscriber.amf), record->amf());
  subscriber.ind_bits = record->ind_bits();
  subscriber.is_enabled = record->is_enabled();
  subscriber.serves_unregistered = record->serves_unregistered();
  subscriber.visited_networks = storage::texts_of(record->visited_networks());
  if (record->capabilities() != nullptr) {
    subscriber.capabilities.assign(record->capabilities()->begin(), record->capabilities()->end());
  }
  subscriber.sequence = {record->sequence_offset(), record->module_sequence(), record->resynchronised_at(),
                         record->resynchronisations()};
  if (record->registration() > static_cast<std::uint8_t>(Registration::Unregistered)) {
    return Error{Code::Corrupt, kSchema.name};
  }
  subscriber.server = {storage::text_of(record->server_name()),
                       storage::text_of(record->server_host()),
                       storage::text_of(record->server_realm()),
                       static_cast<Registration>(record->registration()),
                       record->is_pending(),
                       record->server_changed_at()};
  subscriber.created_at = record->created_at();
  subscriber.changed_at = record->changed_at();
  subscriber.version = value.version();
  aka::SubscriberKey shape;
  shape.algorithm = subscriber.algorithm;
  shape.key_bytes = subscriber.key_bytes;
  shape.response_bytes = subscriber.response_bytes;
  shape.iterations = subscriber.iterations;
  if (!aka::check(shape) || subscriber.ind_bits > kIndBitsMax || subscriber.public_identities.empty()) {
    return Error{Code::Corrupt, kSchema.name};
  }
  return subscriber;
}

Result<Unit> seal_key(storage::Sealer& sealer, std::string_view tenant, const aka::SubscriberKey& key,
                      Subscriber& subscriber) {
  Secret<2 * kKeyPart> both;
  std::ranges::copy(key.key.reveal(), both.reveal_for_writing().begin());
  std::ranges::copy(key.operator_code.reveal(), both.reveal_for_writing().subspan(kKeyPart).begin());
  CLAVIGER_TRY(sealed, sealer.seal(tables::kSubscribers, subscriber_key(tenant, subscriber.private_identity),
                                   Bytes(both.reveal())));
  subscriber.algorithm = key.algorithm;
  subscriber.key_bytes = key.key_bytes;
  subscriber.response_bytes = key.response_bytes;
  subscriber.iterations = key.iterations;
  subscriber.sealed_key = std::move(sealed);
  return Unit{};
}

Result<aka::SubscriberKey> open_key(storage::Sealer& sealer, std::string_view tenant, const Subscriber& subscriber) {
  Secret<2 * kKeyPart> both;
  const Bytes sealed = as_bytes(subscriber.sealed_key);
  if (sealed.size() != 2 * kKeyPart + storage::Sealer::kOverhead) return Error{Code::Corrupt, kSchema.name};
  CLAVIGER_TRY(size, sealer.open_into(tables::kSubscribers, subscriber_key(tenant, subscriber.private_identity), sealed,
                                      both.reveal_for_writing()));
  if (size != 2 * kKeyPart) return Error{Code::Corrupt, kSchema.name};
  aka::SubscriberKey key;
  key.algorithm = subscriber.algorithm;
  key.key_bytes = subscriber.key_bytes;
  key.response_bytes = subscriber.response_bytes;
  key.iterations = subscriber.iterations;
  std::ranges::copy(both.reveal().first<kKeyPart>(), key.key.reveal_for_writing().begin());
  std::ranges::copy(both.reveal().subspan<kKeyPart>(), key.operator_code.reveal_for_writing().begin());
  return key;
}

}  // namespace claviger::subscriber
