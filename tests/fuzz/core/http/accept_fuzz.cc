// Accept fields: one in the request's words and the same in two fields mean the same, and a range that names a type with
// no parameter beside it is always enough.
#include <cstdint>
#include <string>

#include "core/base/assert.h"
#include "core/http/accept.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Request one;
  one.add(http::Field::Accept, {"accept", text});
  const bool is_json = http::accepts(one, {"application/json"});
  CLAVIGER_ASSERT(http::accepts(one, {"application/json", "application/xml"}) ==
                  (is_json || http::accepts(one, {"application/xml"})));
  const std::size_t comma = text.find(',');
  if (comma != std::string_view::npos) {
    http::Request two;
    two.add(http::Field::Accept, {"accept", text.substr(0, comma)});
    two.add(http::Field::Accept, {"accept", text.substr(comma + 1)});
    CLAVIGER_ASSERT(http::accepts(two, {"application/json"}) == is_json);
  }
  one.add(http::Field::Accept, {"accept", "application/json"});
  CLAVIGER_ASSERT(http::accepts(one, {"application/json"}));
  const std::string_view type = http::media_type_of(text);
  CLAVIGER_ASSERT(type.size() <= text.size() && http::is_same_type(type, type));
  CLAVIGER_ASSERT(http::media_type_of(type) == type || type.find(';') != std::string_view::npos);
  return 0;
}
