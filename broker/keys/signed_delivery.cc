#include "broker/keys/signed_delivery.h"

#include <algorithm>
#include <utility>

#include "broker/keys/delivery_parts.h"
#include "broker/keys/plain_request.h"
#include "broker/keys/request_checks.h"
#include "broker/keys/user_procedures.h"
#include "broker/keys/xml_signature.h"

namespace claviger::keys {
namespace {

using broker::Context;
using runtime::Task;

// What is asked. Holds while others run: the views are of the request.
struct Asked {
  std::string tenant;
  DomainRef issuer;
  PlainSigned body;
};

std::optional<Asked> admit_signed(const Kms& kms, Context& context, const http::Request& request,
                                  std::string_view rest) {
  const auto body = read_plain_signed(request.body.text());
  if (!body || body->request.trk_id.empty()) return std::nullopt;
  const auto table = kms.table();
  FixedText<kDeliveryUrlMax> url;
  const auto caller = admit_delivery(*table, context, request, rest, url);
  if (!caller) return std::nullopt;
  const tokens::Claims& claims = *caller->claims;
  const DomainRef& issuer = *caller->issuer;
  FixedText<kUriBytesMax> path_uri;
  const PlainRequest& asked = body->request;
  const bool is_good = is_identity(claims, asked.user_uri) && asked.kms_uri == issuer->domain.kms_uri &&
                       asked.client_req_url == url.text() && is_near(asked.time, numeric_date(context.shard.wall())) &&
                       (asked.signature_id.empty() || asked.signature_id == body->key_name) &&
                       read_keyprov_path(rest, claims, path_uri) &&
                       (path_uri.text().empty() || path_uri.text() == asked.user_uri);
  if (!is_good) return std::nullopt;
  return Asked{caller->tenant->name, issuer, *body};
}

// The present key of that name and kind, for this device.
std::optional<TransportKey> find_present(Context& context, const Asked& asked, std::string_view id,
                                         TransportKeyKind kind) {
  const PlainRequest& request = asked.body.request;
  auto key = find_transport_key_at_hand(context, asked.tenant, request.user_uri, id);
  const bool is_it =
      key && key->kind == kind && key->state == TransportKeyState::Active && key->is_for(request.device_id);
  return is_it ? std::move(key) : std::nullopt;
}

struct Made {
  http::Response response;
  ReplayMark mark;
};

std::optional<Made> make_answer(Context& context, const Asked& asked) {
  const PlainRequest& request = asked.body.request;
  const auto ink = find_present(context, asked, asked.body.key_name, TransportKeyKind::Ink);
  const auto trk = find_present(context, asked, request.trk_id, TransportKeyKind::Trk);
  if (!ink || !trk || !trk->is_nothing_offered) return std::nullopt;
  auto signing = open_transport_key(context.sealer, asked.tenant, *ink);
  if (!signing) return std::nullopt;
  const auto digest = verify_plain_signed(asked.body, signing->reveal());
  if (!digest) return std::nullopt;
  auto wrapping = open_transport_key(context.sealer, asked.tenant, *trk);
  if (!wrapping) return std::nullopt;
  Protection protection;
  protection.signing = {ink->id, *std::move(signing)};
  protection.transport = {trk->id, *std::move(wrapping)};
  const Domain& domain = asked.issuer->domain;
  const HeadView head{request.user_uri, domain.kms_uri, numeric_date(context.shard.wall()), request.client_req_url};
  FoundSets found;
  if (!find_sets(context, *asked.issuer, request.user_uri, head.time, found)) return std::nullopt;
  auto response = write_delivery(context, domain, head, request.user_uri, found, protection);
  if (!response) return std::nullopt;
  return Made{*std::move(response), replay_mark(request.time, asked.tenant, ink->id, request.user_uri, *digest)};
}

bool is_in_force(const Kms& kms, const Asked& asked) {
  const auto table = kms.table();
  const TenantDomains* domains = table->find(asked.tenant);
  if (domains == nullptr) return false;
  return std::ranges::any_of(domains->generations, [&](const DomainRef& each) {
    return each->domain.generation == asked.issuer->domain.generation && each->domain.state != DomainState::Revoked;
  });
}

}  // namespace

Task<Result<std::optional<http::Response>>> deliver_signed(Kms* kms, Context* context, const http::Request* request,
                                                           const std::string* rest) {
  auto asked = admit_signed(*kms, *context, *request, *rest);
  if (!asked) co_return std::optional<http::Response>();
  auto made = make_answer(*context, *asked);
  if (!made) co_return std::optional<http::Response>();
  CLAVIGER_CO_TRY(remembered, co_await kms->replays().remember(context, made->mark));
  // Revoked before it leaves, whenever it was made: it does not leave.
  std::string user_uri(asked->body.request.user_uri);
  if (may_have_policy(*kms, *context, asked->tenant, user_uri)) {
    CLAVIGER_CO_TRY(policy, co_await read_user_policy(context, asked->tenant, user_uri));
    if (policy.is_revoked) co_return Error{Code::KeysRevoked, "keyprov.user"};
  }
  if (!is_in_force(*kms, *asked)) co_return Error{Code::KeysRevoked, "keyprov.domain"};
  co_return std::optional(std::move(made->response));
}

}  // namespace claviger::keys
