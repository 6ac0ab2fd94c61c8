#include "broker/identity/scope_grant.h"

#include <algorithm>
#include <array>

#include "broker/identity/val_identity.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kOpenid = "openid";
constexpr std::string_view kMcPrefix = "3gpp:mc:";
constexpr std::string_view kPttPrefix = "3gpp:mc:ptt_";
constexpr std::string_view kVideoPrefix = "3gpp:mc:video_";
constexpr std::string_view kDataPrefix = "3gpp:mc:data_";

bool is_scope_character(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte == 0x21 || (byte >= 0x23 && byte <= 0x5B) || (byte >= 0x5D && byte <= 0x7E);
}

// The names of Release 13 and what they became: for clients whose record names them so; to all others they are unknown.
struct Renamed {
  std::string_view release_13;
  std::string_view present;
};
constexpr std::array<Renamed, 4> kRenamed{
    {{"3gpp:mcptt:ptt_server", "3gpp:mc:ptt_service"},
     {"3gpp:mcptt:key_management_server", "3gpp:mc:ptt_key_management_service"},
     {"3gpp:mcptt:config_management_server", "3gpp:mc:ptt_config_management_service"},
     {"3gpp:mcptt:group_management_server", "3gpp:mc:ptt_group_management_service"}}};

// What a name means for a client that is allowed it under the former one, to the letter of its record; else itself.
std::string_view present_name(std::string_view scope, const Client& client) {
  const auto* renamed = std::ranges::find(kRenamed, scope, &Renamed::release_13);
  return renamed != kRenamed.end() && contains_scope(client.scopes, scope) ? renamed->present : scope;
}

bool is_allowed(std::string_view scope, const Client& client) {
  if (client.scopes.empty() || contains_scope(client.scopes, scope)) return true;
  const auto* renamed = std::ranges::find(kRenamed, scope, &Renamed::present);
  return renamed != kRenamed.end() && contains_scope(client.scopes, renamed->release_13);
}

bool has_service_of(std::string_view scope, const User& user) {
  if (!scope.starts_with(kMcPrefix)) return true;
  if (scope.starts_with(kPttPrefix)) return !user.mcptt_id.empty();
  if (scope.starts_with(kVideoPrefix)) return !user.mcvideo_id.empty();
  if (scope.starts_with(kDataPrefix)) return !user.mcdata_id.empty();
  // Location and what else is common to the services: for whoever has one of them.
  return !user.mcptt_id.empty() || !user.mcvideo_id.empty() || !user.mcdata_id.empty();
}

bool is_entitled(std::string_view scope, const User& user) {
  if (scope == kOpenid || scope == kProfileScope) return true;
  return has_service_of(scope, user) && (user.scopes.empty() || contains_scope(user.scopes, scope));
}

// Of OpenID Connect Core clauses 5.4 and 11: they open no server, and a client that works with any OpenID provider asks for
// them beside openid. What a provider does not have of them it ignores (clause 3.1.2.1).
bool is_about_sign_in(std::string_view scope) {
  return scope == kOpenid || scope == "email" || scope == "address" || scope == "phone" || scope == "offline_access";
}

// Nothing but openid is left although more was asked for.
bool is_exhausted(const ScopeList& asked, const ScopeList& left) {
  const auto others = [](const ScopeList& scopes) {
    return std::ranges::any_of(scopes, [](std::string_view scope) { return !is_about_sign_in(scope); });
  };
  return others(asked) && !others(left);
}

template <typename Strings>
std::string join(const Strings& scopes) {
  std::size_t size = 0;
  for (const std::string_view scope : scopes) size += scope.size() + 1;
  std::string joined;
  joined.reserve(size);
  for (const std::string_view scope : scopes) {
    if (!joined.empty()) joined += ' ';
    joined += scope;
  }
  return joined;
}

}  // namespace

bool is_scope_token(std::string_view text) {
  return !text.empty() && text.size() <= kScopeBytesMax && std::ranges::all_of(text, is_scope_character);
}

