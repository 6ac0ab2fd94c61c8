#include "broker/admin/object_reader.h"
#include "broker/admin/people_endpoints.h"
#include "broker/identity/authenticators/outside_verifier.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using identity::OutsideVerifier;
using runtime::Task;

Answer answer_with(const OutsideVerifier& verifier) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("url", verifier.url).member("timeout_ms", verifier.timeout.count());
  json.member("mac", !verifier.mac_key.empty()).member("ca", verifier.ca_pem);
  json.member("certificate", verifier.certificate_pem).end_object();
  return Answer(std::move(text));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto verifier = co_await identity::read_verifier(call->at(), call->values[0]);
  if (!verifier) co_return verifier.error();
  co_return answer_with(*verifier);
}

// The whole of it: what is absent is none.
Task<Answer> set(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  OutsideVerifier verifier;
  SecretBytes mac_text;
  std::optional<std::int64_t> timeout = verifier.timeout.count();
  ObjectReader members(object);
  members.read("url", verifier.url)
      .require("url")
      .read("ca", verifier.ca_pem)
      .read("certificate", verifier.certificate_pem);
  members.read("key", verifier.key_pem).read("mac_key", mac_text).read("timeout_ms", timeout);
  const auto wrong = members.wrong();
  reader.wipe();
  if (wrong) co_return Answer(Code::BadValue, *wrong);
  verifier.timeout = Milliseconds(timeout.value_or(0));
  if (!mac_text.empty()) {
    SecretBytes key(codec::base64url_decoded_size_max(mac_text.size()));
    const auto size = codec::base64url_decode(as_text(mac_text.reveal()), key.reveal_for_writing());
    if (!size) co_return Answer(Code::BadValue, "mac_key: not base64url");
    verifier.mac_key = SecretBytes(key.reveal().first(*size));
  }
  call->detail = "url=" + verifier.url;
  auto written = co_await identity::write_verifier(call->at(), call->values[0], std::move(verifier));
  if (!written) co_return written.error();
  auto now = co_await identity::read_verifier(call->at(), call->values[0]);
  if (!now) co_return now.error();
  co_return answer_with(*now);
}

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  auto removed = co_await identity::remove_verifier(call->at(), call->values[0]);
  if (!removed) co_return removed.error();
  co_return Answer("{}");
}

}  // namespace

void add_verifier_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kPath = "/tenants/{tenant}/verifier";
  add_verb(router, services, {Method::Get, kPath, "verifier.show", Effect::Reads, show});
  add_verb(router, services, {Method::Put, kPath, "verifier.set", Effect::Changes, set});
  add_verb(router, services, {Method::Delete, kPath, "verifier.remove", Effect::Changes, remove});
}

}  // namespace claviger::admin
