#include <algorithm>
#include <array>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_lookup.h"
#include "broker/partners/partner_procedures.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using partners::PartnerUserKind;
using partners::PartnerView;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kOutbound{"none", "listed", "all"};
constexpr std::array<std::string_view, 3> kUserKinds{"primary_sub", "primary_mc_id", "outbound"};

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

using Figures = std::vector<partners::PartnerFigures>;

const partners::PartnerFigures* find_figures(const Figures& figures, std::string_view tenant, std::string_view name) {
  const auto found = std::ranges::find_if(
      figures, [&](const partners::PartnerFigures& one) { return one.tenant == tenant && one.partner == name; });
  return found == figures.end() ? nullptr : &*found;
}

void write_partner(Json& json, const PartnerView& view, const Figures& figures) {
  const partners::Partner& partner = view.partner;
  json.begin_object().member("name", partner.name).member("display_name", partner.display_name);
  json.member("enabled", partner.is_enabled).member("issuer", partner.issuer).member("resource", partner.resource);
  json.member("token_endpoint", partner.token_endpoint);
  if (!partner.jwks_uri.empty()) json.member("jwks_uri", partner.jwks_uri);
  if (!partner.revocations_uri.empty()) {
    json.member("revocations_uri", partner.revocations_uri).member("feed_client_id", partner.feed_client_id);
  }
  write_list(json, "scopes", partner.scopes);
  write_list(json, "domains", partner.domains);
  write_list(json, "accepted_acrs", partner.accepted_acrs);
  write_list(json, "clients", partner.clients);
  json.member("outbound", kOutbound[static_cast<std::size_t>(partner.outbound)]);
  json.member("strict_type", partner.is_strict_type).member("refresh_tokens", partner.gives_refresh_tokens);
  json.member("keys_kept", partner.keys_kept.count()).member("session_max", partner.session_max.count());
  json.name("kids").begin_array();
  if (view.keys != nullptr) {
    for (const auto& key : view.keys->keys()) json.value(key.kid);
  }
  json.end_array();
  if (view.fetched_at != 0) json.member("keys_fetched_at", view.fetched_at);
  json.member("created_at", partner.created_at);
  if (const partners::PartnerFigures* heard = find_figures(figures, view.tenant, partner.name)) {
    if (heard->feed_heard_at != 0) json.member("feed_heard_at", heard->feed_heard_at);
    if (!heard->keys_error.empty()) json.member("keys_error", heard->keys_error);
    if (!heard->feed_error.empty()) json.member("feed_error", heard->feed_error);
  }
  json.end_object();
}

Answer answer_with(const PartnerView& view, const Figures& figures = {}) {
  std::string text;
  Json json(text);
  write_partner(json, view, figures);
  return Answer(std::move(text));
}

Result<Unit> check_room(const Call& call) {
  if (call.services.partners == nullptr) return Error{Code::NotFound, "partners"};
  return check_tenant(call);
}

Result<partners::PartnerRef> find(const Call& call) {
  partners::PartnerRef view = call.services.partners->table()->find(call.values[0], call.values[1]);
  if (view == nullptr) return Error{Code::PartnerUnknown, "partner"};
  return view;
}

