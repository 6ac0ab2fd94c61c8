#include "tools/load/form.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "core/base/bytes.h"
#include "core/codec/base64url.h"
#include "core/codec/json_reader.h"
#include "core/codec/percent.h"

namespace claviger::load {
namespace {

std::string base64url(Bytes bytes) {
  std::string text;
  codec::base64url_encode(bytes, text);
  return text;
}

}  // namespace

std::string escaped(std::string_view plain) {
  std::string text;
  codec::percent_encode(plain, text);
  return text;
}

std::string random_text() {
  std::byte bytes[32];
  RAND_bytes(as_uchar(MutableBytes(bytes)), sizeof bytes);
  return base64url(bytes);
}

std::string challenge_of(std::string_view verifier) {
  std::byte digest[SHA256_DIGEST_LENGTH];
  SHA256(as_uchar(as_bytes(verifier)), verifier.size(), as_uchar(MutableBytes(digest)));
  return base64url(digest);
}

std::string basic(std::string_view id, std::string_view secret) {
  std::string header = "Basic ";
  const std::string pair = escaped(id) + ":" + escaped(secret);
  codec::base64_encode(as_bytes(pair), header);
  return header;
}

std::string member_of(const std::string& json, std::string_view name) {
  codec::JsonReader reader;
  const auto value = reader.parse(json);
  if (!value) return {};
  const auto object = value->as_object();
  if (!object) return {};
  const auto text = object->string_at(name);
  return text ? std::string(*text) : std::string();
}

std::string query_value(const std::string& uri, const std::string& name) {
  for (const char* before : {"?", "&"}) {
    const std::size_t at = uri.find(before + name + "=");
    if (at == std::string::npos) continue;
    const std::size_t from = at + name.size() + 2;
    return uri.substr(from, uri.find('&', from) - from);
  }
  return {};
}

std::string hidden_field(const std::string& html, const std::string& name) {
  const std::size_t at = html.find("name=\"" + name + "\"");
  if (at == std::string::npos) return {};
  const std::size_t value = html.find("value=\"", at);
  if (value == std::string::npos) return {};
  return html.substr(value + 7, html.find('"', value + 7) - value - 7);
}

}  // namespace claviger::load
