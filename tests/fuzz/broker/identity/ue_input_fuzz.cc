// What anybody may say about his device: the parameter ue_id, the device cookie. A claim is never more than a claim.
#include <cstdint>
#include <cstdlib>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/client_draft.h"
#include "broker/identity/ue.h"
#include "broker/identity/ue_naming.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto named = identity::name_ue("alpha", "", text, "");
  if (named && named->proof == identity::UeProof::Key) std::abort();
  if (named && named->ue_id != text) std::abort();
  if (named && !text.empty() && identity::settle_ue(*named, "")) std::abort();
  if (named && !text.empty() && identity::is_ue_id(text) != named.has_value()) std::abort();

  http::Request request;
  request.add(http::Field::Cookie, {"cookie", text});
  const std::string_view cookie = identity::ue_cookie(request);
  if (!cookie.empty() && cookie.size() != identity::kUeCookieBytes) std::abort();
  if (!cookie.empty() && !identity::is_ue_id(identity::ue_id_of_cookie("alpha", cookie))) std::abort();

  (void)identity::check_logout_uri(text);
  storage::OutboxRow row;
  row.id = identity::kLogoutPrefix;
  row.payload = text;
  (void)identity::read_ended_session(row);
  row.id = identity::kSessionEndedPrefix;
  (void)identity::read_ended_session(row);
  return 0;
}
