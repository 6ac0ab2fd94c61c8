// What all NOTIFYs of ours have in common, of whichever event package on this endpoint.
#pragma once

#include <string>
#include <string_view>

#include "broker/registration/registrar.h"
#include "core/sip/notifier_dialog.h"
#include "core/sip/subscription_life.h"

namespace claviger::registration {

// Of the subscription as it stands, at `now`; in the name of `psi`. The body is the package's.
sip::Notification notification_of(const Registrar& registrar, const sip::NotifierDialog& dialog,
                                  const sip::SubscriptionLife& life, std::int64_t now, std::string_view event,
                                  const std::string& psi);

}  // namespace claviger::registration
