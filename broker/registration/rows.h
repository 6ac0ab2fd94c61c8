// This room's rows of the outbox: put into the transaction that causes them.
//
//   "sip.r." digest               payload: impu       ; look whether a registration's time is up
//   "sip.s." tag                  payload: tag        ; a subscription's
//   "sip.t." digest               payload: impu, binding ; look whether its token has expired
//   "sip.p." digest               payload: impu, binding, "" ; look whether its publication has run out. One a binding: it lies
//                                 where Binding::publication_due says. Those of the former form: etag, and that in the payload
//   "sip.w." tag                  payload: impu, tag  ; subscribe to the registration's events, or refresh that
//   "sip.n." digest               payload: resource   ; tell all subscribers of a resource what it is now
//   "sip.y." tag                  payload: tag        ; tell this one what it is owed
// What is told is read when it is told: two of one second are one row, and one that is put while the former is under way takes
// its place, so that it is done once more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/registration/records.h"
#include "core/base/result.h"
#include "storage/transaction.h"

namespace claviger::registration {

inline constexpr std::string_view kRegistrationTimer = "sip.r.";
inline constexpr std::string_view kSubscriptionTimer = "sip.s.";
inline constexpr std::string_view kTokenTimer = "sip.t.";
inline constexpr std::string_view kPublicationTimer = "sip.p.";
inline constexpr std::string_view kWatchTimer = "sip.w.";
inline constexpr std::string_view kTellResource = "sip.n.";
inline constexpr std::string_view kTellDialog = "sip.y.";

void put_registration_timer(storage::Transaction& change, std::string_view impu, std::int64_t due);
void put_subscription_timer(storage::Transaction& change, std::string_view local_tag, std::int64_t due);
void put_token_timer(storage::Transaction& change, std::string_view impu, const BindingName& name, std::int64_t due);
struct TokenTimer {
  std::string impu;
  BindingName name;
};
// Of its payload. Corrupt.
Result<TokenTimer> read_token_timer(std::string_view payload);
// The row of the binding that looks after its publication, which ends then: one that comes before that stays where it is, one
// that would be too late is moved. The binding is put by the caller.
void keep_publication_timer(storage::Transaction& change, Binding& binding, std::int64_t expires_at, std::int64_t now);
// Takes it away. One that is due is the outbox's already.
void erase_publication_timer(storage::Transaction& change, const Binding& binding, std::int64_t now);
struct PublicationTimer {
  std::string impu;
  BindingName name;
  std::string etag;  // of a row of the former form; empty: whichever the binding has
};
// Of its payload. Corrupt.
Result<PublicationTimer> read_publication_timer(std::string_view payload);
void put_watch_row(storage::Transaction& change, std::string_view impu, std::string_view local_tag, std::int64_t due);
void put_tell_resource(storage::Transaction& change, std::string_view resource, std::int64_t now);
void put_tell_dialog(storage::Transaction& change, std::string_view local_tag, std::int64_t now);

}  // namespace claviger::registration
