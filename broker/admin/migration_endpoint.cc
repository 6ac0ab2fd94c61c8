// Agreements with other MC systems, bindings, pools of SIP identities, and what migrations did lately.
#include <algorithm>
#include <array>
#include <functional>

#include "broker/admin/migration_verbs.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_lookup.h"
#include "broker/admin/verb.h"
#include "broker/migration/agreement_procedures.h"
#include "broker/migration/binding_procedures.h"
#include "broker/migration/migration_json.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "core/codec/json_writer.h"
#include "core/runtime/offload.h"

namespace claviger::admin {
namespace {

using migration::Agreement;
using migration::AgreementRef;
using migration::Binding;
using migration::Direction;
using migration::Migration;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

constexpr std::array<std::string_view, 4> kInbound{"none", "static", "dynamic", "both"};
constexpr std::array<std::string_view, 3> kOutbound{"none", "listed", "all"};
// Steps of one identity: more than one migration has.
constexpr std::size_t kStepsMax = 256;

Result<Migration*> room_of(const Call& call) {
  CLAVIGER_TRY(known, check_tenant(call));
  return call.services.migration;
}

Result<AgreementRef> find(const Call& call) {
  CLAVIGER_TRY(room, room_of(call));
  AgreementRef view = room->table()->find(call.values[0], call.values[1]);
  if (view == nullptr) return Error{Code::AgreementUnknown, "agreement"};
  return view;
}

void write_agreement(Json& json, const migration::AgreementView& view, const Migration& room) {
  const Agreement& one = view.agreement;
  json.begin_object().member("system", one.system).member("own_system", one.own_system);
  json.member("active", one.is_active).member("partner", one.partner);
  json.member("inbound", kInbound[static_cast<std::size_t>(one.inbound)]);
  json.member("outbound", kOutbound[static_cast<std::size_t>(one.outbound)]);
  for (const auto& [name, list] :
       {std::pair{"services", &one.services}, std::pair{"domains", &one.domains}, std::pair{"ranges", &one.ranges},
        std::pair{"core_hosts", &one.core_hosts}, std::pair{"mms_hosts", &one.mms_hosts},
        std::pair{"agents", &one.agents}, std::pair{"cscfs", &one.cscfs}, std::pair{"identities", &one.identities},
        std::pair{"access_networks", &one.access_networks}}) {
    migration::write_texts(json, name, *list);
  }
  json.member("database_host", one.database_host).member("database_realm", one.database_realm);
  json.member("realm", one.realm).member("server_name", one.own_server_name());
  json.member("has_user_data", !one.user_data.empty()).member("wants_grant", one.wants_grant);
  json.member("grant_vendor", one.grant_vendor).member("grant_code", one.grant_code);
  json.member("bindings_max", one.bindings_max).member("requests_per_second", one.requests_per_second);
  json.member("requests_per_minute_of_binding", one.requests_per_minute_of_binding);
  json.member("access_realm", one.access_realm).member("access_proxy", one.access_proxy);
  json.member("url", one.url).member("token_endpoint", one.token_endpoint).member("client_id", one.client_id);
  json.member("caller", one.caller);
  if (one.not_before != 0) json.member("not_before", one.not_before);
  if (one.not_after != 0) json.member("not_after", one.not_after);
  json.member("created_at", one.created_at).name("counters").begin_object();
  for (std::size_t what = 0; what < migration::kCounted; ++what) {
    std::uint64_t sum = 0;
    for (std::size_t shard = 0; shard < runtime::Shard::current().shards().size(); ++shard) {
      sum += room.counters(shard, view).counted[what].read();
    }
    json.member(migration::kCountedNames[what], sum);
  }
  json.end_object().end_object();
}

Answer answer_with(const migration::AgreementView& view, const Migration& room) {
  std::string text;
  Json json(text);
  write_agreement(json, view, room);
  return Answer(std::move(text));
}

template <typename Enum, std::size_t N>
bool take(std::string_view text, const std::array<std::string_view, N>& names, Enum& field) {
  const auto* found = std::ranges::find(names, text);
  if (found == names.end()) return false;
  field = static_cast<Enum>(found - names.begin());
  return true;
}

bool take(const std::optional<std::int64_t>& number, std::uint32_t& field) {
  if (!number) return true;
  if (*number < 0 || *number > UINT32_MAX) return false;
  field = static_cast<std::uint32_t>(*number);
  return true;
}

struct DraftOrWrong {
  migration::AgreementDraft draft;
  std::optional<std::string> wrong;
};
// `from`: what stays as it is where the object says nothing.
DraftOrWrong read_draft(codec::JsonObject object, Agreement from, bool is_new) {
  DraftOrWrong result;
  Agreement& one = result.draft.agreement;
  one = std::move(from);
  std::string inbound(kInbound[static_cast<std::size_t>(one.inbound)]);
  std::string outbound(kOutbound[static_cast<std::size_t>(one.outbound)]);
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> not_after;
  std::optional<std::int64_t> bindings_max;
  std::optional<std::int64_t> per_second;
  std::optional<std::int64_t> per_minute;
  std::optional<std::int64_t> grant_vendor;
  std::optional<std::int64_t> grant_code;
  ObjectReader members(object);
  if (is_new) members.require("system").require("own_system");
  members.read("system", one.system).read("own_system", one.own_system).read("partner", one.partner);
  members.read("active", one.is_active).read("inbound", inbound).read("outbound", outbound);
  members.read("services", one.services).read("domains", one.domains).read("ranges", one.ranges);
  members.read("identities", one.identities);
  members.read("realm", one.realm).read("core_hosts", one.core_hosts).read("mms_hosts", one.mms_hosts);
  members.read("agents", one.agents).read("cscfs", one.cscfs).read("server_name", one.server_name);
  members.read("database_host", one.database_host).read("database_realm", one.database_realm);
  members.read("user_data", one.user_data).read("wants_grant", one.wants_grant);
  members.read("access_realm", one.access_realm).read("access_proxy", one.access_proxy);
  members.read("access_networks", one.access_networks).read("url", one.url);
  members.read("token_endpoint", one.token_endpoint).read("client_id", one.client_id).read("caller", one.caller);
  members.read("ca_pem", one.ca_pem).read("certificate_pem", one.certificate_pem);
  members.read("key_pem", result.draft.key_pem).read("not_before", not_before).read("not_after", not_after);
  members.read("bindings_max", bindings_max).read("requests_per_second", per_second);
  members.read("requests_per_minute_of_binding", per_minute);
  members.read("grant_vendor", grant_vendor).read("grant_code", grant_code);
  result.wrong = members.wrong();
  if (result.wrong) return result;
  if (!take(inbound, kInbound, one.inbound)) result.wrong = "inbound: none, static, dynamic or both";
  if (!take(outbound, kOutbound, one.outbound)) result.wrong = "outbound: none, listed or all";
  if (!take(bindings_max, one.bindings_max) || !take(per_second, one.requests_per_second) ||
      !take(per_minute, one.requests_per_minute_of_binding) || !take(grant_vendor, one.grant_vendor) ||
      !take(grant_code, one.grant_code)) {
    result.wrong = "a number is out of range";
  }
  if (not_before) one.not_before = *not_before;
  if (not_after) one.not_after = *not_after;
  return result;
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  const auto table = room->table();
  if (const auto found = table->by_tenant.find(call->values[0]); found != table->by_tenant.end()) {
    for (const AgreementRef& view : found->second) write_agreement(json, *view, *room);
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(view, find(*call));
  co_return answer_with(*view, *call->services.migration);
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = read_draft(object, {}, true);
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->target += "/" + read.draft.agreement.system;
  auto added = co_await migration::add_agreement(room, call->values[0], std::move(read.draft));
  if (!added) co_return added.error();
  co_return answer_with(**added, *room);
}

Task<Answer> change(Call* call) {
  CLAVIGER_CO_TRY(view, find(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftOrWrong read = read_draft(object, view->agreement, false);
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  if (read.draft.agreement.system != view->agreement.system)
    co_return Answer(Code::BadValue, "system: cannot be changed");
  const std::uint64_t version = view->agreement.version;
  auto changed =
      co_await migration::change_agreement(call->services.migration, call->values[0], std::move(read.draft), version);
  if (!changed) co_return changed.error();
  co_return answer_with(**changed, *call->services.migration);
}

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  auto done = co_await migration::remove_agreement(room, call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

// {"identities": [{"impi": ..., "impus": [...]}]}
Task<Answer> add_to_pool(Call* call) {
  CLAVIGER_CO_TRY(view, find(*call));
  codec::JsonLimits limits;
  limits.bytes_max = kImportBytesMax;
  limits.values_max = migration::kBatchMax * 24;
  codec::JsonReader reader(limits);
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  CLAVIGER_CO_TRY(items, object.at("identities"));
  CLAVIGER_CO_TRY(array, items.as_array());
  std::vector<migration::PoolIdentity> identities;
  for (const codec::JsonValue item : array) {
    CLAVIGER_CO_TRY(one, item.as_object());
    migration::PoolIdentity identity;
    ObjectReader members(one);
    members.read("impi", identity.impi).require("impi").read("impus", identity.impus).require("impus");
    if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
    identities.push_back(std::move(identity));
  }
  auto added = co_await migration::add_to_pool(call->services.migration, call->values[0], call->values[1],
                                               std::move(identities));
  if (!added) co_return added.error();
  call->detail = "added=" + std::to_string(*added);
  co_return Answer("{\"added\":" + std::to_string(*added) + "}");
}

Task<Answer> show_pool(Call* call) {
  CLAVIGER_CO_TRY(view, find(*call));
  CLAVIGER_CO_TRY(left, co_await migration::pool_size(call->at(), call->values[0], call->values[1]));
  co_return Answer("{\"left\":" + std::to_string(left) + "}");
}

std::string query_text(const Call& call, std::string_view name) {
  const auto form = codec::parse_form(call.request.query);
  return form ? std::string(form->find(name).value_or("")) : std::string();
}

// Of one of our users, by login name or sub.
Task<Result<Binding>> read_binding_of(Call* call, codec::JsonObject object) {
  CLAVIGER_CO_TRY(binding, migration::read_binding_object(object));
  const auto login = object.find("login");
  if (!login) co_return std::move(binding);
  CLAVIGER_CO_TRY(text, login->as_string());
  CLAVIGER_CO_TRY(user, co_await find_named_user(call->at(), call->values[0], std::string(text)));
  binding.sub = user.sub;
  co_return std::move(binding);
}

Task<Answer> add_binding(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  migration::BindingDraft draft;
  if (const auto version = object.find("if_version")) {
    CLAVIGER_CO_TRY(number, version->as_uint());
    draft.if_version = number;
  }
  CLAVIGER_CO_TRY(binding, co_await read_binding_of(call, object));
  call->target += "/" + migration::own_impi(binding);
  draft.binding = std::move(binding);
  auto stored = co_await migration::put_binding(room, call->values[0], std::move(draft));
  if (!stored) co_return stored.error();
  co_return Answer(stored->is_new ? 201 : 200, migration::binding_text(stored->binding));
}

// NDJSON, one binding a line, at most kBatchMax.
Task<Answer> import(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  std::string_view text = call->request.body.text();
  std::vector<migration::BindingDraft> drafts;
  std::vector<std::size_t> places;
  std::vector<std::pair<std::size_t, Error>> bad;
  codec::JsonReader reader;
  for (std::size_t line = 0; !text.empty(); ++line) {
    if (line == migration::kBatchMax) co_return Answer(Code::TooMany, "at most 1000 lines");
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto value = reader.parse(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
    if (!object) {
      bad.emplace_back(line, object.error());
      continue;
    }
    auto binding = co_await read_binding_of(call, *object);
    if (!binding) {
      bad.emplace_back(line, binding.error());
      continue;
    }
    drafts.push_back({*std::move(binding), std::nullopt});
    places.push_back(line);
  }
  auto results = co_await migration::put_bindings(room, call->values[0], std::move(drafts));
  if (!results) co_return results.error();
  std::size_t created = 0;
  for (std::size_t i = 0; i < results->size(); ++i) {
    if ((*results)[i] && (*results)[i]->is_new) ++created;
    if (!(*results)[i]) bad.emplace_back(places[i], (*results)[i].error());
  }
  call->detail = "created=" + std::to_string(created) + " refused=" + std::to_string(bad.size());
  std::string answer;
  Json json(answer);
  json.begin_object().member("created", created).member("present", results->size() + 0 - created);
  json.name("refused").begin_array();
  for (const auto& [line, error] : bad) {
    json.begin_object()
        .member("line", line)
        .member("code", name_of(error.code))
        .member("where", error.where)
        .end_object();
  }
  json.end_array().end_object();
  co_return Answer(std::move(answer));
}

Task<Answer> list_bindings(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  CLAVIGER_CO_TRY(is_outbound, query_flag(*call, "outbound"));
  std::string system = query_text(*call, "system");
  if (is_outbound && system.empty()) co_return Answer(Code::BadValue, "system: of which system");
  auto page = co_await migration::list_bindings(call->at(), call->values[0],
                                                is_outbound ? Direction::Outbound : Direction::Inbound,
                                                std::move(system), std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const Binding& binding : page->bindings) migration::write_binding(json, binding);
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

// With ?system= the binding there of a user of ours, by his private identity here.
Result<std::string> key_of(const Call& call) {
  CLAVIGER_TRY(room, room_of(call));
  const std::string system = query_text(call, "system");
  const std::string& impi = call.values[1];
  const bool is_good = impi.find('\0') == std::string::npos && system.find('\0') == std::string::npos;
  if (!is_good || impi.starts_with('/')) return Error{Code::BindingUnknown, "binding"};
  return system.empty() ? migration::inbound_key(call.values[0], impi)
                        : migration::outbound_key(call.values[0], system, impi);
}

Task<Answer> show_binding(Call* call) {
  CLAVIGER_CO_TRY(key, key_of(*call));
  CLAVIGER_CO_TRY(binding, co_await migration::read_binding(call->at(), key));
  co_return Answer(migration::binding_text(binding));
}

Task<Answer> set_state(Call* call, migration::BindingState state) {
  CLAVIGER_CO_TRY(key, key_of(*call));
  migration::StateChange wanted;
  wanted.key = std::move(key);
  wanted.state = state;
  CLAVIGER_CO_TRY(binding,
                  co_await migration::set_binding_state(call->services.migration, call->values[0], std::move(wanted)));
  co_return Answer(migration::binding_text(binding));
}
Task<Answer> suspend(Call* call) { return set_state(call, migration::BindingState::Suspended); }
Task<Answer> resume(Call* call) { return set_state(call, migration::BindingState::Active); }
Task<Answer> revoke(Call* call) { return set_state(call, migration::BindingState::Revoked); }

void write_step(Json& json, const migration::TraceStep& step, std::size_t shard) {
  constexpr std::int64_t kMilliseconds = 1000;
  const std::int64_t at = step.at.time_since_epoch().count();
  json.begin_object().member("at", at / kMilliseconds).member("at_ms", at % kMilliseconds).member("shard", shard);
  json.member("step", step.step).member("outcome", step.outcome);
  if (step.result != 0) json.member("result", step.result);
  if (step.took_us != 0) json.member("took_us", step.took_us);
  json.member("partner", step.partner.view()).member("primary", step.primary.view());
  json.member("system", step.system.view()).member("peer", step.peer.view()).end_object();
}

struct Found {
  std::int64_t at;
  std::string json;
};

// Steps name private identities: whose a public one is his binding says, or its own form.
Task<Result<std::vector<std::string>>> names_of(Call* call) {
  const std::string& tenant = call->values[0];
  const std::string& identity = call->values[1];
  std::vector<std::string> names{identity};
  const std::size_t scheme = identity.find(':');
  if (scheme == std::string::npos || identity.find('\0') != std::string::npos) co_return names;
  if (identity.find('@') != std::string::npos) names.push_back(identity.substr(scheme + 1));
  auto owner = co_await call->at()->store.get(broker::tables::kBindingIdentities,
                                              migration::public_identity_key(tenant, identity));
  if (owner) names.emplace_back(owner->text());
  if (!owner && !owner.failed_with(Code::NotFound)) co_return owner.error();
  co_return names;
}

// Each shard looks for itself.
Task<Answer> trace(Call* call) {
  CLAVIGER_CO_TRY(room, room_of(*call));
  CLAVIGER_CO_TRY(names, co_await names_of(call));
  auto found = std::make_shared<std::vector<std::vector<Found>>>(runtime::Shard::current().shards().size());
  std::function<void(broker::Context&)> step = [room, found, tenant = call->values[0], names](broker::Context& on) {
    const std::size_t shard = on.shard.index();
    room->trace().for_each([&](const migration::TraceStep& one) {
      const bool is_his = std::ranges::any_of(
          names, [&](const std::string& name) { return one.partner.is(name) || one.primary.is(name); });
      if (one.tenant.view() != tenant || !is_his) return;
      Found line{one.at.time_since_epoch().count(), {}};
      Json json(line.json);
      write_step(json, one, shard);
      (*found)[shard].push_back(std::move(line));
    });
  };
  auto shared_step = std::make_shared<const std::function<void(broker::Context&)>>(std::move(step));
  co_await broker::on_every_shard(call->at(), std::move(shared_step));
  std::vector<Found> all;
  for (auto& of_shard : *found) std::ranges::move(of_shard, std::back_inserter(all));
  std::ranges::stable_sort(all, {}, &Found::at);
  std::string text = R"({"items":[)";
  for (std::size_t i = all.size() > kStepsMax ? all.size() - kStepsMax : 0; i < all.size(); ++i) {
    text.append(text.back() == '[' ? "" : ",").append(all[i].json);
  }
  co_return Answer(text + "]}");
}

}  // namespace

void add_migration_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  const auto add_one = [&](Method method, std::string_view pattern, std::string_view name, Effect effect,
                           Task<Answer> (*endpoint)(Call*), std::size_t bytes = kBodyBytesMax) {
    add_verb(router, services, {method, pattern, name, effect, endpoint, bytes});
  };
  add_one(Method::Get, "/tenants/{tenant}/agreements", "agreement.list", Effect::Reads, list);
  add_one(Method::Post, "/tenants/{tenant}/agreements", "agreement.add", Effect::Changes, add);
  add_one(Method::Get, "/tenants/{tenant}/agreements/{system}", "agreement.show", Effect::Reads, show);
  add_one(Method::Patch, "/tenants/{tenant}/agreements/{system}", "agreement.change", Effect::Changes, change);
  add_one(Method::Delete, "/tenants/{tenant}/agreements/{system}", "agreement.remove", Effect::Changes, remove);
  add_one(Method::Get, "/tenants/{tenant}/agreements/{system}/pool", "agreement.pool.show", Effect::Reads, show_pool);
  add_one(Method::Post, "/tenants/{tenant}/agreements/{system}/pool", "agreement.pool.add", Effect::Changes,
          add_to_pool, kImportBytesMax);
  add_one(Method::Get, "/tenants/{tenant}/bindings", "binding.list", Effect::Reads, list_bindings);
  add_one(Method::Post, "/tenants/{tenant}/bindings", "binding.add", Effect::Changes, add_binding);
  add_one(Method::Post, "/tenants/{tenant}/binding-import", "binding.import", Effect::Changes, import, kImportBytesMax);
  add_one(Method::Get, "/tenants/{tenant}/bindings/{impi}", "binding.show", Effect::Reads, show_binding);
  add_one(Method::Post, "/tenants/{tenant}/bindings/{impi}/suspend", "binding.suspend", Effect::Changes, suspend);
  add_one(Method::Post, "/tenants/{tenant}/bindings/{impi}/resume", "binding.resume", Effect::Changes, resume);
  add_one(Method::Post, "/tenants/{tenant}/bindings/{impi}/revoke", "binding.revoke", Effect::Changes, revoke);
  add_one(Method::Get, "/tenants/{tenant}/migration/trace/{identity}", "migration.trace", Effect::Reads, trace);
}

}  // namespace claviger::admin
