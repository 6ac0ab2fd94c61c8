// This room's rows of the outbox: put into the transaction that causes them.
//
//   "sip.r." digest               payload: impu       ; look whether a registration's time is up
//   "sip.s." tag                  payload: tag        ; a subscription's
//   "sip.n." digest "." random    payload: resource   ; tell all subscribers of a resource what it is now
//   "sip.y." tag "." random       payload: tag        ; tell this one, whatever was told before
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "storage/transaction.h"

namespace claviger::registration {

inline constexpr std::string_view kRegistrationTimer = "sip.r.";
inline constexpr std::string_view kSubscriptionTimer = "sip.s.";
inline constexpr std::string_view kTellResource = "sip.n.";
inline constexpr std::string_view kTellDialog = "sip.y.";

void put_registration_timer(storage::Transaction& change, std::string_view impu, std::int64_t due);
void put_subscription_timer(storage::Transaction& change, std::string_view local_tag, std::int64_t due);
// CryptoFailure.
Result<Unit> put_tell_resource(broker::Context& context, storage::Transaction& change, std::string_view resource);
Result<Unit> put_tell_dialog(broker::Context& context, storage::Transaction& change, std::string_view local_tag);

}  // namespace claviger::registration
