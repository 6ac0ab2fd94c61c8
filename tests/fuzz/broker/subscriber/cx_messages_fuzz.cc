// Whatever a peer sends as the AVPs of a Cx request: read by each reader, and answered. The command is in the first octet.
#include <algorithm>
#include <vector>

#include "broker/subscriber/cx.h"
#include "broker/subscriber/cx_messages.h"
#include "core/diameter/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::subscriber;
  static SlabPool pool;
  static const diameter::Dictionary dictionary = [] {
    diameter::Dictionary made = diameter::Dictionary::base();
    cx::add_to(made);
    return made;
  }();
  if (size == 0 || size > 16'384) return 0;
  const std::uint32_t command = cx::command::kUserAuthorization + data[0] % 4;
  const Bytes avps = std::as_bytes(std::span(data, size)).subspan(1);
  const std::size_t length = diameter::kHeaderBytes + avps.size() / 4 * 4;
  std::vector<std::byte> bytes(length);
  const MutableBytes header(bytes);
  store_be(header, (std::uint32_t{1} << 24U) | static_cast<std::uint32_t>(length));
  store_be(header.subspan(4), (std::uint32_t{0xC0} << 24U) | command);
  store_be(header.subspan(8), cx::kApplication);
  std::ranges::copy(avps.first(length - diameter::kHeaderBytes), bytes.begin() + diameter::kHeaderBytes);
  const diameter::Message request(Slice::copy_of(pool, bytes));
  const CxPlace place{"alpha", "alpha.example"};
  const bool is_sound = !diameter::check_request(request, dictionary);
  diameter::MessageBuilder answer = diameter::MessageBuilder::answer(pool, request);
  switch (command) {
    case cx::command::kMultimediaAuth: {
      const auto read = read_multimedia_auth(request, place);
      CLAVIGER_ASSERT(!read || read->resynchronisation.empty() ||
                      read->resynchronisation.size() == aka::kResynchronisationBytes);
      write_multimedia_auth(request, Result<VectorAnswer>(read ? Error{Code::SubscriberUnknown, ""} : read.error()),
                            answer);
      break;
    }
    case cx::command::kUserAuthorization: {
      const auto read = read_user_authorization(request, place);
      CLAVIGER_ASSERT(!is_sound || read);
      write_user_authorization(request, Result<AuthorizationAnswer>(AuthorizationAnswer{}), answer);
      break;
    }
    case cx::command::kServerAssignment: {
      const auto read = read_server_assignment(request, place);
      CLAVIGER_ASSERT(!read || read->public_identities.size() <= kPublicIdentitiesMax);
      write_server_assignment(request, Result<AssignmentAnswer>(AssignmentAnswer{"a@b", "x"}), answer);
      break;
    }
    default:
      static_cast<void>(read_location_info(request, place));
      write_location_info(request, Result<LocationAnswer>(LocationAnswer{}), answer);
  }
  static_cast<void>(answer.finish());
  return 0;
}
