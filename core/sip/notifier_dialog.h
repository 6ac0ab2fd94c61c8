// The notifier's end of a dialog that a SUBSCRIBE made (RFC 3261 clause 12, RFC 6665 clause 4.2): what has to be remembered
// of the request, and the NOTIFYs that are written from it.
//
// A value; whoever keeps it on disk keeps all of it. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/sip/endpoint.h"

namespace claviger::sip {

// A text of a header that is kept: longer ones mean nothing to anybody.
inline constexpr std::size_t kDialogTextMax = 1024;
inline constexpr std::size_t kDialogRoutesMax = 16;

struct NotifierDialog {
  std::string local_tag;  // ours; of a SUBSCRIBE outside of a dialog empty
  std::string call_id, remote_tag;
  std::string local_uri, remote_uri, remote_target;
  std::vector<std::string> routes;
  std::string event_id;
  std::uint32_t local_sequence = 0;
  std::uint32_t remote_sequence = 0;
};

// Of a SUBSCRIBE that passed check_request(). SipHeaderMissing: a new dialog in which nobody could be reached.
Result<NotifierDialog> read_dialog(const Message& subscribe);
// Whether a SUBSCRIBE with our tag is of that dialog and of that subscription in it.
bool is_same_dialog(const NotifierDialog& known, const NotifierDialog& said);

struct Notification {
  std::string event;
  std::string state;  // "active;expires=60"
  std::string contact;
  std::string asserted_identity;  // in "<>"; empty: none
  std::string content_type;
  std::string body;
};
OutgoingRequest write_notify(const NotifierDialog& dialog, Notification notification);

// What an answer, or none, means for the subscription (RFC 6665 clause 4.2.2).
enum class NotifyOutcome : std::uint8_t { Heard, Gone, Again };
NotifyOutcome outcome_of(const Result<ReceivedResponse>& answer);

}  // namespace claviger::sip
