#include "broker/identity/authenticators/outside_verifier.h"

#include "broker/identity/outside_verifier_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "core/crypto/certificate.h"
#include "core/crypto/hmac.h"
#include "core/http/url.h"
#include "storage/record.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr storage::RecordSchema kSchema{"verifier", 1};

std::string verifier_key(std::string_view tenant) { return broker::record_key({tenant, "", "verifier"}); }
// Places of the two secrets: one cannot be put where the other stands.
std::string place_of(std::string_view tenant, std::string_view secret) {
  return broker::record_key({tenant, "", "verifier", secret});
}

Error refused(std::string_view where) { return {Code::AuthenticatorRefused, where}; }

Result<std::string> sealed(Context& context, std::string_view tenant, std::string_view secret,
                           const SecretBytes& bytes) {
  if (bytes.empty()) return std::string();
  return context.sealer.seal(tables::kAuthenticators, place_of(tenant, secret), bytes.reveal());
}
Result<SecretBytes> opened(Context& context, std::string_view tenant, std::string_view secret, Bytes bytes) {
  if (bytes.empty()) return SecretBytes();
  return context.sealer.open(tables::kAuthenticators, place_of(tenant, secret), bytes);
}

}  // namespace

Result<Unit> check_verifier(const OutsideVerifier& verifier) {
  const auto url = http::parse_url(verifier.url);
  if (!url || !url->is_https) return refused("verifier.url");
  if (verifier.timeout < kVerifierTimeoutMin || verifier.timeout > kVerifierTimeoutMax)
    return refused("verifier.timeout");
  const std::size_t mac_key = verifier.mac_key.size();
  if (mac_key != 0 && (mac_key < kVerifierMacKeyMin || mac_key > kVerifierMacKeyMax))
    return refused("verifier.mac_key");
  if (verifier.certificate_pem.empty() != verifier.key_pem.empty()) return refused("verifier.key");
  if (verifier.certificate_pem.empty() && mac_key == 0) return refused("verifier.authentication");
  for (const std::string* pem : {&verifier.ca_pem, &verifier.certificate_pem}) {
    if (pem->empty() && pem == &verifier.certificate_pem) continue;
    const auto certificates = crypto::Certificate::from_pem(*pem);
    if (!certificates || certificates->empty()) return refused("verifier.certificate");
  }
  return Unit{};
}

Task<Result<OutsideVerifier>> read_verifier(Context* context, std::string tenant) {
  auto value = co_await context->store.get(tables::kAuthenticators, verifier_key(tenant));
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(in, storage::FlatRecord<schema::OutsideVerifier>::open(*value, kSchema));
  OutsideVerifier verifier;
  verifier.url = storage::text_of(in->url());
  verifier.ca_pem = storage::text_of(in->ca());
  verifier.certificate_pem = storage::text_of(in->certificate());
  CLAVIGER_CO_TRY(key, opened(*context, tenant, "key", storage::bytes_of(in->key())));
  CLAVIGER_CO_TRY(mac_key, opened(*context, tenant, "mac", storage::bytes_of(in->mac_key())));
  verifier.key_pem = std::move(key);
  verifier.mac_key = std::move(mac_key);
  verifier.timeout = Milliseconds(in->timeout_ms());
  verifier.version = value->version();
  co_return verifier;
}

Task<Result<Unit>> write_verifier(Context* context, std::string tenant, OutsideVerifier verifier) {
  CLAVIGER_CO_TRY(checked, check_verifier(verifier));
  CLAVIGER_CO_TRY(key, sealed(*context, tenant, "key", verifier.key_pem));
  CLAVIGER_CO_TRY(mac_key, sealed(*context, tenant, "mac", verifier.mac_key));
  flatbuffers::FlatBufferBuilder builder(4096);
  const auto url = storage::put_text(builder, verifier.url);
  const auto ca = storage::put_text(builder, verifier.ca_pem);
  const auto certificate = storage::put_text(builder, verifier.certificate_pem);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> key_bytes = 0;
  if (!key.empty()) key_bytes = storage::put_bytes(builder, as_bytes(key));
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> mac_bytes = 0;
  if (!mac_key.empty()) mac_bytes = storage::put_bytes(builder, as_bytes(mac_key));
  schema::OutsideVerifierBuilder out(builder);
  out.add_schema_version(kSchema.version);
  out.add_url(url);
  out.add_ca(ca);
  out.add_certificate(certificate);
  out.add_key(key_bytes);
  out.add_mac_key(mac_bytes);
  out.add_timeout_ms(static_cast<std::uint32_t>(verifier.timeout.count()));
  builder.Finish(out.Finish());
  storage::Transaction transaction;
  transaction.put(tables::kAuthenticators, verifier_key(tenant), as_bytes(storage::finished(builder)));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<Result<Unit>> remove_verifier(Context* context, std::string tenant) {
  storage::Transaction transaction;
  transaction.erase(tables::kAuthenticators, verifier_key(tenant));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

std::string verifier_body(const VerifierQuestion& question, std::string_view code) {
  std::string body;
  body.reserve(1024 + 2 * (question.user.size() + code.size()));  // no growth leaves a copy of the code behind
  codec::JsonWriter json(body);
  json.begin_object().member("tenant", question.tenant).member("user", question.user).member("code", code);
  json.member("client_id", question.client_id).member("nonce", question.nonce).member("time", question.time);
  json.end_object();
  return body;
}

std::string verifier_mac(const SecretBytes& key, std::string_view direction, std::string_view nonce,
                         std::string_view body) {
  std::string context(direction);
  context.append(1, '\0').append(nonce).append(1, '\0');
  std::string text;
  codec::base64url_encode(crypto::HmacSha256(key.reveal()).compute(as_bytes(context), as_bytes(body)), text);
  return text;
}

Result<bool> read_verdict(const SecretBytes& mac_key, std::string_view nonce, std::string_view mac,
                          std::string_view body) {
  if (!mac_key.empty()) {
    const std::string wanted = verifier_mac(mac_key, "answer", nonce, body);
    if (!equals_constant_time(as_bytes(wanted), as_bytes(mac))) return Error{Code::Refused, "verifier.mac"};
  }
  codec::JsonReader reader;
  const auto document = reader.parse(body);
  const auto object = document ? document->as_object() : Result<codec::JsonObject>(document.error());
  const auto result = object ? object->string_at("result") : Result<std::string_view>(object.error());
  if (!result) return Error{Code::Refused, "verifier.answer"};
  if (*result == "accept") return true;
  if (*result == "reject") return false;
  return Error{Code::Refused, "verifier.result"};
}

}  // namespace claviger::identity
