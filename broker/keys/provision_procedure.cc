#include "broker/keys/provision_procedure.h"

#include <algorithm>

#include "broker/keys/extraction.h"
#include "broker/keys/group_server.h"
#include "broker/keys/issue_procedure.h"
#include "broker/keys/user_procedures.h"
#include "broker/tables.h"

namespace claviger::keys {
namespace {

using broker::Context;
using runtime::Task;

// Who issued for a time: the newest generation that was valid then; for times before all of them, the first.
const DomainRef& issuer_at(const TenantDomains& domains, std::int64_t time) {
  for (auto each = domains.generations.rbegin(); each != domains.generations.rend(); ++each) {
    if ((*each)->domain.valid_from <= time) return *each;
  }
  return domains.generations.front();
}

std::vector<KeysWanted> wanted_now(const DomainRef& domain, const std::string& user_uri, std::int64_t now,
                                   std::uint64_t present) {
  const KeyPeriods& periods = domain->domain.periods;
  std::vector<KeysWanted> wanted;
  const std::int64_t early = periods.seconds * std::int64_t{domain->domain.policy.early_percent} / 100;
  if (now >= periods.ends_at(present) - early && periods.ends_at(present + 1) <= kTimeMax) {
    wanted.push_back({domain, present + 1, user_uri});
  }
  wanted.push_back({domain, present, user_uri});
  return wanted;
}

// A user who was given a server's name does not get its keys: a server comes with its client's token and, on SEAL-X1, its
// certificate (TS 33.434 clause 5.1.1.1). Who may be a server is in the filter of policies, so most users cost no look-up.
Task<Result<Unit>> check_server_identity(Kms* kms, Context* context, Caller caller, UserPolicy policy) {
  constexpr Error kFault{Code::KeysDenied, "keyprov.server_identity"};
  if (kms->is_reserved(caller.tenant, policy.user_uri)) co_return kFault;
  if (caller.is_service) co_return Unit{};
  if (!policy.client_id.empty()) co_return kFault;
  if (!kms->policies().may_have(user_policy_key(caller.tenant, policy.user_uri))) co_return Unit{};
  auto server = co_await find_group_server(context, caller.tenant, policy.user_uri);
  if (server) co_return kFault;
  if (!server.failed_with(Code::GroupServerUnknown) && !server.failed_with(Code::UriPathInvalid))
    co_return server.error();
  co_return Unit{};
}

}  // namespace

Task<Result<std::vector<KeySet>>> provision_keys(Kms* kms, Context* context, ProvisionRequest request) {
  // Clause 5.3.3: the identity of the token, and no other.
  if (!request.caller.may_ask_for(request.user_uri)) co_return Error{Code::KeysDenied, "keyprov.user"};
  const auto table = kms->table();
  const TenantDomains* domains = table->find(request.caller.tenant);
  if (domains == nullptr) co_return Error{Code::KmsUnknown, "keyprov.kms"};
  const std::int64_t now = numeric_date(context->shard.wall());
  const DomainRef active = domains->active();
  if (active == nullptr) co_return Error{Code::KeysRevoked, "keyprov.domain"};
  // Spec 5.3: revocation is not issuing, and not giving what was issued.
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(context, request.caller.tenant, request.user_uri));
  if (policy.is_revoked) co_return Error{Code::KeysRevoked, "keyprov.user"};
  CLAVIGER_CO_TRY(reserved, co_await check_server_identity(kms, context, request.caller, policy));
  const auto present = active->domain.periods.number_at(now);
  if (!present) co_return Error{Code::KeyPeriod, "keyprov.now"};

  std::vector<KeysWanted> wanted;
  if (request.timestamp.empty()) {
    wanted = wanted_now(active, request.user_uri, now, *present);
  } else {
    CLAVIGER_CO_TRY(time, read_ntp_timestamp(request.timestamp, now));
    const auto asked = active->domain.periods.number_at(time);
    // Issuing far ahead would defeat revocation.
    if (!asked || *asked > *present + 1) co_return Error{Code::KeyPeriod, "keyprov.ahead"};
    if (*present - std::min(*asked, *present) > active->domain.policy.retained_periods) {
      co_return Error{Code::KeyPeriod, "keyprov.retention"};
    }
    if (*asked < *present) {
      auto since = co_await user_since(context, request.caller.tenant, request.user_uri);
      if (since.failed_with(Code::UserUnknown)) co_return Error{Code::KeyPeriod, "keyprov.since"};
      if (!since) co_return since.error();
      if (*since >= active->domain.periods.ends_at(*asked)) co_return Error{Code::KeyPeriod, "keyprov.since"};
    }
    const DomainRef issuer = time >= now ? active : issuer_at(*domains, time);
    if (issuer->domain.state == DomainState::Revoked) co_return Error{Code::KeysRevoked, "keyprov.domain"};
    wanted.push_back({issuer, *asked, request.user_uri});
  }
  // The last is what is needed now; what comes along early waits for nobody, nor lets others wait: with many before it it
  // is left to pre-issue, or to the next time.
  std::vector<KeySet> sets;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    const bool is_early = i + 1 < wanted.size();
    if (is_early && kms->extraction().is_busy()) {
      auto present_one = co_await context->store.get(broker::tables::kKmsUserKeys, wanted[i].key());
      if (present_one.failed_with(Code::NotFound)) continue;
    }
    auto value = co_await find_or_issue(kms, context, wanted[i]);
    if (!value && is_early && value.failed_with(Code::Overload)) continue;
    if (!value) co_return value.error();
    KeySet set{wanted[i].domain, wanted[i].period, wanted[i].user_uri, wanted[i].key(), *std::move(value)};
    sets.insert(sets.begin(), std::move(set));
  }
  // What was revoked while we issued, or waited for others' turn, does not leave.
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto may = co_await may_have_keys(kms, context, wanted[i]);
    if (!may) co_return may.error();
  }
  co_return sets;
}

}  // namespace claviger::keys
