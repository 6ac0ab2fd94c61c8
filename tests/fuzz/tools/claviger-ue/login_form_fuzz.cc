// A page of any server: what is found in it keeps to its bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/claviger-ue/login_form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::ue;
  const auto form = find_login_form(std::string_view(reinterpret_cast<const char*>(data), size));
  if (form && (form->password_field.empty() || form->hidden.size() > kFormInputsMax)) std::abort();
  return 0;
}
