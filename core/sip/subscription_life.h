// How long a subscription lives at its notifier (RFC 6665 clauses 4.2.1, 4.4.1): its end, the row of a timer that looks at it,
// and whether its subscriber is owed all of the state.
//
// A value beside a NotifierDialog; whoever keeps one on disk keeps the other. Pure functions, any thread. Times are seconds.
#pragma once

#include <cstdint>
#include <string>

namespace claviger::sip {

struct SubscriptionLife {
  std::int64_t expires_at = 0;
  std::int64_t timer_due = 0;  // of the row that looks at it
  std::string ending;          // the reason of the NOTIFY that ends it, which is still to be sent; empty: it lives
  // A SUBSCRIBE is owed a NOTIFY with all of the state (clause 4.2.1.2), whatever was told before: one of this number or a
  // later one. A number and no time, so that neither a slow answer nor a restart makes it another one. 0: none is owed.
  std::uint32_t all_from = 0;
};

// After a SUBSCRIBE for so many seconds, the last NOTIFY having had that number. True: a row must be put, for timer_due; the one
// that stands is of no use, because it would come too late or is gone.
bool extend(SubscriptionLife& life, std::int64_t now, std::int64_t granted, std::uint32_t local_sequence);

// The row for `due` has come.
enum class Look : std::uint8_t {
  Nothing,  // it is an older row than the one that counts
  Over,     // its time is up, and `ending` says so
  Later,    // it was extended: a row for timer_due must be put
};
Look look_at(SubscriptionLife& life, std::int64_t now, std::int64_t due);

// Before a NOTIFY is written: whose time is up ends, though no row has come yet.
void end_if_over(SubscriptionLife& life, std::int64_t now);
// Of Subscription-State.
std::string state_of(const SubscriptionLife& life, std::int64_t now);

}  // namespace claviger::sip
