#include <array>
#include <optional>
#include <string>
#include <utility>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/peers/peers.h"
#include "core/codec/json_writer.h"
#include "core/diameter/peer_table.h"

namespace claviger::admin {
namespace {

using diameter::PeerFigures;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// In the order of the enumerators.
constexpr std::array<std::string_view, 5> kStates{"down", "initial", "okay", "suspect", "reopen"};

void write_peer(Json& json, const PeerFigures& peer) {
  json.begin_object().member("identity", peer.identity).member("realm", peer.realm);
  json.member("address", peer.address).member("transport", peer.is_tls ? "tls" : "tcp");
  json.name("addresses").begin_array();
  for (const std::string& each : peer.addresses) json.value(each);
  json.end_array();
  json.member("admitted_by", peer.operator_admitted ? "operator" : "configuration");
  json.member("connected", peer.is_connected).member("state", kStates[static_cast<std::size_t>(peer.state)]);
  json.member("pending", peer.pending).member("requests_in", peer.requests_in);
  json.member("requests_out", peer.requests_out).member("answers_in", peer.answers_in);
  json.member("answers_out", peer.answers_out).member("dropped", peer.dropped).member("refused", peer.refused);
  json.member("failovers", peer.failovers).member("connects", peer.connects).end_object();
}

Result<Unit> check_room(const Call& call) {
  if (call.services.peers == nullptr) return Error{Code::ConfigMissing, "diameter"};
  return Unit{};
}

Answer one(const Call& call, std::string_view identity) {
  for (const PeerFigures& peer : call.services.peers->figures()) {
    if (diameter::lower(peer.identity) != diameter::lower(identity)) continue;
    std::string text;
    Json json(text);
    write_peer(json, peer);
    return Answer(std::move(text));
  }
  return Error{Code::PeerUnknown, "peer"};
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const PeerFigures& peer : call->services.peers->figures()) write_peer(json, peer);
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  co_return one(*call, call->values[0]);
}

// The members of a peer that may be there, into `wanted`. What is wrong with them.
std::optional<std::string> read_members(ObjectReader& members, peers::PeerChange& wanted) {
  std::optional<std::int64_t> port;
  std::optional<std::int64_t> priority;
  std::optional<std::int64_t> weight;
  std::optional<std::int64_t> rate;
  std::string transport;
  members.read("port", port).read("transport", transport).read("priority", priority).read("weight", weight);
  members.read("requests_per_second", rate);
  for (const auto& [name, text] : {std::pair{"realm", &wanted.realm}, std::pair{"host", &wanted.host}}) {
    if (members.has(name)) members.read(name, text->emplace());
  }
  for (const auto& [name, list] : {std::pair{"realms", &wanted.realms}, std::pair{"quirks", &wanted.quirks},
                                   std::pair{"addresses", &wanted.addresses}}) {
    if (members.has(name)) members.read(name, list->emplace());
  }
  if (auto wrong = members.wrong()) return wrong;
  if (!transport.empty() && transport != "tls" && transport != "tcp") return "transport: tls or tcp";
  constexpr std::int64_t kMax = 100'000'000;
  for (const auto& number : {port, priority, weight, rate}) {
    if (number && (*number < 0 || *number > kMax)) return "a number is out of range";
  }
  if (port && *port > 65'535) return "port: 1 to 65535";
  if (!transport.empty()) wanted.is_tls = transport == "tls";
  if (port) wanted.port = static_cast<std::uint16_t>(*port);
  if (priority) wanted.priority = static_cast<std::uint32_t>(*priority);
  if (weight) wanted.weight = static_cast<std::uint32_t>(*weight);
  if (rate) wanted.requests_per_second = static_cast<std::uint32_t>(*rate);
  return std::nullopt;
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  peers::DiameterPeer peer;
  peers::PeerChange said;
  ObjectReader members(object);
  members.require("identity").require("realm").read("identity", peer.identity);
  if (auto wrong = read_members(members, said)) co_return Answer(Code::BadValue, *wrong);
  peer = peers::changed_peer(std::move(peer), std::move(said));
  if (const auto wrong = peers::what_is_wrong(peer)) co_return Answer(Code::BadValue, *wrong);
  call->target = peer.identity;
  const std::string identity = peer.identity;
  auto added = co_await call->services.peers->add(std::move(peer));
  if (!added) co_return added.error();
  co_return one(*call, identity);
}

Task<Answer> set(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  peers::PeerChange wanted;
  ObjectReader members(object);
  if (auto wrong = read_members(members, wanted)) co_return Answer(Code::BadValue, *wrong);
  peers::empty_lists(wanted);
  // Each member is good or not by itself, whatever the others are.
  peers::DiameterPeer any;
  any.identity = any.realm = call->values[0];
  if (const auto wrong = peers::what_is_wrong(peers::changed_peer(std::move(any), wanted))) {
    co_return Answer(Code::BadValue, *wrong);
  }
  auto done = co_await call->services.peers->change(call->values[0], std::move(wanted));
  if (!done) co_return done.error();
  co_return one(*call, call->values[0]);
}

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await call->services.peers->remove(call->values[0]);
  if (!done) co_return done.error();
  co_return Answer("{}");
}

Task<Answer> disconnect(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await call->services.peers->disconnect(call->values[0]);
  if (!done) co_return done.error();
  co_return one(*call, call->values[0]);
}

Task<Answer> connect(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await call->services.peers->reconnect(call->values[0]);
  if (!done) co_return done.error();
  co_return one(*call, call->values[0]);
}

}  // namespace

void add_peer_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/peers", "peer.list", Effect::Reads, list});
  add_verb(router, services, {Method::Post, "/peers", "peer.add", Effect::Changes, add});
  add_verb(router, services, {Method::Get, "/peers/{peer}", "peer.show", Effect::Reads, show});
  add_verb(router, services, {Method::Patch, "/peers/{peer}", "peer.set", Effect::Changes, set});
  add_verb(router, services, {Method::Delete, "/peers/{peer}", "peer.remove", Effect::Changes, remove});
  add_verb(router, services,
           {Method::Post, "/peers/{peer}/disconnect", "peer.disconnect", Effect::Changes, disconnect});
  add_verb(router, services, {Method::Post, "/peers/{peer}/connect", "peer.connect", Effect::Changes, connect});
}

}  // namespace claviger::admin
