// The domains that a tenant owns (TS 23.280 clause 8.1; TS 33.180 clause 5.1.2.3): its users' MC IDs, MC service IDs, and
// login names that have a domain, lie in one of them.
//
// Record of tables::kInstallation, "domains" and the tenant's name. Absent or empty: nothing was said, and names may lie
// anywhere where no other tenant has a domain. Each claim of a name is guarded by the record's version, or by that of the
// one that counts all changes ("domain-changes"), so none slips in beside a change. Names that were given before stay: they are their users' for ever.
//
// Exact names, as in agreements and partners' domains: alpha.example does not stand for ims.alpha.example. VAL user IDs
// are a VAL provider's, in its domains, and not looked at.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

// An agency has one, and some for its SIP core and visitors.
inline constexpr std::size_t kOwnedDomainsMax = 64;

struct OwnedDomains {
  std::vector<std::string> domains;  // lower case, in order
  std::uint64_t version = 0;         // of the record; 0: there is none
};

// The host part of an MC identity: of sip:, sips: and what has an authority (https:). Empty: whatever else there is has none.
std::string_view host_of_identity(std::string_view identity);
// That is one of them, letters in either case.
bool lies_in_domains(std::string_view identity, const std::vector<std::string>& domains);

// As of now; who only shows or looks needs no more.
runtime::Task<Result<OwnedDomains>> read_owned_domains(broker::Context* context, std::string tenant);

// What names that are claimed are checked against, for one transaction.
struct NameDomains {
  OwnedDomains own;
  // Of the hosts that were asked about those that lie in a domain of another tenant, lower case. Asked only for a tenant that
  // said nothing of its own: without this the administrator of one agency could take another's names, which stay taken
  // for ever. A list of its own lets a tenant share a domain with another.
  std::set<std::string, std::less<>> foreign;
  std::uint64_t changes = 0;  // version of the row that every tenant's change writes
};
// Where the MC identities of `user` lie, lower case; of a batch of users they are asked about at once.
void add_hosts(const User& user, std::set<std::string, std::less<>>& hosts);
runtime::Task<Result<NameDomains>> read_name_domains(broker::Context* context, std::string tenant,
                                                     std::set<std::string, std::less<>> hosts);
// McIdentityInvalid, LoginInvalid: a name that `user` has and `before` had not lies outside, or in another tenant's domain.
Result<Unit> check_domains(const NameDomains& domains, const User& user, const User& before);
// `guard` gets the expectation that nobody's list has changed that this was read from.
void guard_name_domains(storage::Transaction& guard, std::string_view tenant, const NameDomains& domains);

// Any shard. BadValue (no domain name), TooMany; once more is no error. Both give the list as it is then.
runtime::Task<Result<OwnedDomains>> add_owned_domain(broker::Context* context, std::string tenant, std::string domain);
// NotFound.
runtime::Task<Result<OwnedDomains>> remove_owned_domain(broker::Context* context, std::string tenant,
                                                        std::string domain);

}  // namespace claviger::identity
