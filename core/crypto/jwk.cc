#include "core/crypto/jwk.h"

#include <algorithm>
#include <array>

#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"

namespace claviger::crypto {
namespace {

// RFC 7518 clauses 6.2.2, 6.3.2, 6.4.1: members that only a private or symmetric key has.
constexpr std::array<std::string_view, 8> kPrivateMembers = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

struct Component {
  std::array<std::byte, kRsaBitsMax / 8> bytes;
  std::size_t size = 0;
  Bytes view() const { return Bytes(bytes).first(size); }
};

Result<Component> component(const codec::JsonObject& object, std::string_view name) {
  CLAVIGER_TRY(text, object.string_at(name));
  Component decoded;
  auto size = codec::base64url_decode(text, decoded.bytes);
  if (!size) {
    return Error{size.error().code == Code::TooLarge ? Code::KeyMalformed : size.error().code, "jwk.component"};
  }
  decoded.size = *size;
  return decoded;
}

Result<VerifyKey> key_in(const codec::JsonObject& object) {
  CLAVIGER_TRY(kty, object.string_at("kty"));
  if (kty == "RSA") {
    CLAVIGER_TRY(n, component(object, "n"));
    CLAVIGER_TRY(e, component(object, "e"));
    return VerifyKey::from_rsa(n.view(), e.view());
  }
  if (kty != "EC" && kty != "OKP") return Error{Code::KeyType, "jwk.kty"};
  CLAVIGER_TRY(crv, object.string_at("crv"));
  if (kty == "EC" && crv == "P-256") {
    CLAVIGER_TRY(x, component(object, "x"));
    CLAVIGER_TRY(y, component(object, "y"));
    return VerifyKey::from_p256(x.view(), y.view());
  }
  if (kty == "OKP" && crv == "Ed25519") {
    CLAVIGER_TRY(x, component(object, "x"));
    return VerifyKey::from_ed25519(x.view());
  }
  return Error{Code::KeyType, "jwk.crv"};
}

// RFC 7517 clauses 4.2 to 4.4: where a JWK says what it is for, it must be for this.
Result<Unit> check_use(const codec::JsonObject& object, SignatureAlgorithm algorithm) {
  if (const auto use = object.find("use")) {
    CLAVIGER_TRY(text, use->as_string());
    if (text != "sig") return Error{Code::KeyUse, "jwk.use"};
  }
  if (const auto named = object.find("alg")) {
    CLAVIGER_TRY(text, named->as_string());
    // RFC 9864 gives Ed25519 a name of its own, which some publish already.
    const bool is_other_name = algorithm == SignatureAlgorithm::EdDsa && text == "Ed25519";
    if (text != name_of(algorithm) && !is_other_name) return Error{Code::KeyUse, "jwk.alg"};
  }
  if (const auto operations = object.find("key_ops")) {
    CLAVIGER_TRY(list, operations->as_array());
    bool verifies = false;
    for (const codec::JsonValue operation : list) {
      CLAVIGER_TRY(text, operation.as_string());
      verifies = verifies || text == "verify";
    }
    if (!verifies) return Error{Code::KeyUse, "jwk.key_ops"};
  }
  return Unit{};
}

template <codec::TextSink Sink>
void write(const VerifyKey& key, std::string_view kid, Sink& sink) {
  std::string first;
  std::string second;
  codec::base64url_encode(key.first_component(), first);
  codec::base64url_encode(key.second_component(), second);
  codec::JsonWriter json(sink);
  json.begin_object();
  switch (key.algorithm()) {
    case SignatureAlgorithm::Es256:
      json.member("kty", "EC").member("crv", "P-256").member("x", first).member("y", second);
      break;
    case SignatureAlgorithm::EdDsa:
      json.member("kty", "OKP").member("crv", "Ed25519").member("x", first);
      break;
    case SignatureAlgorithm::Rs256:
      json.member("kty", "RSA").member("n", first).member("e", second);
      break;
  }
  json.member("alg", name_of(key.algorithm())).member("use", "sig").member("kid", kid).end_object();
}

}  // namespace

Result<Jwk> read_jwk(const codec::JsonObject& object) {
  for (const std::string_view name : kPrivateMembers) {
    if (object.contains(name)) return Error{Code::KeyPrivate, "jwk.private"};
  }
  CLAVIGER_TRY(key, key_in(object));
  CLAVIGER_TRY(fits, check_use(object, key.algorithm()));
  std::string kid = key.thumbprint();
  if (const auto named = object.find("kid")) {
    CLAVIGER_TRY(text, named->as_string());
    if (text.empty() || text.size() > kKidBytesMax) return Error{Code::KeyMalformed, "jwk.kid"};
    kid = text;
  }
  return Jwk{std::move(kid), std::move(key)};
}

const Jwk* JwkSet::find(std::string_view kid) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Jwk& key) { return key.kid == kid; });
  return found == keys.end() ? nullptr : &*found;
}

Result<JwkSet> read_jwks(codec::JsonReader& reader, std::string_view json) {
  CLAVIGER_TRY(document, reader.parse(json));
  CLAVIGER_TRY(object, document.as_object());
  CLAVIGER_TRY(member, object.at("keys"));
  CLAVIGER_TRY(list, member.as_array());
  if (list.size() > kJwksKeysMax) return Error{Code::TooMany, "jwks.keys"};
  JwkSet set;
  std::size_t index = 0;
  for (const codec::JsonValue value : list) {
    CLAVIGER_TRY(entry, value.as_object());
    auto jwk = read_jwk(entry);
    if (jwk.failed_with(Code::KeyPrivate)) return jwk.error();
    if (!jwk) {
      set.ignored.push_back({index, jwk.error()});
    } else if (set.find(jwk->kid) != nullptr) {
      set.ignored.push_back({index, Error{Code::Duplicate, "jwks.kid"}});
    } else {
      set.keys.push_back(*std::move(jwk));
    }
    ++index;
  }
  return set;
}

void write_jwk(const VerifyKey& key, std::string_view kid, std::string& sink) { write(key, kid, sink); }
void write_jwk(const VerifyKey& key, std::string_view kid, SlabWriter& sink) { write(key, kid, sink); }

std::string write_jwks(std::span<const Jwk> keys) {
  std::string text = R"({"keys":[)";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i != 0) text += ',';
    write_jwk(keys[i].key, keys[i].kid, text);
  }
  text += "]}";
  return text;
}

}  // namespace claviger::crypto
