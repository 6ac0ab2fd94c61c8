#include "broker/seal_keys/invoker_lookup.h"

#include <utility>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/percent.h"

namespace claviger::seal_keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// An invoker waits for it.
constexpr Milliseconds kAnswerMax{3'000};
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr Error kUnknown{Code::InvokerUnknown, "capif.invoker"};

http::ClientOptions options_with(std::shared_ptr<const net::TlsContext> tls) {
  http::ClientOptions options;
  options.tls = std::move(tls);
  options.connections_max = 1;
  return options;
}

bool is_served(std::string_view method) { return method.empty() || method == "OAUTH" || method == "PKI"; }

Result<std::string_view> text_or_nothing(const codec::JsonObject& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return std::string_view();
  return member->as_string();
}

}  // namespace

InvokerLookup::InvokerLookup(Context& context, runtime::Turns& turns, std::string tenant,
                             std::shared_ptr<const net::TlsContext> tls)
    : context_(context),
      tenant_(std::move(tenant)),
      client_(context.shard, options_with(std::move(tls))),
      turns_(turns) {}
InvokerLookup::~InvokerLookup() = default;

void InvokerLookup::remember(const std::string& id, bool is_trusted) {
  const Monotonic now = context_.shard.now();
  if (known_.size() >= kInvokersKnownMax && !known_.contains(id)) {
    std::erase_if(known_, [now](const auto& one) { return now - one.second.asked_at >= kInvokerStale; });
    if (known_.size() >= kInvokersKnownMax) known_.clear();
  }
  known_[id] = {is_trusted, now};
}

Task<Result<Unit>> InvokerLookup::check(std::shared_ptr<InvokerLookup> self, CapifRef view, std::string id) {
  std::shared_ptr<InvokerLookup> kept = self;
  auto checked = co_await check_in_turn(std::move(self), std::move(view), std::move(id));
  // From the loop: this may be inside a call of its client's, and an operator may have replaced it meanwhile.
  runtime::Shard& shard = kept->context_.shard;
  shard.defer([last = std::move(kept)]() mutable { last.reset(); });
  co_return checked;
}

Task<Result<Unit>> InvokerLookup::check_in_turn(std::shared_ptr<InvokerLookup> self, CapifRef view, std::string id) {
  std::string invoker = broker::record_key({"capif-invoker", self->tenant_, id});
  auto turn = co_await self->turns_.take(std::move(invoker));
  if (!turn) co_return turn.error();
  const auto known = self->known_.find(id);
  const bool is_known = known != self->known_.end();
  const Known before = is_known ? known->second : Known();
  const auto age = self->context_.shard.now() - before.asked_at;
  if (is_known && age < kInvokerFresh) co_return before.is_trusted ? Result<Unit>(Unit{}) : kUnknown;
  auto answered = co_await self->ask(std::move(view), id);
  if (answered) {
    self->remember(id, *answered);
    co_return *answered ? Result<Unit>(Unit{}) : kUnknown;
  }
  self->context_.shard.logger().warning("capif.lookup",
                                        {{"tenant", self->tenant_}, {"code", name_of(answered.error().code)}});
  if (is_known && before.is_trusted && age < kInvokerStale) co_return Unit{};
  // Whoever asks is told to come later: that nothing was said of him is no reason to call him unknown.
  co_return Error{Code::DeadlinePassed, "capif.lookup"};
}

Result<http::ClientRequest> InvokerLookup::request(const CapifCore& core, std::string_view id) {
  std::string target = core.url + "/capif-security/v1/trustedInvokers/";
  codec::percent_encode(id, target);
  http::ClientRequest request(http::Method::Get, target + "?authenticationInfo=true&authorizationInfo=true");
  request.timeout = kAnswerMax;
  request.response_bytes_max = kAnswerBytesMax;
  request.with("accept", "application/json");
  if (core.sealed_enrolment.empty()) return request;
  CLAVIGER_TRY(token,
               context_.sealer.open(tables::kInstallation, capif_core_key(tenant_), as_bytes(core.sealed_enrolment)));
  std::string field = "Bearer ";
  field.append(as_text(token.reveal()));
  request.with("authorization", std::move(field));
  return request;
}

Task<Result<bool>> InvokerLookup::ask(CapifRef view, std::string id) {
  auto asked = request(view->core, id);
  if (!asked) co_return asked.error();
  auto answer = co_await client_.send(*std::move(asked));
  if (!answer) co_return answer.error();
  if (answer->status == 404) co_return false;
  if (answer->status != 200) co_return Error{Code::Refused, "capif.lookup"};
  codec::JsonReader reader;
  co_return read_service_security(reader, answer->body, view->core);
}

Result<bool> read_service_security(codec::JsonReader& reader, std::string_view json, const CapifCore& core) {
  CLAVIGER_TRY(document, reader.parse(json));
  CLAVIGER_TRY(object, document.as_object());
  CLAVIGER_TRY(member, object.at("securityInfo"));
  CLAVIGER_TRY(entries, member.as_array());
  bool is_trusted = false;
  for (const codec::JsonValue value : entries) {
    CLAVIGER_TRY(entry, value.as_object());
    CLAVIGER_TRY(aef, text_or_nothing(entry, "aefId"));
    CLAVIGER_TRY(method, text_or_nothing(entry, "selSecurityMethod"));
    is_trusted = is_trusted || (core.is_our_aef(aef) && is_served(method));
  }
  return is_trusted;
}

}  // namespace claviger::seal_keys
