#include "broker/registration/notify_body.h"

#include "broker/registration/client_server_keys.h"
#include "broker/registration/procedures.h"
#include "broker/registration/signed_document.h"

namespace claviger::registration {

using runtime::Task;

namespace {

// Of the one part that is signed. Nothing that we write has a line of it.
constexpr std::string_view kContentId = "settings@claviger.invalid";
constexpr std::string_view kBoundary = "claviger-parts";

// Null: there is none.
Task<Result<BodyKeyRef>> open_key(Registrar* registrar, std::shared_ptr<const Subscription> subscription,
                                  std::uint32_t id) {
  BodyKeyRef none;
  auto key = co_await read_client_server_key(registrar, subscription->subscriber, id);
  if (key.failed_with(Code::CskMissing)) co_return none;
  if (!key) co_return key.error();
  if (key->mc_service_id != subscription->resource) co_return none;
  co_return open_csk(*registrar, *key);
}

Task<Result<BodyKeyRef>> key_of(Registrar* registrar, std::shared_ptr<const Subscription> subscription) {
  auto key = co_await open_key(registrar, subscription, subscription->csk_id);
  if (!key || *key != nullptr) co_return key;
  // The client has uploaded another since.
  CLAVIGER_CO_TRY(bindings, co_await bindings_of(registrar, subscription->resource));
  const Binding* newest = nullptr;
  for (const Binding& binding : bindings) {
    const bool is_own = binding.ended == EndReason::None && binding.impu == subscription->subscriber &&
                        binding.name.service == subscription->service && binding.csk_id != 0;
    if (is_own && (newest == nullptr || newest->authorised_at < binding.authorised_at)) newest = &binding;
  }
  if (newest == nullptr) co_return key;
  const std::uint32_t id = newest->csk_id;
  auto other = co_await open_key(registrar, subscription, id);
  co_return other;
}

NotifyBody signed_body(const Service& service, const BodyKey& key, std::string text) {
  const std::string boundary = "--" + std::string(kBoundary);
  NotifyBody body;
  body.content_type = "multipart/mixed;boundary=" + std::string(kBoundary);
  body.text = boundary + "\r\nContent-Type: " + std::string(kSettingsType) + "\r\nContent-ID: <" +
              std::string(kContentId) + ">\r\n\r\n" + text + "\r\n" + boundary +
              "\r\nContent-Type: " + service.signed_media_type + "\r\n\r\n" +
              write_signatures(service, key, kContentId, text) + "\r\n" + boundary + "--\r\n";
  return body;
}

}  // namespace

Task<Result<NotifyBody>> notify_body(Registrar* registrar, std::shared_ptr<const Subscription> subscription,
                                     std::shared_ptr<const std::vector<ClientState>> clients) {
  NotifyBody body{std::string(kSettingsType), {}};
  if (subscription->csk_id == 0) {
    body.text = write_state_document(*clients, subscription->is_server);
    co_return body;
  }
  CLAVIGER_CO_TRY(key, co_await key_of(registrar, subscription));
  if (key == nullptr) {
    body.text = write_state_document({}, false);
    co_return body;
  }
  if (subscription->is_confidential) {
    CLAVIGER_CO_TRY(text, write_encrypted_state_document(*clients, *key, registrar->psi_domain()));
    body.text = std::move(text);
  } else {
    body.text = write_state_document(*clients, false);
  }
  const Service* const service = registrar->services().find(subscription->service);
  if (subscription->is_integral && service != nullptr) co_return signed_body(*service, *key, std::move(body.text));
  co_return body;
}

}  // namespace claviger::registration
