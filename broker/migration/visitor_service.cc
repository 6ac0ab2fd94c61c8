#include "broker/migration/visitor_service.h"

#include <algorithm>
#include <vector>

#include "broker/identity/session_records.h"
#include "broker/migration/migration_service.h"
#include "broker/migration/sip_identity.h"
#include "core/runtime/call.h"

namespace claviger::migration {
namespace {

using runtime::Task;

// What a home vouches for at most: one ID a service (TS 23.280 clause 8.1.2).
constexpr std::size_t kVouchedMax = 3;
// No further question is begun after this: a SIP transaction waits 32 s for all of them (RFC 3261, timer F).
constexpr Seconds kAskingMax{5};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty() && words.size() < kVouchedMax) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end != 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Task<Result<bool>> is_authorised(Migration* migration, AgreementRef agreement, ServiceRequest request) {
  auto begin = [migration, agreement, body = write_service_request(request)] {
    return ask_primary(migration, agreement, body);
  };
  auto answer = co_await runtime::call_on(&migration->home().shard, std::move(begin));
  // It wants to hear nothing of us: that is its word, too, and another try changes nothing.
  if (answer.failed_with(Code::Refused)) co_return false;
  if (!answer) co_return Error{Code::Overload, "service.primary"};
  co_return answer->is_authorised;
}

}  // namespace

Task<Result<ServiceResponse>> ask_primary(Migration* migration, AgreementRef agreement, std::string body) {
  std::shared_ptr<SystemLink> link = migration->link(agreement->tenant, agreement->agreement.system);
  if (link == nullptr) co_return Error{Code::SystemUnknown, "agreement.url"};
  CLAVIGER_CO_TRY(answer, co_await link->ask(http::Method::Post, "/service-authorizations", std::move(body)));
  if (answer.status >= 500) co_return Error{Code::Unreachable, "service.status"};
  if (answer.status != 200) co_return Error{Code::Refused, "service.status"};
  co_return read_service_response(answer.body);
}

Task<Result<Unit>> authorise_visitor(Migration* migration, broker::Context* context, std::string tenant,
                                     std::string sid, ServiceRequest request) {
  constexpr Error kNo{Code::ServiceNotAuthorised, "service.visitor"};
  // Of client credentials: nobody's session. And services of the operator's own, which nobody migrates for.
  if (sid.empty() || !is_service(request.service)) co_return Unit{};
  auto session = co_await identity::read_session(context, tenant, sid);
  if (session.failed_with(Code::SessionUnknown)) co_return kNo;
  if (!session) co_return Error{Code::Overload, "service.session"};
  if (session->partner.empty()) co_return Unit{};
  AgreementRef agreement = migration->table()->find_partner(tenant, session->partner);
  if (agreement == nullptr) co_return Unit{};
  const Agreement& agreed = agreement->agreement;
  const std::int64_t now = numeric_date(context->shard.wall());
  bool is_served = false;
  if (check_in_force(agreed, now) && check_service(agreed, request.service)) {
    // Which of them is the one of this service his home knows.
    const std::vector<std::string> vouched = words_of(session->primary_mc_service_id);
    const Monotonic begun = context->shard.now();
    for (std::size_t i = 0; i < vouched.size() && !is_served; ++i) {
      if (context->shard.now() - begun > kAskingMax) co_return Error{Code::Overload, "service.slow"};
      auto listed = co_await check_listed(context, tenant, agreed.system, vouched[i], session->sub);
      if (listed.failed_with(Code::ServiceIdNotListed)) continue;
      if (!listed) co_return Error{Code::Overload, "service.list"};
      request.primary_mc_service_id = vouched[i];
      if (!agreed.has_link()) {
        is_served = true;
        continue;
      }
      CLAVIGER_CO_TRY(said, co_await is_authorised(migration, agreement, request));
      is_served = said;
    }
  }
  TraceStep& step = migration->trace().add();
  step.at = context->shard.wall();
  step.step = "migration service authorisation of a client";
  step.outcome = is_served ? std::string_view("ok") : name_of(kNo.code);
  step.tenant = tenant;
  step.system = agreed.system;
  step.partner = request.mc_service_id;
  step.primary = request.primary_mc_service_id;
  migration->counters(*agreement).add(is_served ? Counted::Granted : Counted::Denied);
  if (!is_served) co_return kNo;
  co_return Unit{};
}

}  // namespace claviger::migration
