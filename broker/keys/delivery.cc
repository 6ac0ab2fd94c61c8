#include "broker/keys/delivery.h"

#include <algorithm>

#include "broker/identity/proxies.h"
#include "broker/keys/delivery_parts.h"
#include "broker/keys/extraction.h"
#include "broker/keys/kms_error.h"
#include "broker/keys/plain_request.h"
#include "broker/keys/request_checks.h"

namespace claviger::keys {
namespace {

using broker::Context;

std::string_view first_identity(const tokens::Claims& claims) {
  const auto* found = std::ranges::find_if(claims.mc_ids, [](std::string_view id) { return !id.empty(); });
  return found == claims.mc_ids.end() ? std::string_view() : *found;
}

// What is asked: whose keys, and what the answer says of the request.
struct Wanted {
  std::string_view user_uri;  // of the keys
  HeadView head;
};

// A body, if there is one, that the ordinary way would find nothing wrong with.
bool read_body(const http::Request& request, const Domain& domain, const tokens::Claims& claims, Wanted& wanted) {
  if (request.body.empty()) return true;
  const auto body = read_plain_request(request.body.text());
  if (!body || !body->trk_id.empty() || !body->signature_id.empty() || !is_identity(claims, body->user_uri) ||
      body->kms_uri != domain.kms_uri || body->client_req_url != wanted.head.client_req_url ||
      !is_near(body->time, wanted.head.time)) {
    return false;
  }
  wanted.head.user_uri = body->user_uri;
  return true;
}

// As kms_endpoint.cc's ordinary way says it, at a quarter of its cost: in a storm these are most of the answers.
http::Response refuse_for_now(Kms& kms, Context& context, const HeadView& head) {
  const KmsError said = kms_error_of(Code::Overload);
  const ResponseHead kept{std::string(head.user_uri), std::string(head.kms_uri), head.time,
                          std::string(head.client_req_url)};
  http::Response response(said.status, kXmlType, write_error(context.shard.slabs(), kept, said.code, said.message));
  response.with("retry-after", std::to_string(kms.extraction().retry_after_seconds(head.user_uri, head.time)));
  return response;
}

}  // namespace

std::optional<http::Response> deliver_at_hand(Kms& kms, Context& context, const http::Request& request) {
  const std::string& rest = request.path_values->front();
  const settings::Settings& settings = *context.snapshot->settings;
  if (is_signed_form(request.body.text()) || request.peer == nullptr ||
      identity::is_trusted_proxy(settings, request.peer->address)) {
    return std::nullopt;
  }
  const auto table = kms.table();
  FixedText<kDeliveryUrlMax> url;
  const auto caller = admit_delivery(*table, context, request, rest, url);
  if (!caller) return std::nullopt;
  const tokens::Claims& claims = *caller->claims;
  const tenants::Tenant& tenant = *caller->tenant;
  const LoadedDomain& issuer = **caller->issuer;
  const Domain& domain = issuer.domain;
  if (domain.policy.needs_signature || domain.policy.needs_transport_key) return std::nullopt;
  Wanted wanted{{}, {first_identity(claims), domain.kms_uri, numeric_date(context.shard.wall()), url.text()}};
  FixedText<kUriBytesMax> path_uri;
  if (wanted.head.user_uri.empty() || !read_keyprov_path(rest, claims, path_uri) ||
      !read_body(request, domain, claims, wanted)) {
    return std::nullopt;
  }
  wanted.user_uri = path_uri.text().empty() ? wanted.head.user_uri : path_uri.text();
  FoundSets found;
  if (may_have_policy(kms, context, tenant.name, wanted.user_uri)) return std::nullopt;
  if (!find_sets(context, issuer, wanted.user_uri, wanted.head.time, found)) {
    const bool is_refused = kms.extraction().is_full() && issuer.keys != nullptr &&
                            (found.lacks_present || is_not_issued(context, issuer, wanted.user_uri, wanted.head.time));
    if (!is_refused) return std::nullopt;
    return refuse_for_now(kms, context, wanted.head);
  }
  static const Protection kNone;
  return write_delivery(context, domain, wanted.head, wanted.user_uri, found, kNone);
}

}  // namespace claviger::keys
