// Paths below the root of the KMS interface, timestamps and times: what is accepted is fit to stand in a key of ours.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/keys/date_time.h"
#include "broker/keys/domain.h"
#include "broker/keys/key_period.h"
#include "broker/keys/kms_target.h"
#include "broker/keys/request_url.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto target = keys::read_target(text)) {
    require(target->uri.empty() || keys::check_uri(target->uri).has_value());
    require(target->timestamp.empty() || target->timestamp.size() == 16);
  }
  if (const auto time = keys::read_date_time(text)) {
    const auto again = keys::read_date_time(keys::write_date_time(*time));
    require(again.has_value());
  }
  if (const auto time = keys::read_ntp_timestamp(text, 1'800'000'000)) require(*time > 0);
  if (keys::is_same_url(text, text)) require(!keys::origin_of(text).empty());
  return 0;
}
