#include "broker/seal_keys/caller.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/token_holder.h"
#include "broker/identity/val_identity.h"
#include "broker/keys/certificate_trust.h"
#include "broker/seal_keys/capif_token.h"
#include "broker/seal_keys/invoker.h"
#include "broker/seal_keys/key_info.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/urn.h"
#include "core/crypto/certificate.h"
#include "core/runtime/offload.h"

namespace claviger::seal_keys {
namespace {

using broker::Context;
using runtime::Task;

bool is_for_this_api(const tokens::Claims& claims, const tenants::Tenant& tenant) {
  const auto wanted = tokens::audiences_of(tenant, {identity::kSealKeyScope});
  return std::ranges::any_of(wanted, [&](std::string_view audience) { return claims.audiences.contains(audience); });
}

std::string text_claim(const tokens::Claims& claims, std::string_view name) {
  const auto value = claims.all->find(name);
  if (!value) return {};
  const auto text = value->as_string();
  return text ? std::string(*text) : std::string();
}

std::vector<std::string> texts_of(const codec::JsonValue& value) {
  std::vector<std::string> texts;
  const auto array = value.as_array();
  if (!array || array->size() > identity::kValServicesMax) return texts;
  for (const codec::JsonValue element : *array) {
    const auto text = element.as_string();
    if (text && identity::is_val_service_id(*text)) texts.emplace_back(*text);
  }
  return texts;
}

// SKeyProv, whose type TS 33.434 leaves open. Decided here: true stands for every service of the client's agreement; a list
// names some of those. Anything else, false too, is as good as absent ("present and correct", clause 5.8.2).
struct ProvisioningClaim {
  bool is_present = false;
  bool is_for_all = false;
  std::vector<std::string> services;
};
ProvisioningClaim provisioning_claim(const tokens::Claims& claims) {
  ProvisioningClaim claim;
  const auto value = claims.all->find("SKeyProv");
  if (!value) return claim;
  const auto all = value->as_bool();
  claim.is_for_all = all && *all;
  if (!claim.is_for_all) claim.services = texts_of(*value);
  claim.is_present = claim.is_for_all || !claim.services.empty();
  return claim;
}

// An own token that is not good is refused as such; anybody else's names no key, or no issuer, of ours.
bool is_from_us(Code code) { return code != Code::TokenIssuer && code != Code::TokenKeyUnknown; }

// What was said of an own token, or of a core function's.
struct Bearer {
  Caller caller;
  std::optional<CapifToken> capif;
  std::string client_id;
  ProvisioningClaim provisioning;
};

Result<Unit> check_certificate(const CapifToken& token, const CapifView& view, const http::Request& request) {
  const http::Peer& peer = *request.peer;
  if (token.confirmation && (token.confirmation->key || token.confirmation->certificate != peer.certificate_digest)) {
    return Error{Code::TokenBinding, "capif.cnf"};
  }
  if (!peer.is_certificate_trusted) {
    if (view.core.requires_certificate) return Error{Code::TokenBinding, "capif.certificate"};
    return Unit{};
  }
  if (!is_certificate_of(peer, token.invoker)) return Error{Code::InvokerDiffers, "capif.certificate"};
  return Unit{};
}

// TS 33.122 clauses 6.5.2.3 and C.5; spec (keys) 9.3.
Result<Bearer> read_invoker(Context& context, const CapifView& view, const http::Request& request,
                            std::string_view token) {
  const std::int64_t now = numeric_date(context.shard.wall());
  CLAVIGER_TRY(
      read, read_capif_token(context.tokens->verifier(), view, context.snapshot->settings->public_origin, token, now));
  if (read.invoker.empty()) return Error{Code::TokenSubject, "capif.client_id"};
  CLAVIGER_TRY(same, check_certificate(read, view, request));
  if (!read.has_our_scope) return Error{Code::CapifScope, "capif.scope"};
  Bearer bearer;
  bearer.caller.is_invoker = true;
  bearer.caller.id = read.invoker;
  bearer.caller.services = view.core.open_services;
  bearer.capif = std::move(read);
  return bearer;
}

Result<Bearer> read_caller(Context& context, const CapifView* core, std::string_view tenant,
                           const http::Request& request) {
  CLAVIGER_TRY(token, identity::read_bearer(request));
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return Error{Code::NotFound, "seal_keys.tenant"};
  auto verified = context.tokens->verify_own(*view, token);
  if (!verified && core != nullptr && !is_from_us(verified.error().code)) {
    return read_invoker(context, *core, request, token);
  }
  if (!verified) return verified.error();
  const tokens::Claims& claims = **verified;
  if (!identity::is_holder(claims, request)) return Error{Code::TokenBinding, "seal_keys.cnf"};
  if (!is_for_this_api(claims, view->tenant)) return Error{Code::BearerScope, "seal_keys.aud"};
  if (!claims.has_scope(identity::kSealKeyScope)) return Error{Code::BearerScope, "seal_keys.scope"};
  Bearer bearer;
  bearer.client_id = claims.client_id;
  bearer.provisioning = provisioning_claim(claims);
  bearer.caller.is_user = !claims.sid.empty() || claims.subject != claims.client_id;
  bearer.caller.id = bearer.caller.is_user ? claims.subject : claims.client_id;
  if (!bearer.caller.is_user) return bearer;
  const settings::ValClaimNames& names = context.snapshot->settings->val_claims;
  Caller& user = bearer.caller;
  user.val_user_id = text_claim(claims, names.user_id);
  user.val_ue_id = text_claim(claims, names.ue_id);
  if (const auto services = claims.all->find(names.service_ids)) user.services = texts_of(*services);
  user.user_uri = uri_of(view->tenant.issuer, "val-users", user.val_user_id.empty() ? user.id : user.val_user_id);
  return bearer;
}

Task<Result<Caller>> finish_invoker(Context* context, const Capif* capif, std::string tenant, Bearer bearer) {
  CLAVIGER_CO_TRY(trusted, co_await capif->check_invoker(tenant, bearer.caller.id));
  CLAVIGER_CO_TRY(invoker, co_await find_invoker(context, tenant, bearer.caller.id));
  if (is_revoked(invoker, bearer.capif->issued_at)) co_return Error{Code::InvokerRevoked, "capif.revoked"};
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::NotFound, "seal_keys.tenant"};
  Caller caller = std::move(bearer.caller);
  caller.services.insert(caller.services.end(), invoker.services.begin(), invoker.services.end());
  caller.user_uri = uri_of(view->tenant.issuer, "api-invokers", caller.id);
  co_return caller;
}

bool names(const std::vector<std::string>& services, std::string_view service) {
  return std::ranges::find(services, service) != services.end();
}

}  // namespace

