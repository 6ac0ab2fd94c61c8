#include "broker/identity/user_records.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "broker/identity/user_draft.h"
#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Result<const broker::TenantView*> tenant_of(const Context& context, std::string_view tenant) {
  const auto found = context.snapshot->tenants.find(tenant);
  if (found == context.snapshot->tenants.end()) return Error{Code::NotFound, "tenant"};
  return &found->second;
}

std::string encode_owner(std::string_view tenant, std::string_view sub) { return broker::record_key({tenant, sub}); }

Result<IdentityOwner> decode_owner(const storage::Value& value) {
  const std::string_view text = value.text();
  const std::size_t separator = text.find('\0');
  if (separator == std::string_view::npos) return Error{Code::Corrupt, "mc_identities"};
  return IdentityOwner{std::string(text.substr(0, separator)), std::string(text.substr(separator + 1))};
}

Task<Result<User>> read_user(Context* context, std::string tenant, std::string sub) {
  if (sub.empty() || sub.find('\0') != std::string::npos) co_return Error{Code::UserUnknown, "user.sub"};
  auto value = co_await context->store.get(tables::kUsers, user_key(tenant, sub));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::UserUnknown, "user.sub"};
  if (!value) co_return value.error();
  co_return decode_user(*value, sub);
}

Task<Result<std::string>> read_login(Context* context, std::string tenant, std::string login) {
  auto value = co_await context->store.get(tables::kLogins, login_key(tenant, login));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::UserUnknown, "user.login"};
  if (!value) co_return value.error();
  co_return std::string(value->text());
}

namespace {

// Keys of a KMS, and whoever is called, are found by URI alone (TS 33.180 clause 5.3): of two users one would have the
// other's keys. The MC ID and the MC service IDs of one user may be alike.
constexpr std::array<std::string_view, 4> kMcKinds{"mc", "mcptt", "mcvideo", "mcdata"};

std::vector<std::string_view> kinds_beside(std::string_view kind) {
  if (std::ranges::find(kMcKinds, kind) == kMcKinds.end()) return {};
  std::vector<std::string_view> kinds;
  std::ranges::copy_if(kMcKinds, std::back_inserter(kinds), [&](std::string_view other) { return other != kind; });
  return kinds;
}

bool is_his(const IdentityOwner& owner, std::string_view tenant, const User& user) {
  return owner.tenant == tenant && owner.sub == user.sub;
}

// Nothing: nobody's.
Task<Result<std::optional<IdentityOwner>>> owner_of(Context* context, std::string key) {
  auto value = co_await context->store.get(tables::kMcIdentities, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return std::optional<IdentityOwner>();
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(owner, decode_owner(*value));
  co_return std::optional(std::move(owner));
}

}  // namespace

Task<Result<storage::Transaction>> claim_names(Context* context, std::string tenant, User user, User before) {
  if (user.login == before.login && identities_of(user) == identities_of(before)) co_return storage::Transaction();
  std::set<std::string, std::less<>> hosts;
  add_hosts(user, hosts);
  CLAVIGER_CO_TRY(read, co_await read_name_domains(context, tenant, std::move(hosts)));
  const auto domains = std::make_shared<const NameDomains>(std::move(read));
  auto claimed = co_await claim_names_in(context, tenant, domains, std::move(user), std::move(before));
  if (claimed) guard_name_domains(*claimed, tenant, *domains);
  co_return claimed;
}

Task<Result<storage::Transaction>> claim_names_in(Context* context, std::string tenant,
                                                  std::shared_ptr<const NameDomains> domains, User user, User before) {
  storage::Transaction transaction;
  if (user.login != before.login) {
    auto taken = co_await read_login(context, tenant, user.login);
    if (taken) co_return Error{Code::LoginTaken, "user.login"};
    if (!taken.failed_with(Code::UserUnknown)) co_return taken.error();
    const std::string key = login_key(tenant, user.login);
    transaction.expect_absent(tables::kLogins, key);
    transaction.put(tables::kLogins, key, as_bytes(user.sub));
    // Guarded by the user's version: as long as that stands, the old name is his.
    if (!before.login.empty()) transaction.erase(tables::kLogins, login_key(tenant, before.login));
  }
  const auto had = identities_of(before);
  const auto has = identities_of(user);
  CLAVIGER_CO_TRY(checked, check_domains(*domains, user, before));
  for (std::size_t i = 0; i < has.size(); ++i) {
    if (std::ranges::find(had, has[i]) != had.end()) continue;
    const std::vector<std::string_view> kinds = kinds_beside(has[i].first);
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      auto beside = co_await owner_of(context, mc_identity_key(kinds[k], has[i].second));
      if (!beside) co_return beside.error();
      if (*beside && !is_his(**beside, tenant, user)) co_return Error{Code::McIdentityTaken, "user.mc_identity"};
      if (!*beside) transaction.expect_absent(tables::kMcIdentities, mc_identity_key(kinds[k], has[i].second));
    }
    const std::string key = mc_identity_key(has[i].first, has[i].second);
    auto owner = co_await owner_of(context, key);
    if (!owner) co_return owner.error();
    if (!*owner) {
      transaction.expect_absent(tables::kMcIdentities, key);
      transaction.put(tables::kMcIdentities, key, as_bytes(encode_owner(tenant, user.sub)));
    } else if (!is_his(**owner, tenant, user)) {
      co_return Error{Code::McIdentityTaken, "user.mc_identity"};
    }
    // One that was his before he may have again; the row never changes, so nothing needs to guard it.
  }
  co_return transaction;
}

}  // namespace claviger::identity
