// How often passwords may be tried (spec: 5 tries in 15 minutes for an account, then exponential delay, never a lock).
//
// Part of IdentityShard, its shard's alone; asked at the home of the login, so that all tries of one login meet here.
// Three counters of wrong passwords, each in a table of bounded size:
//   login and source   `sign_in_tries` are free, then 30 s, 1 min, ... up to sign_in_window between tries
//   login              `sign_in_tries` are free, then 1 s, 2 s, ... up to 30 s: many sources guess one account together
//   source             `source_tries` / shards are free, then 1 s up to 1 min: one source guesses many accounts
// Whoever has signed in from a source within kSourceKnown passes the two lower ones there: neither a botnet at his
// account nor a crowd behind the same gateway (TS 22.179: users of a gateway UE share an address) keeps him out.
//
// Whoever comes from elsewhere while a botnet guesses at his account, and uses up each try as it comes free, has a turn
// of his own: once refused for the login's sake, the network he is in (16 bits of an IPv4 address, 32 of an IPv6 one:
// more than one guesser has for little) gets one try after the wait he was told, once in a window. To keep him out,
// they must be there, too.
//
// And who shares his address with whoever guesses at his account is not kept out, either, on a device of his: a source
// is also a UE that proves itself by a cookie or key of its own, once he has signed in on it (source_for()).
//
// All that bounds a guesser of passwords who has few sources. What follows a right password is bounded by a total, too
// (begin_total()): there is no owner to be kept out by strangers, and none of the rules above that let him through.
//
// A try is counted when it begins: a thousand at once do not slip through while the first is being checked, nor does
// one whose asker hangs up before the answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/identity/recent_map.h"
#include "broker/settings/settings.h"
#include "core/base/clock.h"
#include "core/base/siphash.h"

namespace claviger::identity {

class SignInThrottle {
 public:
  // Some 100 bytes an entry: 20 MiB a shard and table when full. To push one account's counter out, an attacker would
  // have to try this many other names, each for the price of a password hash.
  static constexpr std::size_t kEntriesMax = 200'000;
  static constexpr Milliseconds kPairDelayMin{30'000};
  static constexpr Milliseconds kLoginDelayMin{1'000};
  static constexpr Milliseconds kLoginDelayMax{30'000};
  static constexpr Milliseconds kSourceDelayMin{1'000};
  static constexpr Milliseconds kSourceDelayMax{60'000};
  static constexpr Seconds kSourceKnown{7 * 24 * 3600};

  SignInThrottle(SipKey key, std::size_t shards) : key_(key), shards_(shards) {}

  struct Verdict {
    bool is_admitted = false;
    bool is_last = false;         // of those that are free: a wrong password now ends this sign-in
    Milliseconds retry_after{0};  // when not admitted
  };
  // Counts a try. `login` is canonical, `source` an address; the 64 bits of an IPv6 network
  // count as one.
  Verdict begin(const settings::Limits& limits, std::string_view tenant, std::string_view login,
                std::string_view source, Monotonic now);
  // The try was right: its counters start anew, the source is known from now on.
  void passed(std::string_view tenant, std::string_view login, std::string_view source, Monotonic now);
  // He may count as this source from now on, too.
  void remember(std::string_view tenant, std::string_view login, std::string_view source, Monotonic now);
  bool is_known(std::string_view tenant, std::string_view login, std::string_view source, Monotonic now);
  // Nobody looked at the password (the pool was full): the try did not happen.
  void withdraw(std::string_view tenant, std::string_view login, std::string_view source);

  // How long tries at this login wait now, for an operator to see; nothing is counted.
  struct Waits {
    Milliseconds longest{0};    // of all who tried, each at his source
    Milliseconds elsewhere{0};  // whoever comes from where its owner has not signed in
  };
  Waits waits_of(std::string_view tenant, std::string_view login, Monotonic now);

  // An operator says so: what was tried at this login until now, from wherever, holds up nobody any more.
  void lift_login(std::string_view tenant, std::string_view login, Monotonic now);
  // The same of an address, whatever was tried from there; not of a login that it tried.
  void lift_source(std::string_view source);

  // Over all sources, known or not: so many tries in a window, then none before it is over. Zero when counted, else how
  // long to wait.
  struct Total {
    std::uint32_t tries;
    Seconds window;
  };
  Milliseconds begin_total(const Total& total, std::string_view tenant, std::string_view login, Monotonic now);
  // How long until the next one is looked at.
  Milliseconds wait_of_total(const Total& total, std::string_view tenant, std::string_view login, Monotonic now);
  // It was right, or nobody has looked at it.
  void withdraw_total(std::string_view tenant, std::string_view login);

  std::size_t entries() const {
    return totals_.size() + pairs_.size() + logins_.size() + sources_.size() + known_.size() + turns_.size() +
           lifted_.size();
  }

 private:
  struct Counter {
    std::uint32_t tries = 0;
    std::uint32_t free = 0;  // the rule's, when it was counted last
    Monotonic last;
    Monotonic not_before;
    std::uint64_t slowest = 0;  // a login's: which of its pairs waits longest
  };
  struct Rule {
    std::uint32_t free;
    Milliseconds delay_min, delay_max;
    Seconds window;
  };
  // What a login's wait promises to a network.
  struct Turn {
    Monotonic promised;
    Monotonic from;
    bool is_used = false;
  };
  using Table = RecentMap<std::uint64_t, Counter>;

  std::uint64_t hash(char kind, std::string_view tenant, std::string_view login, std::string_view source) const;
  static Milliseconds wait_of(Table& table, std::uint64_t key, Monotonic now);
  static std::uint32_t count(Table& table, std::uint64_t key, const Rule& rule, Monotonic now);
  static void uncount(Table& table, std::uint64_t key);
  // Nothing to wait for: it is the network's turn, and used up.
  Milliseconds wait_for_turn(std::uint64_t network, Milliseconds wait, Seconds window, Monotonic now);

  SipKey key_;
  std::size_t shards_;
  Table pairs_{kEntriesMax};
  Table logins_{kEntriesMax};
  Table sources_{kEntriesMax};
  RecentMap<std::uint64_t, Monotonic> known_{kEntriesMax};   // login and source -> since when
  RecentMap<std::uint64_t, Turn> turns_{kEntriesMax};        // login and network
  RecentMap<std::uint64_t, Monotonic> lifted_{kEntriesMax};  // login -> when: its pairs and turns start anew
  struct Window {
    std::uint32_t tries = 0;
    Monotonic begun;
  };
  RecentMap<std::uint64_t, Window> totals_{kEntriesMax};  // login
};

}  // namespace claviger::identity
