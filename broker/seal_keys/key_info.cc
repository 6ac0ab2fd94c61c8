#include "broker/seal_keys/key_info.h"

#include "broker/seal_keys/key_wraps.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/codec/percent.h"
#include "core/codec/uri.h"

namespace claviger::seal_keys {
namespace {

using Json = codec::JsonWriter<std::string>;

// A text with keys in it: sized once, so that nothing of it stays behind in memory that was given back.
class WipedText {
 public:
  explicit WipedText(std::size_t size_max) { text_.reserve(size_max); }
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { wipe(std::as_writable_bytes(std::span(text_.data(), text_.size()))); }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

// Names, a service and a target with every character escaped, and two keys.
constexpr std::size_t kInnerBytesMax = 4096;

void write_target(Json& json, std::string_view name, const Target& target) {
  if (target.kind == TargetKind::Service) return;
  json.name(name).begin_object();
  json.member(target.kind == TargetKind::User ? "valUserId" : "valUeId", target.id).end_object();
}

void write_key(Json& json, const OpenGeneration& open) {
  WipedText key(codec::base64url_encoded_size(kKeyBytesMax));
  codec::base64url_encode(open.key.reveal(), key.text());
  json.member("key", key.text());
  json.member("nbf", open.generation->not_before).member("exp", open.generation->expires_at);
}

void write_algorithm(Json& json, const OpenGeneration& open) {
  json.member("alg", settled_name(open.generation->algorithm, open.key.size()));
}

void write_inner(std::string& text, const KeyInfo& info) {
  Json json(text);
  json.begin_object().member("v", 1).member("kid", info.current.generation->kid);
  write_algorithm(json, info.current);
  json.member("use", "val-service");
  write_key(json, info.current);
  json.member("valService", info.service);
  write_target(json, "tgt", *info.target);
  if (info.next.generation != nullptr) {
    json.name("next").begin_object().member("kid", info.next.generation->kid);
    write_algorithm(json, info.next);
    write_key(json, info.next);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string write_key_info(const KeyInfo& info) {
  WipedText inner(kInnerBytesMax);
  write_inner(inner.text(), info);
  WipedText outer(codec::base64url_encoded_size(inner.text().size()));
  codec::base64url_encode(as_bytes(inner.text()), outer.text());
  std::string text;
  text.reserve(2 * kInnerBytesMax + outer.text().size());
  Json json(text);
  json.begin_object().member("userUri", info.user_uri).member("skmsId", info.skms_id);
  json.member("valService", info.service);
  write_target(json, "valTgtUe", *info.target);
  json.member("keyInfo", outer.text()).end_object();
  return text;
}

std::string uri_of(std::string_view base, std::string_view kind, std::string_view id) {
  if (codec::parse_uri(id)) return std::string(id);
  std::string uri(base);
  uri.append(1, '/').append(kind).append(1, '/');
  codec::percent_encode(id, uri);
  return uri;
}

}  // namespace claviger::seal_keys
