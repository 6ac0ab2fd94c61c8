// A form that was accepted keeps its bounds; written by FormWriter it reads back to the same fields.
#include "core/codec/form.h"

#include <string>

#include "core/codec/percent.h"
#include "core/codec/utf8.h"

using namespace claviger;
using namespace claviger::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  auto parsed = parse_form(input);
  if (!parsed) return 0;
  const Form form = *std::move(parsed);
  CLAVIGER_ASSERT(form.fields().size() <= kFormFieldsMax);
  std::string text;
  FormWriter writer(text);
  for (const FormField& field : form.fields()) {
    CLAVIGER_ASSERT(!field.name.empty() && field.name.size() <= kFormNameMax);
    CLAVIGER_ASSERT(is_utf8(field.name) && is_utf8(field.value));
    CLAVIGER_ASSERT(form.only(field.name).has_value() != form.is_duplicated(field.name));
    writer.add(field.name, field.value);
  }
  const auto again = parse_form(text, text.size());
  CLAVIGER_ASSERT(again && again->fields().size() == form.fields().size());
  CLAVIGER_ASSERT(again->duplicates() == form.duplicates());
  for (std::size_t i = 0; i < form.fields().size(); ++i) {
    CLAVIGER_ASSERT(again->fields()[i].name == form.fields()[i].name);
    CLAVIGER_ASSERT(again->fields()[i].value == form.fields()[i].value);
  }
  return 0;
}
