#include "broker/registration/notification.h"

#include "broker/registration/answers.h"
#include "core/sip/name_address.h"

namespace claviger::registration {
namespace {

// Whether its first hop is reached by TLS: our Contact must be reached as securely.
bool is_tls(const sip::NotifierDialog& dialog) {
  std::string hop = dialog.remote_target;
  if (!dialog.routes.empty()) {
    const auto first = sip::parse_name_address(dialog.routes.front());
    if (first) hop = std::string(first->uri);
  }
  const auto next = sip::next_hop_of(hop, 0);
  return next && next->transport == sip::Transport::Tls;
}

}  // namespace

sip::Notification notification_of(const Registrar& registrar, const sip::NotifierDialog& dialog,
                                  const sip::SubscriptionLife& life, std::int64_t now, std::string_view event,
                                  const std::string& psi) {
  sip::Notification notification;
  notification.event = event;
  notification.state = sip::state_of(life, now);
  notification.contact = contact_for(registrar, is_tls(dialog));
  notification.asserted_identity = "<" + psi + ">";
  return notification;
}

}  // namespace claviger::registration