Result<ScopeList> parse_scope(std::string_view parameter) {
  if (parameter.size() > kScopeBytesMax) return Error{Code::ScopeMalformed, "scope.length"};
  ScopeList scopes;
  scopes.reserve(std::min<std::size_t>(1 + static_cast<std::size_t>(std::ranges::count(parameter, ' ')), kScopesMax));
  while (true) {
    const std::size_t space = parameter.find(' ');
    const std::string_view token = parameter.substr(0, space);
    if (!is_scope_token(token)) return Error{Code::ScopeMalformed, "scope.token"};
    if (std::ranges::find(scopes, token) == scopes.end()) {
      if (scopes.size() == kScopesMax) return Error{Code::ScopeMalformed, "scope.count"};
      scopes.push_back(token);
    }
    if (space == std::string_view::npos) return scopes;
    parameter.remove_prefix(space + 1);
  }
}

std::string join_scope(const ScopeList& scopes) { return join(scopes); }
std::string join_scope(const std::vector<std::string>& scopes) { return join(scopes); }

bool contains_scope(const std::vector<std::string>& scopes, std::string_view scope) {
  return std::ranges::find(scopes, scope) != scopes.end();
}

bool is_known_scope(std::string_view scope, const tenants::Tenant& tenant, const Client& client) {
  return scope == kOpenid || scope == kProfileScope || tenant.scope_audiences.contains(scope) ||
         contains_scope(client.scopes, scope) || (client.profile == ClientProfile::Val && is_val_scope(scope));
}

Result<ScopeList> grant_to_client(const ScopeList& requested, const tenants::Tenant& tenant, const Client& client) {
  if (std::ranges::find(requested, kOpenid) == requested.end()) return Error{Code::ScopeMalformed, "scope.openid"};
  ScopeList granted;
  granted.reserve(requested.size());
  for (const std::string_view asked : requested) {
    const std::string_view scope = present_name(asked, client);
    if (std::ranges::find(granted, scope) != granted.end()) continue;
    // openid is the sign-in itself: a client that may ask for codes may ask for it.
    if (scope == kOpenid || (is_known_scope(scope, tenant, client) && is_allowed(scope, client))) {
      granted.push_back(scope);
    }
  }
  if (is_exhausted(requested, granted)) return Error{Code::ScopeNothing, "scope.client"};
  return granted;
}

Result<ScopeList> grant_to_user(const ScopeList& allowed, const User& user) {
  ScopeList granted;
  granted.reserve(allowed.size());
  for (const std::string_view scope : allowed) {
    if (is_entitled(scope, user)) granted.push_back(scope);
  }
  if (is_exhausted(allowed, granted)) return Error{Code::ScopeNothing, "scope.user"};
  return granted;
}

Result<ScopeList> grant_to_service(const ScopeList& requested, const tenants::Tenant& tenant, const Client& client) {
  ScopeList granted;
  if (requested.empty()) {
    for (const std::string& scope : client.scopes) {
      if (scope != kOpenid) granted.push_back(scope);
    }
    // RFC 6749 clause 3.3 wants a pre-defined default, and no access token of ours is without a scope (TS 33.180 B.2.2).
    if (granted.empty()) granted.push_back(kServiceScope);
    return granted;
  }
  for (const std::string_view scope : requested) {
    // A service has what its record names, and nothing more: an empty list is not "every scope", as it is for users.
    const bool is_default = scope == kServiceScope && client.scopes.empty();
    if (is_default || (!client.scopes.empty() && scope != kOpenid && is_known_scope(scope, tenant, client) &&
                       is_allowed(scope, client))) {
      granted.push_back(scope);
    }
  }
  if (granted.empty()) return Error{Code::ScopeNothing, "scope.client"};
  return granted;
}

Result<std::vector<std::string>> grant_still_allowed(std::vector<std::string> scopes, const Client& client) {
  if (!client.scopes.empty()) {
    std::erase_if(scopes, [&](const std::string& scope) { return scope != "openid" && !is_allowed(scope, client); });
  }
  if (scopes.empty()) return Error{Code::ScopeNothing, "scope.client"};
  return scopes;
}

McIdentities identities_for(const std::vector<std::string>& granted, const User& user) {
  McIdentities identities;
  for (const std::string_view scope : granted) {
    if (scope.starts_with(kPttPrefix)) identities.mcptt_id = user.mcptt_id;
    if (scope.starts_with(kVideoPrefix)) identities.mcvideo_id = user.mcvideo_id;
    if (scope.starts_with(kDataPrefix)) identities.mcdata_id = user.mcdata_id;
  }
  return identities;
}

}  // namespace claviger::identity
