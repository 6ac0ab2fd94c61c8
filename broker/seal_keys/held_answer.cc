#include "broker/seal_keys/held_answer.h"

#include "broker/seal_keys/key_query.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::seal_keys {

Result<std::string> rewrite_held_answer(std::string_view body, const KeyName& name, std::string_view user_uri) {
  if (body.size() > kHeldAnswerBytesMax) return Error{Code::TooLarge, "held.answer"};
  codec::JsonReader reader(codec::JsonLimits{.bytes_max = kHeldAnswerBytesMax, .depth_max = 4, .values_max = 64});
  CLAVIGER_TRY(value, reader.parse(body));
  CLAVIGER_TRY(object, value.as_object());
  CLAVIGER_TRY(service, object.string_at("valService"));
  CLAVIGER_TRY(info, object.string_at("keyInfo"));
  if (service != name.service || info.empty()) return Error{Code::BadValue, "held.answer"};
  const auto holder = object.string_at("skmsId");
  std::string text;
  text.reserve(body.size() + 4 * kQueryBytesMax);
  codec::JsonWriter json(text);
  json.begin_object().member("userUri", user_uri);
  if (holder) json.member("skmsId", *holder);
  json.member("valService", name.service);
  if (name.target.kind != TargetKind::Service) {
    json.name("valTgtUe").begin_object();
    json.member(name.target.kind == TargetKind::User ? "valUserId" : "valUeId", name.target.id).end_object();
  }
  json.member("keyInfo", info).end_object();
  reader.wipe();
  return text;
}

}  // namespace claviger::seal_keys