struct DraftOrWrong {
  partners::PartnerDraft draft;
  std::optional<std::string> wrong;
};
// `from`: what stays as it is where the object says nothing.
DraftOrWrong read_draft(codec::JsonObject object, partners::PartnerDraft from) {
  DraftOrWrong result;
  result.draft = std::move(from);
  partners::PartnerDraft& draft = result.draft;
  std::string outbound(kOutbound[static_cast<std::size_t>(draft.outbound)]);
  std::optional<std::int64_t> keys_kept;
  std::optional<std::int64_t> session_max;
  ObjectReader members(object);
  if (draft.name.empty()) members.require("name").require("issuer");
  members.read("name", draft.name).read("display_name", draft.display_name);
  members.read("issuer", draft.issuer).read("resource", draft.resource);
  members.read("token_endpoint", draft.token_endpoint).read("jwks_uri", draft.jwks_uri).read("jwks", draft.jwks);
  members.read("ca_pem", draft.ca_pem).read("revocations_uri", draft.revocations_uri);
  members.read("feed_client_id", draft.feed_client_id).read("feed_client_secret", draft.feed_secret);
  members.read("scopes", draft.scopes).read("domains", draft.domains).read("outbound", outbound);
  members.read("accepted_acrs", draft.accepted_acrs).read("clients", draft.clients);
  members.read("strict_type", draft.is_strict_type).read("refresh_tokens", draft.gives_refresh_tokens);
  members.read("keys_kept", keys_kept).read("session_max", session_max);
  // Keys come from one place: who says where takes back what was said before.
  if (members.has("jwks") && !draft.jwks.empty() && !members.has("jwks_uri")) draft.jwks_uri.clear();
  if (members.has("jwks_uri") && !draft.jwks_uri.empty() && !members.has("jwks")) draft.jwks.clear();
  if (members.has("feed_client_id") && draft.feed_client_id.empty()) draft.revocations_uri.clear();
  result.wrong = members.wrong();
  const auto* found = std::find(kOutbound.begin(), kOutbound.end(), outbound);
  if (found == kOutbound.end() && !result.wrong) result.wrong = "outbound: none, listed or all";
  if (found != kOutbound.end()) draft.outbound = static_cast<partners::Outbound>(found - kOutbound.begin());
  // Bounded before they are durations: partner_draft.cc knows the limits.
  constexpr std::int64_t kSecondsMax = 1'000'000'000;
  for (const auto& seconds : {keys_kept, session_max}) {
    if (seconds && (*seconds < 0 || *seconds > kSecondsMax) && !result.wrong)
      result.wrong = "a number of seconds is expected";
  }
  if (keys_kept) draft.keys_kept = Seconds{*keys_kept};
  if (session_max) draft.session_max = Seconds{*session_max};
  return result;
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(figures, co_await call->services.partners->figures());
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  const auto table = call->services.partners->table();
  if (const auto found = table->by_tenant.find(call->values[0]); found != table->by_tenant.end()) {
    for (const partners::PartnerRef& view : found->second) write_partner(json, *view, figures);
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(view, find(*call));
  CLAVIGER_CO_TRY(figures, co_await call->services.partners->figures());
  co_return answer_with(*view, figures);
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = read_draft(object, {});
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->target += "/" + read.draft.name;
  auto added = co_await partners::add_partner(call->services.partners, call->values[0], std::move(read.draft));
  if (!added) co_return added.error();
  co_return answer_with(**added);
}

Task<Answer> change(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(view, find(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = read_draft(object, partners::draft_of(view->partner));
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  if (read.draft.name != view->partner.name) co_return Answer(Code::BadValue, "name: cannot be changed");
  const std::uint64_t version = view->partner.version;
  auto changed =
      co_await partners::change_partner(call->services.partners, call->values[0], std::move(read.draft), version);
  if (!changed) co_return changed.error();
  co_return answer_with(**changed);
}

Task<Answer> set_enabled(Call* call, bool is_enabled) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done =
      co_await partners::set_partner_enabled(call->services.partners, call->values[0], call->values[1], is_enabled);
  if (!done) co_return done.error();
  co_return answer_with(**done);
}
Task<Answer> enable(Call* call) { return set_enabled(call, true); }
Task<Answer> disable(Call* call) { return set_enabled(call, false); }

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await partners::remove_partner(call->services.partners, call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> refresh(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await call->services.partners->refresh_keys(call->at(), call->values[0], call->values[1]);
  if (done.failed_with(Code::DeadlinePassed)) {
    co_return Answer(Code::Unreachable, "the partner did not answer within 5 seconds");
  }
  if (!done && meaning_of(done.error().code).status == 502) {
    co_return Answer(done.error().code,
                     "the partner's keys cannot be fetched: " + std::string(name_of(done.error().code)) + " [" +
                         std::string(done.error().where) + "]");
  }
  if (!done) co_return done.error();
  Answer shown = co_await show(call);
  co_return shown;
}

// {"kind": "primary_sub" or "primary_mc_id", "id": what the partner calls him, "login": our user};
// {"kind": "outbound", "login": our user}.
Task<Answer> add_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string kind;
  std::string login;
  partners::PartnerUser user;
  ObjectReader members(object);
  members.read("kind", kind).require("kind").read("id", user.id).read("login", login).require("login");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  const auto* found = std::find(kUserKinds.begin(), kUserKinds.end(), kind);
  if (found == kUserKinds.end()) co_return Answer(Code::BadValue, "kind: primary_sub, primary_mc_id or outbound");
  user.kind = static_cast<PartnerUserKind>(found - kUserKinds.begin());
  auto ours = co_await find_named_user(call->at(), call->values[0], login);
  if (!ours) co_return ours.error();
  user.sub = ours->sub;
  call->detail = "kind=" + kind + " sub=" + user.sub;
  auto done = co_await partners::add_partner_user(call->services.partners, call->at(), call->values[0], call->values[1],
                                                  std::move(user));
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> list_users(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(view, find(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await partners::list_partner_users(call->at(), call->values[0], call->values[1],
                                                    std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const partners::PartnerUser& user : page->users) {
    json.begin_object().member("kind", kUserKinds[static_cast<std::size_t>(user.kind)]).member("id", user.id);
    json.member("sub", user.sub).end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> remove_user(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  const auto* found = std::find(kUserKinds.begin(), kUserKinds.end(), call->values[2]);
  if (found == kUserKinds.end()) co_return Answer(Code::BadValue, "kind: primary_sub, primary_mc_id or outbound");
  const auto kind = static_cast<PartnerUserKind>(found - kUserKinds.begin());
  std::string id = call->values[3];
  if (kind == PartnerUserKind::Outbound) {  // by login name, too; who is gone meanwhile, by his sub
    auto ours = co_await find_named_user(call->at(), call->values[0], id);
    if (ours) id = ours->sub;
  }
  auto done = co_await partners::remove_partner_user(call->services.partners, call->at(), call->values[0],
                                                     call->values[1], kind, std::move(id));
  if (!done) co_return done.error();
  co_return Answer("{}");
}

}  // namespace

void add_partner_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verbs(
      router, services,
      {{Method::Get, "/tenants/{tenant}/partners", "partner.list", Effect::Reads, list},
       {Method::Post, "/tenants/{tenant}/partners", "partner.add", Effect::Changes, add},
       {Method::Get, "/tenants/{tenant}/partners/{partner}", "partner.show", Effect::Reads, show},
       {Method::Patch, "/tenants/{tenant}/partners/{partner}", "partner.change", Effect::Changes, change},
       {Method::Delete, "/tenants/{tenant}/partners/{partner}", "partner.remove", Effect::Changes, remove},
       {Method::Post, "/tenants/{tenant}/partners/{partner}/enable", "partner.enable", Effect::Changes, enable},
       {Method::Post, "/tenants/{tenant}/partners/{partner}/disable", "partner.disable", Effect::Changes, disable},
       {Method::Post, "/tenants/{tenant}/partners/{partner}/refresh", "partner.refresh", Effect::Changes, refresh},
       {Method::Get, "/tenants/{tenant}/partners/{partner}/users", "partner.user.list", Effect::Reads, list_users},
       {Method::Post, "/tenants/{tenant}/partners/{partner}/users", "partner.user.add", Effect::Changes, add_user},
       {Method::Delete, "/tenants/{tenant}/partners/{partner}/users/{kind}/{id}", "partner.user.remove",
        Effect::Changes, remove_user}});
}

}  // namespace claviger::admin
