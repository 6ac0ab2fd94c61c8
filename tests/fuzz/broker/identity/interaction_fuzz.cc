// The hidden field of the login page comes back from anybody: nothing may open that we did not seal, nothing may crash.
#include <cstdint>
#include <cstdlib>

#include "broker/identity/interaction.h"

namespace {

using claviger::Secret;
using claviger::identity::Interaction;

const Secret<32>& key() {
  static const Secret<32> fixed;  // all zero: inputs stay reproducible
  return fixed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // As it comes.
  (void)claviger::identity::open_interaction(key(), "alpha", text, 0);
  // And sealed by us with this text inside: it opens as it was.
  Interaction interaction;
  interaction.expires_at = 1;
  interaction.client_id = text.substr(0, 100);
  interaction.state = text.substr(0, 2048);
  interaction.scopes.emplace_back(text.substr(0, 50));
  const auto sealed = claviger::identity::seal_interaction(key(), "alpha", interaction);
  if (!sealed) std::abort();
  const auto opened = claviger::identity::open_interaction(key(), "alpha", *sealed, 0);
  if (!opened || opened->state != interaction.state || opened->client_id != interaction.client_id) std::abort();
  return 0;
}
