// What can be done in a day. Each act counts from `due`, tells the meter how it ended and the ledger what was acknowledged.
//
// Acts that change a user take him first: the caller has seen that he is free.
#pragma once

#include "tools/load/day/asking.h"

namespace claviger::day {

// The morning: signs in, fetches his keys and his profile, is registered and authorised.
runtime::Task<void> arrive(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> validate(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> refresh(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> fetch_keys(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> fetch_profile(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> publish(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> hand_over(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> dismiss(Day* day, std::size_t user, Monotonic due);
runtime::Task<void> migrate(Day* day, std::size_t migrant, Monotonic due);
runtime::Task<void> stuff(Day* day, std::size_t user, Monotonic due);

// Parts of them, for the books, too. `kind` is what asking again is counted under.
runtime::Task<Outcome> sign_in(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> begin_again(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> renew(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> take_keys(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> take_profile(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> take_registration(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> take_authorisation(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> keep_publication(Day* day, Kind kind, std::size_t user);
runtime::Task<Outcome> take_vector(Day* day, Kind kind, std::size_t migrant);
// What introspection says of a token; the body goes into `said`.
runtime::Task<Reply> introspect(Day* day, Kind kind, std::string token);

// Wrong, and why it was.
Outcome complain(Day* day, Kind kind, std::size_t who, const std::string& what, const Reply& reply);

}  // namespace claviger::day
