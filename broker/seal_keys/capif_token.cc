#include "broker/seal_keys/capif_token.h"

#include <algorithm>
#include <array>
#include <memory>

#include "broker/identity/val_identity.h"
#include "broker/tokens/verifier/claim_checks.h"
#include "broker/tokens/verifier/jws_reader.h"

namespace claviger::seal_keys {
namespace {

constexpr std::array<std::string_view, 2> kTypes{"jwt", "at+jwt"};
constexpr tokens::AlgorithmSet kAlgorithms{crypto::SignatureAlgorithm::Es256, crypto::SignatureAlgorithm::Rs256};
// September 2001: an earlier "date" is the duration that TS 29.222's type invites.
constexpr std::int64_t kDateMin = 1'000'000'000;
constexpr std::string_view kPrefix = "3gpp#";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "AEF1: a, b" keeps its blanks only where they part groups, as they part OAuth scopes.
std::string without_blanks_at_separators(std::string_view scope) {
  const auto is_separator = [](char character) { return character == ':' || character == ',' || character == ';'; };
  std::string text;
  for (std::size_t i = 0; i < scope.size(); ++i) {
    if (scope[i] != ' ') {
      text += scope[i];
      continue;
    }
    const std::size_t next = scope.find_first_not_of(' ', i);
    const bool is_before = next != std::string_view::npos && is_separator(scope[next]);
    const bool is_behind = !text.empty() && is_separator(text.back());
    if (!is_before && !is_behind && next != std::string_view::npos && !text.empty()) text += ';';
    i = next == std::string_view::npos ? scope.size() : next - 1;
  }
  return text;
}

bool group_names(std::string_view group, const CapifCore& core, std::string_view api) {
  group = trimmed(group);
  if (group.starts_with(kPrefix)) group.remove_prefix(kPrefix.size());
  const std::size_t colon = group.rfind(':');  // an AEF ID may be a URI; an API's name has no colon
  if (colon == std::string_view::npos || !core.is_our_aef(group.substr(0, colon))) return false;
  std::string_view apis = group.substr(colon + 1);
  while (!apis.empty()) {
    const std::size_t comma = std::min(apis.find(','), apis.size());
    if (apis.substr(0, comma) == api) return true;
    apis.remove_prefix(std::min(comma + 1, apis.size()));
  }
  return false;
}

// TS 29.222 asks for no audience. One that is there must be ours, or what is shown to another AEF would be good here.
bool is_for_us(const tokens::Claims& claims, const CapifCore& core, std::string_view origin) {
  bool is_ours = claims.audiences.empty();
  claims.audiences.for_each([&](std::string_view audience) {
    const bool is_url = !origin.empty() && audience.starts_with(origin) &&
                        (audience.size() == origin.size() || audience[origin.size()] == '/');
    is_ours = is_ours || is_url || core.is_our_aef(audience);
  });
  return is_ours;
}

// A core function's clock may be ahead of ours by no more: its token of before an invoker's revocation would seem to be of
// after it (is_revoked() of invoker.h), and be good for as long as it says.
constexpr std::int64_t kIssuedAheadMax = 1;

Result<CapifToken> judge(const tokens::Claims& claims, const CapifView& view, std::string_view origin,
                         std::int64_t now) {
  if (!claims.expires || *claims.expires < kDateMin) return Error{Code::TokenClaims, "capif.exp"};
  CLAVIGER_TRY(in_time, tokens::check_times(claims, now, tokens::kLeewayMax.count()));
  if (claims.issued_at && *claims.issued_at > now + kIssuedAheadMax) {
    return Error{Code::TokenIssuedInFuture, "capif.iat"};
  }
  if (!is_for_us(claims, view.core, origin)) return Error{Code::TokenAudience, "capif.aud"};
  CapifToken read;
  read.issued_at = claims.issued_at;
  read.confirmation = claims.confirmation;
  const bool is_from_core = claims.issuer == view.core.issuer;
  // The core function may not name an invoker and forget to; then the token is its own.
  const bool is_own = is_from_core && (claims.client_id.empty() || claims.client_id == view.core.issuer);
  if (is_own) return read;
  const std::string_view invoker = claims.client_id.empty() ? claims.issuer : claims.client_id;
  if (!identity::is_val_identity(invoker)) return Error{Code::TokenSubject, "capif.invoker"};
  read.invoker = invoker;
  read.has_our_scope = scope_names(claims.scope, view.core, kApiName);
  return read;
}

// A core function that has one key need not name it (RFC 7515 clause 4.1.4).
Result<CapifToken> read_without_kid(const CapifView& view, std::string_view origin, std::string_view token,
                                    std::int64_t now) {
  const auto reader = std::make_unique<tokens::JwsReader>();
  CLAVIGER_TRY(opened, reader->open(token, kAlgorithms));
  if (!opened.header->kid.view().empty()) return Error{Code::TokenKeyUnknown, "capif.kid"};
  CLAVIGER_TRY(signature, reader->check_signature(opened, view.keys->keys().front().key));
  CLAVIGER_TRY(type, tokens::check_type(*opened.header, kTypes, true));
  CLAVIGER_TRY(claims, reader->read_payload(opened.parts.payload));
  return judge(*claims, view, origin, now);
}

}  // namespace

bool scope_names(std::string_view scope, const CapifCore& core, std::string_view api) {
  const std::string text = without_blanks_at_separators(scope);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (group_names(rest.substr(0, end), core, api)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Result<CapifToken> read_capif_token(tokens::Verifier& verifier, const CapifView& view, std::string_view origin,
                                    std::string_view token, std::int64_t now) {
  tokens::JwsRules rules;
  rules.keys = view.keys.get();
  rules.algorithms = kAlgorithms;
  rules.types = kTypes;
  rules.typ_may_be_absent = true;
  const auto verified = verifier.verify_jws(token, rules);
  if (verified) return judge(*verified->claims, view, origin, now);
  if (!verified.failed_with(Code::TokenKeyUnknown) || view.keys->keys().size() != 1) return verified.error();
  return read_without_kid(view, origin, token, now);
}

}  // namespace claviger::seal_keys
