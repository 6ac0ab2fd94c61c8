// A message that was accepted has its views inside the text; its answer is a message again; framing and parsing agree on
// where it ends.
#include "core/sip/message.h"

#include <string>

#include "core/base/assert.h"
#include "core/sip/answer.h"
#include "core/sip/frame_scanner.h"
#include "core/sip/multipart.h"
#include "core/sip/name_address.h"
#include "core/sip/ongoing_requests.h"
#include "core/sip/request_check.h"
#include "core/sip/uri.h"

using namespace claviger;
using namespace claviger::sip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  static Message message;
  const auto inside = [&input](std::string_view view) {
    CLAVIGER_ASSERT(view.empty() ||
                    (view.data() >= input.data() && view.data() + view.size() <= input.data() + input.size()));
  };
  const bool is_good = message.parse(input, Framing::Datagram).has_value();
  for (std::size_t i = 0; i < message.header_count(); ++i) {
    inside(message.header(i).name);
    inside(message.header(i).value);
  }
  inside(message.body());
  if (is_good && message.is_request() && check_request(message)) {
    const std::string answer = write_response(message, Response(200), {"192.0.2.1", 5060}, "t");
    static Message again;
    CLAVIGER_ASSERT(again.parse(answer, Framing::Stream) && check_response(again));
    for (const HeaderId id : {HeaderId::To, HeaderId::From}) {
      const auto address = parse_name_address(message.value(id));
      CLAVIGER_ASSERT(address);
      if (auto identity = canonical_identity(address->uri)) {
        CLAVIGER_ASSERT(identity->find('\0') == std::string::npos);
        const auto same = canonical_identity(*identity);
        CLAVIGER_ASSERT(same && *same == *identity);
      }
    }
  }
  if (is_good) {
    if (auto parts = Parts::of(message)) {
      std::size_t octets = 0;
      for (const Part& part : *parts) {
        inside(part.content_type);
        if (input.find("64") == std::string::npos) inside(part.body);
        octets += part.body.size();
      }
      CLAVIGER_ASSERT(octets <= message.body().size());
    }
  }
  if (is_good && message.is_request() && check_request(message)) {
    static const auto ongoing = std::make_shared<OngoingRequests>(SipKey{1, 2});
    {
      const auto first = ongoing->take(message, ongoing);
      const auto again = ongoing->take(message, ongoing);
      CLAVIGER_ASSERT(first && again && ongoing->size() <= 1);
    }
    CLAVIGER_ASSERT(ongoing->size() == 0);
  }
  FrameScanner scanner;
  const auto frame = scanner.scan(input);
  if (frame.state == FrameScanner::State::Complete) {
    CLAVIGER_ASSERT(frame.skip + frame.size <= input.size());
    const std::string framed = input.substr(frame.skip, frame.size);
    static Message one;
    if (one.parse(framed, Framing::Stream))
      CLAVIGER_ASSERT(one.body().data() + one.body().size() == framed.data() + framed.size() || one.body().empty());
  }
  return 0;
}
