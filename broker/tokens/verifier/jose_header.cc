#include "broker/tokens/verifier/jose_header.h"

#include <algorithm>
#include <array>

namespace claviger::tokens {
namespace {

constexpr std::string_view kApplication = "application/";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

ShortText<kTypMax> normalised_typ(std::string_view typ) {
  ShortText<kTypMax> normalised;
  std::array<char, kTypMax> lowered;
  if (typ.size() > lowered.size()) return normalised;
  std::transform(typ.begin(), typ.end(), lowered.begin(), lower);
  std::string_view name(lowered.data(), typ.size());
  // "application/x" and "x" are the same type as long as x has no further slash.
  if (name.starts_with(kApplication) && name.find('/', kApplication.size()) == std::string_view::npos) {
    name.remove_prefix(kApplication.size());
  }
  normalised.assign(name);
  return normalised;
}

Result<JoseHeader> read_jose_header(const codec::JsonValue& value) {
  const Result<codec::JsonObject> object = value.as_object();
  if (!object) return Error{Code::TokenHeader, "jws.header"};
  JoseHeader header;
  for (const codec::JsonMember member : *object) {
    const Result<std::string_view> text = member.value.as_string();
    if (member.name == "crit") {
      header.has_crit = true;
    } else if (member.name == "alg") {
      if (text) header.algorithm = crypto::signature_algorithm_named(*text);
    } else if (member.name == "kid") {
      if (text) header.kid.assign(*text);
    } else if (member.name == "typ") {
      if (text) header.typ = normalised_typ(*text);
      header.is_typ_unusable = header.typ.empty();
    }
  }
  return header;
}

}  // namespace claviger::tokens
