#include "broker/identity/requested_claims.h"

#include <algorithm>

#include "broker/identity/scope_grant.h"
#include "core/codec/json_reader.h"

namespace claviger::identity {
namespace {

constexpr Error kMalformed{Code::ParameterMalformed, "authorize.claims"};

struct Known {
  std::string_view name;
  ClaimSet in_id_token;  // 0: it is there anyway
  ClaimSet in_userinfo;
};
constexpr Known kKnown[] = {{"name", claim::kIdTokenName, claim::kUserinfoName},
                            {"preferred_username", claim::kIdTokenUsername, claim::kUserinfoUsername},
                            {"acr", 0, claim::kUserinfoAcr},
                            {"amr", 0, claim::kUserinfoAmr},
                            {"auth_time", 0, claim::kUserinfoAuthTime}};

// null, or {"essential": true, "value": ..} or {"values": [..]}; members that we do not know are ignored.
struct Wish {
  bool is_essential = false;
  bool is_bound = false;
  std::vector<std::string> values;  // those that are strings: no claim of ours with a value to compare is anything else
};
Result<Wish> read_wish(codec::JsonValue value) {
  Wish wish;
  if (value.is_null()) return wish;
  const auto object = value.as_object();
  if (!object) return kMalformed;
  if (const auto essential = object->find("essential")) {
    const auto is_essential = essential->as_bool();
    if (!is_essential) return kMalformed;
    wish.is_essential = *is_essential;
  }
  const auto one = object->find("value");
  const auto several = object->find("values");
  if (one && several) return kMalformed;
  wish.is_bound = one || several;
  if (one) {
    if (const auto text = one->as_string()) wish.values.emplace_back(*text);
  }
  if (several) {
    const auto array = several->as_array();
    if (!array || array->empty() || array->size() > kClaimValuesMax) return kMalformed;
    for (const codec::JsonValue element : *array) {
      if (const auto text = element.as_string()) wish.values.emplace_back(*text);
    }
  }
  return wish;
}

enum class Place : bool { IdToken, Userinfo };

Result<Unit> read_place(codec::JsonValue value, Place place, RequestedClaims& requested) {
  if (value.is_null()) return Unit{};
  const auto object = value.as_object();
  if (!object) return kMalformed;
  for (const codec::JsonMember member : *object) {
    CLAVIGER_TRY(wish, read_wish(member.value));
    if (member.name == "sub" && wish.is_bound) {
      // Both places speak of one user; which of several it may be is no question that an authentication answers.
      if (wish.values.size() != 1 || wish.values[0].empty()) return kMalformed;
      if (!requested.subject.empty() && requested.subject != wish.values[0]) return kMalformed;
      requested.subject = wish.values[0];
    }
    // Clause 5.5.1.1. A voluntary one binds nobody: the token says what was reached, as it always does.
    if (member.name == "acr" && place == Place::IdToken && wish.is_essential && wish.is_bound) {
      if (wish.values.empty()) return kMalformed;
      requested.acr = wish.values;
    }
    const auto known = std::ranges::find(kKnown, member.name, &Known::name);
    if (known == std::end(kKnown)) continue;
    const ClaimSet claim = place == Place::IdToken ? known->in_id_token : known->in_userinfo;
    if (claim != 0) requested.claims.push_back({claim, wish.is_bound, std::move(wish.values)});
  }
  return Unit{};
}

bool has_value(const RequestedClaim& wanted, const User& user) {
  if (!wanted.is_bound || (wanted.claim & claim::kOfProfile) == 0) return true;
  const bool is_name = (wanted.claim & (claim::kIdTokenName | claim::kUserinfoName)) != 0;
  return std::ranges::find(wanted.values, is_name ? user.display_name : user.login) != wanted.values.end();
}

}  // namespace

Result<RequestedClaims> read_requested_claims(std::string_view text) {
  RequestedClaims requested;
  if (text.empty()) return requested;
  if (text.size() > kClaimsBytesMax) return kMalformed;
  codec::JsonReader reader;
  const auto value = reader.parse(text);
  if (!value) return kMalformed;
  const auto object = value->as_object();
  if (!object) return kMalformed;
  if (const auto id_token = object->find("id_token")) {
    CLAVIGER_TRY(read, read_place(*id_token, Place::IdToken, requested));
  }
  if (const auto userinfo = object->find("userinfo")) {
    CLAVIGER_TRY(read, read_place(*userinfo, Place::Userinfo, requested));
  }
  return requested;
}

ClaimSet claims_for_client(const RequestedClaims& requested, const Client& client) {
  ClaimSet claims = 0;
  for (const RequestedClaim& one : requested.claims) claims |= one.claim;
  return claims_for_client(claims, client);
}

ClaimSet claims_for_client(ClaimSet claims, const Client& client) {
  const bool may_have_profile = client.scopes.empty() || contains_scope(client.scopes, kProfileScope);
  return may_have_profile ? claims : claims & ~claim::kOfProfile;
}

ClaimSet claims_for_user(const RequestedClaims& requested, const User& user) {
  ClaimSet claims = 0;
  for (const RequestedClaim& one : requested.claims) {
    if (has_value(one, user)) claims |= one.claim;
  }
  return claims;
}

std::vector<std::string> scopes_with_claims(std::vector<std::string> scopes, ClaimSet claims) {
  if ((claims & claim::kOfProfile) != 0 && !contains_scope(scopes, kProfileScope)) scopes.emplace_back(kProfileScope);
  return scopes;
}

}  // namespace claviger::identity
