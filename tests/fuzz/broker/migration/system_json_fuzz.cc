// What partner systems and devices send of migration, and bindings as operators write them. What we write of a binding
// that was read is read as the same.
#include <cstdint>
#include <string_view>

#include "broker/migration/agreement.h"
#include "broker/migration/migration_json.h"
#include "broker/migration/outbox_work.h"
#include "broker/migration/token_answer.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::migration;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)read_prepare_request(text);
  (void)read_prepared(text);
  (void)read_service_response(text);
  if (const auto ended = read_ended(text)) {
    CLAVIGER_ASSERT(ended->primary_impi.size() <= size && ended->partner_impi.size() <= size);
  }
  // A refusal says that a binding is gone in one way alone.
  const auto code = read_problem_code(text);
  CLAVIGER_ASSERT(is_told(404, text) == (code && *code == name_of(Code::BindingUnknown)));
  CLAVIGER_ASSERT(!is_told(409, text) && is_told(204, text));
  if (const auto request = read_service_request(text)) {
    const auto again = read_service_request(write_service_request(*request));
    CLAVIGER_ASSERT(again && again->primary_mc_service_id == request->primary_mc_service_id);
  }
  if (const auto wanted = read_wanted_system(text)) CLAVIGER_ASSERT(is_system_id(*wanted));
  if (const auto answer = read_token_answer(text)) {
    // It goes into a header field as it is.
    CLAVIGER_ASSERT(as_text(answer->token.reveal()).find_first_of(" \r\n\t") == std::string_view::npos);
    CLAVIGER_ASSERT(!answer->token.empty() && answer->token.size() <= size);
    CLAVIGER_ASSERT(answer->life > 0 && answer->life <= kTokenLifeMax);
  }
  codec::JsonReader reader;
  const auto binding_of = [&reader](std::string_view from) -> Result<Binding> {
    CLAVIGER_TRY(value, reader.parse(from));
    CLAVIGER_TRY(object, value.as_object());
    return read_binding_object(object);
  };
  const auto binding = binding_of(text);
  if (!binding) return 0;
  const std::string written = binding_text(*binding);
  const auto again = binding_of(written);
  CLAVIGER_ASSERT(again && binding_text(*again) == written);
  return 0;
}