bool is_certificate_of(const http::Peer& peer, std::string_view name) {
  if (!peer.is_certificate_trusted || peer.certificate_der.empty()) return false;
  const auto certificate = crypto::Certificate::from_der(as_bytes(peer.certificate_der));
  return certificate && keys::is_named(*certificate, name);
}

bool is_certificate_of_core(const http::Peer& peer, const CapifCore& core, std::int64_t now) {
  if (!is_certificate_of(peer, core.core_name)) return false;
  if (core.ca_pem.empty()) return true;
  const auto certificate = crypto::Certificate::from_der(as_bytes(peer.certificate_der));
  return certificate && keys::check_authority(*certificate, core.ca_pem, now);
}

Task<bool> is_of_invokers_authority(Context* context, std::string certificate_der, CapifRef core) {
  if (core->core.invoker_ca_pem.empty()) co_return true;
  auto work = [der = std::move(certificate_der), core, now = numeric_date(context->shard.wall())] {
    const auto certificate = crypto::Certificate::from_der(as_bytes(der));
    return certificate && keys::check_authority(*certificate, core->core.invoker_ca_pem, now);
  };
  const auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  if (done && *done) co_return true;
  context->shard.logger().warning("capif.authority_differs", {{"issuer", core->core.issuer}});
  co_return false;
}

Task<Result<Caller>> authenticate(Context* context, const Capif* capif, std::string tenant,
                                  const http::Request* request) {
  const CapifRef core = capif == nullptr ? nullptr : capif->view(tenant);
  CLAVIGER_CO_TRY(bearer, read_caller(*context, core.get(), tenant, *request));
  if (bearer.capif) {
    if (request->peer->is_certificate_trusted) {
      const bool is_its = co_await is_of_invokers_authority(context, request->peer->certificate_der, core);
      if (!is_its) co_return Error{Code::InvokerDiffers, "capif.authority"};
    }
    co_return co_await finish_invoker(context, capif, std::move(tenant), std::move(bearer));
  }
  auto client = co_await identity::find_client(context, tenant, bearer.client_id);
  if (!client) co_return client.error();
  if (!client->is_enabled) co_return Error{Code::ClientDisabled, "seal_keys.client"};
  Caller caller = std::move(bearer.caller);
  if (caller.is_user) co_return caller;
  if (!client->may_client_credentials) co_return Error{Code::ClientDisabled, "seal_keys.client"};
  if (client->val_server_id.empty()) co_return Error{Code::NotPermitted, "seal_keys.client"};
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::NotFound, "seal_keys.tenant"};
  caller.user_uri = uri_of(view->tenant.issuer, "val-servers", client->val_server_id);
  caller.services = std::move(client->val_services);
  // The record again: what an operator took from the client is gone before its tokens are.
  caller.has_provisioning_claim = bearer.provisioning.is_present && client->may_push_keys;
  if (caller.has_provisioning_claim) {
    for (const std::string& service : caller.services) {
      if (bearer.provisioning.is_for_all || names(bearer.provisioning.services, service)) {
        caller.provisioned_services.push_back(service);
      }
    }
  }
  co_return caller;
}

Result<Unit> check_may_read(const Caller& caller, std::string_view service, const Target& target) {
  if (!names(caller.services, service)) return Error{Code::ServiceKeyDenied, "seal_keys.service"};
  if (!caller.is_user || target.kind == TargetKind::Service) return Unit{};
  // Of a UE a token says the one writing; its key may have been set in another.
  const bool is_own =
      target.kind == TargetKind::User
          ? !caller.val_user_id.empty() && caller.val_user_id == target.id
          : !caller.val_ue_id.empty() && codec::canonical_urn(caller.val_ue_id) == codec::canonical_urn(target.id);
  if (!is_own) return Error{Code::ServiceKeyDenied, "seal_keys.target"};
  return Unit{};
}

Result<Unit> check_may_provision(const Caller& caller, std::string_view service) {
  if (!caller.has_provisioning_claim) return Error{Code::SKeyProvMissing, "seal_keys.skeyprov"};
  if (!names(caller.provisioned_services, service)) return Error{Code::ServiceKeyDenied, "seal_keys.service"};
  return Unit{};
}

}  // namespace claviger::seal_keys
