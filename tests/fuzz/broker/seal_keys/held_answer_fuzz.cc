// Any answer of the peer KMS that holds a service's keys: refused, or passed on as one about that service, for those who asked,
// that we would read as the same again.
#include <cstdint>
#include <string>

#include "broker/seal_keys/held_answer.h"
#include "core/base/assert.h"
#include "core/codec/json_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::seal_keys;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kAsker = "sip:ann@alpha.example";
  for (const TargetKind kind : {TargetKind::Service, TargetKind::User, TargetKind::Ue}) {
    KeyName name{"alpha", "sip:psi@bravo.example", {}};
    name.target.kind = kind;
    if (kind != TargetKind::Service) name.target.id = "sip:bob@bravo.example";
    const auto passed = rewrite_held_answer(text, name, kAsker);
    if (!passed) continue;
    CLAVIGER_ASSERT(size <= kHeldAnswerBytesMax);
    codec::JsonReader reader;
    const auto value = reader.parse(*passed);
    CLAVIGER_ASSERT(value.has_value());
    const auto object = value->as_object();
    CLAVIGER_ASSERT(object.has_value());
    CLAVIGER_ASSERT(*object->string_at("userUri") == kAsker && *object->string_at("valService") == name.service);
    CLAVIGER_ASSERT(!object->string_at("keyInfo")->empty());
    CLAVIGER_ASSERT(object->at("valTgtUe").has_value() == (kind != TargetKind::Service));
    const auto again = rewrite_held_answer(*passed, name, kAsker);
    CLAVIGER_ASSERT(again && *again == *passed);
  }
  return 0;
}
